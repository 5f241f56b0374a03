//! What is longer than the screen goes through the person's pager.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

use unicode_width::UnicodeWidthStr as _;

/// How a shell says that there is no such program, or that it cannot be started.
const NOT_STARTED: [i32; 2] = [126, 127];

/// The screen, and what shows longer texts on it.
pub struct Screen {
    /// The lines that fit.
    pub rows: usize,
    /// The columns that fit.
    pub columns: usize,
    /// Asks for the command line of the pager; none where the person wants none.
    pub pager: Box<dyn FnOnce() -> Option<String>>,
    /// Whether `LESS` is unset, so that the pager gets git's own wishes: it ends by itself where all
    /// fits, keeps colours, and leaves the text on the screen.
    pub wants_less: bool,
}

/// The way to the screen: what is written is held until it is known to be longer, and goes through the
/// pager then.
pub(super) struct Paged {
    screen: Option<Screen>,
    /// All that was written: it is shown by ourselves where the pager cannot be started.
    text: Vec<u8>,
    /// How many lines of the screen it fills, without its last line.
    lines: usize,
    /// Where its last line begins.
    line_start: usize,
    pager: Option<(Child, String)>,
}

impl Paged {
    pub(super) fn new(screen: Screen) -> Self {
        Self {
            screen: Some(screen),
            text: Vec::new(),
            lines: 0,
            line_start: 0,
            pager: None,
        }
    }

    /// Counts the lines that came, until there are more than fit.
    fn is_longer(&mut self) -> bool {
        let Some(screen) = &self.screen else {
            return false;
        };
        while let Some(end) = memchr::memchr(b'\n', &self.text[self.line_start..]) {
            let line = &self.text[self.line_start..self.line_start + end];
            let width = plain_width(&String::from_utf8_lossy(line));
            self.lines += width.div_ceil(screen.columns.max(1)).max(1);
            self.line_start += end + 1;
        }
        // The prompt of the shell takes a line.
        self.lines >= screen.rows.max(2)
    }

    fn start(&mut self) -> io::Result<()> {
        let Some(screen) = self.screen.take() else {
            return Ok(());
        };
        let started = (screen.pager)().and_then(|words| {
            let mut command = shell(&words);
            if screen.wants_less {
                command.env("LESS", "FRX");
            }
            let child = command.stdin(Stdio::piped()).spawn().ok()?;
            Some((child, words))
        });
        self.pager = started;
        let text = std::mem::take(&mut self.text);
        let written = self.write_on(&text);
        if self.pager.is_some() {
            self.text = text;
        }
        written
    }

    /// Writes to where the text goes now that this is decided.
    fn write_on(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self
            .pager
            .as_mut()
            .and_then(|(child, _)| child.stdin.as_mut())
        {
            Some(stdin) => stdin.write_all(bytes),
            None => io::stdout().write_all(bytes),
        }
    }

    /// Shows what was held, and waits until the person has read.
    ///
    /// # Errors
    /// The pager could not be started: its command line, for a warning. The text was shown without it.
    pub(super) fn end(&mut self) -> Result<(), String> {
        if self.screen.take().is_some() {
            let text = std::mem::take(&mut self.text);
            let mut out = io::stdout();
            // Nobody is left to tell where that fails.
            drop(out.write_all(&text).and_then(|()| out.flush()));
        }
        let Some((mut child, words)) = self.pager.take() else {
            drop(io::stdout().flush());
            return Ok(());
        };
        drop(child.stdin.take());
        let ended = child.wait().ok().and_then(|status| status.code());
        if ended.is_some_and(|code| NOT_STARTED.contains(&code)) {
            let mut out = io::stdout();
            drop(out.write_all(&self.text).and_then(|()| out.flush()));
            return Err(words);
        }
        Ok(())
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.screen.is_none() && self.pager.is_none() {
            return io::stdout().write(bytes);
        }
        self.text.extend_from_slice(bytes);
        if self.pager.is_some() {
            self.write_on(bytes)?;
        } else if self.is_longer() {
            self.start()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pager is a command line, as it is for git: `less -S`.
fn shell(words: &str) -> Command {
    let (program, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let mut command = Command::new(program);
    command.args([flag, words]);
    command
}

/// How wide a text is on a terminal, which does not show what colours it.
fn plain_width(text: &str) -> usize {
    let mut width = 0;
    let mut parts = text.split('\x1b');
    width += parts.next().map_or(0, |first| first.width());
    for part in parts {
        let shown = part.split_once('m').map_or("", |(_, shown)| shown);
        width += shown.width();
    }
    width
}
