//! What to do next, in the words of the command line.

use crate::prompt::hint::{Hint, Piece};
use crate::prompt::next::{Back, Next, Recording, VersionChoice};
use crate::prompt::quote::{shell_path, shell_word};
use crate::prompt::template::BRACES;

/// The words for what to do next.
pub fn words(advice: &Hint) -> String {
    let fixed = match advice {
        Hint::Words(words) => words,
        Hint::Next(step) => return line(step),
        Hint::Sentence(pieces) => {
            let pieces = pieces.iter().map(|piece| match piece {
                Piece::Words(words) => words.clone(),
                Piece::Next(step) => line(step),
                Piece::Hint(hint) => words(hint),
            });
            return pieces.collect();
        }
        Hint::LookAround => {
            "look for an open quote, another indentation or a missing blank here and on the line above; promptctl explain P001"
        }
        Hint::RaiseVersion => "versions count 1, 2, 3; `promptctl bump` raises the number",
        Hint::WriteDigest => {
            "`promptctl bump` writes the line; remove it to leave the content unchecked"
        }
        Hint::WriteNumbering => "promptctl validate --fix writes `version:` and `digest:`",
        Hint::AlignLineEnds => "promptctl validate --fix writes all of them alike",
        Hint::RewritePlaceholder(name) => {
            return format!("write `{{{{{name}}}}}`; promptctl validate --fix does");
        }
        Hint::TextAlone => "`promptctl new NAME --system FILE` makes a prompt of a text",
        Hint::ListCodes => "write `# promptctl: allow P105`; promptctl explain lists the codes",
        Hint::FindCode => "promptctl explain lists the codes",
        Hint::Explain(code) => {
            return format!(
                "it names what keeps a prompt from being used: promptctl explain {code}"
            );
        }
        Hint::ShowDocument => "`promptctl show --format json` shows what the file has",
        Hint::SendOwnMessages(name) => {
            return format!(
                "promptctl edit {name} --unset openai sends the messages of this file instead; `promptctl import` brings OpenAI's text here"
            );
        }
        Hint::HelperForFilter => {
            "Handlebars has no filters; `promptctl help templates` lists the helpers"
        }
        Hint::HelperForWords => {
            return format!(
                "the name of a variable has no spaces; `promptctl help templates` lists the helpers; {BRACES}"
            );
        }
        Hint::GiveValue(name) => {
            return format!(
                "pass `--var {}=…`, or give it a `default` in `input.schema`",
                shell_word(name)
            );
        }
        Hint::GiveValues(names) => {
            let values = names
                .iter()
                .map(|name| format!("--var {}=…", shell_word(name)));
            return format!("pass {}", values.collect::<Vec<_>>().join(" "));
        }
        Hint::GiveMessages(name) => {
            return format!(
                "pass `--var '{name}:=[{{\"role\": \"user\", \"content\": \"…\"}}]'`, or a file of values with `--vars`"
            );
        }
        Hint::GiveJson(name) => {
            return format!("pass `--var {name}:=…` with the value as JSON");
        }
        Hint::GiveOutsideFile => {
            "attachments must stand inside the repository; give others with --var NAME=@FILE"
        }
        Hint::GiveIgnoredFile => {
            "git ignores it, so it may hold what nobody else shall see: give its text with --var NAME=@FILE"
        }
        Hint::FetchHistory => {
            "promptctl fetch brings the commits of releases, git fetch --unshallow the whole history"
        }
        Hint::ListPrompts => "promptctl list shows all prompts",
        Hint::ListBelow(name) => {
            return format!("promptctl list {name}/ shows the prompts in that folder");
        }
        Hint::NewPrompt(name, roots) => {
            return format!(
                "there are no prompts below {}: promptctl new {name} makes one",
                roots.join(", ")
            );
        }
        Hint::ShowMore(count) => {
            return format!("{count} more like this: promptctl validate shows all");
        }
        Hint::ListModels => "`promptctl models` lists what this key may use",
        Hint::NameModel => "add `model: openai/gpt-5-mini` to the file, or pass `--model`",
        Hint::RenderHere => {
            "OpenAI's stored prompts end on 2026-11-30; `--source local` renders the version here"
        }
        Hint::AskLess => "wait, or lower `--concurrency`",
        Hint::GiveTime => {
            "the call may have been billed all the same; --timeout SECONDS gives it longer"
        }
        Hint::AskOpenAi => {
            "unset OPENAI_BASE_URL; or name OpenAI's API for this command: OPENAI_BASE_URL=https://api.openai.com/v1 promptctl import …"
        }
        Hint::ListExecutions => "`promptctl log list` shows the ids that this machine's log holds",
        Hint::AddColumn { near, columns } => {
            return format!(
                "{near}`--to testData` adds it to the prompt's own file; or add the column to the first line and a comma to every other; its columns are {columns}"
            );
        }
        Hint::RaiseLimit(dollars) => return format!("--max-cost {dollars} allows more"),
        Hint::NameKey => {
            "an id is visible to its own project only: --key-env VARIABLE names the variable with that project's key"
        }
        Hint::MakeRepository => {
            "promptctl init makes a repository of prompts here; -C DIR names another folder"
        }
        Hint::NameRepository(path) => {
            return format!(
                "if it is yours, name it: promptctl -C {} …",
                shell_word(path)
            );
        }
        Hint::NameVersion => "a rollback from it needs --to",
        Hint::LeaveModelOut => "leave --model or --source openai out",
        Hint::ProveOffline => {
            "nothing of it was written; without --prove the check is made offline alone"
        }
        Hint::TakeCurrent => "--version current takes that one alone",
        Hint::LetAnotherAnswer => {
            "--model gpt-5-mini lets another one answer; the text of the prompt does not depend on it"
        }
        Hint::NameVariables => "--var-name NAME names the variables that it has",
        Hint::TrackDataset(path) => {
            return format!(
                "git add {}, so that a reviewer sees it; or pass it with --cases FILE",
                shell_path(path)
            );
        }
        Hint::UnignoreDataset => {
            "it may hold what nobody else shall see: take it out of .gitignore and git add it, or pass it with --cases FILE"
        }
        Hint::ShowCaseFields => "promptctl help evaluation shows what a line holds",
        Hint::GiveCaseField { field, near } => {
            let near = near.as_ref().map_or_else(String::new, |near| {
                format!("the case has `{near}`: is `{field}` meant? Else ")
            });
            let give = match field.as_str() {
                "expected" => "--expected TEXT".to_owned(),
                field => format!("--field {field}=VALUE"),
            };
            return format!(
                "{near}give the case `{field}` (`{give}` of `promptctl cases add`), or the evaluator `when: {{tags: [...]}}`, so that it looks only at cases with such a tag"
            );
        }
        Hint::AddToPreCommit => {
            "it is that of pre-commit.com: add promptctl to .pre-commit-config.yaml, as `promptctl help hooks` shows"
        }
        Hint::RemoveAttribute {
            attribute,
            path,
            file,
        } => {
            return format!(
                "git check-attr {attribute} {} tells; remove that attribute from {file} or .git/info/attributes, or leave --diff-driver out",
                shell_path(path)
            );
        }
    };
    fixed.to_owned()
}

/// The line to type for a step.
pub fn line(step: &Next) -> String {
    match step {
        Next::Fetch => "promptctl fetch".to_owned(),
        Next::Accept(tag) => format!("promptctl fetch --accept {tag}"),
        Next::Push(None) => "promptctl push".to_owned(),
        Next::Push(Some(name)) => format!("promptctl push {name}"),
        Next::Doctor => "promptctl doctor".to_owned(),
        Next::Repair => "promptctl doctor --fix".to_owned(),
        Next::Status => "promptctl status".to_owned(),
        Next::History(name) => format!("promptctl history {name}"),
        Next::Releases => "promptctl releases".to_owned(),
        Next::ReleasesOf(name, environment) => {
            format!("promptctl releases {name} --env {environment}")
        }
        Next::Bump(name) => format!("promptctl bump {name}"),
        Next::Unarchive(name) => format!("promptctl unarchive {name}"),
        Next::Publish(name, which, environment) => {
            let version = match which {
                VersionChoice::OfFile => String::new(),
                VersionChoice::Version(version) => format!("@{version}"),
                VersionChoice::Any => "@vN".to_owned(),
            };
            format!("promptctl publish {name}{version} --env {environment}")
        }
        Next::PublishLeap(name, version, code) => {
            format!("promptctl publish {name}@{version} --allow {code}")
        }
        Next::PublishToNew(environment) => {
            format!("promptctl publish NAME --env {environment} --create-env")
        }
        Next::RollBack(name, environment, back) => {
            let back = match back {
                Back::Once => String::new(),
                Back::Again => " --again".to_owned(),
                Back::To(version) => format!(" --to {version}"),
                Back::ToAny => " --to VERSION".to_owned(),
            };
            format!("promptctl rollback {name} --env {environment}{back}")
        }
        Next::Unpublish(name, environment) => {
            format!("promptctl unpublish {name} --env {environment}")
        }
        Next::Record(Recording {
            name,
            version,
            base,
            afresh,
        }) => {
            let version = version.map_or_else(String::new, |it| format!("@{it}"));
            let base = base
                .as_ref()
                .map_or_else(String::new, |it| format!(" --base {it}"));
            let afresh = afresh.map_or_else(String::new, |why| format!(" --fresh -m \"{why}\""));
            format!("promptctl eval {name}{version} --record{base}{afresh}")
        }
        Next::Calibrate(judge) => format!("promptctl judge {judge} --labels FILE --record"),
        Next::SeedJudges => "promptctl seed judges".to_owned(),
        Next::Git(line) => line.clone(),
        Next::All(steps) => steps.iter().map(line).collect::<Vec<_>>().join(" && "),
    }
}

/// The words for each of several things to do next.
pub fn all_words(advice: &[Hint]) -> Vec<String> {
    advice.iter().map(words).collect()
}
