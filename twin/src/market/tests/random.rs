//! Random days and any bytes: no stop, no difference between batches, nothing lost or made up.

use super::audit::audit;
use super::day::Day;
use super::{Random, quietly, told, told_guarded};
use crate::market::Market;
use crate::records::Record;
use crate::records::vocabulary::kind;

/// Every command stands in the stream as it came, with events behind it and positions without gap.
fn check_stream(commands: &[Record], out: &[Record], first: u64) {
    let mut waiting = commands.iter();
    let mut events = 1;
    for (place, record) in out.iter().enumerate() {
        assert_eq!(record.position(), first + place as u64);
        if matches!(record.kind(), 64..200) && events + 1 > 0 {
            // A command may carry an event's number; then the next one in line is it.
            let mut same = waiting.clone().next().copied().unwrap_or(Record::ZERO);
            same.set_position(record.position());
            if same != *record || events == 0 {
                events += 1;
                continue;
            }
        }
        let mut expected = *waiting.next().expect("no more commands than came");
        expected.set_position(record.position());
        assert_eq!(*record, expected);
        events = i32::from(record.kind() == kind::TEXT);
    }
    assert!(waiting.next().is_none(), "every command is written");
}

#[test]
fn any_bytes_are_answered() {
    let mut random = Random(0x1234_5678_9ABC_DEF1);
    let mut market = Market::new();
    let mut day = Day::new(77);
    told(&mut market, &day.opening());
    for _ in 0..3_000 {
        let mut batch = [Record::ZERO; 16];
        for record in &mut batch {
            for word in 0..8 {
                record.put(8 * word, random.word());
            }
            record.0[16] %= if random.below(4) == 0 { 255 } else { 40 };
            if random.below(2) == 0 {
                // Small numbers come further.
                for byte in 17..64 {
                    record.0[byte] *= u8::from(random.below(3) == 0);
                }
            }
        }
        let first = market.position() + 1;
        let out = told(&mut market, &batch);
        assert!(out.len() >= 2 * batch.len() - 15);
        assert_eq!(out[0].position(), first);
    }
    audit(&market.core);
}

#[test]
fn random_days_stay_whole_in_whatever_batches_they_come() {
    for seed in 1..=40u64 {
        let mut day = Day::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut commands = day.opening();
        commands.extend((0..3_000).map(|_| day.command()));
        let (mut single, mut whole) = (Market::new(), Market::new());
        let mut out = Vec::new();
        let mut at = 0;
        while at < commands.len() {
            // A batch never ends inside a run.
            let mut end = at + 1;
            while end < commands.len() && commands[end].kind() == kind::TEXT {
                end += 1;
            }
            single.run(&commands[at..end], &mut out).expect("a batch");
            at = end;
            if at % 97 == 0 {
                audit(&single.core);
            }
        }
        check_stream(&commands, &out, 1);
        assert_eq!(out, told(&mut whole, &commands), "seed {seed}");
        assert_eq!(single.digest(), whole.digest(), "seed {seed}");
        audit(&whole.core);
        let trades = out.iter().filter(|told| told.kind() == kind::TRADED);
        assert!(trades.count() > 100, "seed {seed} means something");
    }
}

#[test]
fn a_defect_anywhere_is_taken_back_whole() {
    assert!(quietly(poisonous_days) > 100);
}

fn poisonous_days() -> u64 {
    let mut defects = 0;
    for seed in 1..=10u64 {
        let mut day = Day::new(seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
        let mut market = Market::new();
        told(&mut market, &day.opening());
        let mut out = Vec::new();
        for _ in 0..2_000 {
            let made = day.command();
            let (digest, live) = (market.digest(), market.live());
            market.core.poison = (day.random.below(2) == 0).then(|| day.random.below(3) as u32);
            out.clear();
            if told_guarded(&mut market, &[made], &mut out) {
                assert_eq!((market.digest(), market.live()), (digest, live));
                assert_eq!((out.len(), out[1].code()), (2, 5));
                audit(&market.core);
                defects += 1;
            }
        }
        audit(&market.core);
    }
    defects
}
