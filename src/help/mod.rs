//! The topics of `promptctl help`: what is longer than the help of one command.

/// A topic: its name, what it is about, and its text.
pub struct Topic {
    pub name: &'static str,
    /// What it is about, in a few words.
    pub about: &'static str,
    pub text: &'static str,
}

/// A topic, whose text is the file of its name.
macro_rules! topic {
    ($name:literal, $about:literal) => {
        Topic {
            name: $name,
            about: $about,
            text: include_str!(concat!($name, ".md")),
        }
    };
}

/// All topics.
pub const TOPICS: &[Topic] = &[
    topic!("prompt-file", "The prompt file, key by key"),
    topic!(
        "templates",
        "What a template may hold: variables, helpers, partials"
    ),
    topic!("versions", "What a version numbers, and when it rises"),
    topic!(
        "releases",
        "What is live: publish, rollback, the remote, pending tags"
    ),
    topic!("policy", "Who may release, and what must hold before it"),
    topic!(
        "services",
        "Prompts in a service: a snapshot, read in Python or TypeScript"
    ),
    topic!(
        "serve",
        "The gateway: what it answers, and how it is deployed"
    ),
    topic!(
        "stored-prompts",
        "The way out of OpenAI's stored prompts, by 2026-11-30"
    ),
    topic!(
        "moving-in",
        "Files of other tools, in and out: what comes and what is lost"
    ),
    topic!(
        "github",
        "Pull requests and releases on GitHub; files of GitHub Models"
    ),
    topic!("gitlab", "The same on GitLab and elsewhere"),
    topic!("hooks", "Versions that rise when you commit"),
    topic!("merge", "git diff and git merge that know prompts"),
    topic!("cases", "Cases: written, added, found in the log; bisect"),
    topic!("evaluation", "Cases, their verdict, and what they cost"),
    topic!("evaluators", "Checks of an answer, kept with the prompt"),
    topic!("log", "The record of every call"),
    topic!(
        "statistics",
        "What the versions did in use: figures, alerts, comparisons"
    ),
    topic!(
        "fleet",
        "The logs of many machines, in ClickHouse and DuckDB"
    ),
    topic!(
        "settings",
        "promptctl.yaml, your own settings, variables, completions"
    ),
    topic!("environment", "The variables of the environment"),
    topic!("exit-codes", "How a command ends"),
    topic!("json", "What scripts read"),
    topic!("errors", "Every code of an error or finding"),
    topic!(
        "rules",
        "What a change means for callers: the rules of diff"
    ),
    topic!("security", "What is guarded, and how"),
    topic!(
        "performance",
        "What was measured, and how to measure it again"
    ),
];

/// A file for the deployment of the gateway, with the words that name it.
macro_rules! deployment {
    ($name:literal, $about:literal) => {
        Topic {
            name: concat!("serve/", $name),
            about: $about,
            text: include_str!(concat!("deploy/", $name)),
        }
    };
}

/// Code that reads a snapshot, with the words that name it.
macro_rules! reader {
    ($name:literal, $about:literal) => {
        Topic {
            name: concat!("services/", $name),
            about: $about,
            text: include_str!(concat!("services/", $name)),
        }
    };
}

/// The files that the topics name, printed as they stand.
pub const FILES: &[Topic] = &[
    deployment!("Dockerfile", "an image with git"),
    deployment!(
        "Dockerfile.snapshot",
        "an image from scratch, with a snapshot"
    ),
    deployment!("promptctl-serve.service", "a unit of systemd"),
    deployment!("sidecar.yaml", "Kubernetes: beside each copy of a service"),
    deployment!("gateway.yaml", "Kubernetes: two of them behind a service"),
    deployment!("compose.yaml", "Docker Compose"),
    deployment!("fallback.py", "the last resort in Python"),
    deployment!("fallback.ts", "the last resort in TypeScript"),
    reader!("prompts.py", "reads a snapshot, in Python"),
    reader!("prompts.mjs", "reads a snapshot, in Node and TypeScript"),
    reader!("prompts.d.mts", "the types of prompts.mjs"),
];

/// The file of a topic's code, by the language that `--lang` names.
const LANGUAGES: &[(&str, &str)] = &[
    ("python", "prompts.py"),
    ("typescript", "prompts.mjs"),
    ("javascript", "prompts.mjs"),
];

/// The topic of this name.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

/// The file of this name.
pub fn file(name: &str) -> Option<&'static Topic> {
    FILES.iter().find(|file| file.name == name)
}

/// The topic or the file of this name.
fn find(name: &str) -> Option<&'static Topic> {
    topic(name).or_else(|| file(name))
}

/// What `promptctl help` shows for these words: a topic, one of its files, or `TOPIC --lang LANGUAGE`;
/// none where they are about a command.
///
/// # Errors
/// The topic has no code in this language; the message says which it has.
pub fn asked(words: &[&str]) -> Option<Result<&'static Topic, String>> {
    let (name, language) = match words {
        [name] => return find(name).map(Ok),
        [name, option] => (name, option.strip_prefix("--lang=")?),
        [name, "--lang", language] => (name, *language),
        _ => return None,
    };
    let topic = TOPICS.iter().find(|topic| topic.name == *name)?;
    let code = LANGUAGES.iter().find(|(known, _)| *known == language);
    let code = code.and_then(|(_, file)| find(&format!("{}/{file}", topic.name)));
    Some(code.ok_or_else(|| {
        let known = |file: &&str| find(&format!("{}/{file}", topic.name)).is_some();
        let languages = LANGUAGES.iter().filter(|(_, file)| known(file));
        let languages: Vec<&str> = languages.map(|(language, _)| *language).collect();
        match languages.as_slice() {
            [] => format!("the topic {} has no code", topic.name),
            languages => format!(
                "the topic {} has code in {}",
                topic.name,
                languages.join(", ")
            ),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_of_the_project_stands_in_one_place() {
        let home = env!("CARGO_PKG_REPOSITORY");
        let name = home.rsplit('/').next().expect("a name");
        for topic in TOPICS.iter().chain(FILES) {
            let addresses = topic.text.split_whitespace();
            let addresses = addresses.filter(|word| word.contains(&format!("github.com/{name}")));
            for address in addresses {
                assert!(address.contains(home), "{}: {address}", topic.name);
            }
        }
    }

    #[test]
    fn a_topic_names_every_file_of_its_own() {
        for file in FILES {
            let (topic, _) = file.name.split_once('/').expect("a topic");
            let text = find(topic).expect("the topic").text;
            assert!(text.contains(file.name), "{}", file.name);
        }
    }

    #[test]
    fn code_is_found_by_its_language() {
        let name = |words: &[&str]| asked(words).map(|it| it.map(|topic| topic.name));
        assert_eq!(name(&["services"]), Some(Ok("services")));
        let python = Some(Ok("services/prompts.py"));
        assert_eq!(name(&["services", "--lang", "python"]), python);
        assert_eq!(name(&["services", "--lang=python"]), python);
        assert_eq!(
            name(&["services", "--lang", "typescript"]),
            Some(Ok("services/prompts.mjs"))
        );
        assert_eq!(
            name(&["services", "--lang", "cobol"]),
            Some(Err(
                "the topic services has code in python, typescript, javascript".to_owned()
            ))
        );
        assert_eq!(
            name(&["serve", "--lang", "python"]),
            Some(Err("the topic serve has no code".to_owned()))
        );
        for other in [
            &["list"][..],
            &["list", "--lang", "python"],
            &["services", "x"],
            &[],
        ] {
            assert_eq!(name(other), None);
        }
    }

    #[test]
    fn every_topic_is_a_file_and_every_file_a_topic() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/help");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let name = path.file_stem().unwrap().to_str().unwrap();
                assert!(topic(name).is_some(), "{name} is not in TOPICS");
            }
        }
    }

    #[test]
    fn the_list_of_topics_fits_a_terminal() {
        for topic in TOPICS {
            assert!(topic.name.len() <= 15, "{}", topic.name);
            assert!(topic.about.chars().count() <= 62, "{}", topic.about);
        }
    }
}
