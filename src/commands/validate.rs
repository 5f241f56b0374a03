//! `promptctl validate`.

use std::path::Path;

use super::Session;
use super::common::{FormatArg, in_file};
use crate::error::{Exit, Failure};
use crate::output::json::{self, FindingJson};
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::prompt::template::Compiled;
use crate::prompt::variables::check_schema;
use crate::store::{Loaded, Store};

/// Check prompt files
///
/// Exits with 3 if a prompt cannot be used, or if content changed without a new version.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Names, files or folders; without any, all prompts
    #[arg(value_name = "PATH", add = super::completions::names_and_paths())]
    paths: Vec<String>,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, _) = session.store()?;
    let (loaded, mut findings) = store.load_all();
    let wanted = Wanted::new(args, &store, session)?;
    findings.retain(|finding| finding.path.as_deref().is_none_or(|path| wanted.path(path)));
    let mut checked = findings
        .iter()
        .filter_map(|finding| finding.path.as_deref())
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    for prompt in loaded.iter().filter(|prompt| wanted.prompt(prompt)) {
        checked += 1;
        findings.extend(check(prompt));
    }
    wanted.used(checked)?;
    findings.sort_by(|a, b| (&a.path, a.position).cmp(&(&b.path, b.position)));
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let warnings = findings.len() - errors;
    if json {
        let shapes: Vec<FindingJson> = findings.iter().map(FindingJson::from).collect();
        session.ui.line(json::document(&serde_json::json!({
            "checked": checked, "errors": errors, "warnings": warnings, "findings": shapes,
        })));
    } else {
        for finding in &findings {
            session.ui.finding(finding);
        }
        session.ui.status(format!(
            "{checked} checked, {errors} errors, {warnings} warnings"
        ));
    }
    Ok(if errors > 0 {
        Exit::Verdict
    } else {
        Exit::Done
    })
}

/// Everything that is wrong with one prompt.
fn check(prompt: &Loaded) -> Vec<Finding> {
    let mut findings = prompt.document.warnings.clone();
    if prompt.is_unbumped() {
        findings.push(
            Finding::error(
                code::NOT_BUMPED,
                format!("the content changed and {} did not", prompt.version()),
            )
            .at(prompt.document.place("digest"))
            .help(format!("promptctl bump {}", prompt.name)),
        );
    }
    if let Some(schema) = &prompt.document.input_schema
        && let Err(finding) = check_schema(schema)
    {
        findings.push(finding.at(prompt.document.place("input.schema")));
    }
    match Compiled::new(&prompt.document, &prompt.partials) {
        Ok(compiled) => findings.extend(compiled.warnings().iter().cloned()),
        Err(found) => findings.extend(found),
    }
    in_file(findings, &prompt.path)
}

/// What the arguments name.
struct Wanted {
    names: Vec<PromptName>,
    places: Vec<String>,
}

impl Wanted {
    fn new(args: &Args, store: &Store, session: &Session) -> Result<Self, Failure> {
        let mut wanted = Self {
            names: Vec::new(),
            places: Vec::new(),
        };
        for path in &args.paths {
            let full = session.directory.join(path);
            if full.exists() {
                wanted.places.push(below_top(&full, store.top())?);
            } else if let Ok(name) = path.parse::<PromptName>() {
                if !store.list().files.iter().any(|file| file.name == name) {
                    return Err(store.unknown_prompt(&name));
                }
                wanted.names.push(name);
            } else {
                return Err(Failure::new(
                    code::UNKNOWN_PROMPT,
                    format!("{path} is neither a file nor the name of a prompt"),
                ));
            }
        }
        Ok(wanted)
    }

    fn path(&self, path: &str) -> bool {
        let below = |place: &String| {
            place.is_empty() || path == place || path.starts_with(&format!("{place}/"))
        };
        (self.names.is_empty() && self.places.is_empty()) || self.places.iter().any(below)
    }

    fn prompt(&self, prompt: &Loaded) -> bool {
        self.names.contains(&prompt.name) || self.path(&prompt.path)
    }

    /// A file that was named and not checked is no prompt.
    fn used(&self, checked: usize) -> Result<(), Failure> {
        match self.places.first() {
            Some(place) if checked == 0 => Err(Failure::new(
                code::UNKNOWN_PROMPT,
                format!("{place} holds no prompt below the roots"),
            )
            .hint("`roots:` in promptctl.yaml names the folders that hold prompts")),
            _ => Ok(()),
        }
    }
}

fn below_top(path: &Path, top: &Path) -> Result<String, Failure> {
    let outside = || {
        Failure::new(
            code::OUTSIDE_ROOT,
            format!("{} is not in this repository", path.display()),
        )
    };
    let full = path.canonicalize().map_err(|_| outside())?;
    let top = top.canonicalize().map_err(|_| outside())?;
    let below = full.strip_prefix(&top).map_err(|_| outside())?;
    let parts: Vec<String> = below
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    Ok(parts.join("/"))
}
