//! The demonstration of `serve`: from a stored prompt in somebody's code to an answer, without a
//! network.

use super::story::{Scene, Story};

pub(super) const STORY: Story = Story {
    files: &[
        ("service.py", SERVICE),
        ("answer.json", ANSWER),
        ("call.json", CALL),
        ("unpinned.json", UNPINNED),
    ],
    scenes: SCENES,
};

const SERVICE: &str = "\
from openai import OpenAI

reply = OpenAI().responses.create(
    prompt={
        \"id\": \"pmpt_0123456789abcdef0123456789abcdef0123456789abcdef\",
        \"version\": \"6\",
        \"variables\": {\"ticket\": open(\"ticket.txt\").read()},
    },
)
print(reply.output_text)
";

/// What the API answered to a call of that prompt with a mark for its variable.
const ANSWER: &str = r#"{
  "id": "resp_01",
  "object": "response",
  "created_at": 1764000000,
  "status": "completed",
  "instructions": [
    {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Answer kindly, in two sentences."}]},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "A customer writes: pctl0123456789abv000z"}]}
  ],
  "model": "gpt-5-mini-2025-08-07",
  "output": [],
  "prompt": {
    "id": "pmpt_0123456789abcdef0123456789abcdef0123456789abcdef",
    "variables": {"ticket": {"type": "input_text", "text": "pctl0123456789abv000z"}},
    "version": "6"
  }
}
"#;

const CALL: &str = r#"{
  "model": "echo",
  "prompt": {
    "id": "pmpt_0123456789abcdef0123456789abcdef0123456789abcdef",
    "version": "6",
    "variables": {"ticket": "I was charged twice for March."}
  }
}
"#;

const UNPINNED: &str = r#"{
  "model": "echo",
  "prompt": {
    "id": "pmpt_0123456789abcdef0123456789abcdef0123456789abcdef",
    "variables": {"ticket": "I was charged twice for March."}
  }
}
"#;

const SCENES: &[Scene] = &[
    Scene {
        title: "A service calls a stored prompt of OpenAI's. Which, and with what?",
        commands: &["promptctl scan --ids service.py"],
    },
    Scene {
        title: "The prompt comes home, here from an answer that was saved (import ID asks OpenAI)",
        commands: &[
            "promptctl init team-prompts",
            "cd team-prompts",
            "promptctl import ../answer.json --name support/reply --publish production",
        ],
    },
    Scene {
        title: "The gateway answers the service's call; its model is echo, which needs no network",
        commands: &[
            "promptctl serve --quiet --listen 127.0.0.1:0 --fetch-every 100ms &",
            "curl --silent {URL}/responses --data @../call.json",
        ],
    },
    Scene {
        title: "A new version is served without a restart; who pins gets what was pinned",
        commands: &[
            "promptctl edit support/reply --set modelParameters.maxTokens=300 -m \"Shorter\"",
            "promptctl publish support/reply",
            "curl --silent {URL}/responses --data @../unpinned.json",
        ],
    },
    Scene {
        title: "Each call is in the record; and the service is led here by one variable, no line of code",
        commands: &["promptctl log"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_id_is_found_imported_and_called() {
        let id = "\"pmpt_0123456789abcdef0123456789abcdef0123456789abcdef\"";
        for text in [SERVICE, ANSWER, CALL, UNPINNED] {
            assert!(text.contains(id), "{text}");
        }
    }
}
