//! The versions of one stored prompt.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::refusal::{Refusal, Signature};
use super::{
    KnownPrompt, Missing, Recovery, RequestError, VersionSelection, not_recovered, tokens_of,
};
use crate::error::Failure;
use crate::exchange::request;
use crate::exchange::sentinel::Sentinels;
use crate::exchange::stored::{Echo, NoEcho};
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::scan::ValueKind;

/// How many versions that are not there end the row.
pub(super) const MISSING_IN_A_ROW: u64 = 3;

/// The highest version that is asked for: a row that never ends is an API that ignores versions.
pub(super) const HIGHEST: u64 = 500;

/// How often one version is asked for, each time with other variables.
const ROUNDS: usize = 8;

/// One version as it was stored.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its number at OpenAI.
    pub version: u64,
    /// The answer.
    pub echo: Echo,
    /// The variables that were sent, with their sentinels.
    pub sentinels: Sentinels,
    /// What the model answers without a prompt.
    pub control: Value,
    /// Whether the asking itself limited the answer, so that the stored limit is not known.
    pub without_limit: bool,
    /// The model that was stored, where another had to answer for it.
    pub stored_model: Option<String>,
    /// The variables that the code sends and this version does not have.
    pub unknown: BTreeSet<String>,
    /// What the API answers to awkward values, with those values.
    pub proof: Option<Echo>,
}

/// A prompt with its versions.
pub struct Recovered {
    pub id: String,
    /// OpenAI's current version.
    pub current: Option<u64>,
    /// The project that it belongs to.
    pub project: Option<String>,
    /// The versions, in order.
    pub versions: Vec<Fetched>,
    /// The kinds of the variables that the code sends.
    pub variables: BTreeMap<String, ValueKind>,
    /// Numbers that are not there.
    pub gaps: Vec<u64>,
    /// Versions above the current one that were not taken.
    pub higher: Vec<u64>,
    /// Versions that are new and were not asked for, since the prompt was edited here.
    pub unasked: Vec<u64>,
    /// What the API does about a variable that is not sent.
    pub missing: Missing,
    /// What stopped it.
    pub failure: Option<Failure>,
    pub(super) key: usize,
}

/// What one request came to.
enum VersionResponse {
    Fetched(Box<Fetched>, Option<u64>),
    NotThere,
}

/// One prompt while it is asked about.
struct PromptProgress {
    known: KnownPrompt,
    /// All names that were found, in the order of their sentinels.
    names: Vec<String>,
    project: Option<String>,
    missing: Option<Signature>,
    /// How many tokens a version had, and how many it may answer.
    size: (usize, Option<u64>),
    model: Option<String>,
}

impl Recovery {
    /// Fetches the versions of one prompt. What was got before a failure is kept.
    pub(super) async fn recover(&self, known: KnownPrompt) -> Recovered {
        let mut recovered = Recovered {
            id: known.wish.id.clone(),
            current: None,
            project: None,
            versions: Vec::new(),
            variables: known.wish.variables.clone(),
            gaps: Vec::new(),
            higher: Vec::new(),
            unasked: Vec::new(),
            missing: known.missing,
            failure: None,
            key: known.key,
        };
        let mut row = PromptProgress {
            names: known.wish.variables.keys().cloned().collect(),
            project: None,
            missing: known.probe.as_ref().map(|probe| probe.missing.clone()),
            size: (0, None),
            model: None,
            known,
        };
        let outcome = self.walk(&mut row, &mut recovered).await;
        recovered.project = row.project;
        recovered.failure = outcome.err();
        recovered
    }

    async fn walk(
        &self,
        row: &mut PromptProgress,
        recovered: &mut Recovered,
    ) -> Result<(), Failure> {
        let current = match self.one(row, None).await? {
            VersionResponse::Fetched(_, Some(version)) => version,
            VersionResponse::Fetched(_, None) => {
                return Err(not_recovered("the API does not say which version answered"));
            }
            VersionResponse::NotThere => {
                return Err(not_recovered(
                    "the API says that the current version is not there",
                ));
            }
        };
        recovered.current = Some(current);
        if let Some(model) = &row.model
            && row.known.wish.have.is_empty()
        {
            // Without it nothing could be written of what is paid for next.
            self.control(row.known.key, model).await?;
        }
        let wanted = self.wanted(row, current);
        if row.known.wish.is_edited && !wanted.is_empty() {
            // Nothing of it could be written.
            recovered.unasked = wanted;
            return Ok(());
        }
        self.tell_versions_apart(row).await?;
        for &version in &wanted {
            match self.one(row, Some(version)).await? {
                VersionResponse::Fetched(fetched, _) => recovered.versions.push(*fetched),
                VersionResponse::NotThere if version <= current => recovered.gaps.push(version),
                VersionResponse::NotThere => {}
            }
        }
        let last = row.known.wish.have.last().copied().unwrap_or(0);
        let top = wanted.last().copied().unwrap_or(0).max(current).max(last);
        match (&row.known.found, &self.limits.which) {
            (Some(found), _) => {
                let above = found
                    .iter()
                    .filter(|version| **version > current.max(last) && !wanted.contains(version));
                recovered.higher = above.copied().collect();
            }
            (None, VersionSelection::All) => self.above(row, top, recovered).await?,
            (None, _) => {}
        }
        Ok(())
    }

    /// What the API says of a version that is not there, where that can be known only by a real
    /// call; one that is answered shows that versions are ignored.
    async fn tell_versions_apart(&self, row: &mut PromptProgress) -> Result<(), Failure> {
        if row.missing.is_some() || matches!(self.limits.which, VersionSelection::Current) {
            return Ok(());
        }
        let sentinels = self.sentinels(row);
        let body = request::request(
            &row.known.wish.id,
            Some(request::NO_VERSION),
            &sentinels,
            &BTreeSet::new(),
        );
        match self.ask(row.known.key, &body, self.next_cost(row)).await {
            Err(RequestError::Refused(refusal)) => {
                row.missing = Some(refusal.signature());
                Ok(())
            }
            Err(RequestError::Failed(failure)) => Err(failure),
            Ok(_) => Err(not_recovered("the API answers for a version that does not exist: it ignores versions, and every one would be a copy of the current one")
                .hint(Hint::TakeCurrent)),
        }
    }

    fn wanted(&self, row: &PromptProgress, current: u64) -> Vec<u64> {
        let pinned = &row.known.wish.pinned;
        let mut wanted: BTreeSet<u64> = match &self.limits.which {
            VersionSelection::One(version) => BTreeSet::from([*version]),
            VersionSelection::Current => BTreeSet::from([current]),
            VersionSelection::Used => pinned.iter().copied().chain([current]).collect(),
            VersionSelection::UpToCurrent | VersionSelection::All => (1..=current.min(HIGHEST))
                .chain(pinned.iter().copied())
                .collect(),
        };
        if self.limits.which == VersionSelection::All {
            wanted.extend(row.known.found.iter().flatten());
        }
        // What lies below the last version that is here would come above it in the file.
        let last = row.known.wish.have.last().copied().unwrap_or(0);
        wanted.retain(|version| *version > last);
        wanted.into_iter().collect()
    }

    /// Versions above the current one, until three in a row are not there.
    async fn above(
        &self,
        row: &mut PromptProgress,
        top: u64,
        recovered: &mut Recovered,
    ) -> Result<(), Failure> {
        let mut missing = 0;
        let mut version = top + 1;
        while missing < MISSING_IN_A_ROW && version <= HIGHEST {
            match self.one(row, Some(version)).await? {
                VersionResponse::Fetched(fetched, _) => {
                    recovered.versions.push(*fetched);
                    missing = 0;
                }
                VersionResponse::NotThere => missing += 1,
            }
            version += 1;
        }
        Ok(())
    }

    fn sentinels(&self, row: &PromptProgress) -> Sentinels {
        Sentinels::new(&self.nonce, row.names.iter().map(String::as_str))
    }

    /// One version, asked for until the API has all its variables and no other.
    async fn one(
        &self,
        row: &mut PromptProgress,
        version: Option<u64>,
    ) -> Result<VersionResponse, Failure> {
        let label = version.map(|version| version.to_string());
        let mut without: BTreeSet<String> = BTreeSet::new();
        let mut tried: BTreeSet<String> = BTreeSet::new();
        let mut is_whole = false;
        let mut stored_model = None;
        for _ in 0..ROUNDS {
            let sentinels = self.sentinels(row);
            let mut body =
                request::request(&row.known.wish.id, label.as_deref(), &sentinels, &without);
            if is_whole {
                body = request::whole(body);
            }
            if stored_model.is_some()
                && let Some(model) = &self.limits.model
            {
                body["model"] = json!(model);
            }
            let refusal = match self.ask(row.known.key, &body, self.next_cost(row)).await {
                Ok(opening) => {
                    row.project = row.project.take().or(opening.project);
                    let echo = match Echo::read(&opening.response) {
                        Ok(echo) => echo,
                        Err(NoEcho::NoInstructions) if !is_whole => {
                            is_whole = true;
                            continue;
                        }
                        Err(why) => {
                            return Err(unreadable(&row.known.wish.id, label.as_deref(), &why));
                        }
                    };
                    let answered = self.check(row, &echo, version)?;
                    row.size = (tokens_of(&echo) + 20 * row.names.len(), limit_of(&echo));
                    if row.model.is_none() {
                        // Before the first answer nobody knew which model it would be.
                        let cost = self.cost(echo.model.as_deref(), row.size.0, row.size.1);
                        self.spent.set(self.spent.get() + cost);
                    }
                    row.model.clone_from(&echo.model);
                    let new = new_names(&echo, row, &without, &tried);
                    if !new.is_empty() {
                        tried.extend(new.iter().cloned());
                        row.names
                            .extend(new.into_iter().filter(|name| !without.contains(name)));
                        continue;
                    }
                    return Ok(VersionResponse::Fetched(
                        Box::new(Fetched {
                            version: answered.or(version).unwrap_or(0),
                            echo,
                            sentinels,
                            control: Value::Null,
                            without_limit: is_whole,
                            stored_model,
                            unknown: without,
                            proof: None,
                        }),
                        answered,
                    ));
                }
                Err(RequestError::Failed(failure)) => return Err(failure),
                Err(RequestError::Refused(refusal)) => refusal,
            };
            if version.is_some() && row.missing.as_ref() == Some(&refusal.signature()) {
                return Ok(VersionResponse::NotThere);
            }
            if refusal.error.is_model_gone() && stored_model.is_none() {
                if self.limits.model.is_none() {
                    return Err(not_recovered(&format!(
                        "the model of {} is gone: {}",
                        row.known.wish.id, refusal.error.message
                    ))
                    .hint(Hint::LetAnotherAnswer));
                }
                stored_model = Some(refusal.error.model().unwrap_or_default().to_owned());
                continue;
            }
            let names: Vec<String> = row.names.clone();
            if !self.settle(&refusal, row, &names, &mut without, &mut tried) {
                return Err(refused(&row.known.wish.id, label.as_deref(), &refusal));
            }
        }
        Err(not_recovered(&format!(
            "{}: the API wants other variables each time",
            row.known.wish.id
        ))
        .hint(Hint::NameVariables))
    }

    /// What the next call may cost: the model and the length are those of the answer before.
    fn next_cost(&self, row: &PromptProgress) -> f64 {
        self.cost(row.model.as_deref(), row.size.0, row.size.1)
    }

    /// Takes up what a refusal says about variables; whether it says anything new.
    fn settle(
        &self,
        refusal: &Refusal,
        row: &mut PromptProgress,
        names: &[String],
        without: &mut BTreeSet<String>,
        tried: &mut BTreeSet<String>,
    ) -> bool {
        let names = names.iter().map(String::as_str);
        let sent: BTreeSet<&str> = names.filter(|name| !without.contains(*name)).collect();
        let unknown = refusal.error.unknown_variables(sent.iter().copied());
        let missing = refusal.missing_variables(&sent);
        let before = (without.len(), row.names.len());
        without.extend(unknown);
        for name in missing {
            tried.insert(name.clone());
            if !without.remove(&name) && !row.names.contains(&name) {
                row.names.push(name);
            }
        }
        (without.len(), row.names.len()) != before
    }

    /// Whether the answer is about what was asked for; the version that answered.
    fn check(
        &self,
        row: &PromptProgress,
        echo: &Echo,
        version: Option<u64>,
    ) -> Result<Option<u64>, Failure> {
        let id = &row.known.wish.id;
        if echo.id.as_ref() != Some(id) {
            let other = echo.id.as_deref().unwrap_or("no prompt");
            return Err(
                not_recovered(&format!("{id}: the API answered for {other}"))
                    .hint("check OPENAI_BASE_URL: the server must be OpenAI's API itself"),
            );
        }
        let answered = echo
            .version
            .as_deref()
            .and_then(|version| version.parse().ok());
        match version {
            Some(version) if answered != Some(version) => Err(not_recovered(&format!(
                "{id}: version {version} was asked for, and {} answered",
                echo.version.as_deref().unwrap_or("none")
            ))
            .hint("an API that ignores versions would give copies of the current one")
            .hint(Hint::TakeCurrent)),
            _ => Ok(answered),
        }
    }
}

/// Names that stand in the text as `{{name}}` and were not sent.
fn new_names(
    echo: &Echo,
    row: &PromptProgress,
    without: &BTreeSet<String>,
    tried: &BTreeSet<String>,
) -> Vec<String> {
    let is_new = |name: &String| {
        !row.names.contains(name) && !without.contains(name) && !tried.contains(name)
    };
    echo.names_in_braces().into_iter().filter(is_new).collect()
}

fn limit_of(echo: &Echo) -> Option<u64> {
    echo.raw.get("max_output_tokens").and_then(Value::as_u64)
}

fn refused(id: &str, version: Option<&str>, refusal: &Refusal) -> Failure {
    let which = version.map_or_else(
        || "its current version".to_owned(),
        |version| format!("version {version}"),
    );
    let failure = Failure::new(
        code::NOT_RECOVERED,
        format!(
            "{id}: the API refuses {which} ({}): {}",
            refusal.status, refusal.error.message
        ),
    );
    if refusal.is_of_missing_variables() {
        return failure.hint(Hint::NameVariables);
    }
    failure
}

fn unreadable(id: &str, version: Option<&str>, why: &NoEcho) -> Failure {
    let which = version.map_or_else(String::new, |version| format!(", version {version}"));
    match why {
        NoEcho::NotAnAnswer => {
            not_recovered(&format!("{id}{which}: the API answered something else"))
        }
        NoEcho::NoInstructions => not_recovered(&format!(
            "{id}{which}: the answer does not hold the messages of the prompt"
        )),
        NoEcho::Unreadable(what) => {
            Failure::new(code::NOT_TRANSLATABLE, format!("{id}{which}: {what}"))
        }
    }
}
