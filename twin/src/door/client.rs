//! A member's end of a session, as benches and tests need it: one connection, log-on, records in and out.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::ticket::{Key, address_bytes, sealed, ticket};
use super::words::{CHALLENGE, LOGGED_ON, LoggedOn, log_on};
use crate::journal::bytes::{bytes, bytes_mut};
use crate::records::{RECORD_BYTES, Record};

/// A connection to a door.
pub struct Client {
    /// The connection.
    pub stream: TcpStream,
    /// The first record that the core sent.
    pub greeting: Record,
}

/// What a member asks for at log-on.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names are those of docs/sessions.md")]
pub struct Asked {
    pub line: u16,
    pub trading_day: u32,
    pub position: u64,
    pub resume: u8,
    pub wish: u8,
}

impl Client {
    /// Connects and takes the greeting: CHALLENGE, or why not.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut client = Self {
            stream,
            greeting: Record::ZERO,
        };
        client.greeting = client.receive()?;
        Ok(client)
    }

    /// Logs on with a ticket made from the day's secret; LOGGED_ON or the record that refuses.
    pub fn log_on(&mut self, secret: &Key, asked: &Asked) -> io::Result<Result<LoggedOn, Record>> {
        let Asked {
            line,
            trading_day,
            position,
            resume,
            wish,
        } = *asked;
        if self.greeting.kind() != CHALLENGE {
            return Ok(Err(self.greeting));
        }
        let address = address_bytes(self.stream.local_addr()?.ip());
        let key = ticket(secret, line, trading_day, &address);
        let bare = log_on(line, trading_day, position, resume, wish);
        let nonce = self.greeting.get(32);
        self.send(&[sealed(&key, &nonce, &bare)])?;
        let answer = self.receive()?;
        Ok(match answer.kind() {
            LOGGED_ON => Ok(LoggedOn::read(&answer)),
            _ => Err(answer),
        })
    }

    /// Sends records.
    pub fn send(&mut self, records: &[Record]) -> io::Result<()> {
        self.stream.write_all(bytes(records))
    }

    /// Receives one record.
    pub fn receive(&mut self) -> io::Result<Record> {
        let mut record = [Record::ZERO];
        self.stream.read_exact(bytes_mut(&mut record))?;
        Ok(record[0])
    }

    /// Receives until the other end hangs up.
    pub fn receive_all(&mut self) -> io::Result<Vec<Record>> {
        let mut all = Vec::new();
        self.stream.read_to_end(&mut all)?;
        let mut records = vec![Record::ZERO; all.len() / RECORD_BYTES];
        let whole = records.len() * RECORD_BYTES;
        bytes_mut(&mut records).copy_from_slice(&all[..whole]);
        Ok(records)
    }
}
