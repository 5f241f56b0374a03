//! Runs of this program that started a git that writes, and those of them that died meanwhile.
//!
//! git's locks name no owner. So each run writes down that it is there before it starts a git that
//! writes, holds a lock on that note, and takes it away at its end. A note whose lock is free was
//! left by a run that was killed, and a lock of git's from that time is its own.

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

/// The folder of the notes, below the folder of promptctl in the repository.
const FOLDER: &str = "promptctl/running";

/// What the names of notes begin with.
const NOTE: &str = "run-";

/// What the names of notes begin with that are not whole yet.
const DRAFT: &str = "new-";

/// How long after the last start of git a lock may have been made by it.
const AFTERMATH: Duration = Duration::from_secs(10);

/// How long the note of a run that died is kept, for `doctor` to look at.
const LONG_DEAD: Duration = Duration::from_secs(24 * 3600);

/// How long a git counts as alive where the system cannot tell.
const MAY_LIVE: Duration = Duration::from_secs(60);

/// The note of this run: nothing as long as it starts no git that writes.
pub(crate) struct RunMarker {
    folder: PathBuf,
    written: Mutex<Option<Written>>,
}

struct Written {
    path: PathBuf,
    file: File,
    content: Value,
}

impl RunMarker {
    /// The note that this run would leave in a repository.
    pub(crate) fn new(common: &Path) -> Self {
        Self {
            folder: common.join(FOLDER),
            written: Mutex::new(None),
        }
    }

    /// Writes down that git is about to be started. Where that fails git will say so itself.
    pub(crate) fn git_starts(&self) {
        self.update(|content| content["git"] = Value::Null);
    }

    /// Writes down which git was started.
    pub(crate) fn git_started(&self, id: u32) {
        self.update(|content| content["git"] = json!({"pid": id, "start": started(id)}));
    }

    fn update(&self, change: impl FnOnce(&mut Value)) {
        let Ok(mut written) = self.written.lock() else {
            return;
        };
        if written.is_none() {
            // What old runs left that nobody asked doctor about.
            OtherRuns::at(&self.folder, None).forget(LONG_DEAD);
            *written = self.begin().ok();
        }
        if let Some(written) = written.as_mut() {
            change(&mut written.content);
            drop(written.write());
        }
    }

    fn begin(&self) -> std::io::Result<Written> {
        fs::create_dir_all(&self.folder)?;
        let draft = tempfile::Builder::new()
            .prefix(DRAFT)
            .tempfile_in(&self.folder)?;
        drop(draft.as_file().try_lock());
        let id = std::process::id();
        // The time of the disk, which is that of the locks too.
        let since = nanos(draft.as_file().metadata()?.modified()?);
        let content = json!({
            "pid": id, "host": host(), "boot": boot(), "start": started(id), "since": since,
        });
        writeln!(draft.as_file(), "{content}")?;
        // A note that others see is whole, and locked.
        let name = draft.path().file_name().unwrap_or_default();
        let name = name.to_string_lossy().replacen(DRAFT, NOTE, 1);
        let path = self.folder.join(name);
        let file = draft.persist(&path).map_err(|error| error.error)?;
        Ok(Written {
            path,
            file,
            content,
        })
    }
}

impl Written {
    fn write(&mut self) -> std::io::Result<()> {
        let line = format!("{}\n", self.content);
        self.file.rewind()?;
        self.file.write_all(line.as_bytes())?;
        self.file.set_len(line.len() as u64)
    }
}

impl Drop for RunMarker {
    fn drop(&mut self) {
        if let Ok(Some(written)) = self.written.get_mut().map(|written| written.take()) {
            drop(fs::remove_file(&written.path));
        }
    }
}

/// The other runs that wrote notes here.
#[derive(Debug, Default)]
pub(crate) struct OtherRuns {
    /// Those that died.
    dead: Vec<DeadRun>,
    /// Notes that were not finished: of runs that died before they started git.
    drafts: Vec<PathBuf>,
    /// Whether one of them, or a git that it started, may still be at work.
    pub(crate) is_one_alive: bool,
}

/// A run that was killed, and the time in which its git can have made locks.
#[derive(Debug)]
struct DeadRun {
    note: PathBuf,
    since: u64,
    until: u64,
}

impl OtherRuns {
    /// Looks at the notes of a repository; that of this run is left out.
    pub(crate) fn of(note: &RunMarker) -> Self {
        let own = note.written.lock().ok();
        let own = own.as_ref().and_then(|own| own.as_ref());
        Self::at(&note.folder, own.map(|own| &own.path))
    }

    fn at(folder: &Path, own: Option<&PathBuf>) -> Self {
        let mut others = Self::default();
        let Ok(entries) = fs::read_dir(folder) else {
            return others;
        };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(DRAFT) {
                others.drafts.push(path);
                continue;
            }
            if !name.starts_with(NOTE) || Some(&path) == own {
                continue;
            }
            match judge(&path) {
                Some(Ok(dead)) => others.dead.push(dead),
                Some(Err(MayLive)) => others.is_one_alive = true,
                None => {}
            }
        }
        others
    }

    /// Whether a run died here and none is at work.
    pub(crate) fn are_dead(&self) -> bool {
        !self.dead.is_empty() && !self.is_one_alive
    }

    /// Whether a lock can only be of a run that died.
    pub(crate) fn left(&self, lock: &Path) -> bool {
        let made = fs::metadata(lock).and_then(|data| data.modified());
        let Ok(made) = made.map(nanos) else {
            return false;
        };
        self.are_dead()
            && self
                .dead
                .iter()
                .any(|dead| (dead.since..=dead.until).contains(&made))
    }

    /// Takes away the notes of the runs that died at least so long ago.
    pub(crate) fn forget(self, age: Duration) {
        let free = |path: &PathBuf| File::open(path).is_ok_and(|file| file.try_lock().is_ok());
        let notes = self.dead.into_iter().map(|dead| dead.note);
        for path in notes.chain(self.drafts.into_iter().filter(free)) {
            let changed = fs::metadata(&path).and_then(|data| data.modified());
            if changed.is_ok_and(|time| time.elapsed().unwrap_or_default() >= age) {
                drop(fs::remove_file(path));
            }
        }
    }
}

/// A run, or its git, may still be at work.
struct MayLive;

/// What became of the run that left a note; `None` where the note says nothing.
fn judge(path: &Path) -> Option<Result<DeadRun, MayLive>> {
    let mut file = File::options().read(true).write(true).open(path).ok()?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Some(Err(MayLive)),
        // A disk without locks: the process says whether it lives, where the system tells.
        Err(TryLockError::Error(_)) if !cfg!(target_os = "linux") => return Some(Err(MayLive)),
        Err(TryLockError::Error(_)) => {}
    }
    let modified = file.metadata().and_then(|data| data.modified()).ok()?;
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    let content: Value = serde_json::from_str(text.lines().next()?).ok()?;
    if content["host"] != json!(host()) {
        return Some(Err(MayLive));
    }
    let is_same_boot = content["boot"] == json!(boot());
    let age = modified.elapsed().unwrap_or_default();
    if is_same_boot && (lives(&content, age) || lives(&content["git"], age)) {
        return Some(Err(MayLive));
    }
    Some(Ok(DeadRun {
        note: path.to_owned(),
        since: content["since"].as_u64()?,
        until: nanos(modified + AFTERMATH),
    }))
}

/// Whether a process that was written down lives.
fn lives(process: &Value, age: Duration) -> bool {
    let Some(id) = process["pid"]
        .as_u64()
        .and_then(|id| u32::try_from(id).ok())
    else {
        return false;
    };
    if cfg!(target_os = "linux") {
        return started(id).is_some() && json!(started(id)) == process["start"];
    }
    age < MAY_LIVE
}

/// When a process was started, as Linux counts it; `None` where it is dead or the system is another.
fn started(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program stands in brackets and may hold anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    // Dead, and nobody has asked yet how it ended.
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn host() -> String {
    first_of(&["/proc/sys/kernel/hostname", "/etc/hostname"])
}

fn boot() -> String {
    first_of(&["/proc/sys/kernel/random/boot_id"])
}

fn first_of(paths: &[&str]) -> String {
    let text = paths.iter().find_map(|path| fs::read_to_string(path).ok());
    text.unwrap_or_default().trim().to_owned()
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(folder: &Path) -> PathBuf {
        let path = folder.join("index.lock");
        fs::write(&path, "").unwrap();
        path
    }

    /// Leaves a note as a run does that is killed.
    fn killed(folder: &Path) {
        let note = RunMarker::new(folder);
        note.git_starts();
        let written = note.written.lock().unwrap().take().unwrap();
        let mut content = written.content.clone();
        // Numbers that no process has.
        content["pid"] = json!(u32::MAX);
        fs::write(written.path, format!("{content}\n")).unwrap();
    }

    #[test]
    fn a_lock_of_a_run_that_died_is_known_by_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let own = RunMarker::new(folder.path());
        let early = lock(folder.path());
        assert!(!OtherRuns::of(&own).left(&early));
        let before = SystemTime::now() - Duration::from_secs(5);
        File::options()
            .write(true)
            .open(&early)
            .unwrap()
            .set_modified(before)
            .unwrap();
        killed(folder.path());
        let others = OtherRuns::of(&own);
        assert!(others.are_dead());
        assert!(!others.left(&early), "it was there before the run");
        let late = SystemTime::now() + 2 * AFTERMATH;
        File::options()
            .write(true)
            .open(&early)
            .unwrap()
            .set_modified(late)
            .unwrap();
        assert!(!others.left(&early), "it was made long after");
        assert!(others.left(&lock(folder.path())));
        OtherRuns::of(&own).forget(LONG_DEAD);
        assert!(OtherRuns::of(&own).are_dead());
        others.forget(Duration::ZERO);
        assert!(!OtherRuns::of(&own).are_dead());
    }

    #[test]
    fn nothing_is_taken_from_a_run_that_lives() {
        let folder = tempfile::tempdir().unwrap();
        killed(folder.path());
        let lock = lock(folder.path());
        let own = RunMarker::new(folder.path());
        let other = RunMarker::new(folder.path());
        other.git_starts();
        assert!(!OtherRuns::of(&own).left(&lock));
        drop(other);
        assert!(OtherRuns::of(&own).left(&lock));
        // Its own note is no obstacle.
        own.git_starts();
        assert!(OtherRuns::of(&own).left(&lock));
    }

    #[test]
    fn a_git_that_outlives_its_run_counts_as_alive() {
        let folder = tempfile::tempdir().unwrap();
        let note = RunMarker::new(folder.path());
        note.git_starts();
        note.git_started(std::process::id());
        let written = note.written.lock().unwrap().take().unwrap();
        let mut content = written.content.clone();
        content["pid"] = json!(u32::MAX);
        fs::write(&written.path, format!("{content}\n")).unwrap();
        drop(written);
        let others = OtherRuns::of(&RunMarker::new(folder.path()));
        assert!(others.is_one_alive);
        assert!(!others.left(&lock(folder.path())));
    }

    #[test]
    fn a_run_of_another_machine_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        killed(folder.path());
        let lock = lock(folder.path());
        let notes = folder.path().join(FOLDER);
        let note = fs::read_dir(notes).unwrap().next().unwrap().unwrap().path();
        let mut content: Value = serde_json::from_str(&fs::read_to_string(&note).unwrap()).unwrap();
        content["host"] = json!("elsewhere");
        fs::write(&note, content.to_string()).unwrap();
        assert!(!OtherRuns::of(&RunMarker::new(folder.path())).left(&lock));
    }
}
