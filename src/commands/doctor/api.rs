//! The API: whether it answers with this key, and has the models that the prompts name.

use std::collections::{BTreeMap, BTreeSet};

use super::super::session::Session;
use super::super::trouble::finding_of_failure;
use crate::config::{Api, UserConfig};
use crate::error::Failure;
use crate::execute::Caller;
use crate::files::Loaded;
use crate::openai::address::open_to_all;
use crate::openai::client::block_on;
use crate::openai::echo;
use crate::openai::provider::ModelId;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Severity};
use crate::releases::Store;

/// What the APIs of the prompts' models say to this key. Nothing is kept.
pub(super) fn findings(store: &Store, session: &Session) -> Vec<Finding> {
    let (prompts, _) = store.load_all();
    let mut wanted: BTreeMap<String, Vec<(ModelId, &Loaded)>> = BTreeMap::new();
    for prompt in prompts.iter().filter(|prompt| !prompt.document.archived) {
        let model = prompt.document.model.as_deref();
        if let Some(Ok(model)) = model.map(ModelId::parse)
            && model.name != echo::MODEL
        {
            let of_provider = wanted.entry(model.provider.clone()).or_default();
            of_provider.push((model, prompt));
        }
    }
    let mut findings = Vec::new();
    for (provider, asked) in wanted {
        let api = api_of(&provider, session);
        findings.extend(api.iter().filter_map(|api| open_to_all(&api.base_url)));
        match api.and_then(|api| offered(&api)) {
            Ok(offered) => findings.extend(
                asked
                    .into_iter()
                    .filter(|(model, _)| !offered.contains(&model.name))
                    .map(|(model, prompt)| not_offered(&model, prompt)),
            ),
            Err(failure) => {
                let mut finding = finding_of_failure(&failure);
                // Nothing is unsound: it could not be asked.
                if finding.code == code::NO_KEY {
                    finding.severity = Severity::Warning;
                }
                findings.push(finding);
            }
        }
    }
    findings
}

fn api_of(provider: &str, session: &Session) -> Result<Api, Failure> {
    UserConfig::read(session.environ.user_config.as_deref())?.api(provider, &session.environ)
}

/// The models that the API of a provider offers to this key.
fn offered(api: &Api) -> Result<BTreeSet<String>, Failure> {
    let caller = Caller::new(api, None)?;
    let Some(client) = caller.client() else {
        return Ok(BTreeSet::new());
    };
    let models = block_on(client.models())??;
    Ok(models.into_iter().map(|model| model.id).collect())
}

fn not_offered(model: &ModelId, prompt: &Loaded) -> Finding {
    Finding::error(
        code::MODEL_NOT_OFFERED,
        format!(
            "{} asks for {}, which this key cannot use",
            prompt.name, model.name
        ),
    )
    .in_file(&prompt.path)
    .at(prompt.document.span_of("model"))
    .help(format!(
        "promptctl models {} shows those that it can; promptctl edit {} --set model=… takes one",
        model.provider, prompt.name
    ))
}
