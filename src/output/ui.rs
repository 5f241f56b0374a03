//! Talking: data to standard output, everything said to a person to standard error.

mod plain;
mod telling;

use self::plain::plain_out;
pub use self::plain::{finish_plainly, say_plainly};

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};

use super::file::FileOut;
use super::pager::{Paged, Screen};
use super::wrap::hung;
use crate::error::{Exit, Failure};
use crate::prompt::code;
use crate::prompt::visible;

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set; everywhere with `CLICOLOR_FORCE`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the user asked of the output.
#[derive(Debug, Clone, Copy)]
pub struct UiSettings {
    /// When to colour.
    pub color: ColorChoice,
    /// Whether the environment asks for no colour.
    pub no_color: bool,
    /// Whether the environment asks for colours also where there is no terminal.
    pub forces_color: bool,
    /// Whether only data and errors are wanted.
    pub quiet: bool,
    /// The width of the terminal where the environment says it.
    pub columns: Option<usize>,
    /// A width that holds in a pipe too.
    pub width: Option<usize>,
}

/// The way to the user.
pub struct Ui {
    out: Out,
    err: Box<dyn Write>,
    out_is_terminal: bool,
    err_is_terminal: bool,
    in_is_terminal: bool,
    settings: UiSettings,
    /// Whether errors are printed as JSON.
    pub json: bool,
    closed: bool,
    /// Why standard output could not be written, other than that its reader went away.
    lost: Option<io::Error>,
    /// The file that stands for standard output.
    file: Option<(FileOut, PathBuf)>,
}

/// Where standard output goes.
enum Out {
    Plain(Box<dyn Write>),
    Paged(Box<Paged>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Paged(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Paged(out) => out.flush(),
        }
    }
}

/// The style of something good.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// The style of something to look at.
pub const NOTE: Style = AnsiColor::Yellow.on_default();
/// The style of something wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// The style of a hint.
pub const HINT: Style = AnsiColor::Cyan.on_default();
/// The style of what matters less.
pub const DIM: Style = Style::new().dimmed();
/// The style of a title.
pub const BOLD: Style = Style::new().bold();

impl Ui {
    /// The standard streams.
    pub fn new(settings: UiSettings) -> Self {
        Self {
            out: plain_out(),
            err: Box::new(io::stderr()),
            out_is_terminal: io::stdout().is_terminal(),
            err_is_terminal: io::stderr().is_terminal(),
            in_is_terminal: io::stdin().is_terminal(),
            settings,
            json: false,
            closed: false,
            lost: None,
            file: None,
        }
    }

    /// From here on, what goes to standard output goes into a file, which is there once the command
    /// has ended well, or with a verdict.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_to(&mut self, path: &Path) -> Result<(), Failure> {
        let (file, out) = FileOut::create(path).map_err(|error| unwritten_file(path, error))?;
        self.out = Out::Plain(Box::new(io::BufWriter::new(out)));
        self.out_is_terminal = false;
        self.file = Some((file, path.to_owned()));
        Ok(())
    }

    /// From here on, what is longer than the screen goes through a pager. Without a terminal nothing
    /// changes.
    pub fn page(&mut self, pager: impl FnOnce() -> Option<String> + 'static, wants_less: bool) {
        if !self.out_is_terminal {
            return;
        }
        self.flush();
        let rows = terminal_size::terminal_size().map_or(24, |(_, rows)| usize::from(rows.0));
        self.out = Out::Paged(Box::new(Paged::new(Screen {
            rows,
            columns: self.width().unwrap_or(80),
            pager: Box::new(pager),
            wants_less,
        })));
    }

    /// Waits until the person has read what went through a pager; what follows does not.
    fn end_paging(&mut self) -> bool {
        let Out::Paged(paged) = &mut self.out else {
            return false;
        };
        let ended = paged.end();
        self.out = plain_out();
        if let Err(pager) = ended {
            self.warning(format!("the pager `{pager}` could not be started"));
            self.hint("PROMPTCTL_PAGER names another; empty, it turns this off");
        }
        true
    }

    /// Whether standard output is coloured.
    pub fn colors_out(&self) -> bool {
        self.colors(self.out_is_terminal)
    }

    fn colors(&self, is_terminal: bool) -> bool {
        match self.settings.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                (is_terminal || self.settings.forces_color) && !self.settings.no_color
            }
        }
    }

    /// Whether standard output is a terminal.
    pub fn out_is_terminal(&self) -> bool {
        self.out_is_terminal
    }

    /// Whether somebody is there to answer a question.
    pub fn can_ask(&self) -> bool {
        self.in_is_terminal && self.err_is_terminal
    }

    /// Whether a person sits at both ends, so that a program of theirs can be opened.
    pub fn is_interactive(&self) -> bool {
        self.in_is_terminal && self.out_is_terminal
    }

    /// Whether what is said to a person is read on a terminal.
    pub fn err_is_terminal(&self) -> bool {
        self.err_is_terminal
    }

    /// The width that tables and texts should fit; `None` in a pipe, where nothing is cut.
    pub fn width(&self) -> Option<usize> {
        if self.settings.width.is_some() || !self.out_is_terminal {
            return self.settings.width;
        }
        self.screen().or(Some(80))
    }

    /// The width of the terminal that a person sits at, also where the output goes through a pipe.
    pub fn screen(&self) -> Option<usize> {
        let UiSettings { width, columns, .. } = self.settings;
        let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        width.or(columns).or_else(terminal)
    }

    /// Writes data to standard output: byte by byte in a pipe, and on a terminal with the control
    /// characters that could deceive it made visible.
    pub fn data(&mut self, text: impl Display) {
        let written = match self.out_is_terminal {
            true => self
                .out
                .write_all(visible::text(&text.to_string()).as_bytes()),
            false => write!(self.out, "{text}"),
        };
        self.note_closed(written);
    }

    /// Writes data of which a person looks at a part: in a pipe too, no line of it starts a command
    /// of a build server.
    pub fn view(&mut self, text: &str) {
        self.block(visible::without_commands(text));
    }

    /// Hands the writer of standard output over, for long data.
    pub fn write_data(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if !self.out_is_terminal {
            let written = write(&mut self.out);
            return self.note_closed(written);
        }
        let mut bytes = Vec::new();
        let written = write(&mut bytes);
        self.data(String::from_utf8_lossy(&bytes));
        self.note_closed(written);
    }

    /// Whether a bar may show how far a work is.
    pub fn shows_progress(&self) -> bool {
        self.err_is_terminal && !self.settings.quiet
    }

    /// Whether lines may say how far a work is, because nobody would see a bar.
    pub fn says_progress(&self) -> bool {
        !self.err_is_terminal && !self.settings.quiet
    }

    /// Writes one line, which stays one whatever foreign text is in it, such as the name of a file.
    /// Tabs stand between columns.
    pub fn line(&mut self, text: impl Display) {
        let text = text.to_string();
        let columns: Vec<_> = text.split('\t').map(visible::line).collect();
        self.styled(columns.join("\t") + "\n");
    }

    /// Writes a line that is coloured and escaped already; a terminal shows it broken at its words.
    pub fn title(&mut self, line: &str) {
        let line = match self.width() {
            Some(width) => hung(line, width),
            None => line.to_owned(),
        };
        self.styled(line + "\n");
    }

    /// Writes a sentence for people, on one line whatever foreign text is in it; a terminal shows it broken at
    /// its words.
    pub fn sentence(&mut self, style: Option<Style>, text: impl Display) {
        let text = text.to_string();
        let text = visible::line(&text);
        let text = match self.width() {
            Some(width) => hung(&text, width),
            None => text.into_owned(),
        };
        let colors = self.colors_out();
        for line in text.lines() {
            let line = style.map_or_else(|| line.to_owned(), |style| paint(colors, style, line));
            self.styled(line + "\n");
        }
    }

    /// Writes data of several lines, such as a JSON document, and ends the last.
    pub fn block(&mut self, text: impl Display) {
        self.data(text);
        self.styled("\n");
    }

    /// Writes text that may be coloured, as it stands: its foreign parts are escaped already.
    pub fn styled(&mut self, text: impl Display) {
        let written = write!(self.out, "{text}");
        self.note_closed(written);
    }

    /// Hands what was written to the reader now, for answers that come bit by bit.
    pub fn flush(&mut self) {
        let written = self.out.flush();
        self.note_closed(written);
    }

    /// Whether the reader of standard output has gone away or it cannot be written, so that nothing
    /// more need be made.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn note_closed(&mut self, written: io::Result<()>) {
        let Err(error) = written else { return };
        // A reader that went away has what it wanted; of what else kept the data back, the first
        // tells the cause.
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.lost.get_or_insert(error);
        }
        self.closed = true;
    }

    /// Ends the output: the exit code is that of a closed pipe, 0, where the reader went away, and
    /// where the data could not be written for another reason, that is an error.
    pub fn finish(&mut self, exit: Exit) -> Exit {
        // Whoever leaves a pager has read enough, and the command ended as it did.
        let was_paged = self.end_paging();
        self.flush();
        if let Some(error) = self.lost.take() {
            let failure = unwritten(error);
            self.failure(&failure);
            return failure.exit;
        }
        if let Some((file, path)) = self.file.take()
            && let Err(error) = file.keep()
        {
            let failure = unwritten_file(&path, error);
            self.failure(&failure);
            return failure.exit;
        }
        if self.closed && !was_paged {
            Exit::Done
        } else {
            exit
        }
    }
}

/// What is told where a file cannot stand for standard output.
fn unwritten_file(path: &Path, error: io::Error) -> Failure {
    let path = path.display().to_string();
    let message = format!("{path} could not be written");
    Failure::from_io(code::WRITE_FAILED, message, error).at(path)
}

/// What is told where standard output takes nothing.
fn unwritten(error: io::Error) -> Failure {
    Failure::new(code::OUTPUT_LOST, "standard output could not be written")
        .caused_by(error)
        .hint("what was printed is not whole; what the command changed besides stays changed")
}

/// Text in a style, where colours are wanted.
pub fn paint(colors: bool, style: Style, text: &str) -> String {
    if colors {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}
