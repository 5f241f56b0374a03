//! Calls of git that were started before they are needed.

use std::io::{Read, Write};
use std::process::Child;

use super::process::Git;

/// The calls that were started.
pub(crate) struct Early {
    pub(super) settings: Option<Started>,
    pub(super) references: Option<Started>,
}

/// A call of git that waits for its input.
pub(crate) struct Started(Child);

impl Started {
    pub(crate) fn new(git: Git) -> Option<Self> {
        git.spawn().ok().map(Self)
    }

    /// Gives it its whole input and returns what it says; `None` if it failed.
    pub(crate) fn finish(mut self, input: &[u8]) -> Option<String> {
        let mut stdin = self.0.stdin.take()?;
        stdin.write_all(input).ok()?;
        drop(stdin);
        let mut output = String::new();
        self.0.stdout.take()?.read_to_string(&mut output).ok()?;
        let status = self.0.wait().ok()?;
        status.success().then_some(output)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // At the end of its input it ends, and is not left behind as a zombie.
        drop(self.0.stdin.take());
        drop(self.0.stdout.take());
        drop(self.0.wait());
    }
}
