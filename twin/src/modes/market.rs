//! The market as a core for the modes.

use super::core::{Level, Matching};
use crate::market::Market;
use crate::records::Record;
use crate::records::refusals::Refusal;

/// Live orders that memory is taken for at the start; more take theirs as they come.
const ROOM_ORDERS: usize = 1 << 18;

/// The market, and the last time it was given: a batch in which a time goes back is refused whole.
#[derive(Default)]
pub struct Timed {
    market: Market,
    last: Option<i64>,
}

impl Timed {
    /// An empty market.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty market with memory taken for a day's live orders.
    pub fn with_room() -> Self {
        Self {
            market: Market::with_room(ROOM_ORDERS),
            last: None,
        }
    }

    /// The last time of a batch whose times never go back.
    fn times(&self, batch: &[Record]) -> Result<Option<i64>, String> {
        let mut last = self.last;
        for (at, record) in batch.iter().enumerate() {
            let time = record.time();
            if let Some(before) = last.filter(|before| time < *before) {
                return Err(format!(
                    "times must not go back: record {at} of the batch has time {time}, the one before it {before}"
                ));
            }
            last = Some(time);
        }
        Ok(last)
    }
}

impl Matching for Timed {
    fn run(&mut self, batch: &[Record], out: &mut Vec<Record>) -> Result<(), String> {
        let last = self.times(batch)?;
        self.market.run(batch, out)?;
        self.last = last;
        Ok(())
    }

    fn abort(&mut self, out: &mut Vec<Record>) -> Result<(), String> {
        self.market.abort(out)?;
        // The commands before the one at hand stay worked.
        self.last = out.last().map(Record::time).max(self.last);
        Ok(())
    }

    fn refuse(
        &mut self,
        run: &[Record],
        code: u16,
        value: i64,
        out: &mut Vec<Record>,
    ) -> Result<(), String> {
        let last = self.times(run)?;
        self.market.refuse(run, Refusal::of(code, value), out);
        self.last = last;
        Ok(())
    }

    fn digest(&self) -> u64 {
        self.market.digest()
    }

    fn position(&self) -> u64 {
        self.market.position()
    }

    fn live(&self) -> u64 {
        self.market.live()
    }

    fn depth(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        self.market.depth(instrument, segment, levels)
    }

    fn unfilled(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        self.market.unfilled(instrument, segment, levels)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::features::{Off, names};
    use super::super::guard::{GUARDED, Guard, SWITCHED_OFF};
    use super::*;
    use crate::market::tests::day::Day;
    use crate::market::tests::{command, quietly};
    use crate::records::bodies::{Body, Order, Rejected};
    use crate::records::vocabulary::kind;
    use crate::records::{NO_PRICE, refusals};

    /// A random day, its opening first, with something of every feature; each record is a run.
    fn day(seed: u64, commands: usize) -> Vec<Record> {
        let mut day = Day::new(seed);
        let mut made = day.opening();
        while made.len() < commands {
            let mut next = day.command();
            let place = made.len() as u16;
            match next.kind() {
                kind::NEW if place.is_multiple_of(5) => {
                    next.put(22, next.attributes() & 0xFF8F | (place / 5 % 6) << 4);
                }
                kind::NEW if place.is_multiple_of(7) => next.put(55, 3u8),
                kind::CANCEL if place.is_multiple_of(5) => next.put(22, 3u16),
                kind::CANCEL if place.is_multiple_of(7) => {
                    next = command(
                        kind::QUOTE_REQUEST,
                        (1, 1),
                        next.time(),
                        &Order::read(&next),
                    );
                    next.put(48, 0u32);
                }
                kind::TEXT | kind::ACCEPTED.. => continue,
                _ => {}
            }
            made.push(next);
        }
        made
    }

    /// Each run of a stream with its events.
    fn answers(out: &[Record]) -> Vec<&[Record]> {
        let is_head =
            |record: &Record| record.kind() < kind::ACCEPTED && record.kind() != kind::TEXT;
        let chunks = out.chunk_by(|_, next| !is_head(next));
        chunks.collect()
    }

    /// The answer GUARDED to a command of a kind.
    fn is_guarded(answer: &[Record]) -> bool {
        let [head, .., last] = answer else {
            return false;
        };
        let body = Rejected::read(last);
        let said = (last.kind(), last.code(), body.value, body.bound);
        said == (kind::REJECTED, GUARDED, head.kind().into(), NO_PRICE)
    }

    #[test]
    fn a_poison_command_inside_a_batch_is_refused_and_told() {
        let caught: usize = (1..=20).map(|seed| quietly(|| poisoned_day(seed))).sum();
        assert!(caught >= 15, "a day has trades");
    }

    /// A day in one batch, poisoned at its 20th trade; how many commands were caught.
    fn poisoned_day(seed: u64) -> usize {
        let commands = day(seed, 3_000);
        let mut poisoned = Timed::new();
        poisoned.market.poison(20);
        let mut guard = Guard::new(poisoned, Off::default());
        let mut out = Vec::new();
        guard.run(&commands, &mut out).expect("a batch");
        let caught = guard.take_caught();
        let Some(first) = caught.first() else {
            return 0;
        };
        assert!(first.said.contains("poison"), "{}", first.said);
        let guilty: Vec<_> = answers(&out)
            .into_iter()
            .filter(|a| is_guarded(a))
            .collect();
        let told: Vec<u64> = guilty.iter().map(|answer| answer[0].position()).collect();
        let caught: Vec<u64> = caught.iter().map(|caught| caught.position).collect();
        assert_eq!(told, caught, "seed {seed}");
        // A market that was never poisoned, and that refuses the same ones unworked, tells the same.
        let (mut healthy, mut expected) = (Timed::new(), Vec::new());
        for answer in answers(&out) {
            let events = answer.iter().position(|r| r.kind() >= kind::ACCEPTED);
            let (run, _) = answer.split_at(events.expect("an answer"));
            let done = if is_guarded(answer) {
                healthy.refuse(run, GUARDED, run[0].kind().into(), &mut expected)
            } else {
                healthy.run(run, &mut expected)
            };
            done.expect("a batch");
        }
        assert_eq!(out, expected, "seed {seed}");
        assert_eq!(guard.digest(), healthy.digest(), "seed {seed}");
        told.len()
    }

    #[test]
    fn every_feature_can_be_switched_off() {
        let commands = day(7, 8_000);
        let numbers_of = |out: &[Record]| {
            let wrong = |r: &&Record| r.kind() == kind::REJECTED && r.code() == refusals::ORDER_NO;
            let heads = out.iter().filter(wrong);
            heads.map(|r| r.get::<u32>(48)).collect::<HashSet<u32>>()
        };
        let mut untouched = Vec::new();
        Timed::new()
            .run(&commands, &mut untouched)
            .expect("a batch");
        for (place, name) in names().split(", ").enumerate() {
            let mut off = Off::default();
            off.switch(name).expect("its name");
            let mut guard = Guard::new(Timed::new(), off.clone());
            let mut out = Vec::new();
            guard.run(&commands, &mut out).expect("a batch");
            assert!(guard.take_caught().is_empty());
            let mut met = 0;
            for answer in answers(&out) {
                let [.., last] = answer else { unreachable!() };
                let refused = last.kind() == kind::REJECTED;
                let by_switch = refused && last.code() == SWITCHED_OFF;
                let by_bytes = refused && last.code() <= refusals::UNUSED_BYTES;
                let meets = off.meets(&answer[0]).is_some();
                assert_eq!(by_switch, meets && !by_bytes, "{name}");
                if by_switch {
                    assert_eq!(Rejected::read(last).value, place as i64 + 1, "{name}");
                    assert_eq!(answer.len(), 2, "{name}: nothing but the refusal");
                    met += 1;
                }
            }
            assert!(met > 0, "the day has {name}");
            // Refused orders have used up their numbers: no other is wrong than without the switch.
            assert!(
                numbers_of(&out).is_subset(&numbers_of(&untouched)),
                "{name}"
            );
        }
    }

    #[test]
    fn a_broken_or_unused_byte_is_the_answer_before_any_switch() {
        let mut market = Timed::new();
        let mut out = Vec::new();
        let mut order = Record::ZERO;
        order.put(16, kind::NEW);
        order.put(17, 2u8);
        order.put(48, 1u32);
        let mut text = Record::ZERO;
        text.put(16, kind::TEXT);
        // Texts that a NEW may not have are no part of it.
        market
            .refuse(&[order, text, text], GUARDED, 1, &mut out)
            .expect("a run");
        let codes: Vec<u16> = out.iter().map(Record::code).collect();
        assert_eq!(codes, [0, refusals::UNUSED_BYTES, 0, 1, 0, 1]);
        // Its number is used up, so the next one is 2.
        order.put(17, 0u8);
        market
            .refuse(&[order], GUARDED, 1, &mut out)
            .expect("a run");
        order.put(48, 2u32);
        market
            .refuse(&[order], GUARDED, 1, &mut out)
            .expect("a run");
        assert_eq!(market.market.position(), 10);
        let late = Record::ZERO;
        order.put(8, 5i64);
        market
            .refuse(&[order], GUARDED, 1, &mut out)
            .expect("a run");
        assert!(market.refuse(&[late], GUARDED, 0, &mut out).is_err());
        assert_eq!(out.len(), 12);
    }
}
