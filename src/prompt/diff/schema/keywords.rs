//! The keywords of a schema that limit what one place accepts by itself.

/// Keywords that set a lower (`true`) or an upper bound.
pub(super) static BOUNDS: &[(&str, bool)] = &[
    ("minimum", true),
    ("exclusiveMinimum", true),
    ("minLength", true),
    ("minItems", true),
    ("minProperties", true),
    ("maximum", false),
    ("exclusiveMaximum", false),
    ("maxLength", false),
    ("maxItems", false),
    ("maxProperties", false),
];

/// Keywords whose presence limits, and of which one value is not comparable with another.
pub(super) static EXACT: &[&str] = &[
    "pattern",
    "format",
    "multipleOf",
    "contentEncoding",
    "contentMediaType",
    "uniqueItems",
];

/// Whether a keyword is looked at here.
pub(super) fn knows(keyword: &str) -> bool {
    VALUES.contains(&keyword)
        || EXACT.contains(&keyword)
        || BOUNDS.iter().any(|(bound, _)| *bound == keyword)
}

/// The keywords that say which values there are.
pub(super) static VALUES: &[&str] = &["type", "enum", "const"];
