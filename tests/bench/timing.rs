//! Times whole processes in turns, so that both sides see the same machine, and compares medians.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A program that sees nothing of this machine's settings.
pub(crate) fn command(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", directory)
        .env_remove("GIT_DIR");
    command
}

/// Runs a program to its end and says how long it took; it must succeed.
pub(crate) fn time(program: &str, directory: &Path, arguments: &[&str]) -> io::Result<Duration> {
    let mut command = command(program, directory);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let took = start.elapsed();
    if status.success() {
        Ok(took)
    } else {
        Err(io::Error::other(format!(
            "{program} {arguments:?}: {status}"
        )))
    }
}

/// What one side does; it is given the number of the round.
pub(crate) type Side<'a> = &'a mut dyn FnMut(usize) -> io::Result<Duration>;

/// Two sides that were run in turns.
pub(crate) struct Comparison {
    pub(crate) what: String,
    pub(crate) ours: Duration,
    pub(crate) theirs: Duration,
    /// How many times as long as theirs ours may take; none where only the figure is of interest.
    pub(crate) target: Option<f64>,
}

impl Comparison {
    /// Runs both sides `rounds` times in turns, after one round to warm up.
    pub(crate) fn run(
        what: &str,
        target: impl Into<Option<f64>>,
        rounds: usize,
        ours: Side<'_>,
        theirs: Side<'_>,
    ) -> io::Result<Self> {
        let mut times = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            // Who goes first changes, so that neither always finds what the other has warmed.
            let (our_time, their_time) = if round % 2 == 0 {
                let first = ours(round)?;
                (first, theirs(round)?)
            } else {
                let first = theirs(round)?;
                (ours(round)?, first)
            };
            if round > 0 {
                times.0.push(our_time);
                times.1.push(their_time);
            }
        }
        Ok(Self {
            what: what.to_owned(),
            ours: median(times.0),
            theirs: median(times.1),
            target: target.into(),
        })
    }

    fn ratio(&self) -> f64 {
        self.ours.as_secs_f64() / self.theirs.as_secs_f64()
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let middle = times.len() / 2;
    if times.len() % 2 == 1 {
        times[middle]
    } else {
        (times[middle - 1] + times[middle]) / 2
    }
}

/// A row of a Markdown table.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (target, verdict) = match self.target {
            Some(target) => (
                format!("≤ {target}"),
                if self.ratio() <= target {
                    "reached"
                } else {
                    "**missed**"
                },
            ),
            None => ("-".to_owned(), "-"),
        };
        write!(
            f,
            "| {} | {} | {} | {:.2} | {target} | {verdict} |",
            self.what,
            milliseconds(self.ours),
            milliseconds(self.theirs),
            self.ratio()
        )
    }
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1000.0;
    if milliseconds < 100.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{milliseconds:.0} ms")
    }
}
