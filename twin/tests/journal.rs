//! The journal against torn tails, flipped bits and disks that fail.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{FailingDisk, Folder, Primary, QuickDisk, journal};
use evermarket_twin::journal::bytes::{bytes, kind};
use evermarket_twin::journal::cursor::{Cursor, Frame};
use evermarket_twin::journal::disk::SystemDisk;
use evermarket_twin::journal::frame::{Block, Epoch};
use evermarket_twin::journal::promise::{promise, promised};
use evermarket_twin::journal::reader::{Next, Reader, segment_path};
use evermarket_twin::journal::recovery::{Recovered, recover};
use evermarket_twin::journal::trouble::Trouble;
use evermarket_twin::journal::writer::Writer;
use evermarket_twin::records::Record;

fn read(folder: &Path) -> Result<(Vec<Vec<Record>>, Cursor), Trouble> {
    let mut reader = Reader::open(folder)?.expect("a journal");
    let (mut frames, mut raw) = (Vec::new(), Vec::new());
    while let Next::Frame(_) = reader.next(&mut raw)? {
        frames.push(raw.clone());
    }
    Ok((frames, reader.cursor()))
}

fn bring_back(folder: &Path) -> Result<(Vec<Vec<Record>>, Recovered), Trouble> {
    let mut frames = Vec::new();
    let found = recover(folder, &QuickDisk, |_, raw, _| {
        frames.push(raw.to_vec());
        Ok(())
    })?;
    Ok((frames, found.expect("a journal")))
}

fn damaged(folder: &Path, name: &str) {
    match bring_back(folder) {
        Err(Trouble::Damage(damage)) => assert_eq!(damage.fault.name, name, "{damage:?}"),
        other => panic!("expected damage {name}, found {other:?}"),
    }
}

#[test]
fn what_is_appended_over_several_segments_is_read_back() {
    let folder = Folder::new("roundtrip");
    let mut primary = Primary::begin(Arc::new(SystemDisk), folder.path()).unwrap();
    let blocks: Vec<_> = (0..400).map(|_| primary.step().unwrap()).collect();
    assert!(
        primary.writer.segment().number >= 3,
        "{:?}",
        primary.writer.segment()
    );
    let (frames, cursor) = read(folder.path()).unwrap();
    assert_eq!(frames[1..], blocks);
    assert_eq!(cursor, primary.writer.cursor());
    let (frames, found) = bring_back(folder.path()).unwrap();
    assert_eq!((frames.len(), &found.cut), (401, &None));
    let mut writer = Writer::resume(Arc::new(SystemDisk), folder.path(), &found).unwrap();
    let mut more = vec![common::command(1, 1, 1)];
    more[0].0[..8].copy_from_slice(&(cursor.position + 1).to_le_bytes());
    writer.append_block(&mut more, 5).unwrap();
    assert_eq!(read(folder.path()).unwrap().1.position, cursor.position + 1);
}

#[test]
fn a_reader_that_skips_towards_a_place_reads_on_from_there_as_if_it_had_read_all() {
    let folder = Folder::new("skip");
    let mut primary = journal(folder.path(), 150);
    for epoch in 2..=200 {
        let (owner, make) = (1, 1);
        let begin = Epoch {
            epoch,
            owner,
            make,
            ..Epoch::default()
        };
        primary.writer.append_epoch(begin).unwrap();
        primary.step().unwrap();
    }
    let (frames, end) = read(folder.path()).unwrap();
    let open = || Reader::open(folder.path()).unwrap().unwrap();
    let (mut places, mut reader, mut raw) = (vec![Cursor::default()], open(), Vec::new());
    while let Next::Frame(_) = reader.next(&mut raw).unwrap() {
        places.push(reader.cursor());
    }
    assert!(reader.segment().number > 3, "{:?}", reader.segment());
    let mut skipped = 0;
    for (at, place) in places.iter().enumerate() {
        let mut near = open();
        near.skip_towards(place.position).unwrap();
        skipped += u32::from(near.segment().number > 1);
        assert_eq!(near.first(), open().first());
        while near.cursor() != *place {
            assert!(
                matches!(near.next(&mut raw).unwrap(), Next::Frame(_)),
                "place {at} was skipped"
            );
        }
        for frame in &frames[at..] {
            near.next(&mut raw).unwrap();
            assert_eq!(&raw, frame);
        }
        assert_eq!(near.cursor(), end);
    }
    assert!(skipped > 100, "{skipped}");
}

#[test]
fn a_reader_follows_a_journal_that_grows() {
    let folder = Folder::new("grow");
    let mut primary = journal(folder.path(), 1);
    let mut reader = Reader::open(folder.path()).unwrap().unwrap();
    let mut raw = Vec::new();
    while reader.next(&mut raw).unwrap() != Next::End {}
    for _ in 0..300 {
        let block = primary.step().unwrap();
        assert!(matches!(reader.next(&mut raw).unwrap(), Next::Frame(_)));
        assert_eq!(raw, block);
        assert_eq!(reader.next(&mut raw).unwrap(), Next::End);
    }
    assert!(reader.segment().number > 1);
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_kept() {
    let folder = Folder::new("torn");
    let original = folder.path().join("original");
    let mut primary = journal(&original, 6);
    let before = primary.writer.cursor();
    let (_, start) = (drop(read(&original)), last_slot(&original) * 64);
    let last = primary.step().unwrap();
    let whole = bytes(&last).to_vec();
    drop(primary);
    for cut in 0..=whole.len() {
        for garbage in [0u8, 0xA5] {
            let copy = folder.copy_of(&original, "copy");
            let file = segment_path(&copy, 1);
            let mut image = std::fs::read(&file).unwrap();
            image[start + cut..start + whole.len()].fill(garbage);
            let torn = image[start..start + whole.len()].to_vec();
            std::fs::write(&file, image).unwrap();
            let (frames, found) = bring_back(&copy).unwrap();
            if torn == whole {
                assert_eq!((frames.len(), found.cut), (8, None), "cut {cut}");
                continue;
            }
            assert_eq!(
                (frames.len(), found.cursor),
                (7, before),
                "cut {cut} {garbage}"
            );
            let kept = found
                .cut
                .map(|path| std::fs::read(path).unwrap())
                .unwrap_or_default();
            assert!(
                torn.starts_with(&kept) && torn[kept.len()..].iter().all(|b| *b == 0),
                "cut {cut}"
            );
            let (_, again) = bring_back(&copy).unwrap();
            assert_eq!((again.cursor, again.cut), (before, None), "cut {cut}");
        }
    }
}

/// One bit of every byte, each in its turn.
fn sample(from_byte: usize, to_byte: usize) -> impl Iterator<Item = usize> {
    (from_byte..to_byte).map(|byte| byte * 8 + byte * 5 % 8)
}

/// The slot behind the last frame.
fn last_slot(folder: &Path) -> usize {
    bring_back(folder).unwrap().1.slot
}

#[test]
fn a_flipped_bit_is_cut_in_the_last_block_and_stops_everything_before_it() {
    let folder = Folder::new("flip");
    let original = folder.path().join("original");
    let mut primary = journal(&original, 3);
    let (before, start) = (primary.writer.cursor(), last_slot(&original) * 64);
    let last_bytes = primary.step().unwrap().len() * 64;
    drop(primary);
    let image = std::fs::read(segment_path(&original, 1)).unwrap();
    let copy = folder.copy_of(&original, "copy");
    let flip = |bit: usize| {
        let mut flipped = image.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(segment_path(&copy, 1), flipped).unwrap();
    };
    for bit in sample(start, start + last_bytes) {
        flip(bit);
        let (_, found) = bring_back(&copy).unwrap_or_else(|e| panic!("bit {bit}: {e}"));
        assert_eq!(found.cursor, before, "bit {bit}");
        std::fs::remove_file(found.cut.unwrap()).unwrap();
    }
    for bit in sample(64, start) {
        flip(bit);
        damaged(&copy, "bad_inside");
    }
    for bit in 0..64 * 8 {
        flip(bit);
        damaged(&copy, "bad_header");
    }
}

#[test]
fn damage_in_an_earlier_segment_or_a_missing_one_stops_everything() {
    let folder = Folder::new("earlier");
    let original = folder.path().join("original");
    drop(journal(&original, 400));
    let change = |number: u32, at: usize| {
        let copy = folder.copy_of(&original, "copy");
        let path = segment_path(&copy, number);
        let mut image = std::fs::read(&path).unwrap();
        image[at] ^= 1;
        std::fs::write(&path, image).unwrap();
        copy
    };
    damaged(&change(1, 65_535), "bad_tail");
    damaged(&change(1, 500 * 64 + 33), "bad_crc");
    damaged(&change(2, 0), "bad_header");
    damaged(&change(3, 40), "bad_header");
    let copy = folder.copy_of(&original, "copy");
    std::fs::remove_file(segment_path(&copy, 2)).unwrap();
    damaged(&copy, "missing_segment");
    let copy = folder.copy_of(&original, "copy");
    std::fs::remove_file(segment_path(&copy, 1)).unwrap();
    assert!(bring_back(&copy).is_err());
    let copy = folder.copy_of(&original, "copy");
    std::fs::write(segment_path(&copy, 2), b"short").unwrap();
    damaged(&copy, "bad_header");
}

#[test]
fn the_nth_call_to_the_disk_fails_and_nothing_is_acknowledged_after_it() {
    let folder = Folder::new("nth");
    let mut passed = false;
    for n in 1.. {
        let place = folder.path().join(format!("{n}"));
        let disk = Arc::new(FailingDisk::new(n));
        let mut acknowledged = Vec::new();
        let outcome = Primary::begin(disk.clone(), &place).and_then(|mut primary| {
            for _ in 0..13 {
                match primary.step_of(25) {
                    Ok(block) => acknowledged.push(block),
                    Err(said) => {
                        assert!(
                            primary.step().is_err(),
                            "call {n}: the first failure is final"
                        );
                        return Err(said);
                    }
                }
            }
            Ok(())
        });
        if !disk.has_failed() {
            outcome.unwrap();
            passed = true;
            break;
        }
        let blocks = match recover(&place, &SystemDisk, |_, _, _| Ok(())).unwrap() {
            None => 0,
            Some(_) => bring_back(&place).unwrap().0.len().saturating_sub(1),
        };
        assert!(
            blocks >= acknowledged.len(),
            "call {n}: {blocks} of {}",
            acknowledged.len()
        );
        if blocks > 0 {
            assert_eq!(
                bring_back(&place).unwrap().0[1..=acknowledged.len()],
                acknowledged
            );
        }
        std::fs::remove_dir_all(&place).unwrap();
    }
    assert!(passed);
}

#[test]
fn frames_of_a_lower_epoch_are_void_and_broken_epochs_are_named() {
    let record = |position: u64| {
        let mut record = common::command(1, 1, 1);
        record.0[..8].copy_from_slice(&position.to_le_bytes());
        record
    };
    let at = Cursor {
        position: 9,
        epoch: 5,
        chain: [3; 32],
    };
    let block = |first: u64, epoch: u32| {
        let records = [record(first), record(first + 1)];
        let end = Block::seal(&records, 0, epoch, &at.chain).record();
        [records[0], records[1], end]
    };
    let name = |raw: &[Record]| at.check(raw).map(|_| ()).map_err(|fault| fault.name);
    assert_eq!(name(&block(10, 5)), Ok(()));
    assert_eq!(name(&block(10, 6)), Err("epoch_unannounced"));
    assert_eq!(name(&block(11, 5)), Err("gap"));
    assert_eq!(name(&block(9, 5)), Err("duplicate"));
    let void = at.check(&block(700, 4)).unwrap();
    assert!(matches!(void, Frame::Block { void: true, .. }));
    let mut cursor = at;
    cursor.pass(&void);
    assert_eq!((cursor.position, cursor.epoch), (9, 5));
    assert_ne!(cursor.chain, at.chain, "the chain goes on over it");
    let epoch = |epoch: u32, position: u64| {
        [Epoch {
            position,
            epoch,
            ..Epoch::default()
        }
        .sealed(&at.chain)
        .record()]
    };
    assert_eq!(name(&epoch(6, 9)), Ok(()));
    assert_eq!(name(&epoch(5, 9)), Err("epoch_twice"));
    assert_eq!(name(&epoch(6, 10)), Err("gap"));
    assert!(matches!(
        at.check(&epoch(4, 3)),
        Ok(Frame::Epoch { void: true, .. })
    ));
    assert_eq!(kind(&epoch(6, 9)[0]), 201);
}

#[test]
fn a_promise_only_grows_and_is_never_half_trusted() {
    let folder = Folder::new("promise");
    assert_eq!(promised(folder.path()), Ok(0));
    promise(&SystemDisk, folder.path(), 7).unwrap();
    assert_eq!(promised(folder.path()), Ok(7));
    assert!(matches!(
        promise(&SystemDisk, folder.path(), 7),
        Err(Trouble::Refused(_))
    ));
    let path = folder.path().join("promise");
    let whole = std::fs::read(&path).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, flipped).unwrap();
        assert!(promised(folder.path()).is_err(), "bit {bit}");
    }
    std::fs::write(&path, &whole[..19]).unwrap();
    assert!(promised(folder.path()).is_err());
}
