//! Three values merged by their structure: maps by key, lists by item, long texts by line.

use serde_json::{Map, Value};

use super::lines::{Chunk, merge_lines, resolved};
use super::list;
use crate::prompt::edit::Step;

/// Values nested deeper than this are one value.
const MAX_DEPTH: usize = 38;

/// Lists in which the order means nothing.
const SETS: [&str; 2] = ["tags", "required"];

/// Lists whose new items never stand in each other's way.
const COLLECTIONS: [&str; 3] = ["testData", "datasets", "evaluators"];

/// What came of a merge: one value where the sides agree, two where they do not.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Both {
    /// With ours where both changed the same; none where it is removed.
    pub(super) ours: Option<Value>,
    /// With theirs there.
    pub(super) theirs: Option<Value>,
}

impl Both {
    fn one(value: Option<&Value>) -> Self {
        Self {
            ours: value.cloned(),
            theirs: value.cloned(),
        }
    }
}

/// A place that both sides changed, each in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conflict {
    /// The path, as it is with ours.
    pub(super) path: Vec<Step>,
    /// Whether only some lines of a text are meant.
    pub(super) is_partial: bool,
}

/// One value on all sides; none where a side does not have it.
#[derive(Clone, Copy)]
pub(super) struct Three<'a> {
    pub(super) base: Option<&'a Value>,
    pub(super) ours: Option<&'a Value>,
    pub(super) theirs: Option<&'a Value>,
}

/// A merge on its way through the values.
#[derive(Default)]
pub(super) struct Walk {
    path: Vec<Step>,
    /// The places where the sides disagree.
    pub(super) conflicts: Vec<Conflict>,
}

impl Walk {
    /// Merges one value.
    pub(super) fn merge(&mut self, three: Three<'_>) -> Both {
        let Three { base, ours, theirs } = three;
        if ours == theirs || base == theirs {
            return Both::one(ours);
        }
        if base == ours {
            return Both::one(theirs);
        }
        let is_deep = self.path.len() >= MAX_DEPTH;
        match (ours, theirs) {
            (Some(Value::Object(ours)), Some(Value::Object(theirs))) if !is_deep => {
                let empty = Map::new();
                let base = base.and_then(Value::as_object).unwrap_or(&empty);
                self.maps(base, ours, theirs)
            }
            (Some(Value::Array(ours)), Some(Value::Array(theirs))) if !is_deep => {
                let base = base
                    .and_then(Value::as_array)
                    .map_or(&[][..], Vec::as_slice);
                self.lists(base, ours, theirs)
            }
            (Some(Value::String(ours)), Some(Value::String(theirs)))
                if [ours, theirs].iter().any(|text| text.contains('\n')) =>
            {
                self.texts(base.and_then(Value::as_str).unwrap_or(""), ours, theirs)
            }
            _ => self.conflict(three, false),
        }
    }

    /// Merges the value one step below.
    pub(super) fn below(&mut self, step: Step, three: Three<'_>) -> Both {
        self.path.push(step);
        let both = self.merge(three);
        self.path.pop();
        both
    }

    /// Notes that the sides disagree about the value here.
    pub(super) fn conflict(&mut self, three: Three<'_>, is_partial: bool) -> Both {
        self.note(is_partial);
        Both {
            ours: three.ours.cloned(),
            theirs: three.theirs.cloned(),
        }
    }

    /// Notes that the sides disagree about something here.
    pub(super) fn note(&mut self, is_partial: bool) {
        let conflict = Conflict {
            path: self.path.clone(),
            is_partial,
        };
        if !self.conflicts.contains(&conflict) {
            self.conflicts.push(conflict);
        }
    }

    fn maps(
        &mut self,
        base: &Map<String, Value>,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
    ) -> Both {
        let (mut as_ours, mut as_theirs) = (Map::new(), Map::new());
        let added = theirs.keys().filter(|key| !ours.contains_key(*key));
        for key in ours.keys().chain(added) {
            let three = Three {
                base: base.get(key),
                ours: ours.get(key),
                theirs: theirs.get(key),
            };
            let both = self.below(Step::Key(key.clone()), three);
            as_ours.extend(both.ours.map(|value| (key.clone(), value)));
            as_theirs.extend(both.theirs.map(|value| (key.clone(), value)));
        }
        Both {
            ours: Some(as_ours.into()),
            theirs: Some(as_theirs.into()),
        }
    }

    fn lists(&mut self, base: &[Value], ours: &[Value], theirs: &[Value]) -> Both {
        let key = match self.path.last() {
            Some(Step::Key(key)) => key.as_str(),
            _ => "",
        };
        if SETS.contains(&key)
            && let Some(set) = list::union(base, ours, theirs)
        {
            return Both::one(Some(&Value::Array(set)));
        }
        let keeps_both = self.path.len() == 1 && COLLECTIONS.contains(&key);
        self.items(base, ours, theirs, keeps_both)
    }

    /// Merges lists: an item that one side changed, removed or added is so, and one that both changed
    /// is merged itself. Where both add something in one place they disagree, unless `keeps_both`.
    fn items(
        &mut self,
        base: &[Value],
        ours: &[Value],
        theirs: &[Value],
        keeps_both: bool,
    ) -> Both {
        let (mine, yours) = (list::matched(base, ours), list::matched(base, theirs));
        let (mut as_ours, mut as_theirs) = (Vec::new(), Vec::new());
        for place in 0..=base.len() {
            let (new, other) = (
                list::added(&mine, ours, place),
                list::added(&yours, theirs, place),
            );
            if new == other || other.is_empty() {
                as_ours.extend_from_slice(new);
                as_theirs.extend_from_slice(new);
            } else if new.is_empty() {
                as_ours.extend_from_slice(other);
                as_theirs.extend_from_slice(other);
            } else if keeps_both {
                for side in [&mut as_ours, &mut as_theirs] {
                    side.extend_from_slice(new);
                    side.extend(other.iter().filter(|item| !new.contains(item)).cloned());
                }
            } else {
                self.note(true);
                as_ours.extend_from_slice(new);
                as_theirs.extend_from_slice(other);
            }
            let Some(item) = base.get(place) else {
                break;
            };
            let three = Three {
                base: Some(item),
                ours: mine[place].map(|at| &ours[at]),
                theirs: yours[place].map(|at| &theirs[at]),
            };
            let both = self.below(Step::Index(as_ours.len()), three);
            as_ours.extend(both.ours);
            as_theirs.extend(both.theirs);
        }
        Both {
            ours: Some(as_ours.into()),
            theirs: Some(as_theirs.into()),
        }
    }

    fn texts(&mut self, base: &str, ours: &str, theirs: &str) -> Both {
        let chunks = merge_lines(base, ours, theirs);
        let is_conflict = |chunk: &Chunk| matches!(chunk, Chunk::Conflict { .. });
        if chunks.iter().any(is_conflict) {
            self.note(true);
        }
        let text = |is_ours| Some(Value::String(resolved(&chunks, is_ours)));
        Both {
            ours: text(true),
            theirs: text(false),
        }
    }
}
