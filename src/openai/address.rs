//! The base URL of an API: what it may be, and whether it is safe.

use reqwest::Url;

use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::finding::Finding;

/// The host of a base URL, as errors name it.
///
/// # Errors
/// `P226`: it is not a URL, or holds a user, a password or a query: what stands there is shown too
/// easily.
pub fn host_of(base_url: &str) -> Result<String, Failure> {
    let bad = |message: String| {
        Failure::new(code::BAD_CONFIG, message)
            .hint("write the base URL like `https://api.openai.com/v1`")
    };
    let url = Url::parse(base_url.trim())
        .map_err(|error| bad("the base URL of the API is not a URL".to_owned()).caused_by(error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(format!("the base URL begins with `{}:`", url.scheme())));
    }
    let secret = if !url.username().is_empty() || url.password().is_some() {
        Some("a user or a password")
    } else if url.query().is_some() || url.fragment().is_some() {
        Some("a query or a fragment")
    } else {
        None
    };
    if let Some(secret) = secret {
        return Err(bad(format!("the base URL holds {secret}"))
            .hint("a secret in a URL is shown too easily: give it as the key"));
    }
    let host = url.host_str().unwrap_or_default();
    Ok(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Whether a base URL leads to this machine.
pub(super) fn is_loopback(base_url: &str) -> bool {
    let Ok(url) = Url::parse(base_url.trim()) else {
        return false;
    };
    let Some(host) = url.host_str() else {
        return false;
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// A warning where anybody on the way to this base URL can read the key and the prompts.
pub fn open_to_all(base_url: &str) -> Option<Finding> {
    let is_open = base_url.trim().to_ascii_lowercase().starts_with("http:");
    if !is_open || is_loopback(base_url) {
        return None;
    }
    let host = host_of(base_url).ok()?;
    let message = format!("key, prompts and answers go to {host} unencrypted");
    Some(
        Finding::warning(code::PLAIN_HTTP, message)
            .help("write https:// in the base URL, or reach the server through a tunnel"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached_without_a_proxy() {
        for url in [
            "http://localhost:11434/v1",
            "http://127.0.0.1:1",
            "http://[::1]:8000/v1",
            "http://ollama.localhost/v1",
        ] {
            assert!(is_loopback(url), "{url}");
            assert_eq!(open_to_all(url), None, "{url}");
        }
        for url in [
            "https://api.openai.com/v1",
            "http://localhost.evil.example",
            "x",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn another_machine_is_not_spoken_to_in_the_open_without_a_word() {
        for url in ["http://10.0.0.1/v1", " HTTP://gpu.example:8000/v1"] {
            assert_eq!(open_to_all(url).unwrap().code, code::PLAIN_HTTP, "{url}");
        }
        assert_eq!(open_to_all("https://gpu.example/v1"), None);
    }

    #[test]
    fn a_base_url_that_holds_a_secret_is_refused_without_being_repeated() {
        for url in [
            "https://me:hunter2@api.example/v1",
            "https://hunter2@api.example/v1",
            "https://api.example/v1?key=hunter2",
            "https://api.example/v1#hunter2",
            "ftp://hunter2",
            "hunter2",
        ] {
            let failure = host_of(url).unwrap_err();
            assert_eq!(failure.code, Some(code::BAD_CONFIG));
            assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        }
        assert_eq!(host_of(" https://a.example:8/v1/ ").unwrap(), "a.example:8");
    }
}
