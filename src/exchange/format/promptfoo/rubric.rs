//! A rubric, which a model decides, as an evaluator and back.

use serde_json::{Value, json};

const BEFORE: &str = "Criterion:\n";
const BEHIND: &str = "\n\nAnswer:\n{{completion}}\n\nDoes the answer meet the criterion?";

/// The assertions that a model decides by a rubric.
pub(in crate::exchange::format) const KINDS: [&str; 3] =
    ["llm-rubric", "g-eval", "model-graded-closedqa"];

/// The evaluator that asks a model whether an answer meets a rubric.
pub(in crate::exchange::format) fn evaluator(name: &str, model: &str, rubric: &str) -> Value {
    json!({
        "name": name,
        "llm": {
            "modelId": model,
            "systemPrompt": "You judge the answer of a model. Answer with one word: yes or no.",
            "prompt": format!("{BEFORE}{rubric}{BEHIND}"),
            "choices": [{ "choice": "yes", "score": 1 }, { "choice": "no", "score": 0 }],
            "atLeast": 1,
        },
    })
}

/// The rubric of such an evaluator, whatever model it asks.
pub(in crate::exchange::format) fn rubric(evaluator: &Value) -> Option<&str> {
    let llm = evaluator.get("llm")?;
    let prompt = llm.get("prompt")?.as_str()?;
    let rubric = prompt.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?;
    let same = self::evaluator("", llm.get("modelId")?.as_str()?, rubric);
    (same["llm"] == *llm).then_some(rubric)
}
