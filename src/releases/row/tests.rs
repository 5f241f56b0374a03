use crate::repository::ObjectId;
use proptest::prelude::*;

use super::*;
use crate::prompt::digest::Digest;
use crate::prompt::name::Environment;
use crate::releases::tag::Action::{Publish, Rollback, Unpublish};

/// A release by itself; its object and its commit are made of its number.
pub(crate) fn release(number: u64, action: Action, version: u32, under: Option<u64>) -> Release {
    Release {
        name: "a".parse().expect("a name"),
        environment: Environment::production(),
        number,
        object: object(number),
        action,
        version: Version::new(version).expect("a version"),
        digest: Digest::parse(&format!("{version:064}")).expect("a digest"),
        under,
        previous: Previous::Unsaid,
        evidence: None,
        commit: ObjectId::NONE,
        by: String::new(),
        time: jiff::Timestamp::UNIX_EPOCH,
        message: String::new(),
        pending: false,
    }
}

fn object(number: u64) -> ObjectId {
    ObjectId::parse(&format!("{number:040x}")).expect("an id")
}

fn row(entries: &[Release]) -> Releases {
    let found = |entry: &Release| (entry.number, ReadTag::Sound(Box::new(entry.clone())));
    read(entries.iter().map(found), Vec::new())
}

fn versions<'a>(entries: impl IntoIterator<Item = &'a &'a Release>) -> Vec<u32> {
    let number = |entry: &&Release| entry.version.number();
    entries.into_iter().map(number).collect()
}

fn reachable(entries: &[Release]) -> Vec<u32> {
    let trust = Trust::new(entries, None);
    let way = trust.way();
    versions(way.target.iter().chain(&way.below))
}

#[test]
fn a_second_rollback_goes_one_further_back_and_never_forward() {
    let mut list = vec![
        release(1, Publish, 1, None),
        release(2, Publish, 2, Some(1)),
        release(3, Publish, 3, Some(2)),
    ];
    assert_eq!(reachable(&list), [2, 1]);
    list.push(release(4, Rollback, 2, Some(1)));
    assert_eq!(reachable(&list), [1]);
    list.push(release(5, Rollback, 1, None));
    assert_eq!(reachable(&list), [0u32; 0]);
}

#[test]
fn a_rollback_is_true_where_it_returns_to_what_lay_below() {
    let mut list = vec![
        release(1, Publish, 1, None),
        release(2, Publish, 2, Some(1)),
    ];
    let is_true = |list: &[Release]| is_true_rollback(list, &Trust::new(list, None));
    assert!(!is_true(&list));
    list.push(release(3, Rollback, 1, None));
    assert!(is_true(&list));
    list.pop();
    // Neither below, nor with that below it.
    for other in [
        release(3, Rollback, 3, None),
        release(3, Rollback, 1, Some(2)),
    ] {
        list.push(other);
        assert!(!is_true(&list));
        list.pop();
    }
}

#[test]
fn an_under_that_points_forward_ends_the_stack() {
    let list = row(&[
        release(1, Publish, 1, Some(2)),
        release(2, Publish, 2, Some(1)),
    ]);
    assert_eq!(reachable(&list.entries), [1]);
    assert_eq!(list.notes, [ReleaseWarning::Under { number: 1 }]);
}

#[test]
fn an_under_that_is_void_leaves_only_to() {
    let list = read(
        [
            (1, ReadTag::Sound(Box::new(release(1, Publish, 1, None)))),
            (2, ReadTag::InvalidTag(InvalidTag::NotAnnotated)),
            (3, ReadTag::Sound(Box::new(release(3, Publish, 3, Some(2))))),
        ],
        Vec::new(),
    );
    let trust = Trust::new(&list.entries, None);
    let way = trust.way();
    assert_eq!((way.target, way.broken), (None, Some(2)));
    let one = Version::FIRST;
    assert_eq!(trust.to(one).map(|entry| entry.number), Some(1));
}

#[test]
fn a_void_tag_changes_nothing_and_a_gap_is_told() {
    let list = read(
        [
            (1, ReadTag::Sound(Box::new(release(1, Publish, 1, None)))),
            (4, ReadTag::InvalidTag(InvalidTag::NotAnnotated)),
        ],
        vec![5_000],
    );
    assert_eq!(list.newest().map(|entry| entry.number), Some(1));
    assert_eq!(list.next_numbers(), [5]);
    assert_eq!(
        list.notes,
        [
            ReleaseWarning::Gap { first: 2, last: 3 },
            ReleaseWarning::InvalidTag {
                number: 4,
                why: InvalidTag::NotAnnotated
            },
            ReleaseWarning::Stray {
                first: 5_000,
                count: 1
            },
        ]
    );
}

#[test]
fn a_stray_is_a_number_more_than_a_thousand_above() {
    assert_eq!(within_reach([1, 1_001, 2_001]), 3);
    assert_eq!(within_reach([1, 1_002, 1_003]), 1);
    assert_eq!(within_reach([1_001]), 0);
    assert_eq!(within_reach([u64::MAX]), 0);
}

#[test]
fn a_release_that_brings_a_stray_within_reach_is_made_again_above_it() {
    let mut list = row(&[release(1, Publish, 1, None)]);
    list.strays = vec![1_003];
    assert_eq!(list.next_numbers(), [2]);
    list.strays = vec![1_002];
    assert_eq!(list.next_numbers(), [2, 1_003]);
    // Others that lie just above are passed too, and those far above are not.
    list.strays = vec![1_002, 1_003, 1_900, 4_000];
    assert_eq!(list.next_numbers(), [2, 1_901]);
}

#[test]
fn the_chain_is_told_where_it_is_wrong_and_where_it_was_left() {
    let with = |number, previous| Release {
        previous,
        ..release(number, Publish, 1, None)
    };
    let list = row(&[
        with(1, Previous::Nothing),
        with(2, Previous::Object(object(1))),
        with(3, Previous::Object(object(1))),
        with(4, Previous::Unsaid),
        with(5, Previous::Unsaid),
        with(6, Previous::Object(object(5))),
    ]);
    assert_eq!(
        list.notes,
        [
            ReleaseWarning::Chain { number: 3 },
            ReleaseWarning::Chain { number: 4 }
        ]
    );
    assert_eq!(list.entries.len(), 6);
}

/// Signed publishes are those of versions below 100.
fn is_signed(entry: &Release) -> bool {
    entry.action == Publish && entry.version.number() < 100
}

fn to_of(entries: &[Release]) -> Option<u32> {
    let trust = Trust::new(entries, Some(&is_signed));
    let target = trust.way().target?;
    Some(target.version.number())
}

#[test]
fn a_rollback_never_leads_to_what_nobody_signed_for() {
    let mut list = vec![
        release(1, Publish, 3, None),
        release(2, Publish, 4, Some(1)),
        // Unsigned: another version, then what was live again, by a publish or a rollback.
        release(3, Publish, 900, Some(2)),
        release(4, Publish, 103, Some(3)),
        release(5, Publish, 5, Some(4)),
    ];
    assert_eq!(to_of(&list), Some(4));
    // A rollback that nobody signed, back over what nobody signed, is itself trusted.
    list.push(release(6, Rollback, 4, Some(1)));
    let trust = Trust::new(&list, Some(&is_signed));
    assert!(trust.trusts(&list[5]));
    assert_eq!(to_of(&list), Some(3));
}

#[test]
fn a_false_under_leads_nowhere() {
    // A stranger says that a rollback from the unsigned release 3 returns to the unsigned release 2.
    let list = [
        release(1, Publish, 1, None),
        release(2, Publish, 900, Some(1)),
        release(3, Publish, 901, Some(2)),
    ];
    assert_eq!(to_of(&list), Some(1));
    // The same in a rollback, which is none.
    let list = [
        release(1, Publish, 1, None),
        release(2, Publish, 900, Some(1)),
        release(3, Rollback, 1, Some(2)),
    ];
    let trust = Trust::new(&list, Some(&is_signed));
    assert!(!trust.trusts(&list[2]));
    assert_eq!(to_of(&list), Some(1));
}

#[test]
fn an_unsigned_unpublish_is_not_passed_over() {
    let list = [
        release(1, Publish, 1, None),
        release(2, Unpublish, 1, Some(1)),
        release(3, Publish, 2, Some(2)),
    ];
    let trust = Trust::new(&list, Some(&is_signed));
    let target = trust.way().target.expect("an entry");
    assert_eq!((target.number, target.action), (2, Unpublish));
    assert_eq!(trust.to(Version::FIRST).map(|it| it.number), Some(1));
}

#[test]
fn what_was_released_before_signatures_were_required_is_passed_over() {
    let list = [
        release(1, Publish, 900, None),
        release(2, Publish, 901, Some(1)),
        release(3, Publish, 1, Some(2)),
    ];
    let trust = Trust::new(&list, Some(&is_signed));
    let way = trust.way();
    assert_eq!(way.target, None);
    assert_eq!(versions(&way.passed), [901, 900]);
    let wanted = Version::new(900).expect("a version");
    assert_eq!(trust.to(wanted).map(|it| it.number), Some(1));
}

/// What a stranger without a key, or an honest person, does to a row.
#[derive(Debug, Clone)]
enum Deed {
    Publish,
    PublishUnsignedByAFriend,
    Rollback,
    Unpublish,
    /// A tag that is no release, this far above the row.
    InvalidTag(u64),
    /// A release that nobody signed, this far above the row, with this `Under`.
    Evil(u64, Action, Option<u64>),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let far = prop_oneof![
        1..4u64,
        900..1_200u64,
        Just(1_000),
        Just(1_001),
        Just(1 << 52)
    ];
    let action = prop_oneof![Just(Publish), Just(Rollback), Just(Unpublish)];
    let deed = prop_oneof![
        4 => Just(Deed::Publish),
        1 => Just(Deed::PublishUnsignedByAFriend),
        3 => Just(Deed::Rollback),
        1 => Just(Deed::Unpublish),
        2 => far.clone().prop_map(Deed::InvalidTag),
        4 => (far, action, proptest::option::of(0..12u64))
            .prop_map(|(far, action, under)| Deed::Evil(far, action, under)),
    ];
    proptest::collection::vec(deed, 1..25)
}

/// All tags of a row at a remote: what everybody reads.
#[derive(Default)]
struct Remote(std::collections::BTreeMap<u64, Option<Release>>);

impl Remote {
    fn read(&self) -> Releases {
        let numbers: Vec<u64> = self.0.keys().copied().collect();
        let count = within_reach(numbers.iter().copied());
        let tags = self.0.iter().take(count).map(|(number, release)| {
            let found = match release {
                Some(release) => ReadTag::Sound(Box::new(release.clone())),
                None => ReadTag::InvalidTag(InvalidTag::NotAnnotated),
            };
            (*number, found)
        });
        read(tags, numbers[count..].to_vec())
    }

    /// Makes a release as an honest person does. Returns its last number.
    fn make(&mut self, action: Action, version: u32, under: Option<u64>) -> u64 {
        let row = self.read();
        let numbers = row.next_numbers();
        for number in &numbers {
            let made = release(*number, action, version, under);
            assert!(
                self.0.insert(*number, Some(made)).is_none(),
                "{number} was taken"
            );
        }
        *numbers.last().expect("a number")
    }
}

proptest! {
    #[test]
    fn a_stranger_without_a_key_cannot_harm_a_row(deeds in deeds()) {
        let mut remote = Remote::default();
        let mut next = 1;
        for deed in deeds {
            let before = remote.read();
            let live = before.newest().cloned();
            match deed {
                Deed::Publish | Deed::PublishUnsignedByAFriend => {
                    let is_signed_for = matches!(deed, Deed::Publish);
                    let version = if is_signed_for { next } else { 200 + next };
                    next += 1;
                    let trust = Trust::new(&before.entries, Some(&is_signed));
                    let under = trust.ground(false);
                    let number = remote.make(Publish, version, under);
                    // An honest release always becomes live.
                    prop_assert_eq!(remote.read().newest().map(|it| it.number), Some(number));
                }
                Deed::Rollback => {
                    let trust = Trust::new(&before.entries, Some(&is_signed));
                    let Some(target) = trust.way().target.filter(|it| it.action != Unpublish) else {
                        continue;
                    };
                    // It never leads to content that nobody signed for,
                    prop_assert!(target.version.number() < 100);
                    let number =
                        remote.make(Rollback, target.version.number(), target.under);
                    let after = remote.read();
                    let newest = after.newest().expect("a release");
                    prop_assert_eq!(newest.number, number);
                    // and is itself trusted; unless it woke a stray unpublish, which may have taken
                    // out what must not come back.
                    let woken = &after.entries[before.entries.len()..];
                    if woken.iter().all(|entry| entry.action != Unpublish) {
                        let trust = Trust::new(&after.entries, Some(&is_signed));
                        prop_assert!(trust.trusts(newest));
                    }
                }
                Deed::Unpublish => {
                    let Some(live) = live else { continue };
                    let number = remote.make(Unpublish, live.version.number(), Some(live.number));
                    prop_assert_eq!(remote.read().newest().map(|it| it.number), Some(number));
                }
                Deed::InvalidTag(far) => {
                    let number = before.reach + far;
                    remote.0.entry(number).or_insert(None);
                    // A void tag never changes what is live, unless what it brings within reach does.
                    if before.strays.is_empty() {
                        prop_assert_eq!(
                            remote.read().newest().map(|it| it.number),
                            live.map(|it| it.number)
                        );
                    }
                }
                Deed::Evil(far, action, under) => {
                    let number = before.reach + far;
                    let evil = release(number, action, 900, under);
                    remote.0.entry(number).or_insert(Some(evil));
                }
            }
        }
    }
}
