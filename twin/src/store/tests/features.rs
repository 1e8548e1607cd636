//! Each feature by a small example.

use crate::store::{Error, Handle, Key, Segments, Store};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Member {
    no: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    member: Handle<Member>,
    line: u16,
    no: u32,
    balance: i64,
}

crate::database! {
    /// Members and their accounts.
    struct House {
        /// Members.
        members: Member {
            hash by_no(no: u16);
        }
        /// Accounts.
        accounts: Account {
            hash by_line(line: u16, no: u32);
            ordered by_member(member: Handle<Member>, no: u32);
            link member -> members;
        }
    }
}

/// One member with accounts 1, 2, 3.
fn house() -> (House, Handle<Member>, [Handle<Account>; 3]) {
    let mut db = House::new();
    let member = db.insert(Member { no: 1 }).unwrap();
    let accounts = [1, 2, 3].map(|no| {
        db.insert(Account {
            member,
            line: 5,
            no,
            balance: 0,
        })
        .unwrap()
    });
    (db, member, accounts)
}

#[test]
fn a_hash_index_finds_by_composite_key() {
    let (db, _, accounts) = house();
    assert_eq!(db.accounts.by_line().get((5, 2)), Some(accounts[1]));
    assert_eq!(db.accounts.by_line().get((2, 5)), None);
    let mut found = [Handle::NULL; 3];
    db.accounts
        .by_line()
        .get_many(&[(5, 3), (5, 9), (5, 1)], &mut found);
    assert_eq!(found, [accounts[2], Handle::NULL, accounts[0]]);
}

#[test]
fn an_ordered_index_gives_ends_neighbours_and_ranges() {
    let (db, member, a) = house();
    let index = db.accounts.by_member();
    let key = |no| (member, no);
    assert_eq!(index.first(), Some((key(1), a[0])));
    assert_eq!(index.last(), Some((key(3), a[2])));
    assert_eq!(index.next(key(1)), Some((key(2), a[1])));
    assert_eq!(index.prev(key(1)), None);
    assert_eq!(index.at_or_above(key(0)), Some((key(1), a[0])));
    assert_eq!(index.at_or_below(key(9)), Some((key(3), a[2])));
    let middle: Vec<_> = index.range(key(2)..).rev().map(|(_, row)| row).collect();
    assert_eq!(middle, [a[2], a[1]]);
    assert_eq!(index.range(key(2)..key(2)).count(), 0);
}

#[test]
fn a_taken_key_is_refused_and_changes_nothing() {
    let (mut db, member, a) = house();
    let taken = Err(Error::Unique {
        table: "accounts",
        index: "by_line",
        holder: a[1].slot(),
    });
    let twice = Account {
        member,
        line: 5,
        no: 2,
        balance: 9,
    };
    db.begin();
    assert_eq!(db.insert(twice).map(|_| ()), taken);
    assert_eq!(db.update(a[0], |row| *row = twice), taken);
    assert!(db.log.is_empty());
    db.commit();
    // The ordered index is not entered when the hash index refuses, nor the other way round.
    let elsewhere = Account {
        member,
        line: 6,
        no: 2,
        balance: 9,
    };
    let holder = a[1].slot();
    let taken = Err(Error::Unique {
        table: "accounts",
        index: "by_member",
        holder,
    });
    assert_eq!(db.insert(elsewhere), taken);
    assert_eq!(db.accounts.by_line().get((6, 2)), None);
    assert_eq!((db.accounts.len(), db.accounts.by_member().len()), (3, 3));
    assert_eq!(db.members.rows().links(member), 3);
}

#[test]
fn a_link_holds_its_parent() {
    let (mut db, member, accounts) = house();
    let linked = Error::Referenced {
        table: "members",
        slot: member.slot(),
        count: 3,
    };
    assert_eq!(db.delete(member), Err(linked));
    db.update(accounts[0], |row| row.member = Handle::NULL)
        .unwrap();
    db.delete(accounts[1]).unwrap();
    assert_eq!(db.members.rows().links(member), 1);
    db.delete(accounts[2]).unwrap();
    db.delete(member).unwrap();
    let orphan = Account {
        member,
        line: 9,
        no: 9,
        balance: 0,
    };
    let no_parent = Error::NoParent {
        table: "accounts",
        link: "member",
    };
    assert_eq!(db.insert(orphan), Err(no_parent));
    assert_eq!(
        db.update(accounts[0], |row| row.member = member),
        Err(no_parent)
    );
}

#[test]
fn a_dead_handle_is_refused() {
    let (mut db, _, accounts) = house();
    db.delete(accounts[1]).unwrap();
    let dead = Err(Error::NotLive {
        table: "accounts",
        slot: accounts[1].slot(),
    });
    assert_eq!(db.delete(accounts[1]), dead);
    assert_eq!(db.update(accounts[1], |row| row.balance = 1), dead);
    assert!(db.delete(Handle::<Account>::NULL).is_err());
    assert_eq!(db.accounts.rows().find(accounts[1]), None);
}

#[test]
fn a_rollback_restores_rows_handles_and_links() {
    let (mut db, member, accounts) = house();
    db.begin();
    db.patch(accounts[0], |row| row.balance = 5);
    db.delete(accounts[2]).unwrap();
    let savepoint = db.savepoint();
    db.delete(accounts[1]).unwrap();
    db.delete(accounts[0]).unwrap();
    db.delete(member).unwrap();
    let other = db.insert(Member { no: 2 }).unwrap();
    assert_eq!(other, member, "a freed slot is used again");
    db.rollback_to(savepoint);
    assert_eq!(db.get(accounts[0]).balance, 5);
    assert_eq!(db.get(member).no, 1);
    assert_eq!(db.members.rows().links(member), 2);
    db.rollback();
    assert_eq!(db.get(accounts[0]).balance, 0);
    let all: Vec<_> = db
        .accounts
        .rows()
        .iter()
        .map(|(handle, _)| handle)
        .collect();
    assert_eq!(all, accounts);
}

#[test]
fn a_failed_body_is_taken_back_alone() {
    let (mut db, member, accounts) = house();
    let outcome: Result<(), Error> = db.transaction(|db| {
        db.patch(accounts[0], |row| row.balance = 1);
        let inner: Result<(), Error> = db.transaction(|db| {
            db.patch(accounts[1], |row| row.balance = 2);
            db.delete(member)
        });
        assert!(inner.is_err());
        Ok(())
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!(
        (db.get(accounts[0]).balance, db.get(accounts[1]).balance),
        (1, 0)
    );
    assert!(!db.in_transaction());
}

#[test]
#[should_panic(expected = "the savepoint's transaction is over")]
fn a_savepoint_ends_with_its_transaction() {
    let (mut db, ..) = house();
    db.begin();
    let savepoint = db.savepoint();
    db.commit();
    db.begin();
    db.rollback_to(savepoint);
}

#[test]
#[should_panic(expected = "a patch changed a key or a link")]
#[cfg(debug_assertions)]
fn a_patch_of_a_key_is_caught_in_a_debug_build() {
    let (mut db, _, accounts) = house();
    db.patch(accounts[0], |row| row.no = 8);
}

#[test]
fn segments_never_move_what_they_hold() {
    let mut stack = Segments::new();
    stack.push([1u64; 8]);
    let first = std::ptr::from_ref(stack.at(0));
    for value in 2..100_000 {
        stack.push([value; 8]);
    }
    assert_eq!(first, std::ptr::from_ref(stack.at(0)));
    assert_eq!(stack.at(77_776)[0], 77_777);
    let memory_bytes = stack.memory_bytes();
    stack.truncate(3);
    assert_eq!(
        (stack.len(), stack.last(), stack.get(3)),
        (3, Some(&[3; 8]), None)
    );
    assert_eq!(stack.pop(), Some([3; 8]));
    assert_eq!(stack.memory_bytes(), memory_bytes, "memory stays for later");
}

#[test]
fn reserved_memory_is_enough() {
    let mut db = House::new();
    let rows = 300_000;
    db.accounts.reserve(rows);
    let memory_bytes = db.memory_bytes();
    for no in 1..=rows as u32 {
        db.insert(Account {
            member: Handle::NULL,
            line: 1,
            no,
            balance: 0,
        })
        .unwrap();
    }
    assert_eq!(db.memory_bytes(), memory_bytes);
    assert!((1..=rows as u32).all(|no| db.accounts.by_line().get((1, no)).is_some()));
}

#[test]
fn keys_that_differ_anywhere_hash_apart() {
    let hashes = [
        (1u16, 2u8).hash32(),
        (2, 1).hash32(),
        (1, 1).hash32(),
        (0, 0).hash32(),
    ];
    for (at, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..at].contains(hash));
    }
}
