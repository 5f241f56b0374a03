//! Where the module of an import may stand, in each language.

/// The endings of files of scripts, as an import that leaves them out finds them.
const SCRIPTS: [&str; 8] = ["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts"];

/// Beside it, or from each folder above.
pub(super) fn of_python(folder: &str, module: &str) -> Vec<String> {
    let below = module.trim_start_matches('.');
    let dots = module.len() - below.len();
    let below = below.replace('.', "/");
    let mut folders: Vec<&str> = above(folder).collect();
    if dots > 0 {
        folders = folders.into_iter().skip(dots - 1).take(1).collect();
    }
    let files = |folder: &str| match below.as_str() {
        "" => vec![join(folder, "__init__.py")],
        // Python takes a package before a file of its name.
        below => vec![
            join(folder, &format!("{below}/__init__.py")),
            join(folder, &format!("{below}.py")),
        ],
    };
    folders.into_iter().flat_map(files).collect()
}

/// Beside it, or at the top of a project.
pub(super) fn of_script(folder: &str, module: &str) -> Vec<String> {
    // `@/` is how projects name their own top.
    let bases: Vec<String> = match module.strip_prefix("@/").or(module.strip_prefix("~/")) {
        Some(below) => above(folder)
            .flat_map(|top| [join(top, below), join(top, &format!("src/{below}"))])
            .collect(),
        None if module.starts_with('.') => vec![relative(folder, module)],
        None => Vec::new(),
    };
    let mut all = Vec::new();
    for base in bases {
        // `.` is the folder itself.
        let is_folder = base.is_empty() || module.ends_with('.') || module.ends_with('/');
        if is_folder {
            all.extend(
                SCRIPTS
                    .iter()
                    .map(|ending| join(&base, &format!("index.{ending}"))),
            );
            continue;
        }
        // `./x.js` of TypeScript is x.ts.
        let stem = match base.rsplit_once('.') {
            Some((stem, ending)) if SCRIPTS.contains(&ending) => stem.to_owned(),
            _ => base.clone(),
        };
        if stem != base {
            all.push(base);
        }
        all.extend(SCRIPTS.iter().map(|ending| format!("{stem}.{ending}")));
        all.extend(
            SCRIPTS
                .iter()
                .map(|ending| format!("{stem}/index.{ending}")),
        );
    }
    all
}

/// A folder, and all above it.
fn above(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| match folder.rsplit_once('/') {
        Some((above, _)) => Some(above),
        None if folder.is_empty() => None,
        None => Some(""),
    })
}

fn join(folder: &str, below: &str) -> String {
    match folder {
        "" => below.to_owned(),
        folder => format!("{folder}/{below}"),
    }
}

/// A path from a folder, without `.` and `..`.
fn relative(folder: &str, module: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in module.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_none_or(|last| *last == "..") => parts.push(".."),
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let rooted = if folder.starts_with('/') { "/" } else { "" };
    format!("{rooted}{}", parts.join("/"))
}
