//! What our own reader makes of what was written.

use serde_json::{Map, Value};

use super::super::draft::partials;
use super::super::{Foreign, Format, Source};
use super::{Draft, Keys, Outgoing, TARGETS, Target, files, keys};
use crate::exchange::write::yaml_file;
use crate::prompt::code;
use crate::prompt::digest::{Digest, digest};
use crate::prompt::document;
use crate::prompt::finding::Finding;

/// The content that comes back with all that was written down, and its digest.
pub(super) fn read_again(
    target: Target,
    name: &str,
    files: &[(String, String)],
) -> Result<(Map<String, Value>, Digest), Finding> {
    let wrong = |why: &str| {
        Finding::error(
            code::TARGET_LACKS,
            format!("the exported file cannot be read again: {why}"),
        )
        .help("export it to json, which holds everything")
    };
    let foreign = read(target, name, files, false).map_err(|why| wrong(&why))?;
    let foreign = match foreign.ours {
        Some(ours) => ours.with,
        None => foreign,
    };
    let document = document::parse(&yaml_file(&foreign.file)).map_err(|findings| {
        wrong(
            findings
                .first()
                .map_or("", |finding| finding.message.as_str()),
        )
    })?;
    let partials = partials(&foreign.partials);
    let Keys { content, .. } = keys(&document, &partials);
    Ok((content, digest(&document, &partials)))
}

fn read(
    target: Target,
    name: &str,
    files: &[(String, String)],
    is_tidy: bool,
) -> Result<Foreign, String> {
    let (Some(format), Some((path, text))) = (target.format(), files.first()) else {
        return Err("there is none".to_owned());
    };
    let beside = |wanted: &str| {
        let found = files.iter().find(|(path, _)| path == wanted);
        found
            .map(|(_, text)| text.clone())
            .ok_or_else(|| "there is none".to_owned())
    };
    let source = Source {
        path,
        stem: name,
        text,
        beside: &beside,
        matching: &|_| Ok(Vec::new()),
        folder: "",
        role: "user",
        is_tidy,
    };
    let mut read = format.read_apart(&source).map_err(|why| why.message)?;
    match read.pop() {
        Some(Ok(foreign)) => Ok(foreign),
        Some(Err(refused)) => Err(refused.why.message),
        None => Err("it holds no prompt".to_owned()),
    }
}

/// What a format says of a prompt that was read, without what stands under `promptctl`.
pub(in super::super) fn outside(format: Format, whole: &Foreign, is_tidy: bool) -> Option<Foreign> {
    let of = |row: &&super::TargetRow| row.target.format() == Some(format);
    let target = TARGETS.iter().find(of)?.target;
    let document = document::parse(&yaml_file(&whole.file)).ok()?;
    let partials = partials(&whole.partials);
    let mut draft = Draft::new(
        target,
        &Outgoing {
            name: "a",
            document: &document,
            partials: &partials,
        },
    );
    let files = files(target, &mut draft);
    read(target, "a", &files, is_tidy).ok()
}
