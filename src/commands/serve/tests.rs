use super::*;

#[test]
fn a_time_has_a_unit_or_is_in_seconds() {
    for (text, millis) in [
        ("15s", 15_000),
        ("500ms", 500),
        ("5m", 300_000),
        ("2", 2000),
        ("1.5s", 1500),
        ("1h", 3_600_000),
    ] {
        assert_eq!(
            parse_time(text),
            Ok(Duration::from_millis(millis)),
            "{text}"
        );
    }
    for text in ["", "s", "5 s", "-1s", "1e9", "900h", "5d"] {
        assert!(parse_time(text).is_err(), "{text}");
    }
}

#[test]
fn a_gateway_does_not_call_itself() {
    let listen: SocketAddr = "127.0.0.1:8377".parse().unwrap();
    for url in [
        "http://127.0.0.1:8377/v1",
        "http://localhost:8377/v1",
        "http://[::1]:8377",
    ] {
        assert!(refuse_loop(url, listen).is_err(), "{url}");
    }
    for url in [
        "http://127.0.0.1:4000/v1",
        "https://api.openai.com/v1",
        "http://gateway:8377/v1",
    ] {
        assert!(refuse_loop(url, listen).is_ok(), "{url}");
    }
}
