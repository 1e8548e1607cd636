//! The door's decisions: bytes and the time in, records to members and commands for the engine out. No socket, no clock.
//!
//! Invariants: an id reaches the engine once; a line is told each event of its flow once a session, in the order of the positions,
//! and only what the journal has and is released; a line has one session.

use std::collections::HashMap;

use super::bucket::Bucket;
use super::flow::Flow;
use super::logon::Terms;
use super::places::{Place, ReadBack};
use super::readiness::Row;
use super::room::Room;
use super::session::{Phase, Session};
use super::ticket::Key;
use super::words::{challenge, fenced, heartbeat, parting};
use crate::journal::frame::{FIRST_EVENT, MAKE_TWIN};
use crate::journal::trouble::Trouble;
use crate::records::Record;

/// A member must have logged on within this time.
pub const LOG_ON_WITHIN_NS: u64 = 5_000_000_000;
const MS_NS: u64 = 1_000_000;

/// Commands for the engine, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Commands; runs are whole.
    pub records: Vec<Record>,
    /// Which of them are worked in a batch of their own, ascending.
    pub alone: Vec<usize>,
}

/// The desk.
pub struct Desk {
    pub(super) terms: Terms,
    pub(super) flow: Flow,
    pub(super) journal: Box<dyn ReadBack>,
    /// The connections.
    pub room: Room,
    /// What was taken and not yet fetched for the engine.
    pub work: Work,
    /// Commands taken that are not yet released.
    pub in_flight: usize,
    /// Sentences for those who watch.
    pub alarms: Vec<String>,
    /// Whether the exchange alone is let in as yet.
    pub held: bool,
    pub(super) catching: Vec<usize>,
    pub(super) buckets: HashMap<u16, Bucket>,
}

impl Desk {
    /// A desk over a journal of which everything is released.
    pub fn new(terms: Terms, flow: Flow, journal: Box<dyn ReadBack>) -> Self {
        Self {
            terms,
            flow,
            journal,
            room: Room::default(),
            work: Work::default(),
            in_flight: 0,
            alarms: Vec::new(),
            held: false,
            catching: Vec::new(),
            buckets: HashMap::new(),
        }
    }

    /// Somebody has connected; the connection's number.
    pub fn opened(&mut self, address: [u8; 16], nonce: Key, now_ns: u64) -> usize {
        let relay = self.terms.relays.contains(&address);
        let mut session = Session::new(address, relay, nonce, now_ns);
        let greeting = challenge(self.terms.epoch, MAKE_TWIN, &nonce);
        session.out.push(&greeting);
        self.room.enter(session)
    }

    /// Bytes have come.
    pub fn heard(&mut self, id: usize, mut bytes: &[u8], now_ns: u64) -> Result<(), Trouble> {
        self.room.now_ns = now_ns;
        let Some(mut session) = self.room.take(id) else {
            return Ok(());
        };
        session.heard_ns = now_ns;
        let mut done = Ok(());
        while let (Ok(()), false) = (&done, session.is_over()) {
            let Some(record) = session.next_record(&mut bytes) else {
                break;
            };
            done = match session.phase {
                Phase::Arriving { relay } => self.arrive(id, &mut session, &record, relay),
                _ => self.say(id, &mut session, &record),
            };
        }
        self.room.put(id, session);
        done
    }

    /// A connection is gone, however it ended.
    pub fn gone(&mut self, id: usize, now_ns: u64) {
        self.room.now_ns = now_ns;
        if let Some(mut session) = self.room.take(id) {
            let was = session.end(None);
            self.left(id, was);
            self.room.put(id, session);
            self.room.leave(id);
        }
    }

    /// Ends a connection with LOG_OFF.
    pub fn part(&mut self, id: usize, why: u16) {
        if let Some(mut session) = self.room.take(id) {
            if !session.is_over() {
                let was = session.part(why);
                self.left(id, was);
            }
            self.room.put(id, session);
        }
    }

    /// Ends all connections: another core owns the seat.
    pub fn fence(&mut self, epoch: u32) {
        for id in 0..self.room.places() {
            if let Some(session) = self.room.get(id)
                && !session.is_over()
            {
                session.out.cut();
                session.end(Some(fenced(epoch)));
                self.room.list(id);
            }
        }
        self.work = Work::default();
    }

    /// Ends all connections in good order.
    pub fn close(&mut self) {
        for id in 0..self.room.places() {
            if let Some(session) = self.room.get(id)
                && !session.is_over()
            {
                session.part(parting::CLOSING);
                self.room.list(id);
            }
        }
    }

    /// The time goes on: who is late, who is silent, who is to be told that the core is there.
    pub fn tick(&mut self, now_ns: u64) {
        self.room.now_ns = now_ns;
        let heartbeat_ns = u64::from(self.terms.heartbeat_ms) * MS_NS;
        for id in 0..self.room.places() {
            let Some(session) = self.room.get(id) else {
                continue;
            };
            let since = |then: u64| now_ns.saturating_sub(then);
            let (opened, heard) = (since(session.opened_ns), since(session.heard_ns));
            let told = since(session.told_ns);
            match &session.phase {
                Phase::Arriving { .. } if opened > LOG_ON_WITHIN_NS => {
                    self.part(id, parting::LATE);
                }
                Phase::In(_) if heard > 3 * heartbeat_ns => self.part(id, parting::SILENT),
                Phase::In(member) if told >= heartbeat_ns => {
                    let (line, received) = (member.line, member.received);
                    let position = self.flow.line(line).map_or(0, |line| line.events.last());
                    let sign = heartbeat(position, received, self.terms.epoch);
                    self.room.tell(id, &sign);
                }
                _ => {}
            }
        }
    }

    /// Every line that is in, as it is shown; ascending.
    pub fn board(&self) -> Vec<Row> {
        let sessions = (0..self.room.places()).filter_map(|id| self.room.look(id));
        let mut rows: Vec<Row> = sessions
            .filter_map(|session| match &session.phase {
                Phase::In(member) => {
                    let flow = self.flow.line(member.line);
                    let last = flow.map_or(0, |line| line.events.last());
                    Some(member.readiness.row(member.line, last))
                }
                _ => None,
            })
            .collect();
        rows.sort_unstable_by_key(|row| row.line);
        rows
    }

    /// Nobody could be heard for a while: that was not theirs.
    pub fn forgive(&mut self, now_ns: u64) {
        for id in 0..self.room.places() {
            if let Some(session) = self.room.get(id) {
                session.heard_ns = now_ns;
                session.opened_ns = now_ns;
            }
        }
    }

    /// A block has been released: its records without the BLOCK, and where it stands.
    pub fn released(&mut self, records: &[Record], place: Place, now_ns: u64) {
        self.room.now_ns = now_ns;
        self.journal.appended(place);
        self.flow.fold(records, &mut self.room);
        let commands = records.iter().filter(|r| r.kind() < FIRST_EVENT).count();
        self.in_flight = self.in_flight.saturating_sub(commands);
        let mut slow = self.room.take_slow();
        let behind = |id: &&usize| self.is_far_behind(**id);
        slow.extend(self.catching.iter().filter(behind));
        for id in slow {
            self.part(id, parting::SLOW);
        }
    }

    /// Goes on telling an old flow, once there is room for more.
    pub fn refill(&mut self, id: usize) -> Result<(), Trouble> {
        let Some(mut session) = self.room.take(id) else {
            return Ok(());
        };
        let done = self.catch_up(&mut session);
        if session
            .member()
            .is_none_or(|member| member.catching.is_none())
        {
            self.catching.retain(|&other| other != id);
        }
        self.room.put(id, session);
        done
    }
}
