//! Whether cases fit the variables of their prompt.

use serde_json::Value;

use crate::experiment::found::Found;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::document::{Document, Object};
use crate::prompt::finding::{Finding, Span};
use crate::prompt::rendered::Variable;
use crate::prompt::template::Outline;
use crate::prompt::variables::{CaseCheck, InputSchema};

/// Whether entries of datasets fit the variables, as the rules ask it of `testData`.
pub(super) struct Fit<'a> {
    pub(super) document: &'a Document,
    pub(super) variables: &'a [Variable],
    pub(super) check: Option<CaseCheck<'a>>,
}

impl Fit<'_> {
    pub(super) fn of(&mut self, fields: &Object, place: &dyn Fn(&str) -> Span) -> Vec<Finding> {
        let misfit = |message: String| match self.document.asks_case(fields) {
            true => Finding::error(code::CASE_VARIABLES, message),
            false => Finding::warning(code::CASE_VARIABLES, message),
        };
        let needed = self.variables.iter().filter(|variable| variable.required);
        let missing = needed.filter(|it| fields.get(&it.name).is_none_or(Value::is_null));
        let mut found: Vec<Finding> = missing
            .map(|variable| {
                let name = &variable.name;
                let message = format!("the case lacks `{name}`");
                misfit(message).help(format!(
                    "add `{name}` to the case, or give the variable a `default` in `input.schema`"
                ))
            })
            .collect();
        let misfits = self.check.as_ref().map(|check| check.misfits(fields));
        for wrong in misfits.unwrap_or_default() {
            if wrong.code == code::SCHEMA_TOO_COMPLEX {
                // It would be said of every case that follows.
                self.check = None;
            }
            let message = format!("the case: {}", wrong.message);
            found.push(misfit(message).help("change the case, or what `input.schema` allows"));
        }
        let placed = found.into_iter().map(|finding| finding.at(place("")));
        placed.collect()
    }
}

/// What of `testData` does not fit the variables; the rules tell it of the file.
pub fn misfits_of_own(loaded: &Loaded) -> Vec<Finding> {
    let document = &loaded.document;
    let Ok(outline) = Outline::new(document, &loaded.partials) else {
        return Vec::new();
    };
    let variables = outline.variables();
    let schema = document.input_schema.as_ref();
    let input = schema.and_then(|schema| InputSchema::new(schema).ok());
    let mut check = Fit {
        document,
        variables,
        check: input.as_ref().map(|input| CaseCheck::new(input, variables)),
    };
    let mut found = Found::default();
    for (index, fields) in document.test_data.iter().enumerate() {
        let at = document.span_of(&format!("testData[{index}]"));
        let place = |_: &str| at.unwrap_or(Span::point(1, 1));
        let misfits = check.of(fields, &place).into_iter();
        found.extend(misfits.map(|it| it.in_file(&loaded.path)));
    }
    found.finish()
}
