//! `validate --fix --schema`: the variables of a prompt that declares none.

use insta::assert_snapshot;

use crate::env::TestEnv;

const OLD: &str = "\
# as GitHub Models had it
name: Triage
model: openai/gpt-5-mini
messages:
  - role: system
    content: |
      Answer in {{locale}}.{{#if note}} {{note}}{{/if}}
  - placeholder: history
  - role: user
    content: '{{ticket}}'   # what they wrote
testData:
  - ticket: I was charged twice
    locale: en
    expected: billing
  - {ticket: It crashed, locale: de, note: urgent, expected: technical}
datasets: [datasets/more.jsonl]
evaluators:
  - name: right queue
    string: {contains: '{{expected}}'}
";

#[test]
fn a_prompt_that_declares_nothing_gets_a_schema_from_its_template_and_cases() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "datasets/more.jsonl",
        "{\"ticket\": \"Hello\", \"locale\": null, \"expected\": \"other\"}\n",
    );
    repo.write("prompts/triage.prompt.yml", OLD);
    repo.git("add -A");
    repo.git("commit -qm Add");
    repo.ok("promptctl bump triage");
    repo.git("commit -qam Number");
    assert_snapshot!(repo.play(
        "promptctl validate --schema
         promptctl validate --fix
         promptctl validate --fix --schema
         git diff
         promptctl validate --fix --schema"
    ), @r#"
    $ promptctl validate --schema
    error: the following required arguments were not provided:
      --fix

    Usage: promptctl validate --fix --schema [PATH]...

    For more information, try '--help'.
    [exit 2]
    $ promptctl validate --fix
    error[P114]: the case lacks `locale`
     --> datasets/more.jsonl:1:1
      |
    1 | {"ticket": "Hello", "locale": null, "expected": "other"}
      | ^
      = help: add `locale` to the case, or give the variable a `default` in `input.schema`

    error[P114]: the case lacks `note`
     --> datasets/more.jsonl:1:1
      |
    1 | {"ticket": "Hello", "locale": null, "expected": "other"}
      | ^
      = help: add `note` to the case, or give the variable a `default` in `input.schema`

    error[P104]: `history` is not declared in `input.schema`
      --> prompts/triage.prompt.yml:10:18
       |
    10 |   - placeholder: history
       |                  ^^^^^^^
       = help: add it below `input.schema.properties`: `history: {type: array, items: {type: object, required: [role, content], properties: {role: {enum: [user, assistant]}}}}`

    error[P114]: case 1 lacks `note`
      --> prompts/triage.prompt.yml:14:5
       |
    14 |   - ticket: I was charged twice
       |     ^^^^^^
       = help: add `note:` to the case, or give the variable a `default` in `input.schema`

    --- stderr
    1 checked, 4 errors, 0 warnings
    [exit 3]
    $ promptctl validate --fix --schema
    error[P114]: the case lacks `locale`
     --> datasets/more.jsonl:1:1
      |
    1 | {"ticket": "Hello", "locale": null, "expected": "other"}
      | ^
      = help: add `locale` to the case, or give the variable a `default` in `input.schema`

    --- stderr
    fixed prompts/triage.prompt.yml: its variables are declared, it is v2
    1 checked, 1 error, 0 warnings
    [exit 3]
    $ git diff
    diff --git a/prompts/triage.prompt.yml b/prompts/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/triage.prompt.yml
    +++ b/prompts/triage.prompt.yml
    @@ -1,8 +1,33 @@
     # as GitHub Models had it
     name: Triage
    -version: 1
    -digest: xxxxxxxxxxxx
    +version: 2
    +digest: xxxxxxxxxxxx
     model: openai/gpt-5-mini
    +input:
    +  schema:
    +    type: object
    +    required:
    +      - locale
    +      - ticket
    +    properties:
    +      locale:
    +        type: string
    +      note:
    +        type: string
    +      history:
    +        type: array
    +        items:
    +          type: object
    +          required:
    +            - role
    +            - content
    +          properties:
    +            role:
    +              enum:
    +                - user
    +                - assistant
    +      ticket:
    +        type: string
     messages:
       - role: system
         content: |
    $ promptctl validate --fix --schema
    error[P114]: the case lacks `locale`
     --> datasets/more.jsonl:1:1
      |
    1 | {"ticket": "Hello", "locale": null, "expected": "other"}
      | ^
      = help: add `locale` to the case, or give the variable a `default` in `input.schema`

    --- stderr
    1 checked, 1 error, 0 warnings
    [exit 3]
    "#);
    let shown = repo.json("promptctl show triage --format json");
    assert_snapshot!(shown["variables"], @r#"[{"name":"locale","required":true,"type":"string","default":null,"description":null},{"name":"note","required":false,"type":"string","default":null,"description":null},{"name":"history","required":false,"type":"array","default":null,"description":null},{"name":"ticket","required":true,"type":"string","default":null,"description":null}]"#);
}

#[test]
fn a_schema_that_is_there_stays_and_only_what_is_named_is_changed() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.read("prompts/support/triage.prompt.yml");
    for name in ["a", "b"] {
        repo.write(
            &format!("prompts/{name}.prompt.yml"),
            "messages: [{role: user, content: '{{x}}'}]\n",
        );
    }
    repo.write(
        "prompts/none.prompt.yml",
        "messages: [{role: user, content: Hello}]\n",
    );
    repo.ok("promptctl validate a none support/triage --fix --schema");
    assert_eq!(repo.read("prompts/support/triage.prompt.yml"), before);
    assert!(!repo.read("prompts/none.prompt.yml").contains("input"));
    assert!(!repo.read("prompts/b.prompt.yml").contains("input"));
    assert_snapshot!(repo.read("prompts/a.prompt.yml"), @"
    version: 1
    digest: fec95934002d
    input:
      schema:
        type: object
        required:
          - x
        properties:
          x:
            type: string
    messages: [{role: user, content: '{{x}}'}]
    ");
    // What was declared is what a call is held to.
    let run = repo.fails("promptctl render a --var x:=5");
    assert!(
        run.stderr.contains("P106") || run.stderr.contains("`x`"),
        "{}",
        run.stderr
    );
}
