//! What `import` and `export` leave out or take as something else: never without a word.

use insta::assert_snapshot;
use serde_json::Value;

use super::moving::start;
use crate::env::{Shell, TestEnv};

/// What `import` says in JSON of a file with this text.
pub(super) fn imported(repo: &Shell, path: &str, text: &str) -> Value {
    repo.write(path, text);
    let run = repo.run(&format!("promptctl import {path} --format json"));
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"))
}

/// The messages of the report, and what was refused.
fn said(shown: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for prompt in shown["prompts"].as_array().unwrap() {
        let lost = prompt["lost"].as_array().unwrap().iter();
        all.extend(lost.map(|lost| {
            let at = format!("{}:{}", lost["line"], lost["column"]);
            format!("{at} {}", lost["message"].as_str().unwrap())
        }));
        all.extend(prompt["error"]["message"].as_str().map(str::to_owned));
    }
    all
}

#[track_caller]
pub(super) fn says(shown: &Value, wanted: &str) {
    let all = said(shown);
    assert!(
        all.iter().any(|message| message.contains(wanted)),
        "{wanted}: {all:#?}"
    );
}

#[test]
fn prompts_that_a_program_or_a_service_makes_are_not_taken_as_texts() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("more.jsonl", "[{\"role\": \"user\", \"content\": \"One {{x}}\"}]\n[{\"role\": \"user\", \"content\": \"Two\"}]\n");
    let config = "\
prompts:
  - exec:./make.sh
  - ./make.rb
  - {label: raw, raw: 'exec:./make.sh', config: {a: 1}}
  - langfuse://greeting:3
  - file://more.jsonl
  - {label: plain, raw: 'Hello {{x}}', config: {a: 1}}
providers: [openai:gpt-5-mini]
";
    let shown = imported(&repo, "promptfooconfig.yaml", config);
    let refused = |shown: &Value| {
        let prompts = shown["prompts"].as_array().unwrap().iter();
        prompts.filter(|it| it["action"] == "refused").count()
    };
    assert_eq!(refused(&shown), 4, "{shown:#}");
    for wanted in [
        "exec:./make.sh is a program",
        "./make.rb is a program",
        "langfuse://greeting:3 is a prompt that another service keeps",
        "`config` of a prompt has no counterpart",
    ] {
        says(&shown, wanted);
    }
    assert!(
        repo.read("prompts/promptfoo/more-1.prompt.yml")
            .contains("One {{x}}")
    );
    assert!(
        repo.read("prompts/promptfoo/more-2.prompt.yml")
            .contains("Two")
    );
}

#[test]
fn cases_of_promptfoo_keep_what_they_are_about() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("shared.yaml", "vars: {tone: kind}\n");
    repo.write("tests.yaml", "- {description: third, vars: {x: c}}\n");
    let config = "\
prompts: ['Hello {{x}} {{tone}}']
providers: [openai:gpt-5-mini]
defaultTest: file://shared.yaml
tests:
  - description: the first
    vars: {x: a}
    metadata: {area: billing, list: [p, q]}
    assert: [{type: contains, value: a, metric: accuracy, provider: openai:gpt-4o}]
  - {description: the first, vars: {x: b}, threshold: 0.5}
  - file://tests.yaml
  - file://tests.csv
  - {vars: {x: d, case: e}, description: fourth}
";
    let shown = imported(&repo, "promptfooconfig.yaml", config);
    let file: Value = serde_yaml::from_str(&repo.read("prompts/promptfoo.prompt.yml")).unwrap();
    let first = &file["testData"][0];
    assert_eq!(first["case"]["id"], "the first");
    assert_eq!(first["tone"], "kind");
    assert_eq!(
        first["case"]["tags"],
        serde_json::json!(["area=billing", "list=p", "list=q"])
    );
    assert_eq!(first["case"]["evaluators"][0]["name"], "accuracy");
    assert_eq!(file["testData"][1]["case"]["note"], "the first");
    assert_eq!(file["testData"][2]["case"]["id"], "third");
    assert_eq!(file["testData"][3]["$case"]["id"], "fourth");
    for wanted in [
        "`provider` of the assertion `contains`",
        "`threshold` of a test",
        "the tests of file://tests.csv were left out",
    ] {
        says(&shown, wanted);
    }
}

#[test]
fn what_has_a_counterpart_in_the_front_matter_of_a_text_comes() {
    let env = TestEnv::new();
    let repo = start(&env);
    let text = "---\ntemperature: 0.3\nmax_tokens: 50\ntags: [a, b]\nmodel: gpt-5-mini\nmode: agent\n---\n# Title\nHello {{ name }}\n";
    let shown = imported(&repo, "a.md", text);
    let file: Value = serde_yaml::from_str(&repo.read("prompts/a.prompt.yml")).unwrap();
    assert_eq!(file["modelParameters"]["temperature"], 0.3);
    assert_eq!(file["modelParameters"]["maxTokens"], 50);
    assert_eq!(file["tags"], serde_json::json!(["a", "b"]));
    says(&shown, "6:1 the key `mode` has no counterpart");
    says(&shown, "9:7 `{{ name }}` stays text");
    let run = repo.run("promptctl import a.md --from jinja --name b");
    assert_eq!(run.code, Some(3), "{run}");
    let file = repo.read("prompts/b.prompt.yml");
    assert!(
        file.contains("Hello {{name}}") && file.contains("temperature: 0.3"),
        "{file}"
    );
}

#[test]
fn a_folder_of_texts_says_how_texts_are_taken() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("notes/a.md", "# A\n");
    repo.write("notes/b.txt", "B\n");
    let run = repo.run("promptctl import notes");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("notes holds 2 texts, and nothing else")
            && run.stderr.contains("promptctl import notes --from text"),
        "{run}"
    );
    let run = repo.run("promptctl import notes --from text");
    assert_eq!(run.code, Some(0), "{run}");
    let run = repo.run("promptctl import notes --from prompty");
    assert!(
        run.stderr
            .contains("notes holds no prompts of the format prompty")
            && run.stderr.contains("*.prompty"),
        "{run}"
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_what_has_no_end_or_to_itself_is_refused() {
    let env = TestEnv::new();
    let repo = start(&env);
    let link = |to: &str, from: &str| {
        std::os::unix::fs::symlink(to, repo.dir.join(from)).unwrap();
    };
    link("/dev/zero", "zero.prompt");
    link("/dev/zero", "zero.json");
    link("two.prompt", "one.prompt");
    link("one.prompt", "two.prompt");
    repo.write("in/a.prompt", "Hi {{> zero}}");
    link("/dev/zero", "in/_zero.prompt");
    link("../in", "in/again");
    for (name, why) in [
        ("zero.prompt", "links are not followed"),
        ("zero.json", "links are not followed"),
        ("one.prompt", "links are not followed"),
        ("/dev/zero --from text", "it is no regular file"),
    ] {
        let run = repo.run(&format!("promptctl import {name}"));
        assert_eq!(run.code, Some(1), "{run}");
        assert!(run.stderr.contains(why), "{run}");
    }
    let run = repo.run("promptctl import in");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("could not be read"), "{run}");
    assert_eq!(repo.git("log --format=%s -1").trim(), "start");
}

#[test]
fn data_beside_the_prompts_of_a_folder_is_not_in_the_way() {
    let env = TestEnv::new();
    let repo = start(&env);
    for index in 0..300 {
        repo.write(
            &format!("data/{index}.json"),
            "{\"name\": \"x\", \"rows\": [1, 2]}",
        );
        repo.write(&format!("data/{index}.yaml"), "rows: [1, 2\n");
    }
    repo.write("data/a.prompt", "Hi");
    repo.write(
        "data/b.json",
        r#"{"name": "b", "version": 1, "type": "text", "prompt": "Hi", "config": {}}"#,
    );
    let run = repo.run("promptctl import data");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("2 prompts written"), "{run}");
}

#[test]
fn values_from_the_environment_and_numbers_out_of_range_are_named() {
    let env = TestEnv::new();
    let repo = start(&env);
    let prompty = "---\nname: A\nmodel: {id: m, options: {seed: '${env:SEED:1}'}}\ninputs:\n  - {name: x, kind: string, default: '${env:X:zq}', example: '${env:Y}'}\nsample: {z: '${env:Z}'}\n---\nuser:\n{{x}} {{z}}\n";
    let shown = imported(&repo, "a.prompty", prompty);
    for wanted in [
        "the setting `seed` comes from the environment",
        "`default` of the input `x` comes from the environment",
        "the sample of `x` comes from the environment",
        "the sample of `z` comes from the environment",
    ] {
        says(&shown, wanted);
    }
    assert!(!repo.read("prompts/a.prompt.yml").contains("${env"));
    let langfuse =
        r#"[{"name": "b", "version": 1e30, "type": "text", "prompt": "Hi", "config": {}}]"#;
    let shown = imported(&repo, "b.json", langfuse);
    says(&shown, "its version 1e+30 is no number");
}

#[test]
fn models_go_out_as_the_other_tool_names_them() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "prompts/a.prompt.yml",
        "model: openai/gpt-5-mini\nmessages: [{role: user, content: Hi}]\n",
    );
    repo.write(
        "prompts/b.prompt.yml",
        "model: anthropic/claude-x\nmessages: [{role: user, content: Hi}]\n",
    );
    let out = |name: &str, target: &str| repo.ok(&format!("promptctl export {name} --to {target}"));
    let prompty = out("a", "prompty");
    assert!(
        prompty.contains("id: gpt-5-mini\n") && prompty.contains("provider: openai\n"),
        "{prompty}"
    );
    assert!(out("b", "prompty").contains("provider: anthropic\n"));
    let langfuse: Value = serde_json::from_str(&out("a", "langfuse")).unwrap();
    assert_eq!(langfuse[0]["config"]["model"], "gpt-5-mini");
    for target in ["prompty", "langfuse"] {
        repo.ok(&format!(
            "promptctl export a b --to {target} --out {target}"
        ));
        repo.ok(&format!(
            "promptctl import {target} --into {target} --no-commit"
        ));
        for name in ["a", "b"] {
            let digest = |name: &str| {
                let shown = repo.ok(&format!("promptctl show {name} --format json"));
                let shown: Value = serde_json::from_str(&shown).unwrap();
                shown["digest"].clone()
            };
            assert_eq!(
                digest(name),
                digest(&format!("{target}/{name}")),
                "{target}"
            );
        }
    }
}

#[test]
fn loops_over_messages_of_semantic_kernel_are_the_conversation() {
    let env = TestEnv::new();
    let repo = start(&env);
    for (path, format, template) in [
        (
            "a.yaml",
            "jinja2",
            "Be kind. {% for item in chat_history %}{{ message(item) }}{% endfor %}",
        ),
        (
            "b.yaml",
            "handlebars",
            "<message role=\"system\">Be kind.</message>{{#each chat_history}}<message role=\"{{role}}\">{{content}}</message>{{/each}}<message role=\"user\">{{x}}</message>",
        ),
        (
            "c.yaml",
            "handlebars",
            "<message role=\"system\">Be kind.</message>{{#each chat_history}}{{#message role=role}}{{~content~}}{{/message}} {{/each}}",
        ),
    ] {
        let text = format!("name: n\ntemplate_format: {format}\ntemplate: '{template}'\n");
        let shown = imported(&repo, path, &text);
        assert_eq!(shown["prompts"][0]["action"], "created", "{shown:#}");
        let file = repo.read(&format!(
            "prompts/{}.prompt.yml",
            path.trim_end_matches(".yaml")
        ));
        assert!(
            file.contains("content: Be kind.\n  - placeholder: chat_history\n"),
            "{file}"
        );
    }
}

#[test]
fn a_picture_that_only_its_own_machine_could_read_is_named() {
    let env = TestEnv::new();
    let repo = start(&env);
    let shown = imported(
        &repo,
        "a.prompt",
        "See\n{{media url=\"file:///etc/passwd\"}} {{media url=\"https://x.example/a.png\"}} {{media url=photo}}",
    );
    says(
        &shown,
        "2:1 the picture `file:///etc/passwd` is at no address that a model's provider can read",
    );
    assert_eq!(
        shown.to_string().matches("the picture").count(),
        1,
        "{shown:#}"
    );
    let rendered = repo.run("promptctl render a --var photo=https://x.example/b.png --format json");
    assert!(rendered.stdout.contains("file:///etc/passwd"), "{rendered}");
    assert!(!rendered.stdout.contains("root:"), "{rendered}");
    let chat = r#"{"prompts": ["[{\"role\": \"user\", \"content\": [{\"type\": \"image_url\", \"image_url\": {\"url\": \"pics/a.png\"}}]}]"], "providers": ["openai:gpt-5-mini"]}"#;
    let shown = imported(&repo, "promptfooconfig.yaml", chat);
    says(&shown, "the picture `pics/a.png` is at no address");
}

#[test]
fn what_cannot_be_kept_of_a_file_is_told_with_its_own_line() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "pf/promptfooconfig.yaml",
        "prompts: [file://p.txt, file://q.yaml, file://r.json]\n",
    );
    repo.write(
        "pf/p.txt",
        "\n\nHello {{a}}\n{% set x = 1 %}\n---\n  {% set x = 1 %}\nmore\n{% set y = 2 %}\n",
    );
    repo.write(
        "pf/q.yaml",
        "- role: system\n  content: |\n    Hi\n    {% set y = 2 %}\n- role: user\n  content: hi\n",
    );
    repo.write(
        "pf/r.json",
        "[\n  {\"role\": \"user\",\n   \"content\": \"{% set y = 2 %}\"}\n]\n",
    );
    assert_snapshot!(repo.run("promptctl import pf --dry-run"), @"
    error[P501]: `{% set %}` has no counterpart in a template here
      at: pf/p.txt:4:1
      hint: compute it in the program that fills the template, and give the result as a variable
    error[P501]: `{% set %}` has no counterpart in a template here
      at: pf/p.txt:6:3
      hint: compute it in the program that fills the template, and give the result as a variable
    error[P501]: `{% set %}` has no counterpart in a template here
      at: pf/q.yaml:4:5
      hint: compute it in the program that fills the template, and give the result as a variable
    error[P501]: `{% set %}` has no counterpart in a template here
      at: pf/r.json:3:16
      hint: compute it in the program that fills the template, and give the result as a variable
    4 prompts refused
    [exit 1]
    ");
}

#[test]
fn blanks_in_quotes_of_a_table_are_kept() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "pf/promptfooconfig.yaml",
        "prompts: ['Say {{word}}.']\ntests: file://t.csv\n",
    );
    repo.write("pf/t.csv", "word, __expected\n  a , \" b \"\n\"  a \",c\n");
    repo.ok("promptctl import pf");
    let shown = repo.json("promptctl show promptfoo --format json");
    assert_eq!(shown["document"]["testData"][0]["word"], "a");
    assert_eq!(shown["document"]["testData"][1]["word"], "  a ");
}

#[test]
fn the_model_that_judges_comes_too_and_what_is_lost_is_counted() {
    let env = TestEnv::new();
    let repo = start(&env);
    let config = "\
prompts: ['Say {{word}}.']
providers: [openai:gpt-5-mini]
defaultTest:
  options: {provider: 'openai:chat:gpt-5', rubricPrompt: Judge.}
  assert: [{type: llm-rubric, value: kind}, {type: bleu, value: x}]
tests:
  - vars: {word: a}
    assert:
      - {type: llm-rubric, value: short, provider: {id: 'anthropic:messages:claude-x'}}
      - {type: bleu, value: y}
  - vars: {word: b}
    options: {provider: {text: 'openai:o4-mini'}}
    assert: [{type: g-eval, value: long}, {type: llm-rubric, value: z, provider: file://judge.py}]
";
    let shown = imported(&repo, "promptfooconfig.yaml", config);
    let judge = |at: &str| shown["prompts"][0]["lost"].to_string().contains(at);
    assert!(judge(
        "the assertion `bleu` has no counterpart here: left out (2 times)"
    ));
    assert!(judge("`rubricPrompt` of the options of a test"));
    assert!(judge("`provider` of the assertion `llm-rubric`"));
    let shown = repo.json("promptctl show promptfoo --format json");
    let document = &shown["document"];
    let model = |evaluators: &Value, at: usize| evaluators[at]["llm"]["modelId"].clone();
    assert_eq!(model(&document["evaluators"], 0), "openai/gpt-5");
    let of = |case: usize, at: usize| model(&document["testData"][case]["case"]["evaluators"], at);
    assert_eq!(of(0, 0), "anthropic/claude-x");
    assert_eq!(
        (of(1, 0), of(1, 1)),
        ("openai/o4-mini".into(), "openai/gpt-5-mini".into())
    );
}

#[test]
fn of_several_names_each_that_is_not_here_is_told_and_nothing_is_done() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl export nosuch support/triage other --to json --out out
         promptctl publish nosuch support/triage other
         promptctl status"
    ), @"
    $ promptctl export nosuch support/triage other --to json --out out
    error[P201]: there is no prompt named nosuch
      hint: promptctl list shows all prompts
    error[P201]: there is no prompt named other
      hint: promptctl list shows all prompts
    [exit 1]
    $ promptctl publish nosuch support/triage other
    error[P201]: there is no prompt named nosuch
      hint: promptctl list shows all prompts
    error[P201]: there is no prompt named other
      hint: promptctl list shows all prompts
    [exit 1]
    $ promptctl status
    production	support/triage	-	v1	-	-	never published
    ");
    assert!(!repo.exists("out"));
}
