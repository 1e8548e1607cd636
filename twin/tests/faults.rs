//! Every planted fault is found and named: in the follower, in replay, and again when the own journal is read back.

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Folder, QuickDisk, journal};
use evermarket_twin::modes::features::Off;
use evermarket_twin::modes::follow::{Follower, Settings, Step};
use evermarket_twin::modes::plant::{FAULTS, first_bad, load, plant, store};
use evermarket_twin::modes::replay::replay;
use evermarket_twin::modes::source::FolderSource;
use evermarket_twin::modes::status::Teller;
use evermarket_twin::modes::toy::Toy;

fn follower(own: &Path) -> Follower<Toy> {
    let settings = Settings {
        folder: own.to_owned(),
        disk: Arc::new(QuickDisk),
        size_units: 1,
        silence: Duration::from_millis(30),
        off: Off::default(),
        door: None,
        settlement: None,
    };
    Follower::open(settings, Toy::new(), Teller::quiet()).unwrap()
}

/// Follows until nothing more comes and the silence has been noticed.
fn follow(own: &Path, owner: &Path) -> Follower<Toy> {
    let (mut follower, mut source, mut raw) = (follower(own), FolderSource::new(owner), Vec::new());
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        let step = follower.step(&mut source, &mut raw).unwrap();
        if step == Step::Stalled
            || (step == Step::Idle && follower.state().silent && follower.settled())
        {
            return follower;
        }
        if step == Step::Idle {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    panic!("the follower neither stalled nor came to rest");
}

#[test]
fn every_planted_fault_is_found_and_named() {
    let folder = Folder::new("faults");
    let original = folder.path().join("original");
    drop(journal(&original, 30));
    for fault in &FAULTS {
        let (day, mut frames) = load(&original).unwrap();
        let at = plant(&mut frames, fault.name, 12).unwrap();
        let owner = folder.path().join(format!("owner-{}", fault.name));
        store(&owner, day, &frames).unwrap();
        let own = folder.path().join(format!("own-{}", fault.name));
        let followed = follow(&own, &owner);
        let told = followed
            .teller()
            .first_alarm()
            .unwrap_or("nothing")
            .to_string();
        let expected = format!("{{\"name\": \"{}\"", fault.alarm);
        assert!(
            told.starts_with(&expected),
            "{} in frame {at}: told {told}",
            fault.name
        );
        if !matches!(fault.name, "silent_stop" | "epoch_regress") {
            assert!(!followed.eligible(), "{}: still eligible", fault.name);
        }
        let is_spoiled = followed.teller().spoiled_by().is_some();
        assert_eq!(is_spoiled, !followed.eligible(), "{}", fault.name);
        // What was taken is a whole journal, and read back it tells the same of its content.
        drop(followed);
        let outcome = replay(&own, Toy::new(), true, false, &mut None).unwrap();
        assert!(
            outcome.trouble.is_none(),
            "{}: {:?}",
            fault.name,
            outcome.trouble
        );
        if first_bad(&frames).is_none() && fault.name != "silent_stop" {
            assert_eq!(
                outcome.difference.unwrap().name,
                fault.alarm,
                "{}",
                fault.name
            );
            let at_owner = replay(&owner, Toy::new(), true, true, &mut None).unwrap();
            assert_eq!(at_owner.difference.unwrap().name, fault.alarm);
        }
    }
}

#[test]
fn what_spoiled_the_comparison_is_named_though_it_was_not_the_first_alarm() {
    let folder = Folder::new("spoiled");
    let at = |name: &str| folder.path().join(name);
    drop(journal(&at("original"), 30));
    let (day, mut frames) = load(&at("original")).unwrap();
    plant(&mut frames, "wrong_price", 5).unwrap();
    let (mut follower, mut raw) = (follower(&at("own")), Vec::new());
    let mut source = FolderSource::new(&at("owner"));
    let until = Instant::now() + Duration::from_secs(60);
    while !follower.state().silent {
        assert!(Instant::now() < until, "no silence");
        follower.step(&mut source, &mut raw).unwrap();
    }
    assert_eq!(follower.teller().spoiled_by(), None);
    store(&at("owner"), day, &frames).unwrap();
    while follower.teller().spoiled_by().is_none() {
        assert!(Instant::now() < until, "no difference");
        follower.step(&mut source, &mut raw).unwrap();
    }
    let named = |line: Option<&str>, name: &str| line.is_some_and(|line| line.contains(name));
    assert!(named(follower.teller().first_alarm(), "silence"));
    assert!(named(follower.teller().spoiled_by(), "wrong_field"));
}

#[test]
fn a_difference_names_position_command_and_both_records() {
    let folder = Folder::new("names");
    let (original, owner) = (folder.path().join("original"), folder.path().join("owner"));
    drop(journal(&original, 30));
    let (day, mut frames) = load(&original).unwrap();
    plant(&mut frames, "wrong_price", 5).unwrap();
    store(&owner, day, &frames).unwrap();
    let outcome = replay(&owner, Toy::new(), true, true, &mut None).unwrap();
    assert_eq!(
        outcome.differing_blocks, 1,
        "one wrong record is one difference"
    );
    let found = outcome.difference.unwrap();
    let (expected, wrong, command) = (
        found.expected.unwrap(),
        found.found.unwrap(),
        found.command.unwrap(),
    );
    assert_eq!((expected.0[16], wrong.0[16], command.0[16]), (70, 70, 1));
    assert_eq!(wrong.0[24], expected.0[24] + 1);
    assert_eq!(
        found.position,
        u64::from_le_bytes(wrong.0[..8].try_into().unwrap())
    );
    let line = found.object().line();
    for part in [
        "\"expected\": \"",
        "\"found\": \"",
        "\"command\": \"",
        "\"position\": ",
    ] {
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn a_good_journal_is_followed_to_its_end_without_an_alarm_but_silence() {
    let folder = Folder::new("good");
    let (owner, own) = (folder.path().join("owner"), folder.path().join("own"));
    let primary = journal(&owner, 300);
    let followed = follow(&own, &owner);
    assert_eq!(followed.cursor(), primary.writer.cursor());
    assert!(followed.eligible());
    assert_eq!(
        followed.teller().alarms(),
        1,
        "{:?}",
        followed.teller().first_alarm()
    );
    assert!(followed.teller().first_alarm().unwrap().contains("silence"));
    assert_eq!(
        (followed.state().digest, followed.state().live > 0),
        (primary_digest(&primary), true)
    );
}

fn primary_digest(primary: &common::Primary) -> u64 {
    use evermarket_twin::modes::core::Matching;
    primary.core.digest()
}
