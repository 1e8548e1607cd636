//! How far a member is, for those who watch (docs/sessions.md, "Readiness"): what it said of itself, and of what it received.

use super::words::{HAND_RAISED, READY_TEXT_BYTES, READY_TO_TRADE};
use crate::records::Record;

/// Where READY's text stands.
const TEXT: usize = 24;

/// What the member of a session has said so far.
#[derive(Clone, Copy, Debug)]
pub struct Readiness {
    /// The last position of its flow that was released when it logged on.
    owed: u64,
    /// The last position it said it received.
    received: u64,
    caught_up: bool,
    /// READY's code, once it sent one, and its text.
    said: Option<u16>,
    text: [u8; READY_TEXT_BYTES],
    /// When it logged on.
    since_ns: u64,
}

/// A line as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line.
    pub line: u16,
    /// What it is called.
    pub state: &'static str,
    /// Why, in the member's own words, which may be anything.
    pub why: String,
    /// The last position the member said it received.
    pub received: u64,
    /// The last released position of its own flow.
    pub flow: u64,
    /// When it logged on.
    pub since_ns: u64,
}

impl Readiness {
    /// Of a member just let in, whose flow so far ends with `owed`.
    pub fn new(owed: u64, since_ns: u64) -> Self {
        Self {
            owed,
            received: 0,
            caught_up: false,
            said: None,
            text: [0; READY_TEXT_BYTES],
            since_ns,
        }
    }

    /// A HEARTBEAT: it received its flow up to here.
    pub fn heard(&mut self, position: u64) {
        self.received = position;
        self.caught_up |= position >= self.owed;
    }

    /// A READY; false for a code that says nothing.
    #[must_use]
    pub fn takes(&mut self, ready: &Record) -> bool {
        let known = matches!(ready.code(), READY_TO_TRADE | HAND_RAISED);
        if known {
            self.said = Some(ready.code());
            self.text.copy_from_slice(&ready.0[TEXT..]);
        }
        known
    }

    fn state(&self) -> &'static str {
        match self.said {
            Some(HAND_RAISED) => "HAND_RAISED",
            Some(_) => "READY",
            None if self.caught_up => "CAUGHT_UP",
            None => "LOGGED_ON",
        }
    }

    /// The text up to its first NUL; what is no UTF-8 is replaced.
    fn why(&self) -> String {
        let end = self.text.iter().position(|&byte| byte == 0);
        String::from_utf8_lossy(&self.text[..end.unwrap_or(READY_TEXT_BYTES)]).into_owned()
    }

    /// As it is shown, with the last released position of its flow.
    pub fn row(&self, line: u16, flow: u64) -> Row {
        Row {
            line,
            state: self.state(),
            why: self.why(),
            received: self.received,
            flow,
            since_ns: self.since_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::words::ready;

    #[test]
    fn a_member_is_what_it_said_last_and_before_that_what_it_received() {
        let mut readiness = Readiness::new(30, 5);
        let state = |readiness: &Readiness| readiness.row(7, 40).state;
        assert_eq!(state(&readiness), "LOGGED_ON");
        readiness.heard(29);
        assert_eq!(state(&readiness), "LOGGED_ON");
        readiness.heard(30);
        assert_eq!(state(&readiness), "CAUGHT_UP");
        readiness.heard(12);
        let row = readiness.row(7, 40);
        assert_eq!((row.state, row.received, row.flow), ("CAUGHT_UP", 12, 40));
        assert_eq!((row.line, row.since_ns, row.why), (7, 5, String::new()));
        assert!(readiness.takes(&ready(HAND_RAISED, b"no prices")));
        assert_eq!(state(&readiness), "HAND_RAISED");
        assert!(!readiness.takes(&ready(3, b"lost")) && !readiness.takes(&ready(0, b"")));
        assert_eq!(readiness.row(7, 40).why, "no prices");
        assert!(readiness.takes(&ready(READY_TO_TRADE, b"")));
        let row = readiness.row(7, 40);
        assert_eq!((row.state, row.why.as_str()), ("READY", ""));
    }

    #[test]
    fn a_text_is_shown_up_to_its_end_whatever_its_bytes() {
        let shown = |text: &[u8]| {
            let mut readiness = Readiness::new(0, 0);
            assert!(readiness.takes(&ready(HAND_RAISED, text)));
            readiness.row(1, 0).why
        };
        assert_eq!(shown(b"a\0b"), "a");
        assert_eq!(shown(&[b'x'; 40]), "x".repeat(40));
        assert_eq!(shown(b"\xff\"\n"), "\u{fffd}\"\n");
        let mut split = vec![b'y'; 39];
        split.push(0xC3);
        assert_eq!(shown(&split), format!("{}\u{fffd}", "y".repeat(39)));
    }
}
