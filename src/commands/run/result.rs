//! What scripts read of one execution.

use serde_json::{Value, json};

use crate::execute::Executed;
use crate::files::Loaded;

/// An execution as `run --format json` and the lines of a batch show it, without `schema`.
pub(super) fn of(executed: &Executed, loaded: &Loaded) -> Value {
    let record = &executed.record;
    let answer = executed.answer.as_ref();
    json!({
        "id": record.id,
        "name": loaded.name,
        "version": loaded.version(),
        "environment": record.environment,
        "case": record.case,
        "source": record.source,
        "fallback": executed.fallback,
        "model": record.model,
        "status": record.status,
        "error": executed.error,
        "output": answer.map(|answer| &answer.text),
        "parsed": executed.parsed,
        "tool_calls": answer.map(|answer| &answer.tool_calls),
        "usage": record.usage,
        "cost_usd": record.cost_usd,
        "duration_ms": record.duration_ms,
        "attempts": record.attempts,
        "response_id": record.response_id,
        "request_id": record.request_id,
        "request_hash": record.request_hash,
    })
}
