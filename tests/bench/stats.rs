//! `stats` over a log of a million records, against a program that only counts lines and against DuckDB, and `outcome -`
//! of 100,000 rows, against `stats` of the same log.
//!
//! `cargo bench --bench stats` writes the log into a temporary folder and prints a Markdown table.
//! `PROMPTCTL_BENCH_RECORDS` sets how many records, `PROMPTCTL_BENCH_ROUNDS` how often each pair is run.
//! `PROMPTCTL_BENCH_DUCKDB` names a Python that has the package `duckdb`; else `python3` is tried, and
//! its rows are left out aloud where it has none. A target that is missed is said and fails nothing.
//! `cargo bench --bench stats -- make FILE [RECORDS]` makes only the log.

mod timing;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use promptctl::record::entry::{Record, Status};
use promptctl::statistics::Pcg;

use timing::{Comparison, command, time};

const PROMPTCTL: &str = env!("CARGO_BIN_EXE_promptctl");

/// How many records are written after the cache was made.
const NEW: usize = 1000;

/// How many rows of outcomes are told at once.
const TOLD: usize = 100_000;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let records = number("PROMPTCTL_BENCH_RECORDS").unwrap_or(1_000_000);
    if let [first, path, rest @ ..] = arguments.as_slice()
        && first == "make"
    {
        let count = rest.first().and_then(|it| it.parse().ok());
        return make(Path::new(path), 0, count.unwrap_or(records));
    }
    // `cargo test --benches` only wants to know that this starts.
    if arguments.iter().any(|argument| argument == "--test") {
        return Ok(());
    }
    let rounds = number("PROMPTCTL_BENCH_ROUNDS").unwrap_or(7).max(3);
    let place = tempfile::tempdir()?;
    let log = place.path().join("calls.jsonl");
    make(&log, 0, records)?;
    say(&format!(
        "{records} records, {} MB, {} processors; medians of {rounds} rounds, in turns\n",
        fs::metadata(&log)?.len() >> 20,
        std::thread::available_parallelism()?
    ))?;
    say("| | promptctl | other | ratio | target | |\n|---|---|---|---|---|---|")?;
    let cold = [
        "stats",
        "--by",
        "prompt,version",
        "--format",
        "json",
        "--log",
        "calls.jsonl",
    ];
    let mut ours = |_: usize| time(PROMPTCTL, place.path(), &cold);
    let mut lines = |_: usize| time("wc", place.path(), &["-l", "calls.jsonl"]);
    let counted = Comparison::run("stats, against wc -l", 4.0, rounds, &mut ours, &mut lines)?;
    say(&counted.to_string())?;
    if let Some(python) = duckdb() {
        let mut ours = |_: usize| time(PROMPTCTL, place.path(), &cold);
        let mut theirs = |_: usize| ask_duckdb(&python, place.path());
        let asked = Comparison::run(
            "stats, against DuckDB's read_json",
            0.7,
            rounds,
            &mut ours,
            &mut theirs,
        )?;
        say(&asked.to_string())?;
    }
    let page = ["report", "--log", "calls.jsonl", "-o", "page.html"];
    let mut ours = |_: usize| time(PROMPTCTL, place.path(), &page);
    let mut one = |_: usize| time(PROMPTCTL, place.path(), &cold);
    let reported = Comparison::run("report, against stats", 2.0, rounds, &mut ours, &mut one)?;
    say(&reported.to_string())?;
    let size = fs::metadata(place.path().join("page.html"))?.len();
    let costs = [
        "stats",
        "--costs",
        "--format",
        "json",
        "--log",
        "calls.jsonl",
    ];
    let mut ours = |_: usize| time(PROMPTCTL, place.path(), &costs);
    let spent = Comparison::run(
        "stats --costs, against stats",
        2.0,
        rounds,
        &mut ours,
        &mut one,
    )?;
    say(&spent.to_string())?;
    let told = outcomes(&place, &log, records.min(TOLD), rounds)?;
    say(&told.to_string())?;
    let kept = with_cache(&place, &log, records, rounds)?;
    say(&kept.to_string())?;
    say(&format!(
        "\nat most {} MB of memory (target 500); a page of {} kB (target 1500)",
        memory(place.path(), &cold)?,
        size / 1000
    ))
}

/// Rows of outcomes that name executions of a repository's own log, which are checked and not kept, against the figures
/// of that log.
fn outcomes(
    place: &tempfile::TempDir,
    log: &Path,
    rows: usize,
    rounds: usize,
) -> io::Result<Comparison> {
    let repository = place.path().join("told");
    fs::create_dir(&repository)?;
    time("git", &repository, &["init", "--quiet"])?;
    fs::create_dir(repository.join(".promptctl"))?;
    let own = repository.join(".promptctl/executions.jsonl");
    fs::rename(log, &own)?;
    let table = repository.join("outcomes.csv");
    let mut out = BufWriter::new(File::create(&table)?);
    writeln!(out, "id,score")?;
    for line in BufReader::new(File::open(&own)?).lines().take(rows) {
        let record: Record = serde_json::from_str(&line?)?;
        writeln!(out, "{},0.5", record.id)?;
    }
    out.flush()?;
    let mut ours = |_: usize| {
        let begun = Instant::now();
        let mut tell = command(PROMPTCTL, &repository);
        tell.args(["outcome", "-", "--dry-run"]);
        let told = tell.stdin(File::open(&table)?).output()?;
        match told.status.success() {
            true => Ok(begun.elapsed()),
            false => Err(io::Error::other(
                String::from_utf8_lossy(&told.stderr).into_owned(),
            )),
        }
    };
    let figures = ["stats", "--log", ".promptctl/executions.jsonl"];
    let mut theirs = |_: usize| time(PROMPTCTL, &repository, &figures);
    let what = format!("outcome - of {rows} rows, against stats");
    let compared = Comparison::run(&what, None, rounds, &mut ours, &mut theirs)?;
    fs::rename(own, log)?;
    Ok(compared)
}

/// The same of a repository's own log, of which all but the newest records were read before, against
/// reading everything.
fn with_cache(
    place: &tempfile::TempDir,
    log: &Path,
    records: usize,
    rounds: usize,
) -> io::Result<Comparison> {
    let repository = place.path().join("repository");
    fs::create_dir(&repository)?;
    time("git", &repository, &["init", "--quiet"])?;
    fs::create_dir(repository.join(".promptctl"))?;
    let own = repository.join(".promptctl/executions.jsonl");
    fs::rename(log, &own)?;
    let ask = ["stats", "--by", "prompt,version", "--format", "json"];
    time(PROMPTCTL, &repository, &ask)?;
    make(&own, records, NEW)?;
    let named = [&ask[..], &["--log", ".promptctl/executions.jsonl"]].concat();
    let mut ours = |_: usize| time(PROMPTCTL, &repository, &ask);
    let mut all = |_: usize| time(PROMPTCTL, &repository, &named);
    let what = format!("with the cache and {NEW} new records, against all");
    let compared = Comparison::run(&what, 0.05, rounds, &mut ours, &mut all)?;
    fs::rename(own, log)?;
    Ok(compared)
}

/// Writes records of a service that calls eight prompts in a few versions each.
fn make(path: &Path, from: usize, count: usize) -> io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut chance = Pcg::new(7 + from as u64);
    let begin: Timestamp = "2026-08-01T00:00:00Z".parse().map_err(io::Error::other)?;
    let words =
        "The customer was charged twice for one order and asks for the second amount back; ";
    for number in from..from + count {
        let time = begin + SignedDuration::from_millis(number as i64 * 7_900);
        let prompt = [
            "support/triage",
            "support/reply",
            "content/summary",
            "trading/daily",
        ];
        let mut record = Record::new(prompt[chance.below(4) as usize], time);
        record.version = Some(1 + (number * 6 / 1_000_000).min(9) as u32 + chance.below(2));
        record.digest = Some(format!("{:016x}", u64::from(chance.bits()) * 0x9e37_79b9));
        record.commit = Some("4b825dc642cb6eb9".to_owned());
        record.environment = Some("production".to_owned());
        record.model = Some("gpt-5-mini-2025-08-07".to_owned());
        record.status = match chance.below(100) {
            0..3 => Status::Error,
            3..5 => Status::InvalidOutput,
            5 => Status::Interrupted,
            _ => Status::Ok,
        };
        let slow = 1.0 / (1.0 - chance.share() * 0.98);
        record.duration_ms = Some((300.0 * slow) as u64 + u64::from(chance.below(400)));
        let (input, output) = (
            200 + u64::from(chance.below(900)),
            20 + u64::from(chance.below(200)),
        );
        record.usage.input_tokens = Some(input);
        record.usage.cached_tokens = Some(0);
        record.usage.output_tokens = Some(output);
        record.usage.reasoning_tokens = Some(0);
        record.usage.total_tokens = Some(input + output);
        record.cost_usd = Some((input as f64 * 0.25 + output as f64 * 2.0) / 1e6);
        record
            .labels
            .insert("user".to_owned(), format!("u{}", chance.below(5000)));
        let length = chance.below(40) as usize;
        record.output = Some(words.chars().take(length).collect());
        serde_json::to_writer(&mut out, &record)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// A Python that has DuckDB.
fn duckdb() -> Option<String> {
    let python = variable("PROMPTCTL_BENCH_DUCKDB").unwrap_or_else(|| "python3".to_owned());
    let mut command = Command::new(&python);
    command.args(["-c", "import duckdb; print(duckdb.__version__)"]);
    let found = command.stderr(Stdio::null()).output().ok();
    match found.filter(|it| it.status.success()) {
        Some(found) => {
            let version = String::from_utf8_lossy(&found.stdout).trim().to_owned();
            drop(say(&format!("| (DuckDB {version}) | | | | | |")));
            Some(python)
        }
        None => {
            drop(say(
                "| DuckDB is not installed here: its row is left out | | | | | |",
            ));
            None
        }
    }
}

/// The same figures by DuckDB, which is told the columns that it needs; the start of Python does not
/// count.
fn ask_duckdb(python: &str, folder: &Path) -> io::Result<Duration> {
    const SCRIPT: &str = "
import duckdb, time
start = time.perf_counter()
rows = duckdb.sql('''
  SELECT prompt, version, count(*), count(*) FILTER (status = 'ok'), count(*) FILTER (status <> 'interrupted'),
    count(*) FILTER (status = 'invalid_output'), count(*) FILTER (source = 'fallback'),
    quantile_cont(duration_ms, [0.5, 0.9, 0.99]), sum(usage.input_tokens), sum(usage.cached_tokens),
    sum(usage.output_tokens), sum(usage.reasoning_tokens), sum(cost_usd), avg(cost_usd), max(time)
  FROM read_json('calls.jsonl', format = 'newline_delimited', columns = {prompt: 'VARCHAR', version: 'UINTEGER',
    status: 'VARCHAR', source: 'VARCHAR', duration_ms: 'UBIGINT', cost_usd: 'DOUBLE', time: 'TIMESTAMP',
    usage: 'STRUCT(input_tokens UBIGINT, cached_tokens UBIGINT, output_tokens UBIGINT, reasoning_tokens UBIGINT)'})
  GROUP BY prompt, version''').fetchall()
assert len(rows) > 1
print(time.perf_counter() - start)
";
    let found = command(python, folder).args(["-c", SCRIPT]).output()?;
    if !found.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&found.stderr).into_owned(),
        ));
    }
    // A bar of progress may stand before.
    let told = String::from_utf8_lossy(&found.stdout).into_owned();
    let seconds = told
        .split_whitespace()
        .next_back()
        .unwrap_or_default()
        .parse();
    seconds
        .map(Duration::from_secs_f64)
        .map_err(io::Error::other)
}

/// The most memory that a run takes, in megabytes, where the system says it.
fn memory(folder: &Path, arguments: &[&str]) -> io::Result<String> {
    let mut child = command(PROMPTCTL, folder)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = None;
    let begun = Instant::now();
    while child.try_wait()?.is_none() && begun.elapsed() < Duration::from_secs(600) {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        most = most.max(kilobytes);
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(most.map_or("unknown".to_owned(), |most| (most >> 10).to_string()))
}

fn number(name: &str) -> Option<usize> {
    variable(name)?.parse().ok()
}

#[allow(
    clippy::disallowed_methods,
    reason = "how it is measured, no setting of promptctl"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
