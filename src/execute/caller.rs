//! Sending requests to one API, with its key.

use std::cell::RefCell;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::config::{Api, KeySource};
use crate::error::{Exit, Failure};
use crate::openai::client::{Client, Settings, interrupted, yield_now};
use crate::openai::echo;
use crate::openai::fault::{CallError, CallErrorKind};
use crate::openai::key::{ApiKey, Redactor};
use crate::openai::response::Answer;
use crate::prompt::code;
use crate::record::entry::Record;

/// Sends requests to one API. Many calls may share it.
pub struct Caller {
    to: CallTarget,
    /// How often Ctrl-C has to be pressed to stop a call.
    presses: u32,
}

enum CallTarget {
    /// The model `echo`, which answers here.
    Echo,
    Api(Box<Remote>),
}

struct Remote {
    settings: Settings,
    /// The command that prints the key, where the key comes from one.
    key_command: Option<String>,
    /// The keys that were used.
    keys: RefCell<Vec<ApiKey>>,
    now: RefCell<Connected>,
}

/// A client, and how often the key was renewed before it.
#[derive(Clone)]
struct Connected {
    client: Client,
    renewals: u32,
}

/// Why a call brought no answer.
pub(super) enum CallFailure {
    /// The call failed.
    Call(Box<CallError>),
    /// There was no call.
    Before(Failure),
}

impl Caller {
    /// A caller of the model `echo`.
    pub fn echo() -> Self {
        Self {
            to: CallTarget::Echo,
            presses: 1,
        }
    }

    /// A caller of this API. Its key command is run now.
    ///
    /// # Errors
    /// The key command fails, or the settings of the API are not valid.
    pub fn new(api: &Api, timeout: Option<Duration>) -> Result<Self, Failure> {
        let mut settings = settings_of(api)?;
        if let Some(overall) = timeout.or(api.timeout) {
            settings = settings.within(overall);
        }
        let key_command = match &api.key {
            KeySource::Command(command) => Some(command.clone()),
            KeySource::Absent | KeySource::Key(_) => None,
        };
        let client = Client::new(settings.clone())?;
        let keys = RefCell::new(settings.key.iter().cloned().collect());
        let now = RefCell::new(Connected {
            client,
            renewals: 0,
        });
        Ok(Self {
            to: CallTarget::Api(Box::new(Remote {
                settings,
                key_command,
                keys,
                now,
            })),
            presses: 1,
        })
    }

    /// The same caller, whose calls are stopped only when Ctrl-C is pressed twice while they are under
    /// way.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { presses: 2, ..self }
    }

    async fn interrupted(&self) {
        for _ in 0..self.presses {
            interrupted().await;
        }
    }

    /// The client, for other calls than that of a prompt; none for the model `echo`.
    pub fn client(&self) -> Option<Client> {
        match &self.to {
            CallTarget::Echo => None,
            CallTarget::Api(remote) => Some(remote.now.borrow().client.clone()),
        }
    }

    /// A record without the key: not even a server that repeats it brings it into the log.
    pub(super) fn without_key(&self, record: Record) -> Record {
        let CallTarget::Api(remote) = &self.to else {
            return record;
        };
        let Ok(mut value) = serde_json::to_value(&record) else {
            return record;
        };
        Redactor::value(&remote.keys.borrow(), &mut value);
        serde_json::from_value(value).unwrap_or(record)
    }

    /// `text` without the key, wherever it stands.
    pub(super) fn redact(&self, text: &str) -> String {
        self.redactor().whole(text)
    }

    fn redactor(&self) -> Redactor {
        match &self.to {
            CallTarget::Echo => Redactor::new(&[]),
            CallTarget::Api(remote) => Redactor::new(&remote.keys.borrow()),
        }
    }

    /// Sends one request. It is stopped by Ctrl-C. A key in the text is not handed on, also where
    /// it comes in two pieces.
    pub(super) async fn send(
        &self,
        body: &Value,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Answer, CallFailure> {
        let mut redactor = self.redactor();
        let mut hand_on = |text: String| {
            if !text.is_empty() {
                on_text(&text);
            }
        };
        let sent = self
            .send_as_it_comes(body, &mut |piece| hand_on(redactor.push(piece)))
            .await;
        hand_on(redactor.finish());
        sent
    }

    async fn send_as_it_comes(
        &self,
        body: &Value,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Answer, CallFailure> {
        let remote = match &self.to {
            CallTarget::Echo => {
                let answer = echo::answer(body);
                // Nothing is waited for here, so that Ctrl-C would never be seen in a batch.
                yield_now().await;
                on_text(&answer.text);
                return Ok(answer);
            }
            CallTarget::Api(remote) => remote,
        };
        let used = remote.now.borrow().clone();
        let first = used
            .client
            .create_until(body, on_text, self.interrupted())
            .await;
        let error = match first {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let Some(client) = remote.renewed(&error, used.renewals)? else {
            return Err(CallFailure::Call(error));
        };
        let attempts = error.attempts;
        match client.create_until(body, on_text, self.interrupted()).await {
            Ok(mut answer) => {
                answer.attempts += attempts;
                Ok(answer)
            }
            Err(mut error) => {
                error.attempts += attempts;
                Err(CallFailure::Call(error))
            }
        }
    }
}

/// How the API is spoken to. Its key command is run now.
///
/// # Errors
/// The key command fails.
pub fn settings_of(api: &Api) -> Result<Settings, Failure> {
    let mut settings = Settings::new(api.base_url.clone());
    settings.organization.clone_from(&api.organization);
    settings.project.clone_from(&api.project);
    settings.ssl_cert_file.clone_from(&api.ssl_cert_file);
    settings.key = match &api.key {
        KeySource::Absent => None,
        KeySource::Key(key) => Some(key.clone()),
        KeySource::Command(command) => Some(key_from(command)?),
    };
    Ok(settings)
}

impl Remote {
    /// A client with a new key, where the old one was refused and a command gives another. A key
    /// is renewed once; calls that share it share the new one.
    fn renewed(&self, error: &CallError, used: u32) -> Result<Option<Client>, CallFailure> {
        let is_refused = error.kind == CallErrorKind::KeyRefused && error.status == Some(401);
        let Some(command) = self
            .key_command
            .as_deref()
            .filter(|_| is_refused && used == 0)
        else {
            return Ok(None);
        };
        if self.now.borrow().renewals == 0 {
            let mut settings = self.settings.clone();
            let key = key_from(command).map_err(CallFailure::Before)?;
            self.keys.borrow_mut().push(key.clone());
            settings.key = Some(key);
            let client = Client::new(settings).map_err(CallFailure::Before)?;
            self.now.replace(Connected {
                client,
                renewals: 1,
            });
        }
        Ok(Some(self.now.borrow().client.clone()))
    }
}

/// Runs a command of the user's own configuration and takes what it prints as the key. What it
/// says to a person is shown to the person.
fn key_from(command: &str) -> Result<ApiKey, Failure> {
    let failed = |message: String| {
        Failure::new(code::NO_KEY, message)
            .exit(Exit::Denied)
            .hint("run the command of `apiKeyCommand:` by hand to see what is wrong")
    };
    let mut shell = if cfg!(windows) {
        let mut shell = Command::new("cmd");
        shell.arg("/C");
        shell
    } else {
        let mut shell = Command::new("sh");
        shell.arg("-c");
        shell
    };
    let output = shell
        .arg(command)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(format!("the key command could not be started: {error}")))?;
    if !output.status.success() {
        return Err(failed(format!("the key command failed: {}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    ApiKey::new(&text).map_err(|failure| failure.hint("it was printed by `apiKeyCommand:`"))
}
