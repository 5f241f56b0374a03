use super::*;
use crate::output::words::all_words;

fn read(text: &str) -> Result<UserConfig, Failure> {
    UserConfig::parse(text, Path::new("/home/me/config.yaml"))
}

#[test]
fn a_provider_has_an_address_and_a_way_to_its_key() {
    let config = read(
            "prices: mine.yaml\nproviders:\n  openai: {apiKeyCommand: op read x}\n  vllm: {baseUrl: http://localhost:8000/v1}\n",
        )
        .unwrap();
    assert_eq!(config.prices, Some(PathBuf::from("/home/me/mine.yaml")));
    let environ = Environ::default();
    let api = config.api("vllm", &environ).unwrap();
    assert_eq!(api.base_url, "http://localhost:8000/v1");
    assert!(matches!(api.key, KeySource::Absent));
    assert_eq!(api.key_variable, "VLLM_API_KEY");
}

#[test]
fn a_key_of_callers_is_known_by_its_hash_alone() {
    let hash = "ab".repeat(32);
    let config = read(&format!(
        "serve: {{keys: [{{name: web, sha256: {hash}, may: [call, read]}}]}}"
    ))
    .unwrap();
    assert_eq!(config.caller_keys[0].sha256, [0xab; 32]);
    assert_eq!(config.caller_keys[0].may, ["call", "read"]);
    let refused = [
        "serve: []",
        "serve: {keys: [{sha256: a}]}",
        "serve: {keys: [{name: web, key: sk-1}]}",
        "serve: {keys: [{name: web, sha256: abc, may: [call]}]}",
        &format!("serve: {{keys: [{{name: web, sha256: {hash}, may: [all]}}]}}"),
    ]
    .map(|text| read(text).unwrap_err().message);
    insta::assert_snapshot!(refused.join("\n"), @"
    `serve` wants a map with `keys`
    a key of `serve.keys` has no `name`
    `key` is not a key of the key web
    the key web has no `sha256` of 64 hexadecimal digits
    `may` of the key web is a list of call, read and forward
    ");
}

#[test]
fn what_is_wrong_says_what_to_write() {
    let refused = [
        "provider: {}",
        "providers: []",
        "providers: {x: {}}",
        "providers: {x: {baseUrl: u, apiKey: sk-1}}",
        "providers: {x: {baseURL: u}}",
        "prices: 3",
    ]
    .map(|text| {
        let failure = read(text).unwrap_err();
        assert_eq!(failure.location.as_deref(), Some("/home/me/config.yaml"));
        let hints = all_words(&failure.hints).join("; ");
        format!("{}\n  hint: {hints}", failure.message)
    });
    insta::assert_snapshot!(refused.join("\n"), @r#"
    `provider` is not a key of your configuration
      hint: did you mean `providers`?
    `providers` wants a map
      hint: providers: {xai: {baseUrl: "https://api.x.ai/v1", apiKeyVariable: XAI_API_KEY}}
    the provider x has no `baseUrl`
      hint: providers: {xai: {baseUrl: "https://api.x.ai/v1", apiKeyVariable: XAI_API_KEY}}
    the provider x holds a key
      hint: providers: {xai: {baseUrl: "https://api.x.ai/v1", apiKeyVariable: XAI_API_KEY}}; a key in a file is copied too easily: name its variable, or a command that prints it
    `baseURL` is not a key of the provider x
      hint: did you mean `baseUrl`?
    `prices` wants text
      hint: providers: {xai: {baseUrl: "https://api.x.ai/v1", apiKeyVariable: XAI_API_KEY}}
    "#);
}

#[test]
fn an_unmapped_provider_is_refused_with_the_lines_to_add() {
    let failure = UserConfig::default()
        .api("x-ai", &Environ::default())
        .unwrap_err();
    assert_eq!(failure.code, Some(code::UNKNOWN_PROVIDER));
    insta::assert_snapshot!(all_words(&failure.hints).join("\n"), @r#"
    add to promptctl/config.yaml: providers: {x-ai: {baseUrl: "https://…/v1", apiKeyVariable: X_AI_API_KEY}}
    or export X_AI_BASE_URL=https://…/v1 and X_AI_API_KEY=…
    the repository may not say where a key is sent, so this belongs to your own configuration
    "#);
}
