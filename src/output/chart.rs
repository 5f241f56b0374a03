//! Charts as SVG, to stand in a page. Their colours are those that the style sheet of the page names.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

/// About how wide a letter is.
const WIDE: i32 = 7;

/// Of so many steps each has a point on its line.
const FEW_STEPS: usize = 40;

/// How large a chart is drawn, in its own units.
const SIZE: (u32, u32) = (760, 240);

const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
const RELEASE: RGBColor = RGBColor(0x2e, 0x8b, 0x57);
const ROLLBACK: RGBColor = RGBColor(0xc0, 0x39, 0x2b);
/// The colours of lines that are told apart, and last that of all others.
const SERIES: [RGBColor; 7] = [
    RGBColor(0x3b, 0x6f, 0xb6),
    RGBColor(0xc2, 0x70, 0x2e),
    RGBColor(0x7a, 0x4f, 0xa3),
    RGBColor(0x1f, 0x8a, 0x8a),
    RGBColor(0xb8, 0x40, 0x7f),
    RGBColor(0x7d, 0x7a, 0x1f),
    RGBColor(0x77, 0x77, 0x77),
];

/// So many lines are told apart; what is more belongs into one line of others.
pub const MOST_LINES: usize = SERIES.len() - 1;

/// The colours as the drawing has them, each with what the page makes of it in the light and in the
/// dark.
pub const COLOURS: [(&str, &str, &str); 11] = [
    ("#333333", "#333333", "#d8dbe0"),
    ("#DDDDDD", "#dddddd", "#3a3f47"),
    ("#2E8B57", "#1f7a49", "#5fd39a"),
    ("#C0392B", "#b03024", "#ff8a7a"),
    ("#3B6FB6", "#2f62a8", "#7fb0f0"),
    ("#C2702E", "#a85a1c", "#f0a868"),
    ("#7A4FA3", "#6b4193", "#c39be8"),
    ("#1F8A8A", "#146f6f", "#5fd0d0"),
    ("#B8407F", "#a0306c", "#f08fc0"),
    ("#7D7A1F", "#646110", "#d4cf60"),
    ("#777777", "#666666", "#a8adb5"),
];

/// How the page dashes the lines of a colour, for those who do not tell colours apart; the first is whole.
pub const DASHES: [(&str, &str); 6] = [
    ("#C2702E", "8 3"),
    ("#7A4FA3", "2 3"),
    ("#1F8A8A", "10 3 2 3"),
    ("#B8407F", "5 5"),
    ("#7D7A1F", "12 3 2 3 2 3"),
    ("#777777", "1 5"),
];

/// Something that happened on the time axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Where, in steps of the axis.
    pub at: f64,
    /// The number that the table below gives it.
    pub number: usize,
    /// Whether it took something back.
    pub is_back: bool,
}

/// A share or a mean with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// What it is of, such as `v3`.
    pub label: String,
    /// The figure.
    pub value: f64,
    /// Its interval.
    pub ends: Option<(f64, f64)>,
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// How figures are written at an axis.
pub type Written<'w> = &'w dyn Fn(f64) -> String;

/// Values over time, a bar each.
pub fn bars(steps: &[String], values: &[f64], marks: &[Mark], written: Written<'_>) -> String {
    drawn(|area| {
        let most = top(values.iter().copied());
        let mut chart = frame(area, steps.len(), most, steps, written)?;
        chart.draw_series(values.iter().enumerate().map(|(at, value)| {
            let at = at as f64;
            Rectangle::new([(at + 0.1, 0.0), (at + 0.9, *value)], SERIES[0].filled())
        }))?;
        draw_marks(&mut chart, marks, most)
    })
}

/// Several values over time, a line each with its name above; where nothing is known a line is broken.
pub fn lines(
    steps: &[String],
    series: &[(&str, Vec<Option<f64>>)],
    marks: &[Mark],
    written: Written<'_>,
) -> String {
    drawn(|area| {
        let values = series.iter().flat_map(|(_, values)| values);
        let most = top(values.flatten().copied());
        let names: Vec<&str> = series.iter().map(|(name, _)| *name).collect();
        let area = &legend(area, &names)?;
        let mut chart = frame(area, steps.len(), most, steps, written)?;
        for ((_, values), colour) in series.iter().zip(colours()) {
            for (from, run) in runs(values) {
                let points: Vec<(f64, f64)> = run
                    .iter()
                    .enumerate()
                    .map(|(at, value)| ((from + at) as f64 + 0.5, *value))
                    .collect();
                // Where they stand close, points would hide how the line is dashed.
                if steps.len() <= FEW_STEPS || points.len() == 1 {
                    let points = points.iter();
                    let dots = points.map(|point| Circle::new(*point, 2, colour.filled()));
                    chart.draw_series(dots)?;
                }
                chart.draw_series([PathElement::new(points, colour.stroke_width(2))])?;
            }
        }
        draw_marks(&mut chart, marks, most)
    })
}

/// Figures with their intervals, one below the other.
pub fn ranges(rows: &[Range], least: f64, most: f64, written: Written<'_>) -> String {
    let height = 60 + 22 * u32::try_from(rows.len()).unwrap_or(0).min(60);
    let longest = rows.iter().map(|row| row.label.chars().count()).max();
    let room = 24 + WIDE * i32::try_from(longest.unwrap_or(0)).unwrap_or(0);
    drawn_in((SIZE.0, height), |area| {
        let count = rows.len();
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            // The last figure of the axis stands half beyond its end.
            .margin_right(28)
            .x_label_area_size(28)
            .y_label_area_size(room)
            .build_cartesian_2d(least..most, 0.0..count as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(6)
            .x_label_formatter(&|value: &f64| written(*value))
            .label_style(("sans-serif", 12, &INK))
            .axis_style(GRID)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (at, row) in rows.iter().enumerate() {
            let height = (count - at) as f64 - 0.5;
            if let Some((low, high)) = row.ends {
                let line = vec![(low, height), (high, height)];
                chart.draw_series([PathElement::new(line, SERIES[0].stroke_width(3))])?;
            }
            chart.draw_series([Circle::new((row.value, height), 4, SERIES[1].filled())])?;
            let place = (least, height);
            let label = EmptyElement::at(place)
                + Text::new(row.label.clone(), (8 - room, -6), style(12, &INK));
            chart.draw_series([label])?;
        }
        Ok(())
    })
}

fn style(size: u32, colour: &RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(colour)
}

type Area<'s> = DrawingArea<SVGBackend<'s>, plotters::coord::Shift>;
type Chart<'a, 's> = ChartContext<'a, SVGBackend<'s>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn drawn(draw: impl FnOnce(&Area<'_>) -> Outcome) -> String {
    drawn_in(SIZE, draw)
}

/// The picture; an empty one where it cannot be drawn, for the table beside it says the same.
fn drawn_in(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Outcome) -> String {
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    let is_drawn = draw(&area).is_ok() && area.present().is_ok();
    drop(area);
    match is_drawn {
        true => text,
        false => String::new(),
    }
}

/// A colour for each line, however many there are.
fn colours() -> impl Iterator<Item = RGBColor> {
    SERIES.into_iter().cycle()
}

/// The upper end of an axis from 0.
fn top(values: impl Iterator<Item = f64>) -> f64 {
    let most = values.filter(|it| it.is_finite()).fold(0.0, f64::max);
    if most > 0.0 { most * 1.1 } else { 1.0 }
}

/// Names the lines by their colours, in as many rows as that takes, and leaves the room below.
fn legend<'s>(area: &Area<'s>, names: &[&str]) -> Result<Area<'s>, Box<dyn std::error::Error>> {
    const BEGIN: i32 = 72;
    const ROW: i32 = 20;
    let (mut left, mut above) = (BEGIN, 0);
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        let width = 48 + WIDE * i32::try_from(name.chars().count())?;
        if left > BEGIN && left + width > SIZE.0 as i32 {
            (left, above) = (BEGIN, above + ROW);
        }
        places.push((left, above));
        left += width;
    }
    let (legend, below) = area.split_vertically(above + ROW);
    for ((name, colour), (left, above)) in names.iter().zip(colours()).zip(places) {
        let line = vec![(left, above + 12), (left + 18, above + 12)];
        legend.draw(&PathElement::new(line, colour.stroke_width(3)))?;
        legend.draw(&Text::new(
            (*name).to_owned(),
            (left + 24, above + 6),
            style(12, &INK),
        ))?;
    }
    Ok(below)
}

fn frame<'a, 's>(
    area: &'a Area<'s>,
    count: usize,
    most: f64,
    steps: &[String],
    written: Written<'_>,
) -> Result<Chart<'a, 's>, Box<dyn std::error::Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .margin_top(20)
        .x_label_area_size(28)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..count.max(1) as f64, 0.0..most)?;
    let step = |value: &f64| {
        let at = value.floor().max(0.0) as usize;
        steps.get(at).cloned().unwrap_or_default()
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(count.clamp(1, 8))
        .y_labels(5)
        .x_label_formatter(&step)
        .y_label_formatter(&|value: &f64| written(*value))
        .label_style(("sans-serif", 12, &INK))
        .axis_style(GRID)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    Ok(chart)
}

fn draw_marks(chart: &mut Chart<'_, '_>, marks: &[Mark], most: f64) -> Outcome {
    for mark in marks {
        let colour = if mark.is_back { ROLLBACK } else { RELEASE };
        let line = vec![(mark.at, 0.0), (mark.at, most)];
        chart.draw_series([PathElement::new(line, colour.stroke_width(1))])?;
        let number = Text::new(mark.number.to_string(), (-4, -14), style(11, &colour));
        chart.draw_series([EmptyElement::at((mark.at, most)) + number])?;
    }
    Ok(())
}

/// The pieces of a line that have values, with their beginnings.
fn runs(values: &[Option<f64>]) -> Vec<(usize, Vec<f64>)> {
    let mut runs: Vec<(usize, Vec<f64>)> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        match runs.last_mut() {
            Some((from, run)) if *from + run.len() == at => run.push(*value),
            _ => runs.push((at, vec![*value])),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn steps() -> Vec<String> {
        (1..=4).map(|day| format!("2026-11-0{day}")).collect()
    }

    #[test]
    fn a_line_is_broken_where_nothing_is_known() {
        let found = runs(&[Some(1.0), Some(2.0), None, Some(3.0)]);
        assert_eq!(found, [(0, vec![1.0, 2.0]), (3, vec![3.0])]);
    }

    #[test]
    fn no_line_is_left_out_for_want_of_a_colour() {
        let names = ["a", "b", "c", "d", "e", "f", "others"];
        let series = names.map(|name| (name, vec![Some(1.0); 4]));
        let svg = lines(&steps(), &series, &[], &|value| value.to_string());
        let three = lines(&steps(), &series[..3], &[], &|value| value.to_string());
        let dots = |svg: &str| svg.matches("<circle").count();
        assert_eq!((dots(&svg), dots(&three)), (28, 12));
        for name in names {
            assert!(svg.contains(&format!("\n{name}\n")), "{name}");
        }
    }

    #[test]
    fn lines_are_told_apart_by_their_colours_and_by_their_dashes() {
        let names: Vec<String> = (0..=MOST_LINES).map(|at| at.to_string()).collect();
        let series: Vec<_> = names
            .iter()
            .map(|name| (&**name, vec![Some(1.0); 4]))
            .collect();
        let svg = lines(&steps(), &series, &[], &|value| value.to_string());
        let strokes = svg
            .match_indices(" stroke=\"")
            .map(|(at, mark)| &svg[at + mark.len()..][..7]);
        let used: BTreeSet<&str> = strokes.collect();
        let dashed: BTreeSet<&str> = DASHES.iter().map(|(colour, _)| *colour).collect();
        assert!(dashed.is_subset(&used), "{used:?}");
        let patterns: BTreeSet<&str> = DASHES.iter().map(|(_, dashes)| *dashes).collect();
        assert_eq!((dashed.len(), patterns.len()), (MOST_LINES, MOST_LINES));
        let shown = |of: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
            COLOURS.iter().map(of).collect::<BTreeSet<&str>>().len()
        };
        assert_eq!(
            (shown(|it| it.1), shown(|it| it.2)),
            (COLOURS.len(), COLOURS.len())
        );
    }

    #[test]
    fn no_name_of_a_line_stands_beyond_the_end() {
        let names: Vec<String> = (0..=MOST_LINES)
            .map(|at| format!("{at}{}", "m".repeat(19)))
            .collect();
        let series: Vec<_> = names
            .iter()
            .map(|name| (&**name, vec![Some(1.0); 4]))
            .collect();
        let svg = lines(&steps(), &series, &[], &|value| value.to_string());
        for name in &names {
            let at = svg.find(&format!("\n{name}\n")).unwrap();
            let text = &svg[svg[..at].rfind("<text ").unwrap()..at];
            let x = text
                .split(" x=\"")
                .nth(1)
                .and_then(|it| it.split('"').next())
                .unwrap();
            let end = x.parse::<f64>().unwrap() + f64::from(WIDE) * 20.0;
            assert!(end <= f64::from(SIZE.0), "{text}");
        }
    }

    #[test]
    fn every_colour_of_a_drawing_is_one_that_the_page_can_change() {
        let mark = Mark {
            at: 1.5,
            number: 1,
            is_back: true,
        };
        let mark_too = Mark {
            is_back: false,
            ..mark
        };
        let range = Range {
            label: "v1".to_owned(),
            value: 0.5,
            ends: Some((0.4, 0.6)),
        };
        let written: Written<'_> = &|value| format!("{value}");
        let series = ["p50", "p90", "p99"].map(|name| (name, vec![Some(1.0); 4]));
        for svg in [
            bars(&steps(), &[1.0, 0.0, 2.0, 3.0], &[mark, mark_too], written),
            lines(&steps(), &series, &[mark], written),
            ranges(&[range], 0.0, 1.0, written),
        ] {
            assert!(
                svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"),
                "{svg}"
            );
            for (_, rest) in svg
                .match_indices("=\"#")
                .map(|(at, _)| svg.split_at(at + 2))
            {
                let colour = &rest[..7];
                let is_known = COLOURS.iter().any(|(known, ..)| *known == colour);
                assert!(is_known, "{colour}");
            }
        }
    }

    #[test]
    fn nothing_at_all_is_drawn_too() {
        let written: Written<'_> = &|value| format!("{value}");
        assert!(bars(&[], &[], &[], written).starts_with("<svg "));
        assert!(lines(&[], &[], &[], written).starts_with("<svg "));
    }
}
