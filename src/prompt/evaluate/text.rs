//! `text:`, how alike a text and the output are.

use super::metric::{Metric, edits, similarity};
use super::table::{Given, Outcome, Row, Takes, check, expected, setting};
use super::{Finding, Object, bad, cut, quoted};

pub(super) static ROWS: [Row; 4] = [
    check(
        "like",
        "is as much like this text as `atLeast` or `maxDistance` asks; of several texts, the one most alike counts",
        Takes::TextOrTexts,
        |given| {
            let (likes, wish) = (given.one_or_more()?, Wish::of(given)?);
            if likes.is_empty() {
                return Err(bad("`like` of no texts can never pass"));
            }
            Ok(Box::new(move |answer, _| wish.judge(&likes, answer.text)))
        },
    ),
    setting(
        "metric",
        "how likeness is measured, from 0 to 1: `levenshtein` (letters; meant without it), `f1` (words, as SQuAD counts them), `rouge1` (words), `rougeL` (words in their order) or `bleu` (runs of up to four words)",
        Takes::OneOf(&["levenshtein", "f1", "rouge1", "rougeL", "bleu"]),
        |given| metric(given).map(drop),
    ),
    setting(
        "atLeast",
        "how much alike they must be, from 0 to 1",
        Takes::Share,
        |given| given.share().map(drop),
    ),
    setting(
        "maxDistance",
        "how many letters may differ: added, left out or changed",
        Takes::Count,
        |given| given.count().map(drop),
    ),
];

/// What is asked of the likeness.
struct Wish {
    metric: Metric,
    least: Option<f64>,
    distance: Option<u64>,
}

impl Wish {
    fn of(given: &Given<'_>) -> Result<Self, Finding> {
        let metric = given.beside("metric").map(|given| metric(&given));
        let least = given.beside("atLeast").map(|given| given.share());
        let distance = given.beside("maxDistance").map(|given| given.count());
        let wish = Self {
            metric: metric.transpose()?.unwrap_or(Metric::Levenshtein),
            least: least.transpose()?,
            distance: distance.transpose()?,
        };
        if wish.distance.is_some() && wish.metric != Metric::Levenshtein {
            return Err(
                bad("`maxDistance` counts letters, which only `metric: levenshtein` does")
                    .help("Write `atLeast` for the other metrics, such as `atLeast: 0.8`."),
            );
        }
        Ok(wish)
    }

    /// Judges by the text that is most alike.
    fn judge(&self, likes: &[String], text: &str) -> Outcome {
        let mut best: Option<(f64, Option<String>)> = None;
        let mut too_long = None;
        for like in likes {
            let Some((score, fails)) = self.hold(like, text) else {
                too_long = Some(like);
                continue;
            };
            let better = match &best {
                None => true,
                Some((most, failed)) => match (failed.is_some(), fails.is_some()) {
                    (true, false) => true,
                    (false, true) => false,
                    _ => score > *most,
                },
            };
            if better {
                best = Some((score, fails));
            }
        }
        match (best, too_long) {
            (Some((score, None)), _) => Outcome::Scores(score, None),
            (_, Some(like)) => Outcome::Unknown(format!(
                "the texts are too long to compare by `{}`: {} and {} characters",
                self.metric.name(),
                like.chars().count(),
                text.chars().count()
            )),
            (Some((score, fails)), None) => Outcome::Scores(score, fails),
            (None, None) => Outcome::Unknown("there is no text to compare with".to_owned()),
        }
    }

    /// How alike the two are, and why that is not enough; none where that takes too long to tell.
    fn hold(&self, like: &str, text: &str) -> Option<(f64, Option<String>)> {
        let score = similarity(self.metric, like, text)?;
        let got = || format!("{:.3} from {}", score, quoted(text));
        let reason = |what: String| expected(format!("{what} {}", quoted(like)), got());
        // 0.3 may be held as 0.30000000000000004.
        let too_low = self.least.filter(|least| score + 1e-9 < *least);
        if let Some(least) = too_low {
            let by = self.metric.name();
            return Some((
                score,
                Some(reason(format!("at least {least} by `{by}` like"))),
            ));
        }
        let Some(most) = self.distance else {
            return Some((score, None));
        };
        let found = edits(like, text)? as u64;
        let fails = (found > most).then(|| {
            let wanted = format!("at most {most} edits away from {}", quoted(like));
            expected(wanted, format!("{found} from {}", quoted(text)))
        });
        Some((score, fails))
    }
}

fn metric(given: &Given<'_>) -> Result<Metric, Finding> {
    let name = given.value.as_str().unwrap_or_default();
    let known = Metric::ALL.into_iter().find(|it| it.name() == name);
    known.ok_or_else(|| {
        let lower = name.to_lowercase();
        let why = match lower.as_str() {
            "meteor" => ": it needs WordNet",
            "cosine" | "embedding" | "embeddings" | "semantic" => ": it needs a model's embeddings",
            _ => "",
        };
        let names: Vec<_> = Metric::ALL
            .iter()
            .map(|it| format!("`{}`", it.name()))
            .collect();
        bad(format!("`metric: {}` is not measured{why}", cut(name)))
            .help(format!("Take one of {}.", names.join(", ")))
    })
}

/// Looks whether `text:` says how much is enough.
pub(super) fn check_enough(given: &Object) -> Result<(), Finding> {
    let says = |key: &str| given.get(key).is_some_and(|value| !value.is_null());
    if says("atLeast") || says("maxDistance") {
        return Ok(());
    }
    Err(bad("`text` does not say how much alike is enough")
        .help("Write `atLeast: 0.8`, or `maxDistance: 3` for so many letters that may differ."))
}
