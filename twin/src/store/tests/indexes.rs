//! The two index structures alone, against the standard library's.

use std::collections::BTreeMap;

use super::Xorshift;
use crate::store::{Handle, HashIndex, Key, OrderedIndex};

#[test]
fn a_hash_index_keeps_every_entry_while_it_grows() {
    let mut index = HashIndex::new();
    let count = 300_000u32;
    for slot in 1..=count {
        index.insert(slot.hash32(), slot);
    }
    for slot in 1..=count {
        assert_eq!(index.find(slot.hash32(), |found| found == slot), Some(slot));
    }
    assert_eq!(
        index.find((count + 1).hash32(), |found| found == count + 1),
        None
    );
    // Growth divides one bucket and its chain, never more.
    assert!(
        index.moved_max() <= 40,
        "one insert moved {} entries",
        index.moved_max()
    );
    for slot in (1..=count).step_by(2) {
        index.remove(slot.hash32(), slot);
    }
    for slot in 1..=count {
        let expected = (slot % 2 == 0).then_some(slot);
        assert_eq!(index.find(slot.hash32(), |found| found == slot), expected);
    }
    assert_eq!(index.len(), count as usize / 2);
}

#[test]
fn entries_of_one_hash_chain() {
    let mut index = HashIndex::new();
    for slot in 1..=100 {
        index.insert(7, slot);
    }
    for slot in (1..=100).rev().step_by(3) {
        index.remove(7, slot);
        assert_eq!(index.find(7, |found| found == slot), None);
    }
    for slot in (1..=100).rev().filter(|slot| (100 - slot) % 3 != 0) {
        assert_eq!(index.find(7, |found| found == slot), Some(slot));
    }
}

/// Every way to read the index gives what the map gives.
fn compare(index: &OrderedIndex<u32, ()>, model: &BTreeMap<u32, u32>, rng: &mut Xorshift) {
    let entry = |(&key, &slot): (&u32, &u32)| (key, Handle::from_slot(slot));
    assert!(index.iter().eq(model.iter().map(entry)));
    assert!(index.iter().rev().eq(model.iter().rev().map(entry)));
    for _ in 0..20 {
        let (a, b) = (rng.below(3_000) as u32, rng.below(3_000) as u32);
        let (low, high) = (a.min(b), a.max(b));
        assert!(index.range(low..high).eq(model.range(low..high).map(entry)));
        assert!(
            index
                .range(low..=high)
                .rev()
                .eq(model.range(low..=high).rev().map(entry))
        );
        assert_eq!(
            index.range(high..low).count(),
            0,
            "a range the wrong way round"
        );
        assert_eq!(index.at_or_above(low), model.range(low..).next().map(entry));
        assert_eq!(
            index.at_or_below(low),
            model.range(..=low).next_back().map(entry)
        );
        assert_eq!(index.next(low), model.range(low + 1..).next().map(entry));
        assert_eq!(index.prev(low), model.range(..low).next_back().map(entry));
        assert_eq!(
            index.get(low),
            model.get(&low).map(|&slot| Handle::from_slot(slot))
        );
    }
}

#[test]
fn an_ordered_index_is_a_sorted_map() {
    for seed in 1..=4 {
        let mut rng = Xorshift::new(seed * 77);
        let mut index = OrderedIndex::new();
        let mut model = BTreeMap::new();
        for step in 0..20_000u32 {
            let key = rng.below(2_500) as u32;
            // It fills, empties, and fills again.
            let grows = rng.below(10) < if step / 5_000 % 2 == 0 { 8 } else { 2 };
            if grows && !model.contains_key(&key) {
                model.insert(key, step + 1);
                assert_eq!(index.insert(key, Handle::from_slot(step + 1)), Ok(()));
            } else if grows {
                assert_eq!(
                    index.insert(key, Handle::NULL),
                    Err(Handle::from_slot(model[&key]))
                );
            } else if model.remove(&key).is_some() {
                index.remove(key);
            }
            if step % 500 == 0 {
                compare(&index, &model, &mut rng);
            }
        }
        for &key in model.keys() {
            index.remove(key);
        }
        compare(&index, &BTreeMap::new(), &mut rng);
    }
}

#[test]
fn keys_that_only_grow_fill_their_leaves() {
    let mut index = OrderedIndex::<u64, ()>::new();
    for key in 0..100_000u32 {
        index
            .insert(u64::from(key), Handle::from_slot(key + 1))
            .unwrap();
    }
    assert!(index.iter().map(|(key, _)| key).eq(0..100_000));
    for key in 0..100_000 {
        assert_eq!(index.first().map(|(key, _)| key), Some(key));
        index.remove(key);
    }
    assert!(index.is_empty());
}
