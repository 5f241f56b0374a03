//! How a name finds its value. Checking and rendering share it, so that they never disagree:
//! when checking, an item is a description; when rendering, it is a value.

use super::path::{Path, Start};

/// The contexts that are open, the innermost last.
#[derive(Debug)]
pub(super) struct Scopes<T> {
    root: T,
    frames: Vec<Frame<T>>,
}

/// One context.
#[derive(Debug, Clone)]
pub(super) struct Frame<T> {
    /// What `this` is.
    pub(super) context: T,
    /// The keys that an inclusion gives in addition, as in `{{> name key=value}}`.
    pub(super) given: Vec<(String, T)>,
    /// The names in `as |item index|`.
    pub(super) params: Vec<(String, T)>,
    /// What `@index` and its kin are.
    pub(super) locals: Option<Locals>,
    pub(super) edge: FrameKind,
}

/// What a frame is to the frames outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// A block: `../` leaves it.
    Block,
    /// A partial with a context or values of its own: `../` leaves it, and it does not see
    /// the block parameters outside.
    Partial,
    /// A partial in the same context: `../` passes through it.
    SameContext,
}

/// The values of `@index`, `@key`, `@first` and `@last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Locals {
    pub(super) index: usize,
    /// The key in a map; the index in a list.
    pub(super) key: Option<String>,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
}

/// Where a path begins.
pub(super) enum PathRoot<'s, T> {
    /// At this item, once so many segments of the path were used.
    Item(&'s T, usize),
    /// At the local variables of a loop, if there is a loop.
    Locals(Option<&'s Locals>),
    /// The path leaves all contexts.
    Outside,
}

impl<T: Clone> Scopes<T> {
    pub(super) fn new(root: T) -> Self {
        Self {
            root: root.clone(),
            frames: vec![Frame {
                context: root,
                given: Vec::new(),
                params: Vec::new(),
                locals: None,
                edge: FrameKind::Block,
            }],
        }
    }

    /// Enters a block with this context.
    pub(super) fn enter(&mut self, context: T, params: Vec<(String, T)>, locals: Option<Locals>) {
        let locals = locals.or_else(|| self.frames.last()?.locals.clone());
        self.frames.push(Frame {
            context,
            given: Vec::new(),
            params,
            locals,
            edge: FrameKind::Block,
        });
    }

    pub(super) fn enter_partial(&mut self, context: Option<T>, given: Vec<(String, T)>) {
        let Some(outer) = self.frames.last() else {
            return;
        };
        let edge = if context.is_none() && given.is_empty() {
            FrameKind::SameContext
        } else {
            FrameKind::Partial
        };
        let mut all = match &context {
            Some(_) => Vec::new(),
            None => outer.given.clone(),
        };
        all.extend(given);
        self.frames.push(Frame {
            context: context.unwrap_or_else(|| outer.context.clone()),
            given: all,
            params: Vec::new(),
            locals: outer.locals.clone(),
            edge,
        });
    }

    /// What `@root` is.
    pub(super) fn root(&self) -> &T {
        &self.root
    }

    pub(super) fn leave(&mut self) {
        self.frames.pop();
    }

    /// Whether names are looked up in something else than the variables.
    pub(super) fn is_nested(&self) -> bool {
        self.frames
            .iter()
            .skip(1)
            .any(|frame| frame.edge != FrameKind::SameContext)
    }

    /// Where a path begins.
    pub(super) fn find(&self, path: &Path) -> PathRoot<'_, T> {
        let first = path.segments.first().map(String::as_str);
        match path.start {
            Start::Root => PathRoot::Item(&self.root, 0),
            Start::Local => match self.outer(path.up) {
                Some(frame) => PathRoot::Locals(frame.locals.as_ref()),
                None => PathRoot::Outside,
            },
            Start::Name | Start::Here => {
                if path.start == Start::Name
                    && path.up == 0
                    && let Some(item) = first.and_then(|name| self.param(name))
                {
                    return PathRoot::Item(item, 1);
                }
                let Some(frame) = self.outer(path.up) else {
                    return PathRoot::Outside;
                };
                let given = first.and_then(|name| frame.given.iter().rfind(|(key, _)| key == name));
                match given {
                    Some((_, item)) => PathRoot::Item(item, 1),
                    None => PathRoot::Item(&frame.context, 0),
                }
            }
        }
    }

    /// The block parameter of this name, looked for up to the edge of the partial.
    fn param(&self, name: &str) -> Option<&T> {
        for frame in self.frames.iter().rev() {
            if let Some((_, item)) = frame.params.iter().rfind(|(key, _)| key == name) {
                return Some(item);
            }
            if frame.edge != FrameKind::Block {
                return None;
            }
        }
        None
    }

    /// The frame so many contexts further out.
    fn outer(&self, up: usize) -> Option<&Frame<T>> {
        let mut at = self.frames.len().checked_sub(1)?;
        for _ in 0..up {
            while self.frames[at].edge == FrameKind::SameContext {
                at = at.checked_sub(1)?;
            }
            at = at.checked_sub(1)?;
        }
        self.frames.get(at)
    }
}
