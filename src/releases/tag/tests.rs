use super::*;

fn digest() -> Digest {
    Digest::parse(&"ab".repeat(32)).expect("a digest")
}

fn trailers(under: Option<u64>) -> Trailers {
    Trailers {
        prompt: "support/triage.fr".parse().expect("a name"),
        version: Version::new(3).expect("a version"),
        digest: digest(),
        release: Some(ReleaseTrailers {
            environment: Environment::production(),
            action: Action::Rollback,
            under,
            previous: under.map_or(Previous::Nothing, |_| {
                Previous::Object(ObjectId::parse(&"ab".repeat(20)).expect("an id"))
            }),
            evidence: under.map(|_| (3, ObjectId::parse(&"cd".repeat(20)).expect("an id"))),
            allowed: Vec::from_iter(under.map(|_| crate::prompt::code::NUMBER_LEAP)),
        }),
    }
}

#[test]
fn tag_names_print_as_they_were_read() {
    for text in [
        "a/v3",
        "support/triage/v12",
        "a/production/7",
        "a/b/staging/100",
    ] {
        let tag = TagName::parse(text).expect(text);
        assert_eq!(tag.to_string(), text);
    }
    for wrong in [
        "v3",
        "a",
        "a/7",
        "a/production/07",
        "a/production/0",
        "a/production/x",
        "a/v0",
        "a/Prod/1",
    ] {
        assert_eq!(TagName::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn trailers_survive_messages_that_imitate_them_and_signatures() {
    for under in [None, Some(4)] {
        let written = trailers(under);
        let message = written.message("Prompt: other\nVersion: 9\n\nWhy not\n");
        assert_eq!(Trailers::parse(&message), Some(written.clone()));
        let signed =
            format!("{message}-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n");
        assert_eq!(Trailers::parse(&signed), Some(written));
        assert_eq!(words(&signed), "Prompt: other\nVersion: 9\n\nWhy not");
    }
}

#[test]
fn words_that_look_like_a_signature_hide_no_trailers() {
    let written = trailers(None);
    for said in [
        "-----BEGIN SSH SIGNATURE-----\nx",
        "see\n-----BEGIN PGP MESSAGE-----",
    ] {
        let message = written.message(said);
        assert_eq!(Trailers::parse(&message), Some(written.clone()));
        assert_eq!(
            words(&message),
            said.replace("-----BEGIN", " -----BEGIN").trim()
        );
    }
}

#[test]
fn a_tag_object_is_read_whatever_its_message_holds() {
    let target = "ab".repeat(20);
    let object = format!(
        "object {target}\ntype commit\ntag x\ntagger Ada <B> Lovelace <a@b.c> 1700000000 -0130\n\nobject of words\n\nPrompt: a\n"
    );
    let content = TagContent::parse(object.as_bytes()).expect("a tag");
    assert_eq!(
        (content.target, content.target_kind),
        (target.as_str(), "commit")
    );
    assert_eq!(
        (content.name, content.by, content.seconds),
        ("x", "Ada", 1_700_000_000)
    );
    assert_eq!(content.message, "object of words\n\nPrompt: a\n");
    let bare =
        TagContent::parse(b"object 1\ntype tree\ntag x\n\n").expect("a tag without a tagger");
    assert_eq!((bare.by, bare.seconds, bare.message), ("", 0, ""));
    assert_eq!(
        TagContent::parse(b"tree 1\n\nobject 1\ntype commit\n"),
        None
    );
    assert_eq!(TagContent::parse(b"object \xff"), None);
}

#[test]
fn a_message_without_trailers_is_not_ours() {
    for message in ["", "v3", "Release\n\nPrompt: a\nVersion: 0\nDigest: x"] {
        assert_eq!(Trailers::parse(message), None);
    }
}
