//! The values of cases: in memory, and those of large suites in a file that nobody else sees, so that a
//! hundred thousand long cases take little more room than a few.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, Mutex};

use crate::prompt::document::Object;
use crate::prompt::weight::weight;

/// Values that are smaller stay in memory: a place in a file is no smaller.
const SMALL: usize = 512;

/// The values of a case.
#[derive(Debug, Clone)]
pub struct Values(Place);

#[derive(Debug, Clone)]
enum Place {
    Here(Object),
    There {
        /// The names, which are asked for more often than what they stand for.
        names: Arc<[String]>,
        file: Arc<Mutex<File>>,
        start: u64,
        length: usize,
    },
}

impl From<Object> for Values {
    fn from(values: Object) -> Self {
        Self(Place::Here(values))
    }
}

impl Values {
    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let (here, there) = match &self.0 {
            Place::Here(values) => (Some(values.keys()), None),
            Place::There { names, .. } => (None, Some(names.iter())),
        };
        let here = here.into_iter().flatten();
        here.chain(there.into_iter().flatten()).map(String::as_str)
    }

    /// All of them. Where the disk no longer gives them, there are none: whoever asks for a value finds
    /// that it lacks.
    pub fn get(&self) -> Cow<'_, Object> {
        match &self.0 {
            Place::Here(values) => Cow::Borrowed(values),
            Place::There {
                file,
                start,
                length,
                ..
            } => Cow::Owned(read(file, *start, *length).unwrap_or_default()),
        }
    }
}

fn read(file: &Mutex<File>, start: u64, length: usize) -> io::Result<Object> {
    let mut text = vec![0; length];
    {
        let mut file = file.lock().map_err(|_| io::ErrorKind::Other)?;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut text)?;
    }
    Ok(serde_json::from_slice(&text)?)
}

/// The file for what memory shall not hold.
#[derive(Debug)]
enum Spill {
    NotNeeded,
    Open(Arc<Mutex<File>>),
    /// The disk gives none.
    Refused,
}

/// Takes the values of one case after the other.
#[derive(Debug)]
pub(super) struct Shelf {
    /// So many bytes may still be held in memory.
    room: usize,
    file: Spill,
    end: u64,
    /// The names of the newest values: most cases have the same.
    names: Option<Arc<[String]>>,
}

impl Shelf {
    /// One that holds so many bytes of values in memory.
    pub(super) fn new(room: usize) -> Self {
        Self {
            room,
            file: Spill::NotNeeded,
            end: 0,
            names: None,
        }
    }

    /// Puts values where there is room for them.
    pub(super) fn put(&mut self, values: Values) -> Values {
        let Place::Here(here) = &values.0 else {
            return values;
        };
        let size: usize = here.values().map(|value| weight(value, usize::MAX)).sum();
        if let Some(room) = self.room.checked_sub(size) {
            self.room = room;
            return values;
        }
        match size < SMALL {
            true => values,
            // Where the disk is full memory may have room.
            false => match self.write(here) {
                Ok(place) => Values(place),
                Err(_) => values,
            },
        }
    }

    fn write(&mut self, values: &Object) -> io::Result<Place> {
        if matches!(self.file, Spill::NotNeeded) {
            let made = tempfile::tempfile();
            self.file = made.map_or(Spill::Refused, |it| Spill::Open(Arc::new(Mutex::new(it))));
        }
        let Spill::Open(file) = &self.file else {
            return Err(io::ErrorKind::Other.into());
        };
        let file = Arc::clone(file);
        let text = serde_json::to_vec(values)?;
        let start = self.end;
        {
            let mut file = file.lock().map_err(|_| io::ErrorKind::Other)?;
            file.seek(SeekFrom::Start(start))?;
            file.write_all(&text)?;
        }
        self.end += text.len() as u64;
        let is_same = |names: &&Arc<[String]>| names.iter().eq(values.keys());
        let names = match self.names.as_ref().filter(is_same) {
            Some(names) => Arc::clone(names),
            None => values.keys().cloned().collect(),
        };
        self.names = Some(Arc::clone(&names));
        Ok(Place::There {
            names,
            file,
            start,
            length: text.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(number: usize, length: usize) -> Object {
        let value = json!({"b": number, "a": "é\"".repeat(length), "c": [1, {"d": null}]});
        value.as_object().unwrap().clone()
    }

    #[test]
    fn values_are_the_same_wherever_they_are_held() {
        let mut shelf = Shelf::new(4 * SMALL);
        let (length, count) = (SMALL, 30);
        let held: Vec<Values> = (0..count)
            .map(|number| shelf.put(object(number, length).into()))
            .collect();
        assert!(matches!(held[0].0, Place::Here(_)));
        assert!(matches!(held[count - 1].0, Place::There { .. }));
        let small = shelf.put(object(7, 1).into());
        assert!(matches!(small.0, Place::Here(_)));
        // In any order, and by several.
        let copies = held.clone();
        for (number, values) in held.iter().zip(&copies).enumerate().rev() {
            let wanted = object(number, length);
            assert_eq!(*values.0.get(), wanted);
            assert_eq!(*values.1.get(), wanted);
            assert!(values.0.names().eq(["b", "a", "c"]));
        }
        let Place::There { names, .. } = &held[count - 1].0 else {
            unreachable!();
        };
        assert!(Arc::strong_count(names) >= count, "names are held once");
    }
}
