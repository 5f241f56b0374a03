//! The addresses of the API that calls go on to.

use hyper::Uri;
use reqwest::Url;

use super::problem::Problem;

/// Where responses are made, below the base URL.
const RESPONSES: &str = "/responses";

/// The addresses of an API.
#[derive(Debug)]
pub(super) struct Addresses {
    base: String,
    /// The one that nearly all calls go to, read once.
    responses: Result<Url, String>,
}

impl Addresses {
    pub(super) fn new(base: &str) -> Self {
        let base = base.trim().trim_end_matches('/').to_owned();
        let responses = read_address(&format!("{base}{RESPONSES}"));
        Self { base, responses }
    }

    /// The address of a path below `/v1/` at the API.
    ///
    /// # Errors
    /// The path cannot be part of an address.
    pub(super) fn of(&self, uri: &Uri) -> Result<Url, Problem> {
        let path = uri.path().strip_prefix("/v1").unwrap_or_default();
        let address = match uri.query() {
            None if path == RESPONSES => self.responses.clone(),
            None => read_address(&format!("{}{path}", self.base)),
            Some(query) => read_address(&format!("{}{path}?{query}", self.base)),
        };
        address.map_err(|why| {
            let message = format!("The path cannot be passed on: {why}.");
            Problem::new(400, Some("invalid_url"), message)
        })
    }
}

fn read_address(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_below_v1_stands_below_the_base_url() {
        let addresses = Addresses::new("https://api.openai.com/v1/ ");
        let of = |uri: &str| addresses.of(&uri.parse().unwrap()).unwrap().to_string();
        assert_eq!(of("/v1/responses"), "https://api.openai.com/v1/responses");
        assert_eq!(
            of("/v1/responses?a=b"),
            "https://api.openai.com/v1/responses?a=b"
        );
        assert_eq!(
            of("/v1/files/x%2Fy"),
            "https://api.openai.com/v1/files/x%2Fy"
        );
        let none = Addresses::new("nonsense");
        assert_eq!(
            none.of(&"/v1/responses".parse().unwrap())
                .unwrap_err()
                .status,
            400
        );
    }
}
