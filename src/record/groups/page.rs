//! The facts in a piece of a log: what one thread can find out alone.

use serde::Deserialize;

use super::dimension::Value;
use super::keys::Keys;
use super::question::Question;
use crate::prompt::code;
use crate::record::brief::{Brief, BriefError};
use crate::record::entry::{Outcome, Source, Status, Usage};
use crate::record::id::Id;
use crate::record::log::parse::{Parsed, read_slowly};
use crate::record::outcomes::Kind;
use crate::record::possible::{Impossible, ImpossibleFigures, tomorrow};
use crate::statistics::seed_of;

/// A gap by which a time may be before the one on the line above: calls are written when they end.
const BACKWARDS: i64 = 3_600_000;

/// What an execution adds to its group. There are many, so each is short.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) id: Id,
    /// In milliseconds since 1970.
    pub(super) time: i64,
    /// Not a number where the price is not known.
    cost: f64,
    /// A hash of its request; 0 where it is not known.
    request: u64,
    /// Its groups, among those of the page.
    pub(super) key: u32,
    duration: u32,
    tokens: [u32; 4],
    pub(super) status: Status,
    pub(super) is_fallback: bool,
    more: Option<Box<More>>,
}

/// What only some questions ask of an execution.
#[derive(Debug, Clone, Default)]
pub(super) struct More {
    /// The labels that an outcome must have, by their place in the filter.
    pub(super) lacking: Vec<u16>,
    pub(super) answers: Vec<Option<Answer>>,
    /// The model, the environment and the labels.
    pub(super) mix: Vec<(Box<str>, Box<str>)>,
    /// The tokens, where they are too many to be kept shortly.
    tokens: Option<[Option<u64>; 4]>,
    /// The tokens that were written to the provider's cache.
    cache_write: Option<u64>,
    /// Why it failed, in a word.
    pub(super) failure: Option<Box<str>>,
    /// Whether its answer was cut off.
    pub(super) is_cut: bool,
    /// Which of its figures do not count, since no call has them.
    pub(super) impossible: ImpossibleFigures,
}

/// A figure that is not known.
const NONE: u32 = u32::MAX;

fn is_large(figure: Option<u64>) -> bool {
    figure.is_some_and(|it| it >= u64::from(NONE))
}

fn short(figure: Option<u64>) -> u32 {
    figure.map_or(NONE, |it| u32::try_from(it).unwrap_or(NONE).min(NONE - 1))
}

fn long(figure: u32) -> Option<u64> {
    (figure != NONE).then_some(u64::from(figure))
}

impl Fact {
    pub(super) fn cost(&self) -> Option<f64> {
        (!self.cost.is_nan()).then_some(self.cost)
    }

    pub(super) fn kind(&self) -> Kind {
        Kind {
            cost: self.cost(),
            is_ok: self.status == Status::Ok,
        }
    }

    /// In milliseconds.
    pub(super) fn duration(&self) -> Option<u64> {
        long(self.duration)
    }

    /// In, cached, out, of reasoning.
    pub(super) fn tokens(&self) -> [Option<u64>; 4] {
        let large = self.more().and_then(|more| more.tokens);
        large.unwrap_or_else(|| self.tokens.map(long))
    }

    /// A hash of the request, where it is known.
    pub(super) fn request(&self) -> Option<u64> {
        (self.request != 0).then_some(self.request)
    }

    /// All tokens, those that were written to the provider's cache too.
    pub(super) fn usage(&self) -> Usage {
        let [input, cached, output, reasoning] = self.tokens();
        Usage {
            input_tokens: input,
            cached_tokens: cached,
            cache_write_tokens: self.more().and_then(|more| more.cache_write),
            output_tokens: output,
            reasoning_tokens: reasoning,
            total_tokens: None,
        }
    }

    pub(super) fn more(&self) -> Option<&More> {
        self.more.as_deref()
    }

    pub(super) fn is_lacking(&self) -> bool {
        self.more().is_some_and(|more| !more.lacking.is_empty())
    }
}

/// A field of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Number(f64),
    Word(Box<str>),
}

/// What is in a piece of a log.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) lines: u64,
    /// What the groups have in common that facts name, of each question one.
    pub(super) keys: Vec<Vec<Vec<Value>>>,
    pub(super) facts: Vec<Fact>,
    /// The ids of records that the filter leaves out.
    pub(super) others: Vec<(u32, Id)>,
    pub(super) outcomes: Vec<(Id, Outcome)>,
    /// Lines that are not sound: their number, why, and a newer schema.
    pub(super) bad: Vec<(u64, String, Option<u64>)>,
    /// The times of the first and the last record.
    pub(super) ends: Option<(i64, i64)>,
    pub(super) backwards: u64,
    pub(super) ahead: u64,
    pub(super) ahead_outcomes: u64,
}

impl Page {
    /// Whether a time is far before the one above it.
    pub(super) fn is_backwards(above: i64, time: i64) -> bool {
        time < above.saturating_sub(BACKWARDS)
    }

    /// Notes that a figure of this line does not count, and that the rest of it does.
    fn leave_out(&mut self, impossible: Impossible) {
        let reason = format!("only a figure, the rest of the line counts: {impossible}");
        self.bad.push((self.lines, reason, None));
    }
}

/// How long lines are, at least of those that are many, in bytes.
const USUAL: usize = 500;

/// Goes through the lines of a piece of a log: notes in the page what became of executions, what is not sound and
/// when records began, and hands the records over.
pub(super) fn each_record(
    text: &[u8],
    page: &mut Page,
    question: &Question,
    mut take: impl FnMut(&mut Page, &Brief<'_>, &[u8]),
) {
    let tomorrow = tomorrow(question.now);
    let mut record = |page: &mut Page, record: &mut Brief<'_>, line: &[u8]| {
        if let Some(impossible) = record.take_out_impossible() {
            page.leave_out(impossible);
        }
        let time = record.time.as_millisecond();
        let (first, above) = page.ends.unwrap_or((time, time));
        page.backwards += u64::from(Page::is_backwards(above, time));
        page.ends = Some((first, time));
        page.ahead += u64::from(time > tomorrow);
        take(page, record, line);
    };
    let mut start = 0;
    while start < text.len() {
        page.lines += 1;
        // Most lines are such, and a record is large to be handed on.
        if let Some((mut brief, line)) = Brief::first(&text[start..]) {
            start += line.len() + 1;
            record(page, &mut brief, line);
            continue;
        }
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |it| start + it);
        let line = &text[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        start = end + 1;
        if line.is_empty() {
            continue;
        }
        if let Some(mut brief) = Brief::read(line) {
            record(page, &mut brief, line);
            continue;
        }
        match read_slowly(line) {
            Parsed::Record(whole) => record(page, &mut Brief::of(&whole), line),
            Parsed::Outcome(outcome) => {
                if outcome.is_impossible() {
                    page.leave_out(Impossible::TooFar);
                }
                page.ahead_outcomes += u64::from(outcome.time.as_millisecond() > tomorrow);
                page.outcomes.push((Id::of(&outcome.outcome_of), outcome));
            }
            Parsed::Bad(reason, schema) => {
                page.bad.push((page.lines, reason, schema));
            }
        }
    }
}

/// The word of the API for an answer that was cut off at the most tokens that it may have.
const CUT: &str = "max_output_tokens";

fn is_cut(record: &Brief<'_>) -> bool {
    let incomplete = |it: &BriefError<'_>| it.code == Some(code::INCOMPLETE.as_str());
    let error = record.error.filter(incomplete);
    error.is_some_and(|it| it.reason == Some(CUT))
}

/// Why a call failed, in a word.
fn failure<'l>(record: &Brief<'l>) -> Option<&'l str> {
    if matches!(record.status, Status::Ok | Status::Interrupted) {
        return None;
    }
    let code = record.error.and_then(|error| error.code);
    Some(code.unwrap_or(record.status.as_str()))
}

/// Reads a piece of a log for several questions about the same executions.
pub(super) fn page(text: &[u8], questions: &[&Question]) -> Page {
    let mut page = Page::default();
    let Some((question, _)) = questions.split_first() else {
        return page;
    };
    page.facts.reserve(text.len() / USUAL);
    let mut reader = Reader {
        question,
        with_costs: questions.iter().any(|it| it.with_costs),
        keys: Keys::new(questions),
    };
    each_record(
        text,
        &mut page,
        question,
        |page, record, line| match reader.fact(record, line) {
            Some(fact) => page.facts.push(fact),
            None => page
                .others
                .push((page.facts.len() as u32, Id::of(record.id))),
        },
    );
    page.keys = reader.keys.into_values();
    page
}

struct Reader<'q> {
    /// The first one: what is asked of an execution is alike in all, but for the costs.
    question: &'q Question,
    with_costs: bool,
    keys: Keys<'q>,
}

impl Reader<'_> {
    /// What a record adds; none where the filter leaves it out.
    fn fact(&mut self, record: &Brief<'_>, line: &[u8]) -> Option<Fact> {
        if !self.question.filter.matches(record) {
            return None;
        }
        let usage = &record.usage;
        let tokens = [
            usage.input_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        ];
        Some(Fact {
            id: Id::of(record.id),
            time: record.time.as_millisecond(),
            cost: record.cost_usd.unwrap_or(f64::NAN),
            request: match record.request.filter(|_| self.with_costs) {
                Some(hash) => seed_of(hash.as_str()).max(1),
                None => 0,
            },
            key: self.keys.of(record),
            duration: short(record.duration_ms),
            tokens: tokens.map(short),
            status: record.status,
            is_fallback: record.source == Source::Fallback,
            more: self.more(record, line, tokens),
        })
    }

    fn more(&self, record: &Brief<'_>, line: &[u8], tokens: [Option<u64>; 4]) -> Option<Box<More>> {
        let question = self.question;
        let asks = question.filter.asks_for_outcomes();
        let is_large = tokens.into_iter().any(is_large);
        let failure = failure(record).filter(|_| self.with_costs);
        let cache_write = record.usage.cache_write_tokens;
        let cache_write = cache_write.filter(|_| self.with_costs);
        let has_costs = failure.is_some() || cache_write.is_some();
        let is_asked = asks || question.with_mix || !question.values.is_empty();
        let has_impossible = record.impossible != ImpossibleFigures::default();
        if !is_asked && !is_large && !has_costs && !has_impossible {
            return None;
        }
        let mut more = More {
            tokens: is_large.then_some(tokens),
            is_cut: failure.is_some() && is_cut(record),
            failure: failure.map(Into::into),
            impossible: record.impossible,
            cache_write,
            ..More::default()
        };
        if asks {
            more.lacking = places(&question.filter.lacking(record), question);
        }
        if !question.values.is_empty() {
            more.answers = answers(line, &question.values);
        }
        if question.with_mix {
            more.mix = mix(record);
        }
        Some(Box::new(more))
    }
}

fn mix(record: &Brief<'_>) -> Vec<(Box<str>, Box<str>)> {
    let plain = [("model", record.model), ("environment", record.environment)];
    let plain = plain
        .into_iter()
        .filter_map(|(name, value)| Some((name.into(), value?.as_str().into())));
    let labels = record.labels().into_iter();
    let labels = labels.map(|(name, value)| (format!("label {name}").into(), value.into()));
    plain.chain(labels).collect()
}

/// Where the names of labels stand in the filter.
pub(super) fn places(names: &[&str], question: &Question) -> Vec<u16> {
    let labels = (0..).zip(&question.filter.labels);
    let lacks = labels.filter(|(_, (name, value))| value.is_none() && names.contains(&&**name));
    lacks.map(|(at, _)| at).collect()
}

/// The fields of an answer that these pointers name.
fn answers(line: &[u8], pointers: &[String]) -> Vec<Option<Answer>> {
    /// The answer alone.
    #[derive(Deserialize)]
    struct Answered {
        output: Option<String>,
    }
    let output = serde_json::from_slice::<Answered>(line).ok();
    let output = output.and_then(|it| it.output);
    let value = output.and_then(|it| serde_json::from_str::<serde_json::Value>(&it).ok());
    let found = |pointer: &String| {
        use serde_json::Value::{Bool, Number, String};
        match value.as_ref()?.pointer(pointer)? {
            Number(number) => number.as_f64().map(Answer::Number),
            Bool(is_so) => Some(Answer::Word(is_so.to_string().into())),
            String(text) => Some(Answer::Word(text.as_str().into())),
            _ => None,
        }
    };
    pointers.iter().map(found).collect()
}
