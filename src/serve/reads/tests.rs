use hyper::StatusCode;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, IF_NONE_MATCH};

use super::*;

#[test]
fn a_query_is_read_as_browsers_write_it() {
    let query = Query::of(Some("prefix=a%2Fb&env=&x=1+2&bad=%zz"));
    assert_eq!(query.get("prefix"), Some("a/b"));
    assert_eq!(query.get("env"), None);
    assert_eq!(query.get("x"), Some("1 2"));
    assert_eq!(query.get("bad"), Some("%zz"));
}

#[test]
fn what_the_reader_has_is_not_sent_again() {
    let read = || Read::new(json!({"a": "x".repeat(2000)}), "digest");
    let with = |name, value: &str| HeaderMap::from_iter([(name, value.parse().unwrap())]);
    assert_eq!(
        finish(&with(IF_NONE_MATCH, "\"digest\""), read()).status(),
        304
    );
    assert_eq!(
        finish(&with(IF_NONE_MATCH, "\"a\", W/\"digest\""), read()).status(),
        304
    );
    let other = finish(&with(IF_NONE_MATCH, "\"other\""), read());
    assert_eq!(
        (other.status(), other.headers()[ETAG].to_str().unwrap()),
        (StatusCode::OK, "\"digest\"")
    );
    assert!(
        finish(&with(ACCEPT_ENCODING, "br, gzip;q=1.0"), read())
            .headers()
            .contains_key(CONTENT_ENCODING)
    );
    assert!(
        !finish(&with(ACCEPT_ENCODING, "gzip;q=0"), read())
            .headers()
            .contains_key(CONTENT_ENCODING)
    );
}

#[test]
fn what_the_reader_has_is_not_made_again() {
    let made = std::cell::Cell::new(0);
    let read = |headers: &HeaderMap| {
        let read = Read::tagged(headers, "digest", || {
            made.set(made.get() + 1);
            Ok(json!({"a": 1}))
        });
        let status = finish(headers, read.unwrap()).status().as_u16();
        (status, made.get())
    };
    let with = |value: &str| HeaderMap::from_iter([(IF_NONE_MATCH, value.parse().unwrap())]);
    assert_eq!(read(&with("\"digest\"")), (304, 0));
    assert_eq!(read(&with("*")), (304, 0));
    assert_eq!(read(&with("\"other\"")), (200, 1));
    assert_eq!(read(&HeaderMap::new()), (200, 2));
}
