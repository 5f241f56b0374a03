//! The bundled prompts, embedded in the binary.

/// A set of prompts that belong together, with their partials.
#[derive(Debug)]
pub struct Pack {
    /// Its name, such as `core`.
    pub name: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// Its files: the path below a root, and the text.
    pub files: &'static [(&'static str, &'static str)],
    /// The pictures that its cases send: the path below a root, and the bytes.
    pub pictures: &'static [(&'static str, &'static [u8])],
}

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../prompts/", $path)))),*]
    };
}

macro_rules! pictures {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../prompts/", $path)))),*]
    };
}

/// All packs.
pub static PACKS: &[Pack] = &[
    Pack {
        name: "core",
        about: "a chat assistant, support triage, code review, extraction, answers, summaries, and prompts for issues and documentation",
        files: files![
            "core/_untrusted.hbs",
            "core/answer-with-citations.prompt.yml",
            "core/auto-issue-generator.prompt.yml",
            "core/chat-assistant.prompt.yml",
            "core/code-review.prompt.yml",
            "core/data-extraction.prompt.yml",
            "core/documentation-generator.prompt.yml",
            "core/feedback-issue-creator.prompt.yml",
            "core/readme-update-generator.prompt.yml",
            "core/sub-issue-generator.prompt.yml",
            "core/summary.prompt.yml",
            "core/support-triage.prompt.yml",
        ],
        pictures: &[],
    },
    Pack {
        name: "judges",
        about: "prompts that judge answers: by criteria, for similarity, relevance, groundedness, fluency and coherence",
        files: files![
            "judges/coherence.prompt.yml",
            "judges/default.prompt.yml",
            "judges/fluency.prompt.yml",
            "judges/groundedness.prompt.yml",
            "judges/relevance.prompt.yml",
            "judges/similarity.prompt.yml",
        ],
        pictures: &[],
    },
    Pack {
        name: "promptctl",
        about: "the prompt that promptctl generate asks, to be changed",
        files: files!["promptctl/_material.hbs", "promptctl/generate.prompt.yml",],
        pictures: &[],
    },
    Pack {
        name: "trading",
        about: "chart analysis, in English and Chinese",
        files: files![
            "trading/_analyst-zh.hbs",
            "trading/_analyst.hbs",
            "trading/daily-chart-analysis.prompt.yml",
            "trading/daily-chart-analysis.zh.prompt.yml",
            "trading/multi-timeframe-consolidation.prompt.yml",
            "trading/multi-timeframe-consolidation.zh.prompt.yml",
            "trading/weekly-chart-trend-confirmation.prompt.yml",
            "trading/weekly-chart-trend-confirmation.zh.prompt.yml",
        ],
        pictures: pictures![
            "trading/charts/downtrend.png",
            "trading/charts/empty.png",
            "trading/charts/sideways.png",
            "trading/charts/uptrend.png",
            "trading/charts/weekly-downtrend.png",
            "trading/charts/weekly-sideways.png",
            "trading/charts/weekly-uptrend.png",
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The files below a folder, by their paths from there, in order.
    fn files_below(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.file_type().expect("a type").is_dir() {
                true => found.extend(
                    files_below(&entry.path())
                        .iter()
                        .map(|it| format!("{name}/{it}")),
                ),
                false => found.push(name),
            }
        }
        found.sort();
        found
    }

    #[test]
    fn every_bundled_file_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        for pack in PACKS {
            let have = files_below(&folder.join(pack.name));
            let have: Vec<String> = have
                .iter()
                .map(|it| format!("{}/{it}", pack.name))
                .collect();
            let texts = pack.files.iter().map(|(path, _)| *path);
            let mut embedded: Vec<&str> =
                texts.chain(pack.pictures.iter().map(|it| it.0)).collect();
            embedded.sort_unstable();
            assert_eq!(have, embedded);
        }
    }
}
