//! The topics of `promptctl help`: what is longer than the help of one command.

use unicode_width::UnicodeWidthStr;

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

impl Topic {
    /// Its text for a screen of so many columns. Only prose is broken into other lines.
    pub fn fitted(&self, width: usize) -> String {
        if FILES.iter().any(|file| file.name == self.name) {
            return self.text.to_owned();
        }
        let mut text = String::new();
        // A paragraph, and the blanks that its further lines begin with.
        let mut paragraph: Option<(String, usize)> = None;
        for line in self.text.lines() {
            let indent = line.len() - line.trim_start().len();
            let is_item = line.trim_start().starts_with("- ");
            let hanging = paragraph.as_ref().map_or(0, |(_, hanging)| *hanging);
            let is_code = indent >= 4 && hanging == 0 || line.starts_with(['|', '#']);
            if let Some((words, _)) = &mut paragraph
                && !line.is_empty()
                && !is_item
                && !is_code
            {
                words.push(' ');
                words.push_str(line.trim_start());
                continue;
            }
            if let Some((words, hanging)) = paragraph.take() {
                text.push_str(&wrap(&words, width, hanging));
            }
            if line.is_empty() || is_code {
                text.push_str(line);
                text.push('\n');
            } else {
                let hanging = indent + if is_item { 2 } else { 0 };
                paragraph = Some((line.to_owned(), hanging));
            }
        }
        if let Some((words, hanging)) = paragraph {
            text.push_str(&wrap(&words, width, hanging));
        }
        text
    }
}

/// A paragraph in lines of at most this width, as far as its words allow.
pub fn wrap(paragraph: &str, width: usize, hanging: usize) -> String {
    let start = paragraph.len() - paragraph.trim_start().len();
    let mut text = " ".repeat(start);
    let mut column = start;
    for (at, word) in paragraph.split_whitespace().enumerate() {
        let length = word.width();
        if at > 0 && column + 1 + length > width {
            text.push('\n');
            text.push_str(&" ".repeat(hanging));
            column = hanging;
        } else if at > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
    text
}

/// The topic or the file of this name.
pub fn find(name: &str) -> Option<&'static Topic> {
    let mut all = TOPICS.iter().chain(FILES);
    all.find(|topic| topic.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_fit_the_screen_and_keep_every_word_and_every_command() {
        for topic in TOPICS {
            for width in [60, 80, 100] {
                let fitted = topic.fitted(width);
                for line in fitted.lines() {
                    let is_prose = !line.starts_with("    ") && !line.starts_with('|');
                    let is_word = line
                        .trim_start_matches(['-', ' '])
                        .split(' ')
                        .nth(1)
                        .is_none();
                    assert!(
                        !is_prose || is_word || line.width() <= width,
                        "{width}: {line}"
                    );
                }
                let words = |text: &str| {
                    text.split_whitespace()
                        .map(str::to_owned)
                        .collect::<Vec<_>>()
                };
                assert_eq!(words(&fitted), words(topic.text));
                let code = |text: &str| -> Vec<String> {
                    let lines = text.lines().filter(|line| line.starts_with("    "));
                    lines.map(str::to_owned).collect()
                };
                assert_eq!(code(&fitted), code(topic.text));
            }
        }
        let long = FILES.iter().map(|file| file.fitted(40)).collect::<String>();
        assert_eq!(long, FILES.iter().map(|file| file.text).collect::<String>());
    }

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
    fn the_topic_of_the_gateway_names_every_file() {
        let text = find("serve").expect("the topic").text;
        for file in FILES {
            assert!(text.contains(file.name), "{}", file.name);
        }
    }
}
