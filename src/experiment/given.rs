//! Answers and scores that other programs made.
//!
//! Answers are looked up in the file when their case comes, so that a hundred thousand of them take
//! no more room than ten.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::sync::Mutex;

use serde::Deserialize;

use super::answer::{AnswerStatus, Answered, Tool};
use super::result::Mark;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::evaluate::{Judged, Verdict};
use crate::prompt::hint::Hint;
use crate::record::entry::Usage;

/// The longest line, in bytes.
const LONGEST: usize = 64 << 20;

/// Whose answer or score a line is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    /// Empty where the line names none: then it is any.
    prompt: Box<str>,
    /// What the prompt is compared with, where it is of that; else empty.
    base: Box<str>,
    case: Box<str>,
    repeat: u32,
}

/// The prompt, and what it is compared with where that is meant; else that is empty.
pub type AnswerOwner<'a> = (&'a str, &'a str);

/// Answers in a file of JSON lines: `{case, repeat, output}`.
#[derive(Debug)]
pub struct GivenAnswers {
    file: Mutex<File>,
    /// Where the line of each begins, and how long it is.
    places: HashMap<Place, (u64, usize)>,
}

/// What is read of a line before its turn comes. The rest is looked at, not held.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default)]
    base: Option<String>,
    /// Whether base was asked once more, in the lines of a run.
    #[serde(default)]
    again: bool,
    case: Option<String>,
    #[serde(default)]
    repeat: Option<u32>,
    #[serde(default)]
    output: Option<serde::de::IgnoredAny>,
}

/// A line in its turn.
#[derive(Deserialize)]
struct Body {
    output: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    latency_ms: Option<u64>,
    #[serde(default)]
    cost_usd: Option<f64>,
    #[serde(default)]
    usage: Usage,
    #[serde(default)]
    tools: Vec<Tool>,
    /// As the lines of a run have it.
    #[serde(default)]
    answer: Option<Box<BodyAnswer>>,
}

#[derive(Deserialize)]
struct BodyAnswer {
    #[serde(default)]
    status: AnswerStatus,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    latency_ms: Option<u64>,
    #[serde(default)]
    cost_usd: Option<f64>,
    #[serde(default)]
    usage: Usage,
}

impl GivenAnswers {
    /// The answers in this file, which errors call `name`.
    ///
    /// # Errors
    /// `P323`: a line is not JSON, names no case or answers one that was answered before.
    pub fn read(name: &str, file: File) -> Result<Self, Failure> {
        let mut places = HashMap::new();
        each_line(name, &file, &mut |number, start, line| {
            let bad = |message: String| bad(name, number, message, ANSWER);
            let head: Head = serde_json::from_slice(line)
                .map_err(|error| bad_json(name, number, &error, ANSWER))?;
            let case = head
                .case
                .ok_or_else(|| bad("the line names no case".to_owned()))?;
            // The line of a run whose case was not answered.
            if head.output.is_none() {
                return Ok(());
            }
            let place = Place {
                prompt: head.prompt.unwrap_or_default().into(),
                base: head.base.unwrap_or_default().into(),
                case: case.into(),
                repeat: head.repeat.unwrap_or(1),
            };
            let told = format!("`{}`, repeat {},", place.case, place.repeat);
            let known = places.insert(place, (start, line.len()));
            if known.is_some() && !head.again {
                return Err(bad(format!("the case {told} was answered before")));
            }
            Ok(())
        })?;
        Ok(Self {
            file: Mutex::new(file),
            places,
        })
    }

    fn place(&self, whose: AnswerOwner<'_>, case: &str, repeat: u32) -> Option<(u64, usize)> {
        find(&self.places, whose, case, repeat).copied()
    }

    /// Whether there is an answer to this case.
    pub fn has(&self, whose: AnswerOwner<'_>, case: &str, repeat: u32) -> bool {
        self.place(whose, case, repeat).is_some()
    }

    /// The answer to this case; none where the file has changed since it was looked at.
    pub fn get(&self, whose: AnswerOwner<'_>, case: &str, repeat: u32) -> Option<Answered> {
        let (start, length) = self.place(whose, case, repeat)?;
        let mut line = vec![0; length];
        {
            let mut file = self.file.lock().ok()?;
            file.seek(SeekFrom::Start(start)).ok()?;
            file.read_exact(&mut line).ok()?;
        }
        let body: Body = serde_json::from_slice(&line).ok()?;
        let status = body.status.as_deref();
        let told = body.answer;
        let told = told.as_deref();
        Some(Answered {
            status: match status {
                Some("refused") => AnswerStatus::Refused,
                Some("incomplete") => AnswerStatus::Incomplete,
                _ => told.map(|it| it.status).unwrap_or_default(),
            },
            model: told.and_then(|it| it.model.clone()).or(body.model),
            latency_ms: body.latency_ms.or(told.and_then(|it| it.latency_ms)),
            usage: told.map_or(body.usage, |it| it.usage),
            cost_usd: body.cost_usd.or(told.and_then(|it| it.cost_usd)),
            response_id: None,
            time: None,
            execution: None,
            tools: body.tools,
            output: body.output?,
        })
    }
}

/// Scores of other programs: `{case, repeat, evaluator, score | passed, reason}`.
#[derive(Debug, Default)]
pub struct Scores {
    scores: HashMap<Place, Vec<Score>>,
    count: usize,
}

/// One score.
#[derive(Debug, Clone)]
pub struct Score {
    evaluator: String,
    passed: Option<bool>,
    score: f64,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreLine {
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default)]
    base: Option<String>,
    case: String,
    #[serde(default)]
    repeat: Option<u32>,
    evaluator: String,
    #[serde(default)]
    score: Option<f64>,
    #[serde(default)]
    passed: Option<bool>,
    #[serde(default)]
    reason: Option<String>,
}

impl Score {
    /// Settles what an evaluator that asks a model says.
    pub fn settle(&self, judged: &mut Judged) {
        match self.passed {
            Some(passed) => {
                judged.verdict = Verdict::Decided {
                    passed,
                    score: self.score,
                    reason: self.reason.clone(),
                };
            }
            None => judged.settle(self.score, self.reason.clone()),
        }
    }
}

impl Scores {
    /// The scores in this file, which errors call `name`.
    ///
    /// # Errors
    /// `P323`: a line is not what it must be, or scores what was scored before.
    pub fn read(name: &str, file: &File) -> Result<Self, Failure> {
        let mut scores = Self::default();
        each_line(name, file, &mut |number, _, line| {
            let bad = |message: String| bad(name, number, message, SCORE);
            let line: ScoreLine = serde_json::from_slice(line)
                .map_err(|error| bad_json(name, number, &error, SCORE))?;
            let score = match (line.score, line.passed) {
                (Some(score), _) => score,
                (None, Some(passed)) => f64::from(u8::from(passed)),
                (None, None) => {
                    return Err(bad("the line has neither score nor passed".to_owned()));
                }
            };
            if !(0.0..=1.0).contains(&score) {
                return Err(bad(format!("the score {score} is not from 0 to 1")));
            }
            let place = Place {
                prompt: line.prompt.unwrap_or_default().into(),
                base: line.base.unwrap_or_default().into(),
                case: line.case.into(),
                repeat: line.repeat.unwrap_or(1),
            };
            let told = format!("`{}`, repeat {},", place.case, place.repeat);
            let of_case = scores.scores.entry(place).or_default();
            if of_case.iter().any(|it| it.evaluator == line.evaluator) {
                let message = format!("the case {told} was scored by {} before", line.evaluator);
                return Err(bad(message));
            }
            of_case.push(Score {
                evaluator: line.evaluator,
                passed: line.passed,
                score,
                reason: line.reason,
            });
            scores.count += 1;
            Ok(())
        })?;
        Ok(scores)
    }

    /// Whether a score of this evaluator stands anywhere.
    pub fn names(&self, evaluator: &str) -> bool {
        let mut all = self.scores.values().flatten();
        all.any(|score| score.evaluator == evaluator)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn all(&self, whose: AnswerOwner<'_>, case: &str, repeat: u32) -> &[Score] {
        find(&self.scores, whose, case, repeat).map_or(&[], Vec::as_slice)
    }

    /// The score of an evaluator.
    pub fn of(
        &self,
        whose: AnswerOwner<'_>,
        case: &str,
        repeat: u32,
        evaluator: &str,
    ) -> Option<&Score> {
        let mut all = self.all(whose, case, repeat).iter();
        all.find(|score| score.evaluator == evaluator)
    }

    /// The marks of evaluators that the prompt does not have.
    pub fn others(
        &self,
        whose: AnswerOwner<'_>,
        case: &str,
        repeat: u32,
        known: &[Mark],
    ) -> Vec<Mark> {
        let is_new = |score: &&Score| known.iter().all(|mark| mark.name != score.evaluator);
        let new = self.all(whose, case, repeat).iter().filter(is_new);
        new.map(|score| {
            Mark {
                name: score.evaluator.clone(),
                // Without a threshold anything above 0 passes, as with judges.
                passed: Some(score.passed.unwrap_or(score.score > 0.0)),
                score: Some(score.score),
                weight: 1.0,
                required: true,
                reason: score.reason.clone(),
                judge: None,
                cached: false,
                uncalibrated: false,
                cost_usd: None,
            }
        })
        .collect()
    }
}

/// What a line says of a case: of this prompt, or of none in particular.
fn find<'m, T>(
    map: &'m HashMap<Place, T>,
    (prompt, base): AnswerOwner<'_>,
    case: &str,
    repeat: u32,
) -> Option<&'m T> {
    let place = |prompt: &str| Place {
        prompt: prompt.into(),
        base: base.into(),
        case: case.into(),
        repeat,
    };
    map.get(&place(prompt)).or_else(|| map.get(&place("")))
}

const ANSWER: &str = "each line is a JSON object such as {\"case\": \"empty-ticket\", \"repeat\": 1, \"output\": \"…\"}";
const SCORE: &str = "each line is a JSON object such as {\"case\": \"empty-ticket\", \"evaluator\": \"tone\", \"score\": 0.8, \"reason\": \"…\"}";

fn bad(name: &str, number: usize, message: String, hint: impl Into<Hint>) -> Failure {
    Failure::new(code::BAD_INPUT, message)
        .at(format!("{name}:{number}"))
        .hint(hint)
}

fn bad_json(
    name: &str,
    number: usize,
    error: &serde_json::Error,
    hint: impl Into<Hint>,
) -> Failure {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let words = message.strip_suffix(&place).unwrap_or(&message);
    let failure = bad(
        name,
        number,
        format!("the line cannot be used: {words}"),
        hint,
    );
    match error.column() {
        0 => failure,
        column => failure.at(format!("{name}:{number}:{column}")),
    }
}

/// Takes a line: its number, where it begins, and its bytes.
type TakeLine<'a> = dyn FnMut(usize, u64, &[u8]) -> Result<(), Failure> + 'a;

/// Hands each line over with its number and where it begins. Blank lines are passed over.
fn each_line(name: &str, file: &File, take: &mut TakeLine<'_>) -> Result<(), Failure> {
    let unreadable = |error: io::Error| {
        Failure::from_io(code::NOT_A_FILE, format!("{name} could not be read"), error)
    };
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut number, mut start) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = (&mut reader)
            .take(LONGEST as u64 + 1)
            .read_until(b'\n', &mut line)
            .map_err(unreadable)?;
        if length == 0 {
            return Ok(());
        }
        number += 1;
        if length > LONGEST {
            return Err(bad(
                name,
                number,
                "the line is longer than 64 MB".to_owned(),
                Hint::ShowCaseFields,
            ));
        }
        let mut text = line.as_slice();
        let mut begins = start;
        if number == 1
            && let Some(rest) = text.strip_prefix(b"\xef\xbb\xbf")
        {
            text = rest;
            begins += 3;
        }
        let blank = text.len() - text.trim_ascii_start().len();
        let text = text.trim_ascii();
        if !text.is_empty() {
            take(number, begins + blank as u64, text)?;
        }
        start += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.rewind().unwrap();
        file
    }

    #[test]
    fn answers_are_found_by_prompt_case_and_repeat() {
        let text = "\u{feff}  {\"case\":\"a\",\"output\":\"one\"}\r\n\n{\"case\":\"a\",\"repeat\":2,\"output\":\"two\",\"status\":\"refused\"}\n\
            {\"prompt\":\"p\",\"case\":\"a\",\"output\":\"own\",\"answer\":{\"latency_ms\":5,\"status\":\"incomplete\"}}\n{\"case\":\"b\",\"output\":null}";
        let answers = GivenAnswers::read("f", file(text)).unwrap();
        let of = |prompt, repeat| answers.get((prompt, ""), "a", repeat).map(|it| it.output);
        assert_eq!(of("q", 1).as_deref(), Some("one"));
        assert_eq!(of("q", 2).as_deref(), Some("two"));
        assert_eq!(of("p", 1).as_deref(), Some("own"));
        assert_eq!(of("p", 3), None);
        assert!(!answers.has(("p", ""), "b", 1));
        let own = answers.get(("p", ""), "a", 1).unwrap();
        assert_eq!(
            (own.latency_ms, own.status),
            (Some(5), AnswerStatus::Incomplete)
        );
    }

    #[test]
    fn a_line_that_cannot_be_used_is_named_by_line_and_column() {
        let told = |failure: Failure| format!("{}: {}", failure.location.unwrap(), failure.message);
        let answers = |text: &str| told(GivenAnswers::read("f", file(text)).unwrap_err());
        insta::assert_snapshot!(answers("{\"case\":\"a\",\"output\":\"x\"}\n{\"case\":\"a\",\"output\":}"), @"f:2:22: the line cannot be used: expected value");
        insta::assert_snapshot!(answers("{\"output\":\"x\"}"), @"f:1: the line names no case");
        insta::assert_snapshot!(answers("{\"case\":\"a\",\"output\":\"x\"}\n{\"case\":\"a\",\"output\":\"y\"}"), @"f:2: the case `a`, repeat 1, was answered before");
        let scores = |text: &str| told(Scores::read("f", &file(text)).unwrap_err());
        insta::assert_snapshot!(scores("{\"case\":\"a\",\"evaluator\":\"e\"}"), @"f:1: the line has neither score nor passed");
        insta::assert_snapshot!(scores("{\"case\":\"a\",\"evaluator\":\"e\",\"score\":5}"), @"f:1: the score 5 is not from 0 to 1");
        insta::assert_snapshot!(scores("{\"case\":\"a\",\"evaluater\":\"e\",\"score\":1}"), @"f:1:23: the line cannot be used: unknown field `evaluater`, expected one of `prompt`, `base`, `case`, `repeat`, `evaluator`, `score`, `passed`, `reason`");
        insta::assert_snapshot!(scores("{\"case\":\"a\",\"evaluator\":\"e\",\"score\":1}\n{\"case\":\"a\",\"evaluator\":\"e\",\"passed\":true}"), @"f:2: the case `a`, repeat 1, was scored by e before");
    }
}
