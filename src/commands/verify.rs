//! `promptctl verify`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::common::{FormatArg, count, short};
use super::out::OutArg;
use super::rules::rules_of;
use super::session::Session;
use super::trouble::{finding_of, finding_of_failure};
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::output::json::{self as shapes, FindingJson};
use crate::output::table::{Table, TableCell};
use crate::output::ui::{BAD, DIM, GOOD};
use crate::prompt::finding::Finding;
use crate::prompt::name::Environment;
use crate::releases::{Live, Proof, Rules, Signers, Store};

/// Prove what is live, offline
///
/// For each active version: its release and version tags, each following the one before it and made for
/// their names; who signed for it, where that is required; the rules of the environment; and that the
/// commit holds the version and the content that the tags name. An unpublish is judged as well. Exits
/// with 3 if anything is not proven. What the remote has is not asked: promptctl fetch first.
///
/// What it cannot see: that the newest tags were removed before this clone first saw them. The column
/// `since` says since when it remembers them; a host's rule that nobody deletes tags closes the gap.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if anything is not proven.
More: promptctl help policy

Examples:
  promptctl verify
  promptctl verify --env production --format json")]
pub(super) struct Args {
    /// Only this environment
    #[arg(short, long, value_name = "ENV", add = super::candidates::environments())]
    env: Option<Environment>,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

/// An environment with its proofs.
struct Section {
    environment: Environment,
    /// None where they cannot be honoured, so that nothing is proven.
    rules: Option<Rules>,
    proofs: Vec<Proof>,
}

impl Section {
    fn is_proven(&self, proof: &Proof) -> bool {
        self.rules.is_some() && proof.is_proven()
    }

    fn requires_signature(&self) -> bool {
        let rules = self.rules.as_ref();
        rules.is_some_and(|rules| rules.signers.is_some())
    }

    fn proven(&self) -> usize {
        let proven = self.proofs.iter().filter(|proof| self.is_proven(proof));
        proven.count()
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, config) = session.store_and_remote()?;
    let mut findings = Vec::new();
    let mut sections = Vec::new();
    for environment in environments(args, &store)? {
        let rules = rules(&environment, &store, &config, &mut findings);
        let proofs = store
            .verify(&environment, rules.as_ref().unwrap_or(&Rules::default()))
            .map_err(|failure| failure.exit(Exit::Verdict))?;
        let troubles = proofs.iter().flat_map(|proof| &proof.troubles);
        findings.extend(troubles.map(finding_of));
        sections.push(Section {
            environment,
            rules,
            proofs,
        });
    }
    if json {
        session
            .ui
            .block(shapes::document(&shape(&sections, &findings)));
    } else {
        print(&sections, &findings, &store, session);
    }
    Ok(if findings.iter().any(Finding::is_error) {
        Exit::Verdict
    } else {
        Exit::Done
    })
}

/// The environment asked for, else the configured ones and those that something was released to.
fn environments(args: &Args, store: &Store) -> Result<Vec<Environment>, Failure> {
    if let Some(environment) = &args.env {
        store.require_environment(environment)?;
        return Ok(vec![environment.clone()]);
    }
    let overview = store.overview()?;
    let mut environments = store.settings().environments.clone();
    let unsound = overview.unsound.iter().map(|(_, environment)| environment);
    let released: BTreeSet<&Environment> = overview
        .states
        .values()
        .flat_map(|states| states.keys())
        .chain(unsound)
        .collect();
    for environment in released {
        if !environments.contains(environment) {
            environments.push(environment.clone());
        }
    }
    Ok(environments)
}

/// The rules of an environment; where they cannot be honoured, that is a finding, and the rest is
/// looked at all the same.
fn rules(
    environment: &Environment,
    store: &Store,
    config: &Config,
    findings: &mut Vec<Finding>,
) -> Option<Rules> {
    let rules = rules_of(environment, store, config);
    rules
        .map_err(|failure| findings.push(finding_of_failure(&failure)))
        .ok()
}

fn print(sections: &[Section], findings: &[Finding], store: &Store, session: &mut Session) {
    let mut table = Table::new(&[
        "environment",
        "name",
        "version",
        "release",
        "commit",
        "signed by",
        "chain",
        "since",
        "verdict",
    ])
    .right(&[3])
    .flexible(&[5])
    .whole(1)
    .spare(&[4, 6, 7, 3]);
    for section in sections {
        for proof in &section.proofs {
            table.row(row(section, proof));
        }
    }
    let is_empty = table.is_empty();
    table.print(&mut session.ui);
    let mut seen = BTreeSet::new();
    for finding in findings.iter().filter(|it| seen.insert(&it.message)) {
        session.ui.finding(finding);
    }
    if is_empty {
        let names: Vec<&str> = sections.iter().map(|it| it.environment.as_str()).collect();
        session
            .ui
            .status(format!("nothing is live in {}", names.join(", ")));
        return;
    }
    let all: usize = sections.iter().map(|section| section.proofs.len()).sum();
    let of = |signed: bool| {
        let wanted = sections
            .iter()
            .filter(|it| it.requires_signature() == signed);
        wanted.map(Section::proven).sum::<usize>()
    };
    let (proven, sound) = (of(true), of(false));
    let is_signed = sections
        .iter()
        .any(|section| section.rules.is_none() || section.requires_signature());
    let words = [
        (proven, "proven"),
        (sound, "sound"),
        (all - proven - sound, "not proven"),
    ];
    let words: Vec<(usize, &str)> = words.into_iter().filter(|it| it.0 > 0).collect();
    let counted = count(all, "active version");
    session.ui.status(match words.as_slice() {
        [(_, word)] => format!("{counted} {word}"),
        words => {
            let each = words
                .iter()
                .map(|(number, word)| format!("{number} {word}"));
            format!("{counted}: {}", each.collect::<Vec<_>>().join(", "))
        }
    });
    if !is_signed {
        session.ui.status(
            "no environment requires signatures, so nothing proves who released what: see requireSigned",
        );
    }
    let places = store.places_of_policy();
    if !places.is_empty() {
        let places: Vec<String> = places
            .iter()
            .map(|place| format!("{} ({})", place.name, short(place.commit())))
            .collect();
        session
            .ui
            .status(format!("by the rules of {}", places.join(" and ")));
    }
    if store.has_remote() {
        session.ui.status(
            "not seen here: tags that were removed before this clone first fetched them (column since)",
        );
    }
}

fn row(section: &Section, proof: &Proof) -> Vec<TableCell> {
    let live = |text: &dyn Fn(&Live) -> String| {
        let text = proof.live.as_ref().map_or_else(|| "-".to_owned(), text);
        TableCell::from(text)
    };
    let signer = match &proof.signer {
        Some(signer) => TableCell::from(signer.principal.as_str()),
        None => TableCell::styled("-", DIM),
    };
    vec![
        TableCell::from(section.environment.as_str()),
        TableCell::from(proof.name.as_str()),
        live(&|live| live.version.to_string()),
        live(&|live| live.number.to_string()),
        live(&|live| short(live.commit)),
        signer,
        match proof.chain_to {
            Some(1) => TableCell::from("whole"),
            Some(number) => TableCell::from(format!("from {number}")),
            None => TableCell::styled("-", DIM),
        },
        match proof.since {
            Some(since) => TableCell::from(since.strftime("%Y-%m-%d").to_string()),
            None => TableCell::styled("-", DIM),
        },
        if section.is_proven(proof) {
            let word = if section.requires_signature() {
                "proven"
            } else {
                "sound"
            };
            TableCell::styled(word, GOOD)
        } else {
            TableCell::styled("not proven", BAD)
        },
    ]
}

fn shape(sections: &[Section], findings: &[Finding]) -> Value {
    let environments: Vec<Value> = sections
        .iter()
        .map(|section| {
            let prompts = section.proofs.iter();
            let prompts = prompts.map(|proof| prompt(proof, section.is_proven(proof)));
            json!({
                "name": section.environment,
                "rules": section.rules.as_ref().map(shape_of_rules),
                "prompts": prompts.collect::<Vec<Value>>(),
            })
        })
        .collect();
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let findings: Vec<FindingJson> = findings.iter().map(FindingJson::from).collect();
    json!({
        "checked": sections.iter().map(|section| section.proofs.len()).sum::<usize>(),
        "errors": errors,
        "warnings": findings.len() - errors,
        "environments": environments,
        "findings": findings,
    })
}

fn shape_of_rules(rules: &Rules) -> Value {
    let Rules {
        branches,
        signers,
        sources,
        evaluations,
        suite: _,
    } = rules;
    let evaluations: Vec<String> = evaluations.iter().map(ToString::to_string).collect();
    let sources: Vec<&str> = sources.iter().map(Environment::as_str).collect();
    json!({
        "branches": branches,
        "allowed_signers": signers.as_ref().map(Signers::path),
        "from": sources,
        "evaluations": evaluations,
    })
}

fn prompt(proof: &Proof, is_proven: bool) -> Value {
    let live = proof.live.as_ref();
    let signer = proof.signer.as_ref();
    json!({
        "name": proof.name,
        "proven": is_proven,
        "version": live.map(|live| live.version),
        "release": live.map(|live| live.number),
        "action": live.map(|live| live.action.as_str()),
        "release_tag": live.map(|live| live.release_tag.as_str()),
        "version_tag": live.map(|live| live.version_tag.as_str()),
        "commit": live.map(|live| live.commit.to_string()),
        "digest": live.map(|live| live.digest.to_string()),
        "by": live.map(|live| live.by.as_str()),
        "time": live.map(|live| shapes::time(live.time)),
        "chain_to": proof.chain_to,
        "seen_since": proof.since.map(shapes::time),
        "signed_by": signer.map(|signer| json!({"principal": signer.principal, "key": signer.key})),
    })
}
