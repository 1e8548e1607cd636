//! The door's one thread: sockets without waiting, watched by `epoll`; what is decided, the desk decides.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::clock::Clock;
use super::desk::Desk;
use super::lingering::{LINGER_NS, Lingering};
use super::mail::{Mailbox, Order, Works};
use super::poll::{Event, Poll, READABLE, WRITABLE};
use super::readiness::Row;
use super::ticket::{Nonces, address_bytes};
use super::words::{fenced, log_off, parting};
use crate::journal::trouble::Trouble;
use crate::records::Record;

const LISTENER: u64 = u64::MAX;
const BELL: u64 = u64::MAX - 1;
const READ_BYTES: usize = 64 << 10;
/// Commands taken and not released, beyond which nothing more is read.
const IN_FLIGHT_MAX: usize = 65_536;
const TICK: Duration = Duration::from_millis(5);

/// What a door is made of.
pub struct Parts {
    /// Where it listens.
    pub listener: TcpListener,
    /// Its orders.
    pub mailbox: Arc<Mailbox>,
    /// The bell of its orders.
    pub bell: UnixStream,
    /// Where commands go.
    pub works: Arc<Works>,
    /// Connections at once.
    pub connections_max: usize,
}

struct Connection {
    stream: TcpStream,
    /// Whether the other end has to read before more can be written.
    blocked: bool,
    /// When it is cut off, once it is over.
    deadline_ns: Option<u64>,
}

/// The door.
pub struct Shell {
    parts: Parts,
    desk: Option<Desk>,
    poll: Poll,
    /// Watches the bell alone, while nothing else may be heard.
    bell_poll: Poll,
    connections: Vec<Option<Connection>>,
    lingering: Lingering,
    nonces: Nonces,
    clock: Clock,
    buffer: Vec<u8>,
    listed: Vec<usize>,
    closing: bool,
    /// When it ends, once all are told so.
    ending_ns: Option<u64>,
}

fn system(error: io::Error) -> Trouble {
    Trouble::System(format!("door: {error}"))
}

impl Shell {
    /// A door that tells everybody FENCED, until it gets a desk.
    pub fn new(parts: Parts) -> io::Result<Self> {
        let (poll, bell_poll) = (Poll::new()?, Poll::new()?);
        parts.listener.set_nonblocking(true)?;
        poll.add(&parts.listener, LISTENER, READABLE)?;
        poll.add(&parts.bell, BELL, READABLE)?;
        bell_poll.add(&parts.bell, BELL, READABLE)?;
        Ok(Self {
            parts,
            desk: None,
            poll,
            bell_poll,
            connections: Vec::new(),
            lingering: Lingering::default(),
            nonces: Nonces::open()?,
            clock: Clock::begin(),
            buffer: vec![0; READ_BYTES],
            listed: Vec::new(),
            closing: false,
            ending_ns: None,
        })
    }

    /// Serves until it is ordered to end.
    pub fn run(mut self) -> Result<(), Trouble> {
        let mut events = vec![Event::NONE; 1024];
        let (mut ticked_ns, mut deaf) = (self.clock.now_ns(), false);
        loop {
            let full = self
                .desk
                .as_ref()
                .is_some_and(|desk| desk.in_flight > IN_FLIGHT_MAX);
            let poll = if full || self.closing {
                &self.bell_poll
            } else {
                &self.poll
            };
            let timeout_ms = TICK.as_millis() as i32;
            let came = poll.wait(&mut events, timeout_ms).map_err(system)?.len();
            let now_ns = self.clock.now_ns();
            // Nobody was heard meanwhile, by this process's fault.
            let stood_still = now_ns - ticked_ns > 100 * TICK.as_nanos() as u64;
            if let (Some(desk), true) = (&mut self.desk, deaf != full || stood_still) {
                desk.forgive(now_ns);
                deaf = full;
            }
            for event in &events[..came] {
                match event.key() {
                    LISTENER => self.accept(now_ns).map_err(system)?,
                    BELL => {}
                    key if Lingering::knows(key) => self.lingering.drain(key, &mut self.buffer),
                    id => self.ready(id as usize, event, now_ns)?,
                }
            }
            for order in self.parts.mailbox.take(&self.parts.bell) {
                self.obey(order, now_ns);
            }
            self.hand_over();
            if now_ns - ticked_ns >= TICK.as_nanos() as u64 {
                ticked_ns = now_ns;
                self.tick(now_ns, full);
                self.hand_over();
            }
            self.count();
            self.flush_listed(now_ns)?;
            if self.closed(now_ns) {
                return Ok(());
            }
        }
    }

    /// Tells how many are here, before they are told so themselves.
    fn count(&self) {
        let desk = self.desk.as_ref();
        let (connections, sessions) =
            desk.map_or((0, 0), |desk| (desk.room.count(), desk.room.seated()));
        let told = &self.parts.mailbox;
        told.connections.store(connections, Ordering::Relaxed);
        told.sessions.store(sessions, Ordering::Relaxed);
    }

    fn hand_over(&mut self) {
        if let Some(desk) = &mut self.desk {
            if !desk.work.records.is_empty() {
                self.parts.works.put(&mut desk.work);
            }
            for alarm in desk.alarms.drain(..) {
                let _ = writeln!(io::stderr(), "{{\"alarm\": {alarm}}}");
            }
        }
    }

    fn obey(&mut self, order: Order, now_ns: u64) {
        match (order, &mut self.desk) {
            (Order::Own(mut desk), _) => {
                desk.held = self.parts.mailbox.held.load(Ordering::Relaxed);
                self.desk = Some(*desk);
            }
            (Order::Released(records, place), Some(desk)) => {
                desk.released(&records, place, now_ns);
            }
            (Order::Fence(epoch), desk) => {
                self.parts.mailbox.heard_of(epoch);
                if let Some(desk) = desk {
                    desk.fence(self.parts.mailbox.epoch.load(Ordering::Relaxed));
                }
                // Each gets its FENCED before the desk goes; who cannot take it now is cut off.
                let _ = self.flush_listed(now_ns);
                self.desk = None;
                self.connections.clear();
            }
            (Order::Open(answer), desk) => {
                if let Some(desk) = desk {
                    desk.held = false;
                }
                self.parts.mailbox.held.store(false, Ordering::Relaxed);
                let _ = answer.send(());
            }
            (Order::Board(answer), desk) => {
                let mut rows = desk.as_ref().map_or_else(Vec::new, Desk::board);
                let real_ns = |row: &mut Row| row.since_ns = self.clock.real_ns(row.since_ns);
                rows.iter_mut().for_each(real_ns);
                let _ = answer.send(rows);
            }
            (Order::Close, _) => self.closing = true,
            (Order::Released(..), None) => {}
        }
    }

    fn accept(&mut self, now_ns: u64) -> io::Result<()> {
        loop {
            let (stream, peer) = match self.parts.listener.accept() {
                Ok(new) => new,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The other end is gone already, or this process has no file left: neither ends the door.
                Err(_) => return Ok(()),
            };
            if stream.set_nonblocking(true).is_err() || stream.set_nodelay(true).is_err() {
                continue;
            }
            let address = address_bytes(peer.ip());
            let max = self.parts.connections_max;
            match &mut self.desk {
                None => {
                    let epoch = self.parts.mailbox.epoch.load(Ordering::Relaxed);
                    self.dismiss(stream, &fenced(epoch), now_ns);
                }
                Some(desk) if desk.room.count() >= max => {
                    self.dismiss(stream, &log_off(parting::FULL), now_ns);
                }
                Some(desk) => {
                    let id = desk.opened(address, self.nonces.fresh()?, now_ns);
                    if self.poll.add(&stream, id as u64, READABLE).is_err() {
                        desk.gone(id, now_ns);
                        continue;
                    }
                    if self.connections.len() <= id {
                        self.connections.resize_with(id + 1, || None);
                    }
                    self.connections[id] = Some(Connection {
                        stream,
                        blocked: false,
                        deadline_ns: None,
                    });
                }
            }
        }
    }

    /// One record, then the end.
    fn dismiss(&mut self, mut stream: TcpStream, last: &Record, now_ns: u64) {
        let _ = stream.write(&last.0);
        let key = self.lingering.next_key();
        if self.poll.add(&stream, key, READABLE).is_ok() {
            self.lingering.keep(stream, now_ns);
        }
    }

    fn ready(&mut self, id: usize, event: &Event, now_ns: u64) -> Result<(), Trouble> {
        let (Some(Some(connection)), Some(desk)) = (self.connections.get_mut(id), &mut self.desk)
        else {
            return Ok(());
        };
        if event.is_writable() {
            desk.room.list(id);
        }
        if event.is_readable() {
            match connection.stream.read(&mut self.buffer) {
                Ok(0) => self.forget(id, now_ns),
                Ok(count) => desk.heard(id, &self.buffer[..count], now_ns)?,
                Err(error) if waits(&error) => {}
                Err(_) => self.forget(id, now_ns),
            }
        }
        Ok(())
    }

    fn forget(&mut self, id: usize, now_ns: u64) {
        self.connections[id] = None;
        if let Some(desk) = &mut self.desk {
            desk.gone(id, now_ns);
        }
    }

    fn tick(&mut self, now_ns: u64, deaf: bool) {
        self.lingering.tick(now_ns);
        if let Some(desk) = &mut self.desk {
            if deaf {
                desk.forgive(now_ns);
            }
            desk.tick(now_ns);
        }
        for id in 0..self.connections.len() {
            let late = |connection: &Connection| {
                connection
                    .deadline_ns
                    .is_some_and(|deadline_ns| deadline_ns < now_ns)
            };
            if self.connections[id].as_ref().is_some_and(late) {
                self.forget(id, now_ns);
            }
        }
    }

    fn flush_listed(&mut self, now_ns: u64) -> Result<(), Trouble> {
        let mut listed = std::mem::take(&mut self.listed);
        if let Some(desk) = &mut self.desk {
            desk.room.take_listed(&mut listed);
        }
        for &id in &listed {
            self.flush(id, now_ns)?;
        }
        listed.clear();
        self.listed = listed;
        Ok(())
    }

    /// Writes what waits, as far as the connection takes it.
    fn flush(&mut self, id: usize, now_ns: u64) -> Result<(), Trouble> {
        let (Some(Some(connection)), Some(desk)) = (self.connections.get_mut(id), &mut self.desk)
        else {
            return Ok(());
        };
        let blocked = loop {
            let Some(session) = desk.room.get(id) else {
                return Ok(());
            };
            if session.out.waiting().is_empty() {
                break false;
            }
            match connection.stream.write(session.out.waiting()) {
                Ok(count) => session.out.wrote(count),
                Err(error) if waits(&error) => break true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.forget(id, now_ns);
                    return Ok(());
                }
            }
            if session.out.waiting().is_empty() {
                desk.refill(id)?;
            }
        };
        if blocked != connection.blocked {
            connection.blocked = blocked;
            let what = if blocked {
                READABLE | WRITABLE
            } else {
                READABLE
            };
            self.poll
                .change(&connection.stream, id as u64, what)
                .map_err(system)?;
        }
        if desk
            .room
            .look(id)
            .is_some_and(super::session::Session::is_over)
        {
            if blocked {
                connection.deadline_ns.get_or_insert(now_ns + LINGER_NS);
            } else if let Some(connection) = self.connections[id].take() {
                desk.gone(id, now_ns);
                let key = self.lingering.next_key();
                if self.poll.change(&connection.stream, key, READABLE).is_ok() {
                    self.lingering.keep(connection.stream, now_ns);
                }
            }
        }
        Ok(())
    }

    /// Goes on with closing; true when nothing is left to do.
    fn closed(&mut self, now_ns: u64) -> bool {
        if let Some(desk) = &mut self.desk
            && self.closing
        {
            if desk.in_flight > 0 {
                return false;
            }
            desk.close();
            let _ = self.flush_listed(now_ns);
            self.desk = None;
            self.connections.clear();
        }
        if self.closing {
            self.closing = false;
            self.ending_ns = Some(now_ns + LINGER_NS);
        }
        let over = |ending_ns| self.lingering.is_empty() || ending_ns < now_ns;
        self.ending_ns.is_some_and(over)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.parts.works.end();
    }
}

fn waits(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
