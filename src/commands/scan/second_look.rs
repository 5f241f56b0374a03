//! What is known only once all files were read: the code files are looked at again.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rayon::prelude::*;
use regex::bytes::RegexBuilder;

use super::walk::WHOLE;
use crate::scan::{self, EnvRead};

/// Where code reads variables of the environment.
pub(super) fn reads(
    code: &[(PathBuf, String)],
    variables: &BTreeSet<String>,
    values: &BTreeSet<String>,
) -> Vec<(String, EnvRead)> {
    let names: Vec<String> = variables.iter().map(|name| regex::escape(name)).collect();
    // Names are found by one pass over each file, however many there are.
    let Ok(sieve) = RegexBuilder::new(&names.join("|"))
        .size_limit(100 << 20)
        .unicode(false)
        .build()
    else {
        return Vec::new();
    };
    code.par_iter()
        .filter_map(|(path, shown)| {
            let length = std::fs::metadata(path).ok()?.len();
            let bytes = (length <= WHOLE).then(|| std::fs::read(path).ok())??;
            sieve.is_match(&bytes).then(|| {
                let text = String::from_utf8_lossy(&bytes);
                let reads = scan::reads(shown, &text, variables, values);
                reads
                    .into_iter()
                    .map(|read| (shown.clone(), read))
                    .collect::<Vec<_>>()
            })
        })
        .flatten()
        .collect()
}
