use proptest::prelude::*;

use super::*;

/// The old words in `[-…-]`, the new in `{+…+}`, what moved in `<…<` and `>…>`.
fn marked(before: &str, after: &str) -> String {
    let diff = WordDiff::new(before, after);
    assert_eq!(
        (diff.before().as_str(), diff.after().as_str()),
        (before, after)
    );
    let mark = |piece: &Piece| match piece.kind {
        PieceKind::Same => piece.text.clone(),
        PieceKind::Removed => format!("[-{}-]", piece.text),
        PieceKind::Added => format!("{{+{}+}}", piece.text),
        PieceKind::MovedAway => format!("<{}<", piece.text),
        PieceKind::MovedHere => format!(">{}>", piece.text),
    };
    diff.pieces.iter().map(mark).collect()
}

#[test]
fn one_word_of_three_hundred_is_one_word() {
    let words: Vec<String> = (0..300).map(|n| format!("word{n}")).collect();
    let before = words.join(" ");
    let after = before.replace("word150 ", "other ");
    let diff = WordDiff::new(&before, &after);
    let changed: Vec<_> = diff
        .pieces
        .iter()
        .filter(|piece| piece.kind != PieceKind::Same)
        .collect();
    assert_eq!(changed.len(), 2);
    assert_eq!(
        (changed[0].text.as_str(), changed[1].text.as_str()),
        ("word150", "other")
    );
}

#[test]
fn words_are_what_people_call_words() {
    assert_eq!(
        marked("Answer in one word.", "Answer in two words."),
        "Answer in [-one word-]{+two words+}."
    );
    assert_eq!(
        marked("Be {{tone}} now", "Be {{mood}} now"),
        "Be {{[-tone-]{+mood+}}} now"
    );
    assert_eq!(marked("a b", "a  b"), "a[- -]{+  +}b");
    assert_eq!(marked("don't stop", "do stop"), "[-don't-]{+do+} stop");
    assert_eq!(marked("", "new"), "{+new+}");
}

#[test]
fn chinese_and_japanese_characters_are_words() {
    assert_eq!(
        marked("请用中文回答问题", "请用英文回答问题"),
        "请用[-中-]{+英+}文回答问题"
    );
}

#[test]
fn a_sentence_written_anew_is_one_change() {
    assert_eq!(
        marked(
            "Refuse the angry customer politely.",
            "Welcome the happy visitor warmly."
        ),
        "[-Refuse the angry customer politely-]{+Welcome the happy visitor warmly+}."
    );
}

#[test]
fn a_paragraph_that_moved_is_shown_as_moved() {
    let (a, b, c) = (
        "Always answer in the language of the customer.\n",
        "Never promise a refund before it is approved.\n",
        "Close every reply with the ticket number.\n",
    );
    assert_eq!(
        marked(&format!("{a}{b}{c}"), &format!("{b}{c}{a}")),
        format!("<{a}<{b}{c}>{a}>")
    );
    let diff = WordDiff::new(&format!("{a}{b}{c}"), &format!("{c}{a}{b}"));
    assert!(diff.is_only_moved());
    // Sentences move inside a line too, and the last line needs no line end to be recognised.
    let diff = WordDiff::new(
        "Be kind to every customer. Ask for the number. Stop.",
        "Ask for the number. Stop. Be kind to every customer.",
    );
    assert!(
        diff.pieces
            .iter()
            .any(|piece| piece.kind == PieceKind::MovedHere)
    );
}

#[test]
fn a_line_that_stays_is_not_moved_when_the_next_one_goes_or_it_is_indented() {
    assert_eq!(
        marked(
            "Answer in the language of the customer.\nClose with the ticket number please.",
            "Answer in the language of the customer."
        ),
        "Answer in the language of the customer.[-\nClose with the ticket number please.-]"
    );
    assert_eq!(
        marked(
            "Do this:\n- keep the number in sight\n- sign with the team's name\n",
            "Do this:\n  - keep the number in sight\n  - sign with the team's name\n"
        ),
        "Do this:\n{+  +}- keep the number in sight\n{+  +}- sign with the team's name\n"
    );
    assert_eq!(
        marked(
            "Cite the handbook by its page. Be kind to every customer.",
            "Be kind to every customer. Cite the handbook by its page."
        ),
        ">Be kind to every customer. >Cite the handbook by its page.[- -]<Be kind to every customer.<"
    );
}

#[test]
fn a_few_common_words_do_not_move() {
    let diff = WordDiff::new("yes\nno\nmaybe so\n", "maybe so\nno\nyes\n");
    assert!(
        !diff
            .pieces
            .iter()
            .any(|piece| piece.kind == PieceKind::MovedHere)
    );
}

#[test]
fn a_moved_block_takes_its_blank_lines_along_and_edits_beside_it_stay_edits() {
    let block = "# Tone\n\nBe calm and brief in every answer.\n\n";
    let rest = "Cite the handbook.\nName the page and the date of it.\nKeep the number in sight.\nSign with the team's name.\nSend it.\n";
    assert_eq!(
        marked(
            &format!("Read it twice.\n{block}{rest}"),
            &format!("Read it thrice.\n{rest}{block}")
        ),
        format!("Read it [-twice-]{{+thrice+}}.\n<{block}<{rest}>{block}>")
    );
}

#[test]
fn huge_texts_end_quickly_and_lose_nothing() {
    let mut state = 1u64;
    let mut text = |count: usize, words: u64, ends: &[&str]| -> String {
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let word = |_| format!("w{}{}", next(words), ends[next(ends.len() as u64) as usize]);
        (0..count).map(word).collect()
    };
    // Sentences that all differ, two lines over and over, one long line, one long word.
    let (many, other) = (
        text(60_000, 5_000, &[" ", " ", " ", ". ", "\n"]),
        text(60_000, 5_000, &[" ", ". ", "\n"]),
    );
    let (lines, rest) = (text(150_000, 2, &["\n"]), text(150_000, 2, &["\n"]));
    let (line, long) = (text(60_000, 5_000, &[" "]), "x".repeat(2_000_000));
    let pairs = [
        (&many, &other),
        (&lines, &rest),
        (&line, &many),
        (&long, &line),
        (&long, &long),
    ];
    for (before, after) in pairs {
        let diff = WordDiff::new(before, after);
        assert!(diff.before() == *before && diff.after() == *after);
    }
}

#[test]
fn one_edit_in_a_huge_line_is_still_one_edit() {
    let line: String = (0..200_000).map(|n| format!("word{n} ")).collect();
    let after = line.replace("word100000 ", "other ");
    let diff = WordDiff::new(&line, &after);
    let added: Vec<&str> = diff
        .pieces
        .iter()
        .filter(|piece| piece.kind == PieceKind::Added)
        .map(|piece| piece.text.as_str())
        .collect();
    assert_eq!(added, ["other"]);
}

proptest! {
    #[test]
    fn the_pieces_hold_both_texts(before in text(), after in text()) {
        let diff = WordDiff::new(&before, &after);
        prop_assert_eq!(diff.before(), before);
        prop_assert_eq!(diff.after(), after);
        for pair in diff.pieces.windows(2) {
            prop_assert!(pair[0].kind != pair[1].kind && !pair[0].text.is_empty());
        }
    }
}

/// Texts that share words, so that most pairs have something in common.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[abc]{1,2}",
        Just("one two three four. ".to_owned()),
        Just("请用".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just(" ".to_owned()),
        Just("👩‍👩‍👧".to_owned()),
        Just("e\u{301}".to_owned()),
        "\\PC{0,3}",
    ];
    proptest::collection::vec(word, 0..24).prop_map(|words| words.concat())
}
