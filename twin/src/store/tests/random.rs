//! Thousands of random statements with nested savepoints against a model that copies itself.

use std::collections::BTreeMap;

use super::Xorshift;
use crate::store::{Handle, Store};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    no: u32,
    rank: i16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    no: u64,
    group: Handle<Group>,
    place: u32,
    value: u64,
}

crate::database! {
    /// Groups and their entries.
    struct Db {
        /// Groups.
        groups: Group {
            hash by_no(no: u32);
            ordered by_rank(rank: i16, no: u32);
        }
        /// Entries.
        entries: Entry {
            hash by_no(no: u64);
            hash by_place(group: Handle<Group>, place: u32);
            ordered by_value(place: u32, no: u64);
            link group -> groups;
        }
    }
}

/// The same tables, searched from end to end.
#[derive(Clone, Default)]
struct Model {
    groups: BTreeMap<Handle<Group>, Group>,
    entries: BTreeMap<Handle<Entry>, Entry>,
}

impl Model {
    fn takes_group(&self, own: Handle<Group>, row: Group) -> bool {
        self.groups
            .iter()
            .all(|(&handle, has)| handle == own || has.no != row.no)
    }

    fn takes_entry(&self, own: Handle<Entry>, row: Entry) -> bool {
        let parent = row.group.is_null() || self.groups.contains_key(&row.group);
        parent
            && self.entries.iter().all(|(&handle, has)| {
                let place = (has.group, has.place) != (row.group, row.place);
                handle == own || (has.no != row.no && place)
            })
    }

    fn links(&self, group: Handle<Group>) -> usize {
        self.entries
            .values()
            .filter(|entry| entry.group == group)
            .count()
    }
}

fn random_entry(rng: &mut Xorshift) -> Entry {
    Entry {
        no: rng.below(300),
        group: Handle::from_slot(rng.below(14) as u32),
        place: rng.below(40) as u32,
        value: rng.next(),
    }
}

fn random_group(rng: &mut Xorshift) -> Group {
    Group {
        no: rng.below(20) as u32,
        rank: rng.below(5) as i16 - 2,
    }
}

fn change_groups(db: &mut Db, model: &mut Model, rng: &mut Xorshift) {
    let handle = Handle::from_slot(rng.below(14) as u32);
    let lives = model.groups.contains_key(&handle);
    let row = random_group(rng);
    match rng.below(3) {
        0 => {
            let inserted = db.insert(row);
            assert_eq!(inserted.is_ok(), model.takes_group(Handle::NULL, row));
            inserted.map(|handle| model.groups.insert(handle, row)).ok();
        }
        1 => {
            let updated = db.update(handle, |group| *group = row);
            assert_eq!(updated.is_ok(), lives && model.takes_group(handle, row));
            updated.map(|()| model.groups.insert(handle, row)).ok();
        }
        _ => {
            let deleted = db.delete(handle);
            assert_eq!(deleted.is_ok(), lives && model.links(handle) == 0);
            deleted.map(|()| model.groups.remove(&handle)).ok();
        }
    }
}

fn change_entries(db: &mut Db, model: &mut Model, rng: &mut Xorshift) {
    let handle = Handle::from_slot(rng.below(120) as u32);
    let lives = model.entries.contains_key(&handle);
    let row = random_entry(rng);
    match rng.below(5) {
        0 | 1 => {
            let inserted = db.insert(row);
            assert_eq!(inserted.is_ok(), model.takes_entry(Handle::NULL, row));
            inserted
                .map(|handle| model.entries.insert(handle, row))
                .ok();
        }
        2 => {
            let updated = db.update(handle, |entry| *entry = row);
            assert_eq!(updated.is_ok(), lives && model.takes_entry(handle, row));
            updated.map(|()| model.entries.insert(handle, row)).ok();
        }
        3 if lives => {
            db.patch(handle, |entry| entry.value = row.value);
            model.entries.get_mut(&handle).unwrap().value = row.value;
        }
        _ => {
            assert_eq!(db.delete(handle).is_ok(), lives);
            model.entries.remove(&handle);
        }
    }
}

/// Rows, links, and every index in its order.
fn compare(db: &Db, model: &Model) {
    let groups = db.groups.rows().iter().map(|(handle, &row)| (handle, row));
    assert!(groups.eq(model.groups.iter().map(|(&handle, &row)| (handle, row))));
    let entries = db.entries.rows().iter().map(|(handle, &row)| (handle, row));
    assert!(entries.eq(model.entries.iter().map(|(&handle, &row)| (handle, row))));
    for (&handle, group) in &model.groups {
        assert_eq!(db.groups.by_no().get(group.no), Some(handle));
        assert_eq!(db.groups.rows().links(handle) as usize, model.links(handle));
    }
    for (&handle, entry) in &model.entries {
        assert_eq!(db.entries.by_no().get(entry.no), Some(handle));
        assert_eq!(
            db.entries.by_place().get((entry.group, entry.place)),
            Some(handle)
        );
    }
    assert_eq!(db.entries.by_no().index().len(), model.entries.len());
    assert_eq!(db.entries.by_place().index().len(), model.entries.len());
    let ranks = model
        .groups
        .iter()
        .map(|(&handle, row)| ((row.rank, row.no), handle));
    let ranks: BTreeMap<_, _> = ranks.collect();
    assert!(db.groups.by_rank().iter().eq(ranks));
    let values = model
        .entries
        .iter()
        .map(|(&handle, row)| ((row.place, row.no), handle));
    let values: BTreeMap<_, _> = values.collect();
    assert!(db.entries.by_value().iter().eq(values.clone()));
    assert!(
        db.entries
            .by_value()
            .iter()
            .rev()
            .eq(values.into_iter().rev())
    );
}

#[test]
fn random_statements_with_nested_savepoints() {
    for seed in 1..=8u64 {
        let mut rng = Xorshift::new(seed * 0x9E37_79B9);
        let mut db = Db::new();
        let mut model = Model::default();
        // The model as it was at the begin of the transaction and at each savepoint.
        let mut saved = Vec::new();
        for step in 0..6_000 {
            match rng.below(40) {
                0 if !db.in_transaction() => {
                    db.begin();
                    saved.push((db.savepoint(), model.clone()));
                }
                0 | 1 if db.in_transaction() => saved.push((db.savepoint(), model.clone())),
                2 if db.in_transaction() => {
                    // To any savepoint that still stands; it stays good.
                    saved.truncate(1 + rng.below(saved.len() as u64) as usize);
                    let (savepoint, then) = saved.last().unwrap();
                    db.rollback_to(*savepoint);
                    model = then.clone();
                }
                3 if db.in_transaction() => {
                    db.commit();
                    saved.clear();
                }
                4 if db.in_transaction() => {
                    db.rollback();
                    model = saved.swap_remove(0).1;
                    saved.clear();
                }
                5..12 => change_groups(&mut db, &mut model, &mut rng),
                _ => change_entries(&mut db, &mut model, &mut rng),
            }
            if step % 10 == 0 {
                compare(&db, &model);
            }
        }
        compare(&db, &model);
    }
}
