//! Which prompts are held ready for their next call.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::execute::{CompiledPrompt, Prepared};

/// How many bytes the texts of the prompts that are held may have together.
const MOST: usize = 4 * 1024 * 1024;

/// The prompts that were called lately. The others are parsed again when they are.
#[derive(Default)]
pub(super) struct PreparedCache {
    held: VecDeque<(usize, Arc<CompiledPrompt>)>,
    weight: usize,
}

impl PreparedCache {
    /// Holds what was made for a call. Those that were made first make room.
    pub(super) fn hold(&mut self, prompt: &Prepared, warm: &Arc<CompiledPrompt>) {
        // Two calls may have waited for the same.
        if self.held.iter().any(|(_, it)| Arc::ptr_eq(it, warm)) {
            return;
        }
        let weight = prompt.weight();
        self.weight += weight;
        self.held.push_back((weight, Arc::clone(warm)));
        while self.weight > MOST && self.held.len() > 1 {
            self.weight -= self.held.pop_front().map_or(0, |(weight, _)| weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Loaded;
    use crate::prompt::document::parse;
    use crate::prompt::template::Partials;
    use std::collections::BTreeMap;

    fn prompt(length: usize) -> Prepared {
        let words = "x".repeat(length);
        let text = format!("model: m\nmessages: [{{role: user, content: {words}}}]\n");
        let loaded = Loaded::from_snapshot(
            "a".parse().unwrap(),
            "prompts/a.prompt.yml".to_owned(),
            (None, String::new()),
            text.clone(),
            (parse(&text).unwrap(), Partials::new()),
        );
        Prepared::with_attachments(loaded, BTreeMap::new()).unwrap()
    }

    #[test]
    fn prompts_that_were_called_are_held_up_to_a_limit() {
        let mut warmth = PreparedCache::default();
        let prompts: Vec<Prepared> = (0..5).map(|_| prompt(MOST / 4)).collect();
        for prompt in &prompts {
            for _ in 0..2 {
                warmth.hold(prompt, &prompt.warm().unwrap());
            }
        }
        let are_warm: Vec<bool> = prompts.iter().map(|it| it.if_warm().is_some()).collect();
        // Each is a little larger than a quarter.
        assert_eq!(are_warm, [false, false, true, true, true]);
        assert_eq!(warmth.weight, 3 * prompts[0].weight());
        let large = prompt(MOST + 1);
        warmth.hold(&large, &large.warm().unwrap());
        assert!(large.if_warm().is_some(), "one that is too large alone");
        assert_eq!(warmth.held.len(), 1);
    }
}
