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
    topic!("services", "How a service gets its prompts"),
    topic!(
        "serve",
        "The gateway: what it answers, and how it is deployed"
    ),
    topic!(
        "stored-prompts",
        "The way out of OpenAI's stored prompts, by 2026-11-30"
    ),
    topic!(
        "github",
        "Pull requests and releases on GitHub; files of GitHub Models"
    ),
    topic!("gitlab", "The same on GitLab and elsewhere"),
    topic!("hooks", "Versions that rise when you commit"),
    topic!("merge", "git diff and git merge that know prompts"),
    topic!("evaluators", "Checks of an answer, kept with the prompt"),
    topic!("log", "The record of every call"),
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

/// The files that the topic `serve` names, printed as they stand.
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
];

/// The topic of this name.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

/// The file of this name.
pub fn file(name: &str) -> Option<&'static Topic> {
    FILES.iter().find(|file| file.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_of_the_gateway_names_every_file() {
        let text = topic("serve").expect("the topic").text;
        for file in FILES {
            assert!(text.contains(file.name), "{}", file.name);
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
