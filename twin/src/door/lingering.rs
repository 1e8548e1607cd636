//! Connections that were told their last word and only wait for the other end to hang up: closing with something unread
//! would take that word back.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};

/// How long the other end may take.
pub const LINGER_NS: u64 = 1_000_000_000;
/// Keys from here on are of these connections.
const FIRST_KEY: u64 = 1 << 40;

/// All of them, by the key that the poll knows them by.
#[derive(Debug)]
pub struct Lingering {
    streams: HashMap<u64, (TcpStream, u64)>,
    next_key: u64,
}

impl Default for Lingering {
    fn default() -> Self {
        Self {
            streams: HashMap::new(),
            next_key: FIRST_KEY,
        }
    }
}

impl Lingering {
    /// Whether a key is of one of these.
    pub const fn knows(key: u64) -> bool {
        key >= FIRST_KEY
    }

    /// The key under which the next one is to be polled.
    pub const fn next_key(&self) -> u64 {
        self.next_key
    }

    /// Takes one in; it is polled under `next_key` already.
    pub fn keep(&mut self, stream: TcpStream, now_ns: u64) {
        let key = self.next_key;
        self.next_key += 1;
        if stream.shutdown(Shutdown::Write).is_ok() {
            self.streams.insert(key, (stream, now_ns + LINGER_NS));
        }
    }

    /// Reads what comes, and forgets whoever has hung up.
    pub fn drain(&mut self, key: u64, buffer: &mut [u8]) {
        let Some((stream, _)) = self.streams.get_mut(&key) else {
            return;
        };
        let over = match stream.read(buffer) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        };
        if over {
            self.streams.remove(&key);
        }
    }

    /// Forgets those whose time is over.
    pub fn tick(&mut self, now_ns: u64) {
        self.streams
            .retain(|_, (_, deadline_ns)| *deadline_ns > now_ns);
    }

    /// Whether nobody is left.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }
}
