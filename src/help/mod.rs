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

/// The topic or the file of this name.
pub fn find(name: &str) -> Option<&'static Topic> {
    let mut all = TOPICS.iter().chain(FILES);
    all.find(|topic| topic.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_of_the_gateway_names_every_file() {
        let text = find("serve").expect("the topic").text;
        for file in FILES {
            assert!(text.contains(file.name), "{}", file.name);
        }
    }
}
