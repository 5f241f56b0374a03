//! Messages as people read them.

use serde_json::Value;

use super::session::Session;
use crate::output::ui::{BOLD, paint};
use crate::prompt::document::Object;
use crate::prompt::rendered::{RenderedAttachment, RenderedMessage, RenderedPart};

/// Prints messages, each under its role.
pub(super) fn print(messages: &[RenderedMessage], session: &mut Session) {
    let colors = session.ui.colors_out();
    for (at, message) in messages.iter().enumerate() {
        if at > 0 {
            session.ui.line("");
        }
        let role = format!("{}:", message.role);
        session
            .ui
            .styled(format!("{}\n", paint(colors, BOLD, &role)));
        for part in &message.parts {
            match part {
                RenderedPart::Text(text) => session.ui.block(text.trim_end_matches('\n')),
                RenderedPart::Image { source, .. } => {
                    session.ui.line(format!("[image {}]", shown_source(source)));
                }
                RenderedPart::File { source, .. } => {
                    session.ui.line(format!("[file {}]", shown_source(source)));
                }
                RenderedPart::Given(part) => session.ui.line(given_place(part)),
            }
        }
    }
}

/// Where an attachment comes from; a data URL is shown as its type and size.
fn shown_source(source: &RenderedAttachment) -> String {
    match source {
        RenderedAttachment::Url(url) => match url.split_once(";base64,") {
            Some((kind, data)) if kind.starts_with("data:") => {
                let padding = data.bytes().rev().take_while(|byte| *byte == b'=').count();
                let size = (data.len() / 4 * 3).saturating_sub(padding);
                format!("{}, {size} bytes", &kind["data:".len()..])
            }
            _ => url.clone(),
        },
        RenderedAttachment::Path(text) | RenderedAttachment::FileId(text) => text.clone(),
    }
}

/// A picture or file that a variable brought, in a line.
fn given_place(part: &Object) -> String {
    let kind = match part.get("type").and_then(Value::as_str) {
        Some("input_image") => "image",
        _ => "file",
    };
    let sources = ["image_url", "file_url", "file_data", "file_id"];
    let source = sources.iter().find_map(|key| part.get(*key)?.as_str());
    let source = RenderedAttachment::Url(source.unwrap_or("of no source").to_owned());
    format!("[{kind} {}]", shown_source(&source))
}
