//! What is tried before the first call: every case is rendered.

use super::case::{Case, Suite};
use super::files::{CaseFiles, finding_of};
use super::found::Found;
use crate::error::Failure;
use crate::execute::data_url;
use crate::prompt::code;
use crate::prompt::digest::digest_bytes;
use crate::prompt::document::Object;
use crate::prompt::finding::Finding;

/// The values that a case gives the prompt: its files are data URLs here, so they are made for one
/// call and dropped after it.
///
/// # Errors
/// A file cannot be read any more, or is another than it was; the finding has the case's place.
pub fn values(case: &Case, files: &dyn CaseFiles) -> Result<Object, Finding> {
    let mut values = case.variables.get().into_owned();
    for file in &case.files {
        // The path is one from the top by now.
        let bytes = files.beside("", &file.path).map(|(_, bytes)| bytes);
        let bytes = bytes.map_err(|finding| {
            let placeless = Finding {
                path: None,
                ..finding
            };
            case.place.mark(placeless)
        })?;
        if digest_bytes(&bytes).as_str() != file.sha256 {
            let message = format!("{} was changed while the cases were run", file.path);
            let finding = Finding::error(code::BAD_ATTACHMENT, message).help("run them again");
            return Err(case.place.mark(finding));
        }
        let url = data_url(&file.path, &bytes);
        values.insert(file.variable.clone(), url.into());
    }
    Ok(values)
}

/// What keeps cases of a suite, given by their numbers, from being run: all are rendered by `render`
/// and dropped. A case that is skipped is not looked at.
pub fn ready(
    suite: &Suite,
    files: &dyn CaseFiles,
    meant: &[usize],
    render: &mut dyn FnMut(&Case, Object) -> Result<(), Failure>,
) -> Vec<Finding> {
    let mut found = Found::default();
    let cases = meant.iter().filter_map(|index| suite.cases.get(*index));
    let cases = cases.filter(|case| case.skip.is_none());
    for case in cases {
        let rendered = values(case, files)
            .and_then(|values| render(case, values).map_err(|failure| of_case(case, &failure)));
        if let Err(finding) = rendered {
            found.push(finding);
            if found.is_plenty() {
                break;
            }
        }
    }
    found.finish()
}

/// Why a case cannot be rendered, at its place.
fn of_case(case: &Case, failure: &Failure) -> Finding {
    let finding = finding_of(failure, code::CASE_VARIABLES);
    let message = format!("case `{}`: {}", case.id, finding.message);
    case.place.mark(Finding {
        message,
        path: None,
        span: None,
        ..finding
    })
}
