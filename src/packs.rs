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
}

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../prompts/", $path)))),*]
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
    },
    Pack {
        name: "promptctl",
        about: "the prompt that promptctl generate asks, to be changed",
        files: files!["promptctl/_material.hbs", "promptctl/generate.prompt.yml",],
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
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_file_is_embedded() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        for pack in PACKS {
            let mut have: Vec<String> = std::fs::read_dir(folder.join(pack.name))
                .expect("the pack's folder")
                .map(|entry| {
                    format!(
                        "{}/{}",
                        pack.name,
                        entry.expect("an entry").file_name().to_string_lossy()
                    )
                })
                .collect();
            have.sort();
            let embedded: Vec<&str> = pack.files.iter().map(|(path, _)| *path).collect();
            assert_eq!(have, embedded);
        }
    }
}
