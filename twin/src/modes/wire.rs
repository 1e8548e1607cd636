//! The line between owner and follower: heads of 32 bytes as in the pipe, frames exactly as in the journal (docs/twin.md, "Following").

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::pipe::{HEAD_BYTES, Request, head, write_whole};
use super::source::{Arrival, Source};
use crate::journal::bytes::{EMPTY, bytes, bytes_mut};
use crate::journal::cursor::{Cursor, Head, delimit, fault};
use crate::journal::frame::Segment;
use crate::journal::trouble::Trouble;
use crate::records::{RECORD_BYTES, Record};

/// Follower to owner: where it stands. a position, b epoch, c 1 if it only reads; payload the chain there, then its name if it has one.
pub const FOLLOW: u32 = 16;
/// Owner to follower: the header of its first segment.
pub const HEADER: u32 = 17;
/// Owner to follower: whole frames. a its last position, b its clock.
pub const FRAMES: u32 = 18;
/// Owner to follower: nothing new. a its last position, b its clock.
pub const QUIET: u32 = 19;
/// Either way: a sentence why not, then the line is closed. From a follower: a position held, b the epoch it promised if that is why.
/// From an owner: b the higher epoch if that is why, c 1 if it owns no market (any more): the place asked for may be right.
pub const REFUSED: u32 = 20;
/// Follower to owner: a position synced, b epoch, c 1 if the comparison is clean.
pub const SYNCED: u32 = 21;

const CONNECT_EVERY: Duration = Duration::from_millis(50);
const CONNECT_WITHIN: Duration = Duration::from_millis(500);
const READ_WITHIN: Duration = Duration::from_millis(1);
const PAYLOAD_BYTES_MAX: usize = 1 << 28;
/// Half a message for longer than this is none: a flipped bit in its length would be waited for without end.
const MESSAGE_WITHIN: Duration = Duration::from_secs(2);

/// A line to an owner, made again whenever it breaks.
pub struct LineSource {
    address: String,
    name: String,
    line: Option<TcpStream>,
    tried: Option<Instant>,
    hello: Cursor,
    /// Behind the last frame handed out.
    cursor: Cursor,
    day: Option<Segment>,
    owner_position: Option<u64>,
    /// The owner has said that there is nothing behind what it sent, and this was not told on yet.
    quiet: bool,
    inbox: Vec<u8>,
    /// Since when the inbox has half a message.
    half_since: Option<Instant>,
    /// Records of FRAMES not handed out yet.
    pending: Vec<Record>,
    handed: usize,
    /// A frame was handed out that may not have been synced yet: nothing is waited for meanwhile.
    gave: bool,
}

impl LineSource {
    /// A line to `HOST:PORT`, following behind `held`.
    pub fn new(address: &str, held: Cursor) -> Self {
        Self {
            address: address.to_string(),
            name: String::new(),
            line: None,
            tried: None,
            hello: held,
            cursor: held,
            day: None,
            owner_position: None,
            quiet: false,
            inbox: Vec::new(),
            half_since: None,
            pending: Vec::new(),
            handed: 0,
            gave: false,
        }
    }

    /// The same under a name of its own, for owners that can read one.
    pub fn named(self, name: &str) -> Self {
        let name = name.to_string();
        Self { name, ..self }
    }

    fn connect(&mut self) -> io::Result<()> {
        let address = self
            .address
            .to_socket_addrs()?
            .next()
            .ok_or(io::ErrorKind::NotFound)?;
        let mut line = TcpStream::connect_timeout(&address, CONNECT_WITHIN)?;
        line.set_nodelay(true)?;
        line.set_read_timeout(Some(READ_WITHIN))?;
        let payload = [&self.hello.chain[..], self.name.as_bytes()].concat();
        let hello = head(
            FOLLOW,
            payload.len() as u32,
            self.hello.position,
            u64::from(self.hello.epoch),
            0,
        );
        write_whole(&mut line, &hello, &payload)?;
        self.cursor = self.hello;
        self.line = Some(line);
        Ok(())
    }

    fn try_connect(&mut self) -> bool {
        if self.tried.is_some_and(|at| at.elapsed() < CONNECT_EVERY) {
            return false;
        }
        self.tried = Some(Instant::now());
        self.connect().is_ok()
    }

    fn hang_up(&mut self) {
        self.line = None;
        self.inbox.clear();
        self.half_since = None;
        self.quiet = false;
        self.pending.clear();
        self.handed = 0;
    }

    /// Reads what is there; false once the line is broken.
    fn receive(&mut self) -> bool {
        let Some(line) = &mut self.line else {
            return false;
        };
        if self.gave && line.set_nonblocking(true).is_err() {
            return false;
        }
        let alive = receive(line, &mut self.inbox);
        if std::mem::take(&mut self.gave) && line.set_nonblocking(false).is_err() {
            return false;
        }
        alive
    }

    /// The first whole message of the inbox.
    fn message(&mut self) -> Result<Option<(Request, Vec<u8>)>, Arrival> {
        let Ok(Some(request)) = Request::read(&mut &self.inbox[..]) else {
            return Ok(None);
        };
        let size = request.payload_bytes as usize;
        if size > PAYLOAD_BYTES_MAX {
            return Err(Arrival::Fault(fault(
                "bad_message",
                format!("{size} bytes of payload"),
            )));
        }
        if self.inbox.len() < HEAD_BYTES + size {
            return Ok(None);
        }
        let payload = self.inbox[HEAD_BYTES..HEAD_BYTES + size].to_vec();
        self.inbox.drain(..HEAD_BYTES + size);
        Ok(Some((request, payload)))
    }

    /// Half a message must become a whole one.
    fn half_in_time(&mut self, heard: bool) -> Result<(), Arrival> {
        if self.inbox.is_empty() || heard {
            self.half_since = None;
        }
        if self.inbox.is_empty() {
            return Ok(());
        }
        let since = *self.half_since.get_or_insert_with(Instant::now);
        if since.elapsed() < MESSAGE_WITHIN {
            return Ok(());
        }
        let what = format!("half a message, {} bytes of it", self.inbox.len());
        Err(Arrival::Fault(fault("bad_message", what)))
    }

    /// Works one message; what it means at once, if anything.
    fn take(&mut self, request: Request, payload: &[u8]) -> Result<(), Arrival> {
        let bad = |what: &str| Err(Arrival::Fault(fault("bad_message", what)));
        let mut records = vec![EMPTY; payload.len() / RECORD_BYTES];
        let whole = payload.len().is_multiple_of(RECORD_BYTES);
        match request.op {
            HEADER if payload.len() == RECORD_BYTES => {
                bytes_mut(&mut records).copy_from_slice(payload);
                let day = Segment::read(&records[0]);
                let other = self
                    .day
                    .zip(day)
                    .is_some_and(|(old, new)| !old.same_day(&new));
                self.day = day;
                if day.is_none() || other {
                    bad("the header is not whole or of another day")
                } else {
                    Ok(())
                }
            }
            FRAMES if whole => {
                bytes_mut(&mut records).copy_from_slice(payload);
                self.pending.drain(..self.handed);
                self.handed = 0;
                self.pending.extend_from_slice(&records);
                self.owner_position = Some(request.a);
                Ok(())
            }
            QUIET if payload.is_empty() => {
                self.owner_position = Some(request.a);
                self.quiet = true;
                Ok(())
            }
            REFUSED => {
                let no_owner = request.b != 0 || request.c == 1;
                if no_owner || self.hello == Cursor::default() {
                    let said = String::from_utf8_lossy(payload).into_owned();
                    return Err(Arrival::Fault(fault("refused", said)));
                }
                // The owner does not know the place we stand at: all is fetched again, what is held is recognised.
                self.hello = Cursor::default();
                Err(Arrival::Silence)
            }
            op => bad(&format!("op {op} with {} bytes", payload.len())),
        }
    }

    /// The next frame among the records that came.
    fn pending_frame(&mut self, raw: &mut Vec<Record>) -> Result<Option<Arrival>, Arrival> {
        let slots = &self.pending[self.handed..];
        if slots.is_empty() {
            return Ok(None);
        }
        let Head::Frame(count) = delimit(slots) else {
            return Err(Arrival::Fault(fault(
                "bad_message",
                "the records are no whole frames",
            )));
        };
        let frame = self.cursor.check(&slots[..count]).map_err(Arrival::Fault)?;
        raw.clear();
        raw.extend_from_slice(&slots[..count]);
        self.cursor.pass(&frame);
        self.handed += count;
        self.gave = true;
        Ok(Some(Arrival::Frame(frame)))
    }

    fn arrival(&mut self, raw: &mut Vec<Record>) -> Result<Arrival, Arrival> {
        if let Some(arrival) = self.pending_frame(raw)? {
            return Ok(arrival);
        }
        if self.line.is_none() {
            if self.try_connect() {
                return Ok(Arrival::Behind(self.hello));
            }
            std::thread::sleep(READ_WITHIN);
            return Ok(Arrival::Silence);
        }
        let alive = self.receive();
        let mut heard = false;
        while let Some((request, payload)) = self.message()? {
            heard = true;
            self.take(request, &payload)?;
        }
        self.half_in_time(heard)?;
        if let Some(arrival) = self.pending_frame(raw)? {
            return Ok(arrival);
        }
        if std::mem::take(&mut self.quiet) {
            // A line that is broken besides shows again at the next read.
            return Ok(Arrival::Quiet);
        }
        if !alive {
            self.hang_up();
        }
        Ok(if heard {
            Arrival::Nothing
        } else {
            Arrival::Silence
        })
    }
}

impl Source for LineSource {
    fn next(&mut self, raw: &mut Vec<Record>) -> Result<Arrival, Trouble> {
        // An early end, good or bad, ends the line too; it is made again.
        Ok(self.arrival(raw).unwrap_or_else(|end| {
            self.hang_up();
            end
        }))
    }

    fn day(&self) -> Option<Segment> {
        self.day
    }

    fn owner_position(&self) -> Option<u64> {
        self.owner_position
    }

    fn synced(&mut self, held: &Cursor, clean: bool) {
        self.hello = *held;
        self.still(held, clean);
    }

    fn still(&mut self, held: &Cursor, clean: bool) {
        let acknowledgement = head(
            SYNCED,
            0,
            held.position,
            u64::from(held.epoch),
            u64::from(clean),
        );
        // A broken line shows at the next read; what is synced is told again in the next hello.
        let _ = self
            .line
            .as_mut()
            .map(|line| line.write_all(&acknowledgement));
    }

    fn refuse(&mut self, why: &str, promised: u64) {
        if let Some(line) = &mut self.line {
            let head = head(REFUSED, why.len() as u32, self.hello.position, promised, 0);
            let _ = write_whole(line, &head, why.as_bytes());
        }
        self.hang_up();
    }

    fn rest(&self) -> Duration {
        Duration::ZERO
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// Reads what is there into the inbox; false once the line is broken.
fn receive(line: &mut TcpStream, inbox: &mut Vec<u8>) -> bool {
    let mut part = vec![0; 1 << 16];
    loop {
        match line.read(&mut part) {
            Ok(0) => return false,
            Ok(count) => inbox.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                );
            }
        }
        // A whole message is worked at once; half a large one is read on.
        if whole_message(inbox) {
            return true;
        }
    }
}

/// Whether the inbox begins with a message that is there to its end (or is too large ever to be).
fn whole_message(mut inbox: &[u8]) -> bool {
    let size = inbox.len();
    Request::read(&mut inbox)
        .ok()
        .flatten()
        .is_some_and(|request| {
            size >= HEAD_BYTES + (request.payload_bytes as usize).min(PAYLOAD_BYTES_MAX + 1)
        })
}

/// Sends whole frames.
pub fn send_frames(
    line: &mut impl Write,
    records: &[Record],
    owner_position: u64,
    clock_ns: u64,
) -> io::Result<()> {
    let payload = bytes(records);
    let head = head(FRAMES, payload.len() as u32, owner_position, clock_ns, 0);
    write_whole(line, &head, payload)
}
