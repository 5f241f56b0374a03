//! A terminal in which a test runs a command, and the person before it.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::env::{Run, Shell};

/// A command that runs in a terminal of its own.
pub(crate) struct Terminal<'a> {
    shell: &'a Shell,
    line: String,
    screen: File,
    seen: Vec<u8>,
    child: Child,
}

impl Shell {
    /// Starts a line in a terminal of so many lines.
    pub(crate) fn open_terminal(&self, line: &str, rows: u16) -> Terminal<'_> {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let size = Winsize {
            ws_row: rows,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&screen, size).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap().into_bytes();
        let keyboard = PathBuf::from(std::ffi::OsString::from_vec(name));
        let open = || OpenOptions::new().read(true).write(true).open(&keyboard);
        let child = self
            .line(line)
            .env("TERM", "xterm")
            .stdin(Stdio::from(open().unwrap()))
            .stdout(Stdio::from(open().unwrap()))
            .stderr(Stdio::from(open().unwrap()))
            .spawn()
            .unwrap();
        Terminal {
            shell: self,
            line: line.to_owned(),
            screen: File::from(screen),
            seen: Vec::new(),
            child,
        }
    }

    /// Runs a line in a terminal of 24 lines; what both streams said stands in `stdout`.
    pub(crate) fn in_terminal(&self, line: &str) -> Run {
        self.open_terminal(line, 24).end()
    }
}

impl Terminal<'_> {
    /// Waits until the screen has shown this.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.seen).contains(text) {
            assert!(self.look(), "never shown: {text}\n{}", self.text());
        }
    }

    /// Presses Ctrl-C, as far as this program is concerned.
    pub(crate) fn interrupt(&self) {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::INT).unwrap();
    }

    /// Waits for the end, and returns what was shown.
    pub(crate) fn end(mut self) -> Run {
        while self.look() {}
        let status = self.child.wait().unwrap();
        let output = Output {
            status,
            stdout: self.text().into_bytes(),
            stderr: Vec::new(),
        };
        Run::new(self.shell, &self.line, &output)
    }

    /// Reads what is shown next; false at the end.
    fn look(&mut self) -> bool {
        let mut bytes = [0; 4096];
        // Linux says that a terminal which nobody has open any more fails.
        let read = self.screen.read(&mut bytes).unwrap_or(0);
        self.seen.extend_from_slice(&bytes[..read]);
        read > 0
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).replace("\r\n", "\n")
    }
}
