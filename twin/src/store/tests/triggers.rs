//! Triggers: their order, what they may change, and what a refusal takes back.

use crate::store::{Error, Handle, Store};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Item {
    no: u32,
    value: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note {
    no: u32,
    text: &'static str,
    value: u32,
}

crate::database! {
    /// A table whose triggers write down that they ran.
    struct Watched {
        /// What is watched.
        items: Item {
            hash by_no(no: u32);
            before insert first_before;
            before insert second_before;
            after insert after_insert;
            before update before_update;
            after update after_update;
            before delete before_delete;
            after delete after_delete;
        }
        /// What was seen.
        notes: Note {
            ordered by_no(no: u32);
        }
    }
}

fn note(db: &mut Watched, text: &'static str, value: u32) -> Result<(), Error> {
    let no = db.notes.by_no().last().map_or(1, |(no, _)| no + 1);
    db.insert(Note { no, text, value }).map(|_| ())
}

fn first_before(db: &mut Watched, item: &mut Item) -> Result<(), Error> {
    note(db, "first before insert", item.value)?;
    item.value += 1;
    Ok(())
}

fn second_before(db: &mut Watched, item: &mut Item) -> Result<(), Error> {
    note(db, "second before insert", item.value)?;
    if item.value == 13 {
        Err(Error::Trigger { code: 13 })
    } else {
        Ok(())
    }
}

fn after_insert(db: &mut Watched, item: Handle<Item>) -> Result<(), Error> {
    let value = db.get(item).value;
    note(db, "after insert", value)?;
    if value == 99 {
        Err(Error::Trigger { code: 99 })
    } else {
        Ok(())
    }
}

fn before_update(
    db: &mut Watched,
    _: Handle<Item>,
    old: &Item,
    new: &mut Item,
) -> Result<(), Error> {
    new.value += old.value;
    note(db, "before update", new.value)
}

fn after_update(db: &mut Watched, item: Handle<Item>, old: &Item) -> Result<(), Error> {
    let value = db.get(item).value;
    note(db, "after update", old.value)?;
    if value == 99 {
        Err(Error::Trigger { code: 99 })
    } else {
        Ok(())
    }
}

fn before_delete(db: &mut Watched, item: Handle<Item>) -> Result<(), Error> {
    let value = db.get(item).value;
    note(db, "before delete", value)
}

fn after_delete(db: &mut Watched, old: &Item) -> Result<(), Error> {
    note(db, "after delete", old.value)?;
    if old.no == 5 {
        Err(Error::Trigger { code: 5 })
    } else {
        Ok(())
    }
}

fn notes(db: &Watched) -> Vec<(&'static str, u32)> {
    let rows = db.notes.by_no().iter().map(|(_, note)| db.get(note));
    rows.map(|note| (note.text, note.value)).collect()
}

#[test]
fn triggers_run_in_the_order_declared() {
    let mut db = Watched::new();
    let item = db.insert(Item { no: 1, value: 10 }).unwrap();
    db.update(item, |item| item.value = 5).unwrap();
    assert_eq!(db.get(item).value, 16);
    db.delete(item).unwrap();
    let expected = [
        ("first before insert", 10),
        ("second before insert", 11),
        ("after insert", 11),
        ("before update", 16),
        ("after update", 11),
        ("before delete", 16),
        ("after delete", 16),
    ];
    assert_eq!(notes(&db), expected);
}

#[test]
fn a_refusal_takes_the_statement_back_with_its_triggers() {
    let mut db = Watched::new();
    assert_eq!(
        db.insert(Item { no: 1, value: 12 }),
        Err(Error::Trigger { code: 13 })
    );
    assert_eq!(
        db.insert(Item { no: 1, value: 98 }),
        Err(Error::Trigger { code: 99 })
    );
    assert!(db.items.is_empty() && db.notes.is_empty());
    let item = db.insert(Item { no: 5, value: 1 }).unwrap();
    let before = notes(&db);
    db.begin();
    assert_eq!(
        db.update(item, |item| item.value = 97),
        Err(Error::Trigger { code: 99 })
    );
    assert_eq!(db.delete(item), Err(Error::Trigger { code: 5 }));
    assert!(db.in_transaction() && db.log.is_empty());
    db.commit();
    assert_eq!(notes(&db), before);
    assert_eq!(
        (db.get(item).value, db.items.by_no().get(5)),
        (2, Some(item))
    );
}

#[test]
fn a_taken_key_takes_back_what_a_before_trigger_wrote() {
    let mut db = Watched::new();
    db.insert(Item { no: 1, value: 0 }).unwrap();
    assert!(matches!(
        db.insert(Item { no: 1, value: 0 }),
        Err(Error::Unique { .. })
    ));
    assert_eq!(notes(&db).len(), 3);
}
