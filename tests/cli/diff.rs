//! `diff`: what changed by field and by word, and what it means for callers.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";

fn changed(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.replace(FILE, "maxTokens: 800", "maxTokens: 600");
    repo.replace(FILE, "required: [ticket]", "required: [ticket, customer]");
    repo.replace(
        FILE,
        "ticket: {type: string}",
        "ticket: {type: string}\n      customer: {type: string}",
    );
    repo.next_version(
        "support/triage",
        "Answer in {{locale}}",
        "Reply kindly to {{customer}} in {{locale}}",
    );
    repo
}

#[test]
fn of_two_versions() {
    let env = TestEnv::new();
    let repo = changed(&env);
    assert_snapshot!(repo.play("promptctl diff support/triage@v1 support/triage@v2"), @r#"
    $ promptctl diff support/triage@v1 support/triage@v2
    support/triage  v1 → v2  breaking
      modelParameters.maxTokens: 800 → 600
      input.schema.required: ["ticket"] → ["ticket","customer"]
      input.schema.properties.customer: {"type":"string"} (new)
      messages[0].content:
        You sort support tickets. [-Answer-]{+Reply kindly to {{customer}}+} in {{locale}}.
        Say which queue the ticket belongs to: billing or tech.
      for callers:
        breaking  variable `customer` is new and required: callers must pass it
    "#);
    assert_snapshot!(repo.play("promptctl diff support/triage@v1 support/triage@v2 --format json"), @r#"
    $ promptctl diff support/triage@v1 support/triage@v2 --format json
    {
      "schema": 1,
      "from": "support/triage@v1",
      "to": "support/triage@v2",
      "impact": "breaking",
      "prompts": [
        {
          "name": "support/triage",
          "status": "changed",
          "from_version": 1,
          "to_version": 2,
          "impact": "breaking",
          "changes": [
            {
              "path": "modelParameters.maxTokens",
              "kind": "changed",
              "before": 800,
              "after": 600,
              "impact": "behavior"
            },
            {
              "path": "input.schema.required",
              "kind": "changed",
              "before": [
                "ticket"
              ],
              "after": [
                "ticket",
                "customer"
              ],
              "impact": "breaking"
            },
            {
              "path": "input.schema.properties.customer",
              "kind": "added",
              "before": null,
              "after": {
                "type": "string"
              },
              "impact": "breaking"
            },
            {
              "path": "messages[0].content",
              "kind": "changed",
              "before": "You sort support tickets. Answer in {{locale}}.\nSay which queue the ticket belongs to: billing or tech.\n",
              "after": "You sort support tickets. Reply kindly to {{customer}} in {{locale}}.\nSay which queue the ticket belongs to: billing or tech.\n",
              "impact": "wording"
            }
          ],
          "contract": [
            {
              "impact": "breaking",
              "message": "variable `customer` is new and required: callers must pass it"
            }
          ]
        }
      ],
      "partials": [],
      "findings": [],
      "allowed": [],
      "raises": []
    }
    "#);
    assert_snapshot!(repo.play("promptctl diff support/triage@v1 support/triage@v2 --format markdown"), @r#"
    $ promptctl diff support/triage@v1 support/triage@v2 --format markdown
    <!-- promptctl diff -->
    ### Prompts: 🔴 breaking, callers may break

    | Prompt | Change | Impact | Versions | Tokens | `publish` would |
    | --- | --- | --- | --- | --- | --- |
    | `support/triage` | changed | 🔴 breaking | v1 → v2 | 24 → 27 | make v2 live in production |

    #### For callers

    - `support/triage`: 🔴 breaking: variable `customer` is new and required: callers must pass it

    <details>
    <summary><code>support/triage</code>: 4 changes</summary>

    - `modelParameters.maxTokens`: `800` → `600`
    - `input.schema.required`: `["ticket"]` → `["ticket","customer"]`
    - `input.schema.properties.customer`: new, `{"type":"string"}`
    - `messages[0].content`: text changed

    <pre>You sort support tickets. <del>Answer</del><ins><b>Reply kindly to {{customer}}</b></ins> in {{locale}}.
    Say which queue the ticket belongs to: billing or tech.</pre>

    - its own text: about 24 → 27 tokens, +\$0.0007 per 1,000 calls

    </details>
    "#);
}

#[test]
fn one_word_in_three_hundred_marks_that_word_only() {
    let env = TestEnv::new();
    let repo = env.repo();
    let words: Vec<String> = (0..300).map(|number| format!("word{number}")).collect();
    let text = words.join(" ");
    repo.add("long", &SMALL.replace("Hello {{name}}", &text));
    repo.next_version("long", " word150 ", " changed ");
    let told = repo.ok("promptctl diff long@v1 long@v2");
    assert!(told.contains("[-word150-]{+changed+}"), "{told}");
    assert_eq!(
        (told.matches("[-").count(), told.matches("{+").count()),
        (1, 1),
        "{told}"
    );
    assert!(
        told.lines().all(|line| line.chars().count() <= 100),
        "{told}"
    );
}

#[test]
fn a_partial_counts_for_every_prompt_that_includes_it() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/_tone.hbs", "Be kind and brief.\n");
    repo.git("add --all");
    repo.git("commit --quiet --message Tone");
    for name in ["one", "two"] {
        repo.add(
            name,
            &SMALL.replace("Hello {{name}}", "\"{{> tone}}Hello {{name}}\""),
        );
    }
    repo.write("prompts/_tone.hbs", "Be kind and precise.\n");
    assert_snapshot!(repo.play("promptctl diff"), @"
    $ promptctl diff
    one  v1  wording
      messages[0].content:
        Be kind and [-brief-]{+precise+}.
        Hello {{name}}

    two  v1  wording
      messages[0].content:
        Be kind and [-brief-]{+precise+}.
        Hello {{name}}

    2 prompts: 2 wording
    --- stderr
    prompts/_tone.hbs changed, and is part of one, two
    ");
    repo.ok("promptctl bump");
    repo.git("commit --quiet --all --message Precise");
    assert_snapshot!(repo.play(
        "promptctl diff HEAD~1 HEAD
         promptctl diff one@v1 one@v2 --exit-code"
    ), @"
    $ promptctl diff HEAD~1 HEAD
    one  v1 → v2  wording
      messages[0].content:
        Be kind and [-brief-]{+precise+}.
        Hello {{name}}

    two  v1 → v2  wording
      messages[0].content:
        Be kind and [-brief-]{+precise+}.
        Hello {{name}}

    2 prompts: 2 wording
    --- stderr
    prompts/_tone.hbs changed, and is part of one, two
    $ promptctl diff one@v1 one@v2 --exit-code
    one  v1 → v2  wording
      messages[0].content:
        Be kind and [-brief-]{+precise+}.
        Hello {{name}}
    [exit 3]
    ");
}

#[test]
fn of_the_working_copy_and_of_revisions() {
    let env = TestEnv::new();
    let repo = changed(&env);
    repo.ok("promptctl publish support/triage@v1");
    repo.add("greeting", SMALL);
    repo.git("rm --quiet --cached prompts/greeting.prompt.yml");
    repo.git("commit --quiet --message Removed");
    assert_snapshot!(repo.play(
        "promptctl diff
         promptctl diff support/triage
         promptctl diff HEAD~2
         promptctl diff HEAD~1 HEAD
         promptctl diff HEAD~2..HEAD~1
         promptctl diff HEAD HEAD --exit-code"
    ), @r#"
    $ promptctl diff
    greeting  v1  new
      model: openai/gpt-5-mini (new)
      messages[0]: user, new
        {+Hello {{name}}+}
    $ promptctl diff support/triage
    support/triage  v1 → v2  breaking
      modelParameters.maxTokens: 800 → 600
      input.schema.required: ["ticket"] → ["ticket","customer"]
      input.schema.properties.customer: {"type":"string"} (new)
      messages[0].content:
        You sort support tickets. [-Answer-]{+Reply kindly to {{customer}}+} in {{locale}}.
        Say which queue the ticket belongs to: billing or tech.
      for callers:
        breaking  variable `customer` is new and required: callers must pass it
    $ promptctl diff HEAD~2
    greeting  v1  new
      model: openai/gpt-5-mini (new)
      messages[0]: user, new
        {+Hello {{name}}+}
    $ promptctl diff HEAD~1 HEAD
    greeting  v1  removed  breaking
      for callers:
        breaking  the prompt is gone: callers that read its file get an error; what is live of it stays
                  live until it is unpublished
    $ promptctl diff HEAD~2..HEAD~1
    greeting  v1  new
      model: openai/gpt-5-mini (new)
      messages[0]: user, new
        {+Hello {{name}}+}
    $ promptctl diff HEAD HEAD --exit-code
    HEAD and HEAD do not differ
    "#);
}

#[test]
fn three_dots_mean_since_the_branches_parted() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create topic");
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.git("switch --quiet main");
    repo.add("greeting", SMALL);
    // What main got since is not told.
    assert_snapshot!(repo.play(
        "promptctl diff main...topic
         promptctl diff main topic
         promptctl diff main...topic --format markdown
         promptctl diff main...topic --format json"
    ), @r#"
    $ promptctl diff main...topic
    support/triage  v1 → v2  wording
      messages[0].content:
        You sort support tickets. [-Answer-]{+Reply+} in {{locale}}.
        Say which queue the ticket belongs to: billing or tech.
    $ promptctl diff main topic
    greeting  v1  removed  breaking
      for callers:
        breaking  the prompt is gone: callers that read its file get an error; what is live of it stays
                  live until it is unpublished

    support/triage  v1 → v2  wording
      messages[0].content:
        You sort support tickets. [-Answer-]{+Reply+} in {{locale}}.
        Say which queue the ticket belongs to: billing or tech.

    2 prompts: 1 breaking, 1 wording
    $ promptctl diff main...topic --format markdown
    <!-- promptctl diff -->
    ### Prompts: 🔵 wording, only words changed

    | Prompt | Change | Impact | Versions | Tokens | `publish` would |
    | --- | --- | --- | --- | --- | --- |
    | `support/triage` | changed | 🔵 wording | v1 → v2 | 24 | make v2 live in production |

    <details>
    <summary><code>support/triage</code>: 1 change</summary>

    - `messages[0].content`: text changed

    <pre>You sort support tickets. <del>Answer</del><ins><b>Reply</b></ins> in {{locale}}.
    Say which queue the ticket belongs to: billing or tech.</pre>

    </details>
    $ promptctl diff main...topic --format json
    {
      "schema": 1,
      "from": "main",
      "to": "topic",
      "impact": "wording",
      "prompts": [
        {
          "name": "support/triage",
          "status": "changed",
          "from_version": 1,
          "to_version": 2,
          "impact": "wording",
          "changes": [
            {
              "path": "messages[0].content",
              "kind": "changed",
              "before": "You sort support tickets. Answer in {{locale}}.\nSay which queue the ticket belongs to: billing or tech.\n",
              "after": "You sort support tickets. Reply in {{locale}}.\nSay which queue the ticket belongs to: billing or tech.\n",
              "impact": "wording"
            }
          ],
          "contract": []
        }
      ],
      "partials": [],
      "findings": [],
      "allowed": [],
      "raises": []
    }
    "#);
}

#[test]
fn one_reference_says_what_publishing_it_would_change() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    repo.next_version("support/triage", "800  ", "600  ");
    assert_snapshot!(repo.play(
        "promptctl diff support/triage@v2
         promptctl diff support/triage@v1
         promptctl diff support/triage@production
         promptctl diff support/triage@HEAD~1"
    ), @"
    $ promptctl diff support/triage@v2
    support/triage  v1 → v2  behavior
      modelParameters.maxTokens: 800 → 600
    $ promptctl diff support/triage@v1
    support/triage@production and support/triage@v1 do not differ
    $ promptctl diff support/triage@production
    support/triage  v1 → v2  behavior
      modelParameters.maxTokens: 800 → 600
    $ promptctl diff support/triage@HEAD~1
    support/triage@production and support/triage@HEAD~1 do not differ
    ");
}

#[test]
fn what_no_model_sees() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.replace(FILE, "Sorts an incoming ticket.", "Sorts tickets.");
    assert_snapshot!(repo.play(
        "promptctl diff
         promptctl diff --exit-code"
    ), @"
    $ promptctl diff
    support/triage  v1  none
      description: Sorts an incoming ticket. → Sorts tickets.
    $ promptctl diff --exit-code
    support/triage  v1  none
      description: Sorts an incoming ticket. → Sorts tickets.
    [exit 3]
    ");
    repo.git("checkout --quiet .");
    repo.replace(FILE, "# room for the draft", "# room");
    assert_snapshot!(repo.play("promptctl diff"), @"
    $ promptctl diff
    HEAD and the working copy do not differ
    ");
}

#[test]
fn two_prompts() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add(
        "support/triage.fr",
        &TRIAGE.replace("default: en", "default: fr"),
    );
    assert_snapshot!(repo.play(
        "promptctl diff support/triage support/triage.fr
         promptctl diff support/triage HEAD
         promptctl diff nowhere
         promptctl diff support/triage@v1 support/triage@v9
         promptctl diff main...nowhere"
    ), @r#"
    $ promptctl diff support/triage support/triage.fr
    support/triage.fr  v1  behavior
      input.schema.properties.locale.default: en → fr
      for callers:
        behavior  the default of variable `locale` was `"en"` and is `"fr"`
    $ promptctl diff support/triage HEAD
    error: support/triage is a prompt and HEAD is not
      hint: to compare one prompt at a revision: support/triage@HEAD
    [exit 2]
    $ promptctl diff nowhere
    error[P201]: there is no prompt named nowhere
      hint: promptctl list shows all prompts
    [exit 1]
    $ promptctl diff support/triage@v1 support/triage@v9
    error[P202]: support/triage has no v9
      hint: promptctl history support/triage shows its versions
    [exit 1]
    $ promptctl diff main...nowhere
    error[P225]: git knows no revision `nowhere`
      hint: name a branch, a tag or a commit, such as origin/main
    [exit 1]
    "#);
}

#[test]
fn a_required_name_that_nothing_describes_is_required_all_the_same() {
    let env = TestEnv::new();
    let repo = env.triage();
    let file = "prompts/support/triage.prompt.yml";
    repo.replace(file, "required: [ticket]", "required: [ticket, plan]");
    let diff = repo.json("promptctl diff support/triage --format json");
    assert_eq!(diff["impact"], "breaking", "{diff:#}");
    assert_eq!(
        diff["prompts"][0]["contract"][0]["message"],
        "variable `plan` is new and required: callers must pass it"
    );
    repo.git("commit --quiet --all --message Plan");
    repo.replace(file, "required: [ticket, plan]", "required: [ticket]");
    let diff = repo.json("promptctl diff support/triage --format json");
    assert_eq!(
        diff["prompts"][0]["contract"][0]["message"],
        "variable `plan` was required and is optional"
    );
}

#[test]
fn what_an_evaluation_demands_is_never_folded_into_a_count() {
    let env = TestEnv::new();
    let repo = env.repo();
    let cases = |from: usize, to: usize| -> String {
        (from..to)
            .map(|at| format!("  - {{ticket: t{at}, expected: a}}\n"))
            .collect()
    };
    let file = |cases: &str, rest: &str| {
        format!(
            "model: openai/gpt-5-mini\nmessages: [{{role: user, content: \"{{{{ticket}}}}\"}}]\ntestData:\n{cases}{rest}"
        )
    };
    let strict = "datasets: [more.jsonl]\neval: {minPassRate: 0.95}\nevaluators:\n  - {name: right, string: {contains: \"{{expected}}\"}}\n";
    let loose = "eval: {minPassRate: 0.1}\nevaluators:\n  - {name: right, required: false, string: {contains: \"{{expected}}\"}}\n";
    repo.write("more.jsonl", "{\"ticket\": \"m\", \"expected\": \"a\"}\n");
    repo.add("triage", &file(&cases(0, 3), strict));
    repo.ok("git switch -q -c change");
    // Eighty new cases stand before them.
    repo.write("prompts/triage.prompt.yml", file(&cases(2, 90), loose));
    repo.ok("git commit -q -a -m loose");
    for line in [
        "promptctl diff main",
        "promptctl diff main...HEAD --format markdown",
    ] {
        let text = repo.run(line).stdout;
        for named in ["minPassRate", "evaluators[0]", "datasets", " more"] {
            assert!(text.contains(named), "{named}: {text}");
        }
    }
}
