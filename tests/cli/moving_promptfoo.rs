//! promptfoo: what its own program makes of a configuration, and what is said where that cannot be had.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::moving::start;
use super::moving_losses::{imported, says};
use crate::env::TestEnv;

#[test]
fn values_of_a_test_are_those_that_promptfoo_gives() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("long.txt", "\n long \n\n");
    repo.write("data.yaml", "a: [1, x]\n");
    let config = "\
prompts: ['Hello {{name}} {{x}}']
providers: [openai:gpt-5-mini]
defaultTest: {vars: {k: z, tone: 'so {{k}}'}}
assertionTemplates: {short: {type: icontains, value: hi}}
tests:
  - {vars: {name: '{{k}} b {{ tone }}', x: \"line\\n\"}}
  - {vars: {name: file://long.txt, x: [file://data.yaml, two]}}
  - vars: {name: '{{gone}}', x: '{{env.HOME}}'}
    assert: [{$ref: '#/assertionTemplates/short'}, {$ref: 'other.yaml#/x'}]
  - {vars: {name: 'package:a:b', x: '{% if a %}b{% endif %}'}}
  - {vars: {name: n, x: [1, 2]}, options: {disableVarExpansion: true}}
";
    let shown = imported(&repo, "promptfooconfig.yaml", config);
    let file: Value = serde_yaml::from_str(&repo.read("prompts/promptfoo.prompt.yml")).unwrap();
    let row = |name: &str, x: Value| json!({ "k": "z", "tone": "so z", "name": name, "x": x });
    let rows: Vec<Value> = file["testData"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let mut row = row.clone();
            row.as_object_mut().unwrap().remove("case");
            row
        })
        .collect();
    assert_eq!(
        rows,
        [
            row("z b so z", json!("line")),
            row("long", json!("{\"a\":[1,\"x\"]}")),
            row("long", json!("two")),
            json!({ "k": "z", "tone": "so z", "name": "{{gone}}" }),
            json!({ "k": "z", "tone": "so z", "x": "{% if a %}b{% endif %}" }),
            row("n", json!([1, 2])),
        ]
    );
    assert_eq!(
        file["testData"][3]["case"]["evaluators"],
        json!([{ "name": "icontains", "string": { "contains": "hi" } }])
    );
    for wanted in [
        "8:5 the value of `x` comes from the environment, which is never read: left out",
        "the value of `name` is a template itself",
        "the value of `name` is made by a program: left out",
        "the assertion at other.yaml#/x could not be found",
    ] {
        says(&shown, wanted);
    }
    assert!(
        !shown.to_string().contains("assertionTemplates"),
        "{shown:#}"
    );
}

#[test]
fn the_environment_is_never_a_variable() {
    let env = TestEnv::new();
    let repo = start(&env);
    let config = "\
prompts:
  - {label: one, raw: 'Hi {{env.USER}}'}
  - {label: two, raw: \"Hi\\n{{ env['USER'] }}\"}
  - {label: three, raw: 'Hi {{x}}'}
providers:
  - 'openai:{{env.MODEL}}'
  - {id: openai:gpt-5-mini, config: {temperature: 0.1, stop: ['{{env.STOP}}']}}
tests: [{vars: {x: a}, assert: [{type: contains, value: '{{env.USER}}'}]}]
";
    let shown = imported(&repo, "promptfooconfig.yaml", config);
    let refused = |index: usize| {
        let error = &shown["prompts"][index]["error"];
        assert_eq!(error["code"], "P501", "{shown:#}");
        (error["message"].clone(), error["location"]["line"].clone())
    };
    for index in [0, 1] {
        let (message, _) = refused(index);
        assert_eq!(
            message,
            "`env` is the environment there, which is never read here"
        );
    }
    for wanted in [
        "the provider openai:{{env.MODEL}} is known only once something is filled in",
        "the setting `stop` is known only once something is filled in",
        "the assertion `contains` has a value that cannot be said here: `env` is the environment there",
    ] {
        says(&shown, wanted);
    }
    let file = repo.read("prompts/promptfoo/three.prompt.yml");
    assert!(
        file.contains("model: openai/gpt-5-mini") && !file.contains("env"),
        "{file}"
    );
}

#[test]
fn a_loss_in_a_file_of_messages_stands_in_that_file() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "sub/chat.json",
        "[{\"role\": \"user\", \"content\": \"Hi\", \"weight\": 2}]",
    );
    let config = "prompts: [file://chat.json]\nproviders: [openai:gpt-5-mini]\nother: 1\n";
    let shown = imported(&repo, "sub/promptfooconfig.yaml", config);
    let lost = shown["prompts"][0]["lost"].as_array().unwrap();
    let at = |key: &str| {
        let found = lost
            .iter()
            .find(|lost| lost["message"].as_str().unwrap().contains(key));
        found.unwrap()["path"].clone()
    };
    assert_eq!(at("`weight` of a message"), "sub/chat.json");
    assert_eq!(at("`other`"), "sub/promptfooconfig.yaml");
}

#[test]
fn cases_go_out_with_what_they_are_about() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "prompts/a.prompt.yml",
        "messages: [{role: user, content: 'exec:{{x}}/go'}]\ntestData:\n  - {x: '{{y}}', case: {id: first, tags: [area=b, area=c, smoke]}}\n  - {x: [1, 2], case: {note: second}}\n",
    );
    let run = repo.run("promptctl export a --to promptfoo");
    let out: Value = serde_yaml::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    // A text of that form would be run.
    let raw = out["prompts"][0]["raw"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(raw).unwrap(),
        json!([{ "role": "user", "content": "exec:{{ x }}/go" }])
    );
    assert_eq!(
        out["tests"],
        json!([
            { "description": "first", "metadata": { "area": ["b", "c"], "tags": "smoke" }, "vars": { "x": "{{y}}" } },
            { "description": "second", "options": { "disableVarExpansion": true }, "vars": { "x": [1, 2] } },
        ])
    );
    assert!(run.stderr.contains("is filled in or read there"), "{run}");
    repo.write("b/promptfooconfig.yaml", &run.stdout);
    repo.ok("promptctl import b/promptfooconfig.yaml --name b");
    let shown = |name: &str| repo.json(&format!("promptctl show {name} --format json"));
    assert_eq!(shown("a")["digest"], shown("b")["digest"]);
}

#[test]
fn what_dotprompt_lacks_is_left_out_where_that_is_said() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "prompts/a.prompt.yml",
        "messages: [{role: user, content: 'a{{upper x}}b{{#if (gt n 1)}}c{{#if x}}d{{/if}}{{else}}e{{/if}}f{{#if x}}g{{else if (gt n 1)}}h{{/if}}i'}]\n",
    );
    let run = repo.run("promptctl export a --to dotprompt --lossy");
    assert!(run.stdout.ends_with("abf{{#if x}}g{{/if}}i\n"), "{run}");
    assert!(run.stderr.contains("the helper `upper`"), "{run}");
}

#[test]
fn a_pattern_stands_for_the_files_that_fit_it() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("foo/p/b.txt", "B {{x}}");
    repo.write("foo/p/a.txt", "A {{x}}");
    repo.write("foo/p/.hidden.txt", "no");
    repo.write("foo/p/in/a.txt", "In {{x}}");
    repo.write("foo/p/note.md", "N {{x}}");
    repo.write("foo/other/a.txt", "Other {{x}}");
    repo.write("secret/s.txt", "secret");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../../secret/s.txt", repo.dir.join("foo/p/link.txt")).unwrap();
        std::os::unix::fs::symlink("../../secret", repo.dir.join("foo/p/linked")).unwrap();
    }
    repo.write("foo/tests/one.yaml", "[{vars: {x: 1}}]");
    repo.write("foo/tests/two.yaml", "[{vars: {x: 2}}]");
    let config = "\
prompts:
  - file://p/*.txt
  - ./p/**/a.txt
  - {id: 'file://p/*.md', label: labelled}
  - file://other/a.txt
  - {id: named, raw: 'Raw {{x}}'}
  - file://../secret/*.txt
  - file://none/*.txt
  - 'file://p/{a,b}.txt'
providers: [weird]
tests: tests/*.yaml
other: 1
";
    repo.write("foo/promptfooconfig.yaml", config);
    let shown = repo.json("promptctl import foo --dry-run --format json");
    let all = shown["prompts"].as_array().unwrap().iter();
    let all = all.map(|one| {
        let name = one["name"].as_str().unwrap();
        let why = one["error"]["message"].as_str().unwrap_or("-");
        format!("{name}: {why}\n")
    });
    assert_snapshot!(all.collect::<String>(), @"
    promptfoo/a: -
    promptfoo/b: -
    promptfoo/a-2: -
    promptfoo/in/a: -
    promptfoo/labelled/note: -
    promptfoo/a-3: -
    promptfoo/named: -
    promptfoo/*: ../secret/*.txt stands for no files that are read: it lies outside of the folder that is imported
    promptfoo/*-2: none/*.txt stands for no files that are read: no file fits
    promptfoo/{a,b}: p/{a,b}.txt stands for no files that are read: patterns know `*`, `**` and `?` here
    ");
    let run = repo.run("promptctl import foo");
    for said in ["the key `other`", "the provider `weird` names no service"] {
        assert_eq!(run.stderr.matches(said).count(), 1, "{run}");
    }
    let shown = repo.json("promptctl show promptfoo/a --format json");
    assert_eq!(
        shown["document"]["testData"],
        json!([{ "x": 1 }, { "x": 2 }])
    );
    assert!(!run.stderr.contains("s.txt"), "{run}");
}

#[test]
fn a_table_of_tests_is_cases() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "tests.csv",
        "city,__expected,__expected2,__description,__metadata:area,__prefix\n\
         Paris,France,not-contains:Spain,the capital,eu,\n\
         \"Rome, IT\",icontains:italy,javascript:output.length,,eu,Hm\n",
    );
    repo.write("broken.csv", "a,b\n1\n");
    repo.write(
        "more.jsonl",
        "{\"vars\": {\"city\": \"Oslo\"}}\n\n{\"vars\": {\"city\": \"Bern\"}}\n",
    );
    let config = "\
prompts: ['Where is {{city}}?']
providers: [openai:gpt-5-mini]
tests: [file://tests.csv, file://broken.csv, more.jsonl]
";
    let shown = imported(&repo, "promptfooconfig.yaml", config);
    for wanted in [
        "3:9 the assertion `javascript` has no counterpart here: left out",
        "3:9 `__prefix` of a test has no counterpart here: left out",
        "the tests of file://broken.csv were left out: the row at line 2 has 1 cells, and the header 2",
    ] {
        says(&shown, wanted);
    }
    let file: Value = serde_yaml::from_str(&repo.read("prompts/promptfoo.prompt.yml")).unwrap();
    assert_eq!(
        file["testData"],
        json!([
            { "city": "Paris", "case": {
                "tags": ["area=eu"],
                "evaluators": [
                    { "name": "equals", "string": { "equals": "France" } },
                    { "name": "not-contains", "string": { "notContains": "Spain", "caseSensitive": true } },
                ],
                "id": "the capital",
            } },
            { "city": "Rome, IT", "case": {
                "tags": ["area=eu"],
                "evaluators": [{ "name": "icontains", "string": { "contains": "italy" } }],
            } },
            { "city": "Oslo" },
            { "city": "Bern" },
        ])
    );
    repo.ok("promptctl validate promptfoo");
}

#[test]
fn tables_and_files_of_prompts_come_whatever_parts_and_names_them() {
    let env = TestEnv::new();
    let repo = start(&env);
    for (path, text) in [
        ("p/one[1].txt", "\u{feff}One {{x}}"),
        ("p/two.txt", "Two {{x}}"),
        (
            "comma.csv",
            "prompt,label\n\"Hi, {{x}}\",greeting\nBye {{x}},\n",
        ),
        (
            "semi.csv",
            "\u{feff}Label;Prompt;owner\nsemi;Well, {{x}};me\n",
        ),
        ("lines.csv", "Prompt\nIn a line {{x}}\n"),
        ("bare.csv", "label,owner\na,b\n"),
        ("none.csv", "prompt\n"),
        ("tests.csv", "\u{feff}x;__expected\nAda, Bob;contains:a,b\n"),
    ] {
        repo.write(path, text);
    }
    repo.write(
        "promptfooconfig.yaml",
        "prompts: ['file://p/*.txt', 'file://p/one[1].txt', file://comma.csv, file://semi.csv, lines.csv, bare.csv, none.csv]
tests: file://tests.csv
",
    );
    let run = repo.run("promptctl import promptfooconfig.yaml");
    assert_snapshot!(run, @"
    promptfoo/one-1 v1 made from promptfooconfig.yaml, which looks like promptfoo
    note[P503]: null, lists, maps and numbers such as 1.0 print as in JSON here, and as JavaScript writes them there
      at: p/one[1].txt:1:5
    promptfoo/two v1 made from promptfooconfig.yaml, which looks like promptfoo
    note[P503]: null, lists, maps and numbers such as 1.0 print as in JSON here, and as JavaScript writes them there
      at: p/two.txt:1:5
    promptfoo/one-1--2 v1 made from promptfooconfig.yaml, which looks like promptfoo
    promptfoo/greeting v1 made from promptfooconfig.yaml, which looks like promptfoo
    note[P503]: null, lists, maps and numbers such as 1.0 print as in JSON here, and as JavaScript writes them there
      at: promptfooconfig.yaml:1:56
    promptfoo/comma-2 v1 made from promptfooconfig.yaml, which looks like promptfoo
    promptfoo/semi v1 made from promptfooconfig.yaml, which looks like promptfoo
    warning[P502]: `owner` of a prompt has no counterpart here: left out
      at: promptfooconfig.yaml:1:70
    note[P503]: null, lists, maps and numbers such as 1.0 print as in JSON here, and as JavaScript writes them there
      at: promptfooconfig.yaml:1:76
    promptfoo/lines v1 made from promptfooconfig.yaml, which looks like promptfoo
    note[P503]: null, lists, maps and numbers such as 1.0 print as in JSON here, and as JavaScript writes them there
      at: promptfooconfig.yaml:1:97
    error[P501]: bare.csv is no table of prompts: it has no column `prompt`
      at: promptfooconfig.yaml:1:98
      hint: a table has a prompt in each row, below the columns `prompt` and `label`
    error[P501]: none.csv holds no prompt
      at: promptfooconfig.yaml:1:108
      hint: a table has a prompt in each row, below the columns `prompt` and `label`
    7 prompts written; 2 prompts refused; 1 not whole
    [exit 3]
    ");
    assert_snapshot!(repo.play("
        git grep -h content: -- prompts/promptfoo
        grep -A9 testData prompts/promptfoo/semi.prompt.yml
    "), @r#"
    $ git grep -h content: -- prompts/promptfoo
        content: "Bye {{x}}"
        content: "Hi, {{x}}"
        content: "In a line {{x}}"
        content: "One {{x}}"
        content: "One {{x}}"
        content: "Well, {{x}}"
        content: "Two {{x}}"
    $ grep -A9 testData prompts/promptfoo/semi.prompt.yml
    testData:
      - x: "Ada, Bob"
        case:
          evaluators:
            - name: contains
              string:
                contains: "a,b"
                caseSensitive: true
    source:
      format: promptfoo
    "#);
}

#[test]
fn assertions_go_out_as_they_came() {
    let env = TestEnv::new();
    let repo = start(&env);
    let asserts = json!([
        { "type": "llm-rubric", "value": "Names {{ city }}\n- and its country\n" },
        { "type": "llm-rubric", "value": "Is kind", "metric": "kindness", "weight": 2 },
        { "type": "g-eval", "value": "Is short" },
        { "type": "levenshtein", "value": "Paris", "threshold": 3 },
        { "type": "word-count", "value": 3 },
        { "type": "word-count", "value": { "max": 9 } },
        { "type": "not-regex", "value": "\\bno\\b", "weight": 0 },
        { "type": "contains-any", "value": ["a", "b"], "metric": "letters" },
        { "type": "latency", "threshold": 900 },
    ]);
    let config = json!({
        "prompts": ["Where is {{city}}?"],
        "providers": ["openai:gpt-5-mini", "openai:gpt-5"],
        "defaultTest": { "assert": asserts },
        "tests": [{ "vars": { "city": "Paris" }, "assert": asserts }],
    });
    repo.write("promptfooconfig.yaml", config.to_string());
    let run = repo.run("promptctl import promptfooconfig.yaml --name p");
    let wanted = "a prompt has one model here, the first; the other providers: openai:gpt-5";
    assert!(run.stderr.contains(wanted), "{run}");
    let run = repo.run("promptctl export p --to promptfoo --out out");
    assert!(!run.stderr.contains("no assertion"), "{run}");
    assert!(
        run.stderr.contains("promptfoo's own judge decides"),
        "{run}"
    );
    let out: Value = serde_yaml::from_str(&repo.read("out/p.promptfooconfig.yaml")).unwrap();
    assert_eq!(out["defaultTest"]["assert"], asserts);
    assert_eq!(out["tests"][0]["assert"], asserts);
    repo.run("promptctl import out/p.promptfooconfig.yaml --name q");
    let digest = |name: &str| {
        let shown = repo.json(&format!("promptctl show {name} --format json"));
        (
            shown["digest"].clone(),
            shown["document"]["evaluators"].clone(),
        )
    };
    assert_eq!(digest("q"), digest("p"));
}

#[test]
fn a_prompt_without_variables_keeps_its_tests() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "promptfooconfig.yaml",
        "prompts: ['Hello! How are you?']
providers: [openai:gpt-5-mini]
tests:
  - assert: [{type: icontains, value: hello}]
  - assert: [{type: g-eval, value: [Is kind, Is short]}]
  - {threshold: 0.5}
",
    );
    let run = repo.run("promptctl import promptfooconfig.yaml");
    assert!(
        run.stderr
            .contains("a test without variables and assertions is no case here"),
        "{run}"
    );
    assert_snapshot!(repo.play("
        promptctl validate promptfoo
        promptctl cases list promptfoo
        grep -A3 'prompt: ' prompts/promptfoo.prompt.yml
        promptctl export promptfoo --to promptfoo
    "), @r#"
    $ promptctl validate promptfoo
    1 checked, 0 errors, 0 warnings
    $ promptctl cases list promptfoo
    xxxxxxxxxxxx	-	-	-	prompts/promptfoo.prompt.yml:8
    xxxxxxxxxxxx	-	-	-	prompts/promptfoo.prompt.yml:13
    $ grep -A3 'prompt: ' prompts/promptfoo.prompt.yml
                prompt: |-
                  Criterion:
                  Is kind
                  Is short
    $ promptctl export promptfoo --to promptfoo
    prompts:
      - label: promptfoo
        raw: "Hello! How are you?"
    providers:
      - id: "openai:chat:gpt-5-mini"
    tests:
      - assert:
          - type: icontains
            value: hello
      - assert:
          - type: g-eval
            value: |-
              Is kind
              Is short
    metadata:
      promptctl:
        testData:
          - case:
              evaluators:
                - name: icontains
                  string:
                    contains: hello
          - case:
              evaluators:
                - name: g-eval
                  llm:
                    modelId: openai/gpt-5-mini
                    systemPrompt: "You judge the answer of a model. Answer with one word: yes or no."
                    prompt: |-
                      Criterion:
                      Is kind
                      Is short

                      Answer:
                      {{completion}}

                      Does the answer meet the criterion?
                    choices:
                      - choice: "yes"
                        score: 1
                      - choice: "no"
                        score: 0
                    atLeast: 1
    --- stderr
    note[P522]: promptfoo's own judge decides rubrics there, and not the model that is asked here
      at: prompts/promptfoo.prompt.yml
    "#);
}

#[test]
fn what_an_evaluator_is_filled_in_with_goes_out_beside_it() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "prompts/a.prompt.yml",
        "model: openai/gpt-5-mini
messages: [{role: user, content: 'Say {{x}}'}]
testData: [{x: a, expected: one}]
evaluators:
  - {name: exp, string: {contains: '{{expected}}'}}
  - {name: echo, string: {equals: '{{completion}}'}}
",
    );
    let run = repo.run("promptctl export a --to promptfoo --lossy");
    let out: Value = serde_yaml::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    assert_eq!(
        out["defaultTest"]["assert"],
        json!([{ "type": "icontains", "value": "{{ expected }}", "metric": "exp" }])
    );
    assert_eq!(
        out["tests"],
        json!([{ "vars": { "x": "a", "expected": "one" } }])
    );
    assert!(
        run.stderr.contains("no assertion for the evaluator `echo`"),
        "{run}"
    );
    let mut alone = out.clone();
    alone.as_object_mut().unwrap().remove("metadata");
    repo.write("b/promptfooconfig.yaml", alone.to_string());
    repo.ok("promptctl import b/promptfooconfig.yaml --name b");
    let file: Value = serde_yaml::from_str(&repo.read("prompts/b.prompt.yml")).unwrap();
    assert_eq!(file["testData"], json!([{ "x": "a", "expected": "one" }]));
    repo.ok("promptctl validate prompts/b.prompt.yml");
}
