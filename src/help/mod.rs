//! The topics of `promptctl help`: what is longer than the help of one command.

/// A topic: its name, what it is about, and its text.
pub struct Topic {
    /// Its name.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub about: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All topics.
pub const TOPICS: &[Topic] = &[
    Topic {
        name: "stored-prompts",
        about: "The way out of OpenAI's stored prompts, by 2026-11-30",
        text: include_str!("stored-prompts.md"),
    },
    Topic {
        name: "serve",
        about: "The gateway: what it answers, and how it is deployed",
        text: include_str!("serve.md"),
    },
    Topic {
        name: "services",
        about: "Prompts in a service: a snapshot, read in Python or TypeScript",
        text: include_str!("services.md"),
    },
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

/// The topic or the file of this name.
pub fn find(name: &str) -> Option<&'static Topic> {
    let mut all = TOPICS.iter().chain(FILES);
    all.find(|topic| topic.name == name)
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
}
