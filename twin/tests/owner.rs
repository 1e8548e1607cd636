//! What an owner behind a members' door says of itself, and its settlement.

mod common;

use common::Folder;
use common::house::{Core, leave, next, until};
use common::market::order;
use common::process::{number, text};
use evermarket_twin::door::client::Client;
use evermarket_twin::door::words::QUICK;
use evermarket_twin::records::vocabulary::kind;

const PRICE: i64 = 400_000;

#[test]
fn an_owner_says_where_it_stands_and_who_is_there() {
    let folder = Folder::new("owner-status");
    let settled = folder.path().join("settled");
    let mut owner = Core::new(&folder, "p");
    owner.match_alone(&["--settlement", text(&settled)]);
    owner.open_market(2);
    until("nobody there", || {
        (number(&owner.ask("status"), "connections") == 0).then_some(())
    });
    let opened = number(&owner.ask("status"), "position");
    let (mut buyer, _) = owner.enter(1, QUICK, 0, 0);
    let (mut seller, _) = owner.enter(2, QUICK, 0, 0);
    let stranger = Client::connect(&owner.door).unwrap();
    buyer.send(&[order(1, 1, 1, PRICE, 5)]).unwrap();
    assert_eq!(next(&mut buyer).kind(), kind::ACCEPTED);
    seller.send(&[order(2, 1, 2, PRICE, 3)]).unwrap();
    assert_eq!(next(&mut seller).kind(), kind::ACCEPTED);
    assert_eq!(next(&mut seller).kind(), kind::TRADED);
    let told = owner.ask("status");
    let numbers =
        |names: &[&str]| -> Vec<u64> { names.iter().map(|name| number(&told, name)).collect() };
    assert_eq!(numbers(&["epoch", "promised"]), [2, 2], "{told}");
    assert_eq!(numbers(&["position", "released"]), [opened + 5; 2]);
    assert_eq!(numbers(&["live", "sessions", "connections"]), [1, 2, 3]);
    for part in [
        "\"state\": \"MATCH\"",
        "\"clean\": true",
        "\"followers\": []",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(told.contains("\"digest\": \"") && !told.contains("\"0000000000000000\""));
    drop(stranger);
    leave(buyer);
    leave(seller);
    until("nobody there any more", || {
        let told = owner.ask("status");
        let there = number(&told, "sessions") + number(&told, "connections");
        (there == 0).then_some(())
    });
    let facts = owner.ask("settle");
    assert_eq!(number(&facts, "trades"), 1, "{facts}");
    assert!(facts.contains("positions_sha256") && settled.join("totals.csv").exists());
    assert_eq!(
        number(&owner.ask("status"), "position"),
        opened + 5,
        "settling changes nothing"
    );
}

#[test]
fn a_settlement_that_was_written_is_written_again_when_the_door_closes() {
    let folder = Folder::new("owner-settles");
    let settled = folder.path().join("settled");
    let mut owner = Core::new(&folder, "p");
    owner.match_alone(&["--settlement", text(&settled)]);
    owner.open_market(2);
    let (mut buyer, _) = owner.enter(1, QUICK, 0, 0);
    assert_eq!(number(&owner.ask("settle"), "trades"), 0);
    let early = std::fs::read(settled.join("positions.csv")).unwrap();
    buyer.send(&[order(1, 1, 1, PRICE, 5)]).unwrap();
    let (mut seller, _) = owner.enter(2, QUICK, 0, 0);
    seller.send(&[order(2, 1, 2, PRICE, 3)]).unwrap();
    while next(&mut seller).kind() != kind::TRADED {}
    owner.ask("close");
    let ended = owner.child.as_mut().unwrap().0.wait().unwrap();
    assert_eq!(ended.code(), Some(0));
    let late = std::fs::read(settled.join("positions.csv")).unwrap();
    assert!(late.len() > early.len());
}

#[test]
fn without_a_settlement_it_says_so() {
    let folder = Folder::new("owner-unsettled");
    let mut owner = Core::new(&folder, "p");
    owner.match_alone(&[]);
    assert!(owner.ask("settle").contains("no --settlement FOLDER"));
    assert!(owner.ask("status").contains("\"settlement\": null"));
}
