//! `-o FILE`: the result in files, whose endings say how.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::super::session::Session;
use super::report::Report;
use super::{machine, markdown, text};
use crate::error::Failure;
use crate::experiment::result::Line;
use crate::output::file::FileOut;
use crate::output::json;
use crate::prompt::code;

/// The files that a result is written to.
pub(in crate::commands) struct Outputs {
    /// Those that are written at the end.
    whole: Vec<(PathBuf, Kind)>,
    /// Those that get a line for each result as it comes.
    lines: Vec<(PathBuf, FileOut, BufWriter<File>)>,
    lost: Option<Failure>,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Json,
    Lines,
    Markdown,
    Junit,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "txt" => Self::Text,
            "json" => Self::Json,
            "jsonl" => Self::Lines,
            "md" => Self::Markdown,
            "xml" => Self::Junit,
            _ => return None,
        })
    }
}

impl Outputs {
    /// The files at these paths, looked at before anything is paid for.
    ///
    /// # Errors
    /// An ending that says nothing, or a file that cannot be written.
    pub(in crate::commands) fn open(paths: &[PathBuf], session: &Session) -> Result<Self, Failure> {
        let mut outputs = Self {
            whole: Vec::new(),
            lines: Vec::new(),
            lost: None,
        };
        for path in paths {
            let shown = path.display();
            let kind = Kind::of(path).ok_or_else(|| {
                Failure::usage(format!(
                    "the ending of {shown} does not say in which form to write"
                ))
                .hint("the endings are .txt, .json, .jsonl, .md and .xml (JUnit)")
            })?;
            let path = session.directory.join(path);
            if let Kind::Lines = kind {
                let made = FileOut::create(&path);
                let (out, file) = made.map_err(|error| unwritable(&path, error))?;
                outputs.lines.push((path, out, BufWriter::new(file)));
                continue;
            }
            let folder = path.parent().filter(|folder| folder.is_dir());
            if folder.is_none() || path.is_dir() {
                let error = match path.is_dir() {
                    true => io::ErrorKind::IsADirectory,
                    false => io::ErrorKind::NotFound,
                };
                return Err(unwritable(&path, error.into()));
            }
            outputs.whole.push((path, kind));
        }
        Ok(outputs)
    }

    /// Whether a file gets a line for each result.
    pub(in crate::commands) fn wants_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Adds a result, and says whether all files took it; [`finish`](Self::finish) tells which did not.
    pub(in crate::commands) fn line(&mut self, line: &Line) -> bool {
        for (path, _, file) in &mut self.lines {
            let written = serde_json::to_writer(&mut *file, line)
                .map_err(io::Error::from)
                .and_then(|()| file.write_all(b"\n"));
            if let Err(error) = written {
                self.lost.get_or_insert(unwritable(path, error));
                return false;
            }
        }
        true
    }

    /// Writes the result.
    ///
    /// # Errors
    /// `P223`: a file cannot be written.
    pub(in crate::commands) fn finish(self, report: &Report<'_>) -> Result<(), Failure> {
        if let Some(failure) = self.lost {
            return Err(failure);
        }
        for (path, out, mut file) in self.lines {
            let kept = file.flush().and_then(|()| out.keep());
            kept.map_err(|error| unwritable(&path, error))?;
        }
        for (path, kind) in self.whole {
            let text = match kind {
                Kind::Text => text::render(report, None, false),
                Kind::Json | Kind::Lines => json::document(&report.json()) + "\n",
                Kind::Markdown => markdown::render(report),
                Kind::Junit => machine::junit(report),
            };
            let written = FileOut::create(&path).and_then(|(out, mut file)| {
                file.write_all(text.as_bytes())?;
                out.keep()
            });
            written.map_err(|error| unwritable(&path, error))?;
        }
        Ok(())
    }
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    Failure::from_io(code::WRITE_FAILED, "the result could not be written", error)
        .at(path.display().to_string())
}
