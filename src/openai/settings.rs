//! Where the API is, and how it is spoken to.

use std::path::PathBuf;
use std::time::Duration;

use super::key::ApiKey;
use super::retry::DEFAULT_RETRIES;

/// Where the API is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key; servers on this machine often need none.
    pub key: Option<ApiKey>,
    /// The header `OpenAI-Organization`.
    pub organization: Option<String>,
    /// The header `OpenAI-Project`.
    pub project: Option<String>,
    /// How long an answer that comes whole may take, and how long a stream may be silent.
    pub timeout: Duration,
    /// How long a call may take in all: every attempt, the waits between, and all of the stream.
    pub overall: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How often a request is sent again.
    pub retries: u32,
    /// Certificates, in PEM form, to trust instead of the machine's.
    pub ssl_cert_file: Option<PathBuf>,
}

/// How long a call may take in all unless somebody says otherwise.
pub const OVERALL: Duration = Duration::from_secs(1_800);

impl Settings {
    /// The same with this limit for a call in all.
    #[must_use]
    pub fn within(mut self, overall: Duration) -> Self {
        self.overall = overall;
        self.timeout = self.timeout.min(overall);
        self
    }

    /// OpenAI's own limits, for the API at this URL.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            key: None,
            organization: None,
            project: None,
            timeout: Duration::from_secs(600),
            overall: OVERALL,
            connect_timeout: Duration::from_secs(5),
            retries: DEFAULT_RETRIES,
            ssl_cert_file: None,
        }
    }
}
