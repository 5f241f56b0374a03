//! Tables on terminals of several widths: who and what stay, and no word is broken.

use insta::assert_snapshot;

use super::stats::{LOG, Line};
use crate::env::{SMALL, Shell, TestEnv};

/// Two prompts with long names, released in two environments by two people.
fn repo(env: &TestEnv) -> Shell {
    let repo = env.repo();
    repo.write(
        "promptctl.yaml",
        "environments: {staging: {}, production: {}}\n",
    );
    repo.git("commit --quiet --all --message Environments");
    repo.add("content/newsletter/headline-generator", SMALL);
    repo.add("support/triage", SMALL);
    repo.ok("promptctl publish --quiet --env staging content/newsletter/headline-generator");
    repo.ok("promptctl publish --quiet content/newsletter/headline-generator support/triage");
    repo.next_version("support/triage", "Hello", "Good day to you");
    let grace = repo.person("Grace Brewster Hopper");
    grace.ok("promptctl publish --quiet support/triage -m 'Asked for by the team that answers the phone'");
    repo
}

fn at_widths(shell: &Shell, line: &str) -> String {
    let mut all = String::new();
    for width in ["60", "100", "200"] {
        let run = shell.with("PROMPTCTL_WIDTH", width).run(line);
        assert_eq!(run.code, Some(0), "{run}");
        let shown = &run.stdout;
        for line in shown.lines() {
            assert!(
                line.chars().count() <= width.parse().unwrap(),
                "{width}: {line}"
            );
        }
        let said = run.stderr.lines().filter(|it| it.starts_with("no room"));
        let said: String = said.map(|line| format!("{line}\n")).collect();
        all.push_str(&format!("{width}\n{shown}{said}\n"));
    }
    all
}

#[test]
fn list_status_releases_and_history_keep_who_and_what() {
    let env = TestEnv::new();
    let repo = repo(&env);
    assert_snapshot!(at_widths(&repo, "promptctl list"), @"
    60
    NAME                                   VERSION  LIVE
    content/newsletter/headline-generator  v1       production
                                                    v1, staging
                                                    v1
    support/triage                         v2       production
                                                    v2
    no room for model; --format json has all columns

    100
    NAME                                   VERSION  LIVE                       MODEL              TITLE
    content/newsletter/headline-generator  v1       production v1, staging v1  openai/gpt-5-mini
    support/triage                         v2       production v2              openai/gpt-5-mini

    200
    NAME                                   VERSION  LIVE                       MODEL              TITLE
    content/newsletter/headline-generator  v1       production v1, staging v1  openai/gpt-5-mini
    support/triage                         v2       production v2              openai/gpt-5-mini
    ");
    assert_snapshot!(at_widths(&repo, "promptctl status"), @"
    60
    staging
    NAME                                   LIVE  SINCE       BY
    content/newsletter/headline-generator  v1    1 hour ago  Ada
    never published: 1 (support/triage)

    production
    NAME
      LIVE  SINCE       BY
    content/newsletter/headline-generator
      v1    1 hour ago  Ada
    support/triage
      v2    1 hour ago  Grace Brewster Hopper

    no room for time; --format json has all columns

    100
    staging
    NAME                                   LIVE  AHEAD  SINCE       TIME                  BY   NOTE
    content/newsletter/headline-generator  v1    -      1 hour ago  2026-11-03 11:00 UTC  Ada
    never published: 1 (support/triage)

    production
    NAME                                   LIVE  SINCE       TIME                  BY
    content/newsletter/headline-generator  v1    1 hour ago  2026-11-03 11:00 UTC  Ada
    support/triage                         v2    1 hour ago  2026-11-03 11:00 UTC  Grace Brewster Hopper


    200
    staging
    NAME                                   LIVE  AHEAD  SINCE       TIME                  BY   NOTE
    content/newsletter/headline-generator  v1    -      1 hour ago  2026-11-03 11:00 UTC  Ada
    never published: 1 (support/triage)

    production
    NAME                                   LIVE  AHEAD  SINCE       TIME                  BY                     NOTE
    content/newsletter/headline-generator  v1    -      1 hour ago  2026-11-03 11:00 UTC  Ada
    support/triage                         v2    -      1 hour ago  2026-11-03 11:00 UTC  Grace Brewster Hopper
    ");
    assert_snapshot!(at_widths(&repo, "promptctl releases support/triage"), @"
    60
    ENVIRONMENT  VERSION  ACTION   WHEN        BY
    production   v2       publish  1 hour ago  Grace Brewster
                                               Hopper
    production   v1       publish  1 hour ago  Ada
    no room for release, state, commit, time, message; --format json has all columns

    100
    RELEASE  ENVIRONMENT  VERSION  ACTION   STATE   WHEN        BY
          2  production   v2       publish  active  1 hour ago  Grace Brewster Hopper
          1  production   v1       publish  -       1 hour ago  Ada
    no room for commit, time, message; --format json has all columns

    200
    RELEASE  ENVIRONMENT  VERSION  ACTION   STATE   COMMIT        WHEN        TIME                  BY                     MESSAGE
          2  production   v2       publish  active  0fbf054c0226  1 hour ago  2026-11-03 11:00 UTC  Grace Brewster Hopper  Asked for by the team that answers the phone
          1  production   v1       publish  -       51e901aa30e4  1 hour ago  2026-11-03 11:00 UTC  Ada
    ");
    assert_snapshot!(at_widths(&repo, "promptctl history support/triage"), @"
    60
    VERSION  STATE               AUTHOR  MESSAGE
    v2       live in production  Ada     Change
    v1       published           Ada     Add support/triage
    no room for impact, commit, when; --format json has all columns

    100
    VERSION  STATE               IMPACT   COMMIT        WHEN        AUTHOR  MESSAGE
    v2       live in production  wording  0fbf054c0226  1 hour ago  Ada     Change
    v1       published           -        51e901aa30e4  1 hour ago  Ada     Add support/triage

    200
    VERSION  STATE               IMPACT   COMMIT        WHEN        AUTHOR  MESSAGE
    v2       live in production  wording  0fbf054c0226  1 hour ago  Ada     Change
    v1       published           -        51e901aa30e4  1 hour ago  Ada     Add support/triage
    ");
}

#[test]
fn the_log_keeps_the_names_of_prompts_whole() {
    let env = TestEnv::new();
    let repo = repo(&env);
    repo.ok("promptctl run content/newsletter/headline-generator --model echo --var name=Ada");
    let shown = at_widths(&repo, "promptctl log");
    for part in shown.trim_end().split("\n\n") {
        assert!(part.contains("generator"), "{part}");
    }
    let whole = "content/newsletter/headline-generator";
    assert_eq!(shown.matches(whole).count(), 3, "{shown}");
    let header = |width: &str| {
        let shown = repo.with("PROMPTCTL_WIDTH", width).ok("promptctl log");
        let words: Vec<String> = shown
            .lines()
            .next()
            .unwrap()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        words.join(" ")
    };
    assert_snapshot!(["60", "100", "200"].map(header).join("\n"), @"
    PROMPT
    ID WHEN PROMPT VERSION STATUS MODEL TOKENS COST
    ID WHEN PROMPT VERSION STATUS MODEL TOKENS COST TIME
    ");
}

#[test]
fn no_table_cuts_the_name_of_a_prompt() {
    let env = TestEnv::new();
    let repo = repo(&env);
    repo.ok("promptctl run content/newsletter/headline-generator --model echo --var name=Ada");
    let whole = "content/newsletter/headline-generator";
    for line in [
        "promptctl list",
        "promptctl status",
        "promptctl releases",
        "promptctl releases content/",
        "promptctl verify",
        "promptctl log",
    ] {
        for width in ["60", "45"] {
            let shown = repo.with("PROMPTCTL_WIDTH", width).ok(line);
            assert!(
                shown.contains(whole) && !shown.contains('…'),
                "{line}\n{shown}"
            );
        }
    }
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "60").ok("promptctl releases"), @"
    NAME
      ENVIRONMENT  VERSION  ACTION   WHEN        BY
    content/newsletter/headline-generator
      staging      v1       publish  1 hour ago  Ada
      production   v1       publish  1 hour ago  Ada
    support/triage
      production   v2       publish  1 hour ago  Grace Brewster
                                                 Hopper
      production   v1       publish  1 hour ago  Ada
    ");
}

#[test]
fn no_result_breaks_a_word_at_the_edge() {
    let env = TestEnv::new();
    let repo = env.triage();
    let log: String = (0..300)
        .map(|number| {
            let mut line = Line::new(number);
            line.version = 1 + number % 2;
            line.time = format!(
                "2026-11-01T0{}:{:02}:{:02}.000Z",
                number / 100,
                number / 2 % 50,
                number % 2
            );
            line.status = if number % 2 == 0 && number % 7 == 0 {
                "error"
            } else {
                "ok"
            };
            line.text()
        })
        .collect();
    repo.write(LOG, log);
    repo.write(
        "app.py",
        "from openai import OpenAI\nclient = OpenAI()\nclient.responses.create(model='gpt-5-mini', input='You sort tickets of customers into topics and answer in one word alone')\n",
    );
    let file = "prompts/support/triage.prompt.yml";
    repo.replace(file, "{{ticket}}", "{{ticket}} {{custommer}}");
    let tested = repo.read(file)
        + "testData:
  - {ticket: a, custommer: b, expected: billing}
evaluators:
  - {name: the answer begins with what was asked for and says nothing else, string: {startsWith: billing}}
";
    repo.write(file, tested);
    let narrow = repo.with("PROMPTCTL_WIDTH", "60");
    for line in [
        "promptctl compare support/triage@v1 support/triage@v2",
        "promptctl scan",
        "promptctl validate",
        "promptctl eval support/triage --model echo",
    ] {
        let wide = repo.run(line).stdout;
        let run = narrow.run(line);
        assert!(!run.stdout.is_empty(), "{line}: {run}");
        for shown in run.stdout.lines() {
            let words = shown.split_whitespace().count();
            let is_of_file = shown.contains(" | ");
            assert!(
                shown.chars().count() <= 60 || words <= 2 || is_of_file,
                "{line}: {shown}"
            );
        }
        if line.contains("compare") {
            // The sentences are the same ones, word by word.
            let last = wide.lines().last().unwrap();
            let words: Vec<&str> = run.stdout.split_whitespace().collect();
            let last: Vec<&str> = last.split_whitespace().collect();
            assert!(words.ends_with(&last), "{run}");
        }
    }
}
