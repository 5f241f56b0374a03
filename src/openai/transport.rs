//! The HTTP client: roots, time limits, proxies, and no redirects.

use std::path::Path;

use reqwest::{Certificate, ClientBuilder, redirect, retry};
use rustls::{ClientConfig, RootCertStore, crypto};

use super::address::is_loopback;
use super::settings::Settings;
use crate::error::Failure;
use crate::prompt::code;

/// Makes the HTTP client.
pub(super) fn client(settings: &Settings) -> Result<reqwest::Client, Failure> {
    // An error means that the process has a provider already, which serves as well.
    drop(crypto::ring::default_provider().install_default());
    if let Some(path) = &settings.ssl_cert_file {
        let roots = roots_of(path)?;
        return build(builder(settings).tls_certs_only(roots));
    }
    // Reading the machine's certificates takes longer than a call without TLS.
    if settings.base_url.trim().starts_with("http://") {
        return build(builder(settings).tls_backend_preconfigured(bundled_roots()?));
    }
    // On a machine without certificates reqwest refuses to build a client, even for `http://`.
    builder(settings)
        .build()
        .or_else(|_| build(builder(settings).tls_backend_preconfigured(bundled_roots()?)))
}

fn builder(settings: &Settings) -> ClientBuilder {
    let builder = reqwest::Client::builder()
        // A redirect could take the key to another host.
        .redirect(redirect::Policy::none())
        // What is tried again is decided where it is known what was billed.
        .retry(retry::never())
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.timeout)
        .user_agent(concat!("promptctl/", env!("CARGO_PKG_VERSION")));
    // A proxy cannot reach this machine's own servers.
    if is_loopback(&settings.base_url) {
        return builder.no_proxy();
    }
    builder
}

fn build(builder: ClientBuilder) -> Result<reqwest::Client, Failure> {
    builder.build().map_err(|error| {
        Failure::new(
            code::API_UNREACHABLE,
            "the HTTP client could not be started",
        )
        .caused_by(error.without_url())
    })
}

fn roots_of(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let bad = |what: &str| {
        Failure::new(code::API_UNREACHABLE, format!("{what}: {}", path.display()))
            .hint("`SSL_CERT_FILE` names a file of certificates in PEM form")
    };
    let pem = std::fs::read(path)
        .map_err(|error| bad("the file of certificates could not be read").caused_by(error))?;
    let roots = Certificate::from_pem_bundle(&pem)
        .map_err(|error| bad("the file of certificates is not valid").caused_by(error))?;
    if roots.is_empty() {
        return Err(bad("the file of certificates holds none"));
    }
    Ok(roots)
}

/// Mozilla's roots, as they were when promptctl was built.
fn bundled_roots() -> Result<ClientConfig, Failure> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = crypto::ring::default_provider().into();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            Failure::new(code::API_UNREACHABLE, "TLS could not be started").caused_by(error)
        })?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_starts_without_any_roots_of_the_machine() {
        drop(crypto::ring::default_provider().install_default());
        let settings = Settings::new("https://api.openai.com/v1");
        let config = bundled_roots().unwrap();
        assert!(build(builder(&settings).tls_backend_preconfigured(config)).is_ok());
    }

    #[test]
    fn a_client_starts_with_the_roots_that_there_are() {
        for url in ["https://api.openai.com/v1", "http://127.0.0.1:1/v1"] {
            assert!(client(&Settings::new(url)).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_wrong_file_of_certificates_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        for text in [
            None,
            Some("not a certificate\n"),
            Some("-----BEGIN CERTIFICATE-----\nxx\n"),
        ] {
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let settings = Settings {
                ssl_cert_file: Some(path.clone()),
                ..Settings::new("https://api.openai.com/v1")
            };
            let failure = client(&settings).unwrap_err();
            assert!(
                failure.message.ends_with("roots.pem"),
                "{}",
                failure.message
            );
        }
    }
}
