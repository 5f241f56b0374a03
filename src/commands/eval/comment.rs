//! A run in the comment on a pull request.

use super::find::find;
use super::markdown::worded;
use super::report::Report;
use super::{own_folder, runs_folder};
use crate::error::Failure;
use crate::experiment::runs::{paths, read};
use crate::experiment::verdict::Verdict;
use crate::output::diff_review::Evaluation;
use crate::prompt::code;
use crate::releases::Store;

/// What the comment says of a run; `last` is the newest, and none where none was kept. `is_current`
/// tells whether a prompt still has the content of this digest: what was found out about another
/// says nothing of this one.
///
/// # Errors
/// There is no such run, it cannot be read, or it is of other contents.
pub(in super::super) fn evaluation(
    wanted: &str,
    store: &Store,
    is_current: &dyn Fn(&str, &str) -> bool,
) -> Result<Option<Evaluation>, Failure> {
    let all = paths(&own_folder(store).join("evals"));
    if wanted == "last" && all.is_empty() {
        return Ok(None);
    }
    runs_folder(store)?;
    let path = find(wanted, &all)?;
    let run = read(&path).map_err(|error| {
        Failure::from_io(code::NOT_A_FILE, "the run could not be read", error)
            .at(path.display().to_string())
    })?;
    let own = run.head.subjects.iter().filter(|it| it.base.is_none());
    let mut other = own.filter(|it| !is_current(&it.prompt, &it.digest));
    if let Some(other) = other.next() {
        let name = &other.prompt;
        return Err(
            Failure::usage(format!("the run is of another content of {name}"))
                .hint("promptctl eval --base REF runs this one"),
        );
    }
    let ended = match &run.foot {
        Some(_) => None,
        None => Some("the run was cut short, so this is not all"),
    };
    let report = Report::new(&run.head, &run.results, ended, None);
    let mut said: Vec<String> = report.headline().into_iter().collect();
    said.extend(report.reasons.iter().cloned());
    said.push(report.cost_words());
    Ok(Some(Evaluation {
        title: worded(report.verdict).to_owned(),
        alarm: match report.verdict {
            Verdict::Pass => None,
            Verdict::Incomplete => Some("⚠️ the evaluation is incomplete"),
            Verdict::Fail => Some("❌ the evaluation fails"),
        },
        said,
        sections: report
            .summaries
            .iter()
            .filter_map(|it| report.section(it))
            .collect(),
    }))
}
