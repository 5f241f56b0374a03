use super::super::tests::{Made, prompt, told};
use super::*;

#[test]
fn more_cases_than_a_prompt_may_have_are_refused() {
    let rest = "testData: [{ticket: a}]\ndatasets: [d.jsonl, d.csv]\neval: {}\n";
    let files = Made::default()
        .with(
            "d.jsonl",
            "{\"ticket\":\"b\"}\n{\"ticket\":\"c\"}\n{\"ticket\":\"d\"}\n",
        )
        .with("d.csv", "ticket\ne\n");
    let prompt = prompt(rest);
    let mut reader = Reader::new(&prompt, &files).ok().unwrap();
    reader.most = 2;
    reader.test_data();
    for dataset in &prompt.document.datasets {
        reader.dataset(dataset);
    }
    let Reading { suite, findings } = reader.finish();
    assert_eq!(suite.cases.len(), 2);
    insta::assert_snapshot!(told(&findings), @"
    error P407 d.jsonl:2:1 a prompt may have 2 cases, and here begins another
    error P407 d.csv:2:1 a prompt may have 2 cases, and here begins another
    note P406 prompts/a.prompt.yml:3:11 the prompt has cases and no evaluators: no answer can pass or fail
    ");
}
