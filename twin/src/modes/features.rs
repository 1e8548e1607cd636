//! Features that can be switched off by name (requirement R21): members get a code, never silence.
//!
//! A feature is a question asked of a command. Its number, told as `value` of the refusal, is its place in the list, from 1;
//! the list only grows at its end.

use crate::journal::bytes::{kind, u16_at};
use crate::records::Record;

type Question = fn(&Record) -> bool;

const NEW: u8 = 1;
const QUOTE: u8 = 5;

fn segment(record: &Record) -> u16 {
    u16_at(record, 22) & 15
}

fn category(record: &Record) -> u16 {
    (u16_at(record, 22) >> 4) & 7
}

fn member(record: &Record) -> bool {
    (1..=9).contains(&kind(record))
}

fn new_with(record: &Record, at: usize, value: u8) -> bool {
    kind(record) == NEW && record.0[at] == value
}

const FEATURES: [(&str, Question); 25] = [
    ("new", |r| kind(r) == NEW),
    ("reduce", |r| kind(r) == 2),
    ("reprice", |r| kind(r) == 3),
    ("cancel", |r| kind(r) == 4),
    ("quote", |r| kind(r) == QUOTE),
    ("mass-cancel", |r| kind(r) == 6),
    ("quote-request", |r| kind(r) == 7),
    ("off-book-trade", |r| kind(r) == 8),
    ("void-trade", |r| kind(r) == 9),
    ("market", |r| new_with(r, 55, 1)),
    ("limit", |r| new_with(r, 55, 2)),
    ("market-to-limit", |r| new_with(r, 55, 3)),
    ("ioc", |r| new_with(r, 56, 2)),
    ("fok", |r| new_with(r, 56, 3)),
    ("regular", |r| member(r) && segment(r) == 1),
    ("odd-lot", |r| member(r) && segment(r) == 2),
    ("odd-lot-after", |r| member(r) && segment(r) == 3),
    ("fixed-price", |r| member(r) && segment(r) == 4),
    ("block", |r| member(r) && segment(r) == 5),
    ("block-paired", |r| member(r) && segment(r) == 6),
    ("margin", |r| kind(r) == NEW && category(r) == 2),
    ("short", |r| kind(r) == NEW && category(r) == 3),
    ("borrowed", |r| kind(r) == NEW && category(r) == 4),
    ("borrowed-hedge", |r| kind(r) == NEW && category(r) == 5),
    ("indicate", |r| kind(r) == 18),
];

/// The features that are switched off.
#[derive(Clone, Debug, Default)]
pub struct Off(Vec<usize>);

impl Off {
    /// Switches a feature off by name; an error names those that exist.
    pub fn switch(&mut self, name: &str) -> Result<(), String> {
        let found = FEATURES.iter().position(|(known, _)| *known == name);
        let number = found.ok_or_else(|| format!("no feature {name}; there are: {}", names()))?;
        self.0.push(number);
        Ok(())
    }

    /// Whether everything is on.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of the switched-off feature that this command would use.
    pub fn meets(&self, command: &Record) -> Option<i64> {
        let hit = self.0.iter().find(|&&i| FEATURES[i].1(command));
        hit.map(|&i| i as i64 + 1)
    }
}

/// The names of all features, for people.
pub fn names() -> String {
    let names: Vec<&str> = FEATURES.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::bytes::EMPTY;

    #[test]
    fn a_feature_is_met_by_the_commands_that_use_it_and_by_no_other() {
        let mut market_order = EMPTY;
        market_order.0[16] = NEW;
        market_order.0[55] = 1;
        market_order.0[22] = 2;
        let rows = [
            ("market", true),
            ("limit", false),
            ("odd-lot", true),
            ("quote", false),
        ];
        for (name, expected) in rows {
            let mut off = Off::default();
            off.switch(name).unwrap();
            assert_eq!(off.meets(&market_order).is_some(), expected, "{name}");
        }
        assert!(
            Off::default()
                .switch("options")
                .unwrap_err()
                .contains("mass-cancel")
        );
    }
}
