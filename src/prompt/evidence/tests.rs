use super::super::judged::Checked;
use super::*;

fn share(text: &str) -> Share {
    Share::parse(text).unwrap()
}

fn measured() -> Measured {
    Measured {
        passed: share("19/20"),
        required: share("3/3"),
        hostile: share("1/2"),
        tags: [
            ("smoke".to_owned(), share("2/2")),
            ("slow".to_owned(), share("1/2")),
        ]
        .into(),
        has_passed: true,
        ..Measured::default()
    }
}

const NOON: &str = "2026-11-20T12:00:00Z";

fn why(rule: &EvalRule, measured: &Measured, made: &str, live: Option<&str>) -> String {
    let on = Occasion {
        made: made.parse().unwrap(),
        now: NOON.parse().unwrap(),
        live: live.map(|digest| (digest, "v3")),
    };
    let short = rule.shortfall(measured, &on);
    short.map_or_else(
        || "met".to_owned(),
        |it| format!("{:?}: {}", it.cure, it.why),
    )
}

fn told(rule: &EvalRule, measured: &Measured) -> String {
    why(rule, measured, NOON, None)
}

#[test]
fn each_part_of_a_rule_has_to_be_met() {
    let any = EvalRule::default();
    assert_eq!(told(&any, &measured()), "met");
    let failed = Measured {
        has_passed: false,
        ..measured()
    };
    assert_eq!(told(&any, &failed), "Mend: did not pass: 19 of 20 cases do");
    let tagged = |tag: &str| EvalRule {
        tag: Some(tag.to_owned()),
        ..EvalRule::default()
    };
    // Its own cases decide, whatever the others do.
    assert_eq!(told(&tagged("smoke"), &failed), "met");
    assert_eq!(
        told(&tagged("slow"), &measured()),
        "Mend: has 1 of 2 of the cases with the tag slow pass"
    );
    assert_eq!(
        told(&tagged("none"), &measured()),
        "Mend: has no case with the tag none"
    );
    let least = |share| EvalRule {
        min_pass_rate: Some(share),
        ..EvalRule::default()
    };
    assert_eq!(told(&least(0.95), &measured()), "met");
    assert_eq!(
        told(&least(0.96), &measured()),
        "Mend: has 19 of 20 cases pass, and 96.0 % have to"
    );
    let all = EvalRule {
        required: true,
        hostile: true,
        ..EvalRule::default()
    };
    assert_eq!(
        told(&all, &measured()),
        "Mend: has 1 of 2 hostile cases pass"
    );
}

#[test]
fn a_judge_without_labels_gates_only_where_no_case_needs_it() {
    let judged = |is_required, checked| Measured {
        judges: vec![JudgeNote {
            name: "judges/tone\u{1b}[2J".to_owned(),
            checked,
            is_required,
        }],
        ..measured()
    };
    let of = |labels| {
        Some(Checked {
            distinct: labels,
            labels,
            kappa: 0.55,
            low: 0.2,
        })
    };
    let any = EvalRule::default();
    assert_eq!(told(&any, &judged(false, None)), "met");
    assert_eq!(told(&any, &judged(true, of(20))), "met");
    let refused = told(&any, &judged(true, None));
    assert!(refused.starts_with("Calibrate(\"judges/tone"), "{refused}");
    assert!(!refused.contains('\u{1b}'), "{refused}");
    let refused = told(&any, &judged(true, of(6)));
    assert!(
        refused.ends_with(
            "a judge that is not calibrated: 6 labels were compared, and 20 are the fewest"
        ),
        "{refused}"
    );
    let strict = EvalRule {
        judge_kappa: Some(0.6),
        ..EvalRule::default()
    };
    let refused = told(&strict, &judged(true, of(20)));
    assert!(
        refused.ends_with("a judge whose kappa is 0.55, and 0.60 is the least"),
        "{refused}"
    );
    assert_eq!(told(&strict, &judged(false, of(20))), "met");
}

#[test]
fn evidence_grows_old_and_none_comes_from_tomorrow() {
    let rule = EvalRule {
        max_age: Some(SignedDuration::from_hours(30 * 24)),
        ..EvalRule::default()
    };
    for (made, expected) in [
        ("2026-10-21T12:00:00Z", "met"),
        ("2026-10-21T11:59:59Z", "AskAgain: is older than 30 days"),
        ("2026-11-21T11:00:00Z", "met"),
        ("2026-11-21T12:00:01Z", "AskAgain: is dated ahead of now"),
    ] {
        assert_eq!(why(&rule, &measured(), made, None), expected, "{made}");
    }
}

#[test]
fn what_is_compared_with_live_is_compared_with_what_is_live() {
    let rule = EvalRule {
        against_live: true,
        ..EvalRule::default()
    };
    let against = |worst| Measured {
        base: Some(AgainstBase {
            version: 3,
            digest: "d3".to_owned(),
            passed: share("18/20"),
            difference: 0.05,
            low: -0.1,
            high: 0.2,
            p: 1.0,
            worst,
            gone: 0,
        }),
        ..measured()
    };
    let told = |measured: &Measured, live| why(&rule, measured, NOON, live);
    assert_eq!(told(&measured(), None), "met");
    assert_eq!(told(&against(-0.04), Some("d3")), "met");
    assert_eq!(
        told(&against(-0.05), Some("d3")),
        "Prove: may be worse than v3, which is live, by 5.0 points, and 5.0 are the most"
    );
    let mut gone = against(-0.4);
    gone.base.as_mut().unwrap().gone = 7;
    assert_eq!(
        told(&gone, Some("d3")),
        "Mend: may be worse than v3, which is live, by 40.0 points, and 5.0 are the most (7 cases of v3 are asked no more, and count as failed)"
    );
    for other in [&measured(), &against(0.0)] {
        assert_eq!(
            told(other, Some("d2")),
            "CompareWithLive: does not compare with v3, which is live"
        );
    }
}
