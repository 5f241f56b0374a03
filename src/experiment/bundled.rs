//! Prompts that the program brings along.

use crate::error::Failure;
use crate::files::{Loaded, blob_of};
use crate::packs::PACKS;
use crate::prompt::document::parse;
use crate::prompt::finding::in_file;
use crate::prompt::name::PromptName;
use crate::prompt::template::{Partial, Partials};

/// The bundled prompt of this name, which messages call `path`; none if there is none.
///
/// # Errors
/// It cannot be read.
pub fn bundled(name: &PromptName, path: String) -> Result<Option<Loaded>, Failure> {
    let files = || PACKS.iter().flat_map(|pack| pack.files);
    let own = &name.paths()[0];
    let Some((_, text)) = files().find(|(path, _)| path == own) else {
        return Ok(None);
    };
    let document = parse(text).map_err(|findings| Failure::from(in_file(findings, &path)))?;
    let partials: Partials = files()
        .filter(|_| text.contains("{{>"))
        .filter_map(|(path, text)| {
            let (folder, file) = path.rsplit_once('/')?;
            let name = file.strip_prefix('_')?.strip_suffix(".hbs")?;
            let partial = Partial {
                text: (*text).to_owned(),
                path: (*path).to_owned(),
            };
            Some((format!("{folder}/{name}"), partial))
        })
        .collect();
    Ok(Some(Loaded::from_snapshot(
        name.clone(),
        path,
        (None, blob_of(text)),
        (*text).to_owned(),
        (document, partials),
    )))
}
