//! Paths such as `user.name`, and where they begin.

/// `user.name`, `../x`, `@index`.
#[derive(Debug)]
pub struct Path {
    /// As it is written.
    pub raw: String,
    /// Where it begins.
    pub start: Start,
    /// How many contexts further out the path begins.
    pub up: usize,
    /// The keys on the way.
    pub segments: Vec<String>,
}

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A name: a block parameter, or a key of the context.
    Name,
    /// `this` or `./`: the context itself.
    Here,
    /// `@root`.
    Root,
    /// `@index` and its kin.
    Local,
}

impl Path {
    pub(super) fn parse(raw: &str) -> Self {
        let (mut start, mut rest) = (Start::Name, raw);
        if let Some(after) = rest.strip_prefix("./") {
            (start, rest) = (Start::Here, after);
        }
        match rest.strip_prefix("@root") {
            Some(after) if after.is_empty() || after.starts_with(['/', '.']) => {
                (start, rest) = (Start::Root, after.trim_start_matches(['/', '.']));
            }
            _ => {
                if let Some(after) = rest.strip_prefix('@') {
                    (start, rest) = (Start::Local, after);
                }
            }
        }
        let mut up = 0;
        while let Some(after) = rest
            .strip_prefix("../")
            .or_else(|| rest.strip_prefix("..."))
        {
            up += 1;
            rest = after;
        }
        let mut segments = split_segments(rest);
        if segments.first().is_some_and(|first| first == "this") && start != Start::Local {
            segments.remove(0);
            if start == Start::Name {
                start = Start::Here;
            }
        }
        // A name such as `elsewhere` reaches the parser as `./elsewhere`.
        let written = raw
            .strip_prefix("./")
            .filter(|name| name.starts_with("else"));
        Self {
            raw: written.unwrap_or(raw).to_owned(),
            start,
            up,
            segments,
        }
    }
}

/// The keys between `.` and `/`; `[…]` is one key whatever it holds.
fn split_segments(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (segment, after) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']').unwrap_or((inside, "")),
            None => rest.split_at(rest.find(['.', '/']).unwrap_or(rest.len())),
        };
        segments.push(segment.to_owned());
        rest = after.strip_prefix(['.', '/']).unwrap_or(after);
    }
    segments
}
