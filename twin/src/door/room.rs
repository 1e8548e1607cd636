//! All connections, which line sits where, and the telling of what is released to those who are in and up to date.

use super::copies::{self, Sides};
use super::flow::Told;
use super::session::{Session, WAITING_BYTES_MAX};
use super::words::PUBLIC_FLOW;
use crate::records::Record;

/// The connections.
pub struct Room {
    sessions: Vec<Option<Box<Session>>>,
    free: Vec<usize>,
    /// Connection of a line, plus one; 0 nobody.
    seats: Vec<u32>,
    /// How many lines sit.
    seated: usize,
    /// Connections that wish the public flow.
    wishers: Vec<usize>,
    /// Connections with something to write.
    listed: Vec<usize>,
    /// Connections that are too slow.
    slow: Vec<usize>,
    /// The present time.
    pub now_ns: u64,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            sessions: Vec::new(),
            free: Vec::new(),
            seats: vec![0; 1 << 16],
            seated: 0,
            wishers: Vec::new(),
            listed: Vec::new(),
            slow: Vec::new(),
            now_ns: 0,
        }
    }
}

impl Room {
    /// How many places there are, taken or free.
    pub fn places(&self) -> usize {
        self.sessions.len()
    }

    /// How many connections there are.
    pub fn count(&self) -> usize {
        self.sessions.len() - self.free.len()
    }

    /// How many lines have logged on.
    pub fn seated(&self) -> usize {
        self.seated
    }

    /// A new connection's number.
    pub fn enter(&mut self, session: Session) -> usize {
        let id = self.free.pop().unwrap_or_else(|| {
            self.sessions.push(None);
            self.sessions.len() - 1
        });
        self.sessions[id] = Some(Box::new(session));
        self.list(id);
        id
    }

    /// A connection is no more.
    pub fn leave(&mut self, id: usize) {
        if self.sessions[id].take().is_some() {
            self.free.push(id);
        }
    }

    /// A connection.
    pub fn get(&mut self, id: usize) -> Option<&mut Session> {
        self.sessions.get_mut(id)?.as_deref_mut()
    }

    /// A connection, to be looked at.
    pub fn look(&self, id: usize) -> Option<&Session> {
        self.sessions.get(id)?.as_deref()
    }

    /// Takes a connection out to work on it; it is to be put back.
    pub fn take(&mut self, id: usize) -> Option<Box<Session>> {
        self.sessions.get_mut(id)?.take()
    }

    /// Puts a connection back.
    pub fn put(&mut self, id: usize, session: Box<Session>) {
        self.sessions[id] = Some(session);
        self.list(id);
    }

    /// The connection of a line.
    pub fn seat(&self, line: u16) -> Option<usize> {
        (self.seats[usize::from(line)] as usize).checked_sub(1)
    }

    /// A line sits down.
    pub fn sit(&mut self, line: u16, id: usize, wish: u8) {
        self.seated += usize::from(self.seat(line).is_none());
        self.seats[usize::from(line)] = id as u32 + 1;
        if wish & PUBLIC_FLOW != 0 {
            self.wishers.push(id);
        }
    }

    /// A line stands up.
    pub fn stand(&mut self, line: u16, id: usize) {
        self.seated -= usize::from(self.seat(line).is_some());
        self.seats[usize::from(line)] = 0;
        self.wishers.retain(|&wisher| wisher != id);
    }

    /// Tells a connection something.
    pub fn tell(&mut self, id: usize, record: &Record) {
        let now_ns = self.now_ns;
        if let Some(session) = self.get(id) {
            session.out.push(record);
            session.told_ns = now_ns;
            self.list(id);
        }
    }

    /// Puts a connection on the list of those with something to write.
    pub fn list(&mut self, id: usize) {
        if let Some(Some(session)) = self.sessions.get_mut(id)
            && !session.listed
        {
            session.listed = true;
            self.listed.push(id);
        }
    }

    /// Those with something to write, each once.
    pub fn take_listed(&mut self, into: &mut Vec<usize>) {
        into.clear();
        into.append(&mut self.listed);
        for &id in into.iter() {
            if let Some(Some(session)) = self.sessions.get_mut(id) {
                session.listed = false;
            }
        }
    }

    /// Those that became too slow.
    pub fn take_slow(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.slow)
    }

    fn released(&mut self, id: usize, copy: impl FnOnce() -> Record, except: Option<u16>) {
        let now_ns = self.now_ns;
        let Some(Some(session)) = self.sessions.get_mut(id) else {
            return;
        };
        let live = session.member().filter(|member| member.catching.is_none());
        if live.is_none_or(|member| Some(member.line) == except) {
            return;
        }
        session.out.push(&copy());
        session.told_ns = now_ns;
        if session.out.waiting().len() > WAITING_BYTES_MAX {
            self.slow.push(id);
        }
        self.list(id);
    }
}

impl Told for Room {
    fn own(&mut self, line: u16, record: &Record, sides: Sides, foreign: bool) {
        if let Some(id) = self.seat(line) {
            self.released(id, || copies::own(record, line, sides, foreign), None);
        }
    }

    fn public(&mut self, record: &Record, except: Option<u16>) {
        for i in 0..self.wishers.len() {
            self.released(self.wishers[i], || copies::public(record), except);
        }
    }
}
