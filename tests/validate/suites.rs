//! Cases and datasets, as `validate` and the gate of `publish` see them.

use super::greeting;
use crate::env::TestEnv;
use crate::eval::judges::TONE;

const PATH: &str = "prompts/greeting.prompt.yml";
const SUITE: &str = "datasets: [datasets/names.jsonl]\nevaluators: [{name: says it, string: {contains: '{{expected}}'}}]\neval: {minPassRate: 0.9}\n";
const CASES: &str = "{\"name\": \"Ada\", \"expected\": \"Ada\"}\n";

#[test]
fn what_is_wrong_in_a_dataset_has_its_place_there() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    let digest = repo.json("promptctl show greeting --format json")["digest"].clone();
    repo.write(PATH, format!("{}{SUITE}", repo.read(PATH)));
    repo.write(
        "datasets/names.jsonl",
        format!("{CASES}{{\"name\": 7, \"expected\": \"7\", \"case\": {{\"id\": \"a\"}}}}\n{{\"name\": \"Bo\"}}\n\n{{\"name\": \"Ada\", \"expected\": \"Bo\"}}\n{{\"name\"\n"),
    );
    repo.git("add datasets");
    insta::assert_snapshot!(repo.findings(""), @"
    error P114 datasets/names.jsonl:2:1 the case: `name` must be a string, and 7 was given
    error P401 datasets/names.jsonl:3:1 evaluator `says it` asks for `expected`, which the case `81b9013cc135` lacks
    error P403 datasets/names.jsonl:5:1 the case asks what that of datasets/names.jsonl:1 asks, and expects something else
    error P407 datasets/names.jsonl:6:7 the case is not valid JSON: EOF while parsing an object
    ");
    insta::assert_snapshot!(repo.run("promptctl validate").stderr, @"1 checked, 4 errors, 0 warnings");
    let shown = repo.run("promptctl validate --format github").stdout;
    assert!(
        shown.contains("file=datasets/names.jsonl,line=5"),
        "{shown}"
    );
    // A suite is no content.
    assert_eq!(
        repo.json("promptctl show greeting --format json")["digest"],
        digest
    );
}

#[test]
fn a_dataset_that_others_do_not_have_is_an_error() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.write(PATH, format!("{}{SUITE}", repo.read(PATH)));
    insta::assert_snapshot!(repo.findings(""), @"error P407 prompts/greeting.prompt.yml:15:12 there is no dataset datasets/names.jsonl");
    repo.write("datasets/names.jsonl", CASES);
    insta::assert_snapshot!(repo.findings(""), @"error P407 prompts/greeting.prompt.yml:15:12 git does not track the dataset datasets/names.jsonl, so it is not read");
    repo.write(".gitignore", "datasets/\n");
    insta::assert_snapshot!(repo.findings(""), @"error P407 prompts/greeting.prompt.yml:15:12 git ignores the dataset datasets/names.jsonl, so it is not read");
    // What git tracks is there for all.
    repo.git("add --force datasets/names.jsonl");
    assert_eq!(repo.findings(""), "");
    repo.write("../names.jsonl", CASES);
    repo.replace(PATH, "datasets/names.jsonl", "../names.jsonl");
    insta::assert_snapshot!(repo.findings(""), @"error P407 prompts/greeting.prompt.yml:15:12 ../names.jsonl leads out of the repository");
    #[cfg(unix)]
    {
        repo.replace(PATH, "../names.jsonl", "link.jsonl");
        std::os::unix::fs::symlink(
            "../names.jsonl",
            repo.command("true")
                .get_current_dir()
                .unwrap()
                .join("link.jsonl"),
        )
        .unwrap();
        insta::assert_snapshot!(repo.findings(""), @"error P407 prompts/greeting.prompt.yml:15:12 link.jsonl is a symbolic link");
    }
}

#[test]
fn a_branch_that_changes_a_dataset_is_checked_for_it() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.write(PATH, format!("{}{SUITE}", repo.read(PATH)));
    repo.write("datasets/names.jsonl", CASES);
    repo.commit("suite");
    repo.git("checkout --quiet -b topic");
    repo.write(
        "datasets/names.jsonl",
        format!("{CASES}{{\"name\": \"Ada\", \"expected\": \"Bo\"}}\n"),
    );
    repo.commit("more");
    insta::assert_snapshot!(repo.findings("--base main"), @"error P403 datasets/names.jsonl:2:1 the case asks what that of datasets/names.jsonl:1 asks, and expects something else");
    repo.git("checkout --quiet main");
    repo.git("checkout --quiet -b other");
    repo.write("unrelated.txt", "a");
    repo.commit("unrelated");
    assert_eq!(repo.findings("--base main"), "");
}

#[test]
fn a_suite_that_cannot_be_run_from_its_commit_is_not_published() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.write(PATH, format!("{}{SUITE}", repo.read(PATH)));
    repo.git("add -A");
    repo.git("commit --quiet -m suite");
    repo.write("datasets/names.jsonl", CASES);
    let said = repo.run("promptctl publish greeting");
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(
        said.stderr
            .contains("there is no dataset datasets/names.jsonl"),
        "{}",
        said.stderr
    );
    repo.commit("dataset");
    repo.ok("promptctl publish greeting");
}

#[test]
fn a_judge_that_a_case_names_is_looked_for_beside_the_prompt() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    let case = "testData: [{name: Ada, case: {evaluators: [{name: tone, uses: judges/tone}]}}]\n";
    repo.write(PATH, format!("{}{case}", repo.read(PATH)));
    insta::assert_snapshot!(repo.findings(""), @"error P401 prompts/greeting.prompt.yml:15:12 evaluator `tone`: there is no judge judges/tone");
    repo.add("judges/tone", TONE);
    insta::assert_snapshot!(repo.findings(""), @"");
}
