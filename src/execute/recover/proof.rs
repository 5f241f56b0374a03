//! One more call that shows whether the API changes values.

use serde_json::{Map, Value, json};

use super::{Fetched, Recovered, Recovery, RequestError, not_recovered};
use crate::error::Failure;
use crate::exchange::request;
use crate::exchange::stored::Echo;
use crate::openai::tokens;
use crate::prompt::hint::Hint;

impl Recovery {
    /// Asks once more for a version, the current one where it is there, with values that a careless
    /// server would change. The answer is put to the version, with the values that were sent.
    pub async fn prove(&self, recovered: &mut Recovered) {
        let current = recovered.current;
        let index = recovered
            .versions
            .iter()
            .position(|fetched| Some(fetched.version) == current)
            .or_else(|| recovered.versions.len().checked_sub(1));
        let Some(fetched) = index.and_then(|index| recovered.versions.get_mut(index)) else {
            return;
        };
        match self
            .ask_awkwardly(recovered.key, &recovered.id, fetched)
            .await
        {
            Ok(proof) => fetched.proof = proof,
            Err(failure) => {
                // What was to be proven and is not, is not written.
                recovered.versions.clear();
                recovered.failure.get_or_insert(failure);
            }
        }
    }

    async fn ask_awkwardly(
        &self,
        key: usize,
        id: &str,
        fetched: &Fetched,
    ) -> Result<Option<Echo>, Failure> {
        let values: Map<String, Value> = fetched
            .sentinels
            .iter()
            .filter(|(name, _)| !fetched.unknown.contains(*name))
            .enumerate()
            .map(|(index, (name, _))| (name.to_owned(), request::awkward(name, index).into()))
            .collect();
        if values.is_empty() {
            return Ok(None);
        }
        let version = fetched.version.to_string();
        let mut body = request::request(id, Some(&version), &fetched.sentinels, &fetched.unknown);
        body["prompt"]["variables"] = Value::Object(values.clone());
        if fetched.without_limit {
            body = request::whole(body);
        }
        if let (Some(_), Some(model)) = (&fetched.stored_model, &self.limits.model) {
            body["model"] = json!(model);
        }
        let size = fetched.echo.texts().map(tokens::count).sum::<usize>() + 40 * values.len();
        let limit = fetched
            .echo
            .raw
            .get("max_output_tokens")
            .and_then(Value::as_u64);
        let cost = self.cost(fetched.echo.model.as_deref(), size, limit);
        let not_proven = |why: &str| {
            not_recovered(&format!(
                "{id}, version {version}: it could not be proven: {why}"
            ))
            .hint(Hint::ProveOffline)
        };
        let opening = match self.ask(key, &body, cost).await {
            Ok(opening) => opening,
            Err(RequestError::Failed(failure)) => return Err(failure),
            Err(RequestError::Refused(refusal)) => return Err(not_proven(&refusal.error.message)),
        };
        let mut echo = Echo::read(&opening.response)
            .map_err(|_| not_proven("the answer does not hold the messages of the prompt"))?;
        if echo.id.as_deref() != Some(id) || echo.version.as_deref() != Some(version.as_str()) {
            return Err(not_proven("another prompt or version answered"));
        }
        // What was sent counts, whatever the API says that it was.
        echo.variables = values;
        Ok(Some(echo))
    }
}
