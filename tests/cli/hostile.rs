//! Files that nobody should write: an error with its place, and nothing else suffers.

use insta::assert_snapshot;

use crate::env::{SMALL, TRIAGE, TestEnv};

#[test]
fn every_one_is_told_and_the_others_are_listed() {
    let env = TestEnv::new();
    let repo = env.triage();
    let deep = format!("messages: {}{}\n", "[".repeat(5000), "]".repeat(5000));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            before.trim_end_matches(", ")
        ));
    }
    for (name, bytes) in [
        ("latin1", b"name: caf\xe9\nmessages: []\n".to_vec()),
        ("nul", b"name: a\0b\nmessages: []\n".to_vec()),
        ("bomb", bomb.into_bytes()),
        ("deep", deep.into_bytes()),
        ("empty", Vec::new()),
        ("list", b"- a\n- b\n".to_vec()),
        ("tab", b"messages:\n\t- role: user\n".to_vec()),
        (
            "octal",
            b"version: 012\nmessages:\n- {role: user, content: x}\n".to_vec(),
        ),
        (
            "negative",
            b"version: -1\nmessages:\n- {role: user, content: x}\n".to_vec(),
        ),
        (
            "digest",
            b"version: 1\ndigest: nonsense\nmessages:\n- {role: user, content: x}\n".to_vec(),
        ),
    ] {
        repo.write(&format!("prompts/{name}.prompt.yml"), bytes);
    }
    std::fs::create_dir_all(repo.dir.join("prompts/folder.prompt.yml")).unwrap();
    assert_snapshot!(repo.play("promptctl list"), @"
    $ promptctl list
    support/triage	v1	-	openai/gpt-5-mini	Support triage
    --- stderr
    error[P017]: prompts/folder.prompt.yml is not a regular file
      at: prompts/folder.prompt.yml
      help: rename it, or put a file there: its name ends like that of a prompt
    error[P011]: `nul` cannot be a name: it is a device name on Windows
      at: prompts/nul.prompt.yml
      help: rename the file: git mv keeps its history
    error[P010]: the file goes past a limit
      at: prompts/bomb.prompt.yml:1:22
      help: at most 40 levels and 1000000 values are read, 100000 of them by aliases
    error[P010]: the file is nested too deeply
      at: prompts/deep.prompt.yml:1:51
      help: at most 40 levels and 1000000 values are read, 100000 of them by aliases
    error[P019]: `digest` is not 12 hexadecimal digits
      at: prompts/digest.prompt.yml:2:9
      help: `promptctl bump` writes the line; remove it to leave the content unchecked
    error[P006]: the file is empty
      at: prompts/empty.prompt.yml
      help: write at least `messages:` with a `role` and a `content` for each
    error[P008]: prompts/latin1.prompt.yml is not UTF-8 text
      at: prompts/latin1.prompt.yml:1:10
      help: save it as UTF-8: iconv -f latin1 -t utf-8 converts the most common other encoding
    error[P005]: a prompt file is a map, this is a list
      at: prompts/list.prompt.yml:1:1
      help: write at least `messages:` with a `role` and a `content` for each
    error[P020]: `version: -1` is not a positive whole number
      at: prompts/negative.prompt.yml:1:10
      help: versions count 1, 2, 3; `promptctl bump` raises the number
    error[P020]: `version: 012` is not a positive whole number
      at: prompts/octal.prompt.yml:1:10
      help: versions count 1, 2, 3; `promptctl bump` raises the number
    error[P001]: tabs disallowed within this context (block indentation)
      at: prompts/tab.prompt.yml:2:2
      help: indent line 2 with blanks instead of tabs
    ");
    assert_snapshot!(repo.play(
        "promptctl show bomb
         promptctl show folder
         promptctl edit latin1 --set model=x
         promptctl publish deep"
    ), @"
    $ promptctl show bomb
    error[P010]: the file goes past a limit
      at: prompts/bomb.prompt.yml:1:22
      hint: at most 40 levels and 1000000 values are read, 100000 of them by aliases
    [exit 1]
    $ promptctl show folder
    error[P017]: prompts/folder.prompt.yml is not a regular file
      at: prompts/folder.prompt.yml
      hint: rename it, or put a file there: its name ends like that of a prompt
    [exit 1]
    $ promptctl edit latin1 --set model=x
    error[P008]: prompts/latin1.prompt.yml is not UTF-8 text
      at: prompts/latin1.prompt.yml:1:10
      hint: save it as UTF-8: iconv -f latin1 -t utf-8 converts the most common other encoding
    [exit 1]
    $ promptctl publish deep
    error[P010]: the file is nested too deeply
      at: prompts/deep.prompt.yml:1:51
      hint: at most 40 levels and 1000000 values are read, 100000 of them by aliases
    [exit 1]
    ");
}

#[test]
fn a_huge_file_is_refused_and_a_large_one_is_not() {
    let env = TestEnv::new();
    let repo = env.repo();
    let with = |size: usize| SMALL.replace("Hello {{name}}", &"word ".repeat(size / 5));
    repo.write("prompts/huge.prompt.yml", with(11_000_000));
    repo.write("prompts/large.prompt.yml", with(500_000));
    assert_snapshot!(repo.play("promptctl show huge"), @"
    $ promptctl show huge
    error[P009]: the file has 11 MB
      at: prompts/huge.prompt.yml
      hint: a file may hold 10 MB: move test data into a dataset file
    [exit 1]
    ");
    repo.ok("promptctl get large");
    repo.write(
        "prompts/nested.prompt.yml",
        SMALL.replace(
            "Hello {{name}}",
            &format!(
                "\"{}{}\"",
                "{{#if a}}".repeat(10_000),
                "{{/if}}".repeat(10_000)
            ),
        ),
    );
    let run = repo.fails("promptctl render nested --var a=1");
    assert!(run.stderr.contains("P108"), "{}", &run.stderr[..300]);
    repo.write(
        "prompts/nested.prompt.yml",
        SMALL.replace(
            "Hello {{name}}",
            &format!(
                "\"{{{{upper {}a{}}}}}\"",
                "(upper ".repeat(10_000),
                ")".repeat(10_000)
            ),
        ),
    );
    let run = repo.fails("promptctl render nested --var a=1");
    assert!(
        run.stderr.contains("P108") || run.stderr.contains("P101"),
        "{}",
        &run.stderr[..300]
    );
}

#[test]
fn windows_line_ends_and_byte_order_marks_are_kept() {
    let env = TestEnv::new();
    let repo = env.repo();
    let windows = TRIAGE.replace('\n', "\r\n");
    repo.add("windows", &windows);
    repo.add("marked", &format!("\u{feff}{TRIAGE}"));
    repo.add("plain", TRIAGE);
    for name in ["windows", "marked"] {
        repo.ok(&format!(
            "promptctl edit {name} --set modelParameters.maxTokens=600"
        ));
    }
    repo.ok("promptctl edit plain --set modelParameters.maxTokens=600");
    let text = repo.read("prompts/windows.prompt.yml");
    assert_eq!(
        text.matches('\n').count(),
        text.matches("\r\n").count(),
        "{text:?}"
    );
    assert!(
        repo.read("prompts/marked.prompt.yml")
            .starts_with('\u{feff}')
    );
    // What a model sees is the same, and so is the digest.
    let digest =
        |name: &str| repo.json(&format!("promptctl get {name} --format json"))["digest"].clone();
    assert_eq!(digest("windows"), digest("plain"));
    assert_eq!(digest("marked"), digest("plain"));
    assert_eq!(
        repo.ok("promptctl render windows --var ticket=Help"),
        repo.ok("promptctl render plain --var ticket=Help")
    );
}

#[cfg(unix)]
#[test]
fn links_are_refused() {
    use std::os::unix::fs::symlink;

    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "../outside/secret.prompt.yml",
        SMALL.replace("Hello", "Secret"),
    );
    repo.write("prompts/inside.prompt.yml", SMALL);
    symlink(
        "../../outside/secret.prompt.yml",
        repo.dir.join("prompts/link.prompt.yml"),
    )
    .unwrap();
    symlink("../../outside", repo.dir.join("prompts/folder")).unwrap();
    symlink("nowhere", repo.dir.join("prompts/dangling.prompt.yml")).unwrap();
    symlink(
        "../../outside/secret.prompt.yml",
        repo.dir.join("prompts/_partial.hbs"),
    )
    .unwrap();
    repo.write(
        "prompts/user.prompt.yml",
        SMALL.replace("Hello {{name}}", "\"{{> partial}}\""),
    );
    let told = repo.play(
        "promptctl list
         promptctl show link
         promptctl show folder/secret
         promptctl render user
         promptctl edit link --set model=x
         promptctl new folder/new --user Hello",
    );
    assert!(!told.contains("Secret"), "{told}");
    assert!(!repo.exists("../outside/new.prompt.yml"));
    assert_snapshot!(told, @"
    $ promptctl list
    inside	v1 *	-	openai/gpt-5-mini	
    --- stderr
    error[P013]: prompts/link.prompt.yml is a symbolic link
      at: prompts/link.prompt.yml
      help: put the file itself there: a link means something else in every clone
    error[P013]: prompts/dangling.prompt.yml is a symbolic link
      at: prompts/dangling.prompt.yml
      help: put the file itself there: a link means something else in every clone
    error[P013]: prompts/_partial.hbs is a symbolic link
      at: prompts/_partial.hbs
      help: put the file itself there: a link means something else in every clone
    $ promptctl show link
    error[P013]: prompts/link.prompt.yml is a symbolic link
      at: prompts/link.prompt.yml
      hint: put the file itself there: a link means something else in every clone
    [exit 1]
    $ promptctl show folder/secret
    error[P013]: prompts/folder/secret.prompt.yml leads out of the repository
      at: prompts/folder/secret.prompt.yml
      hint: prompts, partials and attachments must stand inside the repository
    [exit 1]
    $ promptctl render user
    error[P013]: prompts/_partial.hbs is a symbolic link
      at: prompts/_partial.hbs
      hint: put the file itself there: a link means something else in every clone
    [exit 1]
    $ promptctl edit link --set model=x
    error[P013]: prompts/link.prompt.yml is a symbolic link
      at: prompts/link.prompt.yml
      hint: put the file itself there: a link means something else in every clone
    [exit 1]
    $ promptctl new folder/new --user Hello
    error[P013]: prompts/folder/new.prompt.yml leads out of the repository
      at: prompts/folder/new.prompt.yml
      hint: prompts, partials and attachments must stand inside the repository
    [exit 1]
    ");
}

#[test]
fn two_names_that_differ_in_case_only() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/reply.prompt.yml", SMALL);
    repo.write("prompts/Reply.prompt.yml", SMALL);
    repo.write("prompts/reply.prompt.yaml", SMALL);
    if repo.git("ls-files --others").lines().count() < 3 {
        crate::env::skipped("the disk does not tell capitals from small letters");
        return;
    }
    assert_snapshot!(repo.play(
        "promptctl list
         promptctl show reply"
    ), @"
    $ promptctl list
    Reply	v1 *	-	openai/gpt-5-mini	
    reply	v1 *	-	openai/gpt-5-mini	
    reply	v1 *	-	openai/gpt-5-mini	
    --- stderr
    error[P012]: prompts/Reply.prompt.yml and prompts/reply.prompt.yaml differ only in case
      at: prompts/reply.prompt.yaml
      help: rename one of them
    error[P012]: prompts/Reply.prompt.yml and prompts/reply.prompt.yml differ only in case
      at: prompts/reply.prompt.yml
      help: rename one of them
    $ promptctl show reply
    reply v1

    file        prompts/reply.prompt.yml
    digest      xxxxxxxxxxxx
    commit      changed and not committed
    model       openai/gpt-5-mini

    Variables
    name	any	required	

    user
    Hello {{name}}
    --- stderr
    warning[P012]: prompts/reply.prompt.yml and prompts/reply.prompt.yaml have the same name
      at: prompts/reply.prompt.yml
      help: only the first is read: rename or remove one of them with git mv or git rm
    ");
}

#[test]
fn a_fifo_or_device_is_not_read() {
    let env = TestEnv::new();
    let repo = env.triage();
    if repo
        .command("mkfifo")
        .arg("prompts/pipe.prompt.yml")
        .status()
        .map_or(true, |status| !status.success())
    {
        crate::env::skipped("no mkfifo");
        return;
    }
    // Opening it for reading would wait for ever.
    assert_snapshot!(repo.play(
        "promptctl list
         promptctl show pipe"
    ), @"
    $ promptctl list
    support/triage	v1	-	openai/gpt-5-mini	Support triage
    --- stderr
    error[P017]: prompts/pipe.prompt.yml is not a regular file
      at: prompts/pipe.prompt.yml
      help: rename it, or put a file there: its name ends like that of a prompt
    $ promptctl show pipe
    error[P017]: prompts/pipe.prompt.yml is not a regular file
      at: prompts/pipe.prompt.yml
      hint: rename it, or put a file there: its name ends like that of a prompt
    [exit 1]
    ");
}

#[cfg(unix)]
#[test]
fn an_ignore_file_that_leads_elsewhere_is_told_and_not_read() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("greet", "messages: [{role: user, content: Hi}]\n");
    for path in ["prompts/.gitignore", "prompts/.ignore"] {
        std::os::unix::fs::symlink("/dev/zero", repo.dir.join(path)).unwrap();
        let run = repo.fails("promptctl validate");
        assert_eq!(run.code, Some(3), "{run}");
        assert!(
            run.stdout.contains(&format!("{path} is a symbolic link")),
            "{run}"
        );
        // What git tracks is read all the same.
        let run = repo.fails("promptctl list");
        assert!(run.stdout.contains("greet"), "{run}");
        let run = repo.fails("promptctl scan --ids prompts");
        assert!(run.stderr.contains("is a symbolic link"), "{run}");
        std::fs::remove_file(repo.dir.join(path)).unwrap();
    }
    std::fs::create_dir(repo.dir.join("prompts/sub")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", repo.dir.join("prompts/sub/.gitignore")).unwrap();
    let run = repo.fails("promptctl validate");
    assert!(
        run.stdout
            .contains("prompts/sub/.gitignore is a symbolic link"),
        "{run}"
    );
}
