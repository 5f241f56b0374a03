//! Figures for Prometheus, in its text format.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::time::Duration;

/// The most combinations of labels of one figure; what comes later is counted as `other`.
const MOST_SERIES: usize = 2000;

/// The upper ends of the buckets of a histogram, in seconds.
const BUCKETS: [f64; 14] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0,
];

/// What happened since the start.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    requests: BTreeMap<(String, String, u16), u64>,
    tokens: BTreeMap<(String, &'static str), u64>,
    cost: BTreeMap<String, f64>,
    rejected: BTreeMap<&'static str, u64>,
    overhead: Histogram,
    upstream: Histogram,
    first_byte: Histogram,
    pub(super) fetch_failures: u64,
    pub(super) records_dropped: u64,
}

#[derive(Debug, Default)]
struct Histogram {
    counts: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    fn add(&mut self, time: Duration) {
        let seconds = time.as_secs_f64();
        self.count += 1;
        self.sum += seconds;
        if let Some(at) = BUCKETS.iter().position(|end| seconds <= *end) {
            self.counts[at] += 1;
        }
    }

    fn write(&self, name: &str, about: &str, out: &mut String) {
        head(name, "histogram", about, out);
        let mut below = 0;
        for (end, count) in BUCKETS.iter().zip(self.counts) {
            below += count;
            line(
                out,
                format_args!("promptctl_{name}_bucket{{le=\"{end}\"}} {below}"),
            );
        }
        let (count, sum) = (self.count, self.sum);
        line(
            out,
            format_args!("promptctl_{name}_bucket{{le=\"+Inf\"}} {count}"),
        );
        line(out, format_args!("promptctl_{name}_sum {sum}"));
        line(out, format_args!("promptctl_{name}_count {count}"));
    }
}

/// What is known when the figures are asked for.
pub(super) struct Now<'a> {
    pub(super) active_streams: usize,
    pub(super) connections: usize,
    pub(super) snapshot_age: Duration,
    pub(super) snapshot: &'a str,
    pub(super) prompts: usize,
}

impl Metrics {
    /// Counts an answer. `prompt` is empty for what was passed on.
    pub(super) fn count_request(&mut self, prompt: &str, version: &str, status: u16) {
        let key = |prompt: &str, version: &str| (prompt.to_owned(), version.to_owned(), status);
        let mut wanted = key(prompt, version);
        if self.requests.len() >= MOST_SERIES && !self.requests.contains_key(&wanted) {
            wanted = key("other", "");
        }
        *self.requests.entry(wanted).or_default() += 1;
    }

    pub(super) fn count_rejected(&mut self, reason: &'static str) {
        *self.rejected.entry(reason).or_default() += 1;
    }

    /// Counts what an answer used.
    pub(super) fn count_usage(
        &mut self,
        prompt: &str,
        tokens: &[(&'static str, Option<u64>)],
        cost: Option<f64>,
    ) {
        let is_full = self.cost.len() >= MOST_SERIES && !self.cost.contains_key(prompt);
        let prompt = if is_full { "other" } else { prompt };
        for (kind, count) in tokens {
            if let Some(count) = count {
                let sum = self.tokens.entry((prompt.to_owned(), kind)).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
        *self.cost.entry(prompt.to_owned()).or_default() += cost.unwrap_or_default();
    }

    /// Notes how long a call took here, and how long at the API, to its first byte and whole.
    pub(super) fn time(&mut self, overhead: Duration, first_byte: Duration) {
        self.overhead.add(overhead);
        self.first_byte.add(first_byte);
    }

    pub(super) fn time_upstream(&mut self, whole: Duration) {
        self.upstream.add(whole);
    }

    /// All figures.
    pub(super) fn text(&self, now: &Now<'_>) -> String {
        let mut out = String::new();
        self.counts(&mut out);
        self.overhead.write(
            "overhead_seconds",
            "Time spent here before the API was asked.",
            &mut out,
        );
        self.first_byte.write(
            "first_byte_seconds",
            "From asking the API to the first byte of its answer.",
            &mut out,
        );
        self.upstream.write(
            "upstream_seconds",
            "From asking the API to the end of its answer.",
            &mut out,
        );
        self.singles(now, &mut out);
        head(
            "snapshot_info",
            "gauge",
            "The snapshot that is served.",
            &mut out,
        );
        let labels = [("snapshot", now.snapshot)];
        sample("snapshot_info", &labels, &1, &mut out);
        out
    }

    /// What is counted by prompt, status, kind or reason.
    fn counts(&self, to: &mut String) {
        head("requests_total", "counter", "Answers given.", to);
        for ((prompt, version, status), count) in &self.requests {
            let status = status.to_string();
            let labels = [
                ("prompt", prompt),
                ("version", version),
                ("status", &status),
            ];
            sample(
                "requests_total",
                &labels.map(|(name, it)| (name, it.as_str())),
                count,
                to,
            );
        }
        head("tokens_total", "counter", "Tokens used.", to);
        for ((prompt, kind), count) in &self.tokens {
            let labels = [("prompt", prompt.as_str()), ("kind", kind)];
            sample("tokens_total", &labels, count, to);
        }
        head(
            "cost_usd_total",
            "counter",
            "What calls cost, where the price is known.",
            to,
        );
        for (prompt, cost) in &self.cost {
            sample("cost_usd_total", &[("prompt", prompt)], cost, to);
        }
        head("rejected_total", "counter", "Requests refused here.", to);
        for (reason, count) in &self.rejected {
            sample("rejected_total", &[("reason", reason)], count, to);
        }
    }

    /// What is one figure.
    fn singles(&self, now: &Now<'_>, to: &mut String) {
        let rows = [
            (
                "fetch_failures_total",
                "counter",
                "Refreshes that failed.",
                self.fetch_failures as f64,
            ),
            (
                "records_dropped_total",
                "counter",
                "Records that found the queue full.",
                self.records_dropped as f64,
            ),
            (
                "active_streams",
                "gauge",
                "Streams under way.",
                now.active_streams as f64,
            ),
            (
                "connections",
                "gauge",
                "Open connections.",
                now.connections as f64,
            ),
            (
                "prompts",
                "gauge",
                "Prompts that are served.",
                now.prompts as f64,
            ),
            (
                "snapshot_age_seconds",
                "gauge",
                "Since the snapshot was last known to be current.",
                now.snapshot_age.as_secs_f64(),
            ),
        ];
        for (name, kind, about, value) in rows {
            head(name, kind, about, to);
            sample(name, &[], &value, to);
        }
    }
}

/// One value, by what it is told apart.
fn sample(name: &str, labels: &[(&str, &str)], value: &dyn Display, out: &mut String) {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| format!("{name}=\"{}\"", label(value)));
    let labels = labels.collect::<Vec<_>>().join(",");
    match labels.is_empty() {
        true => line(out, format_args!("promptctl_{name} {value}")),
        false => line(out, format_args!("promptctl_{name}{{{labels}}} {value}")),
    }
}

fn head(name: &str, kind: &str, about: &str, out: &mut String) {
    line(
        out,
        format_args!("# HELP promptctl_{name} {about}\n# TYPE promptctl_{name} {kind}"),
    );
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now<'_> = Now {
        active_streams: 1,
        connections: 2,
        snapshot_age: Duration::from_secs(3),
        snapshot: "abc",
        prompts: 4,
    };

    #[test]
    fn figures_are_written_as_prometheus_reads_them() {
        let mut metrics = Metrics::default();
        metrics.count_request("a", "3", 200);
        metrics.count_request("a", "3", 200);
        metrics.count_usage("a", &[("input", Some(7)), ("output", None)], Some(0.5));
        metrics.time(Duration::from_micros(200), Duration::from_millis(20));
        let text = metrics.text(&NOW);
        for line in [
            "promptctl_requests_total{prompt=\"a\",version=\"3\",status=\"200\"} 2",
            "promptctl_tokens_total{prompt=\"a\",kind=\"input\"} 7",
            "promptctl_cost_usd_total{prompt=\"a\"} 0.5",
            "promptctl_overhead_seconds_bucket{le=\"0.0001\"} 0",
            "promptctl_overhead_seconds_bucket{le=\"0.00025\"} 1",
            "promptctl_overhead_seconds_bucket{le=\"+Inf\"} 1",
            "promptctl_snapshot_info{snapshot=\"abc\"} 1",
            "promptctl_snapshot_age_seconds 3",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(!text.contains("kind=\"output\""));
    }

    #[test]
    fn labels_are_bounded_and_cannot_end_their_quotes() {
        let mut metrics = Metrics::default();
        for number in 0..MOST_SERIES + 50 {
            metrics.count_request(&format!("p{number}\"\n"), "1", 200);
        }
        let text = metrics.text(&NOW);
        assert!(text.contains("prompt=\"other\",version=\"\",status=\"200\"} 50"));
        assert!(text.contains("p0\\\"\\n"));
    }
}
