//! Whole owners and followers as processes: their ports, folders, control sockets.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use evermarket_twin::door::client::{Asked, Client};
use evermarket_twin::door::words::{
    CHALLENGE, HEARTBEAT, LOG_OFF, LoggedOn, PUBLIC_FLOW, QUICK, log_off, parting,
};
use evermarket_twin::journal::disk::SystemDisk;
use evermarket_twin::journal::frame::Epoch;
use evermarket_twin::journal::writer::Writer;
use evermarket_twin::records::Record;
use evermarket_twin::records::vocabulary::kind;

use super::hall::{DAY, SECRET};
use super::process::{Killed, text};
use super::{Folder, day, market};

pub fn free_port() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    port.local_addr().unwrap().to_string()
}

/// Asks again until it is so.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// One core with a door.
pub struct Core {
    pub folder: PathBuf,
    pub door: String,
    pub lines: String,
    pub control: PathBuf,
    pub child: Option<Killed>,
}

impl Core {
    pub fn new(under: &Folder, name: &str) -> Self {
        Self {
            folder: under.path().join(name),
            door: free_port(),
            lines: free_port(),
            control: under.path().join(format!("{name}.control")),
            child: None,
        }
    }

    fn start(&mut self, mode: &str, more: &[&str]) {
        let secret = self.folder.with_extension("secret");
        std::fs::write(&secret, SECRET).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_evermarket-twin"));
        command.args([mode, text(&self.folder), "--door", &self.door]);
        command.args(["--lines-at", &self.lines, "--secret", text(&secret)]);
        command.args(["--control", text(&self.control)]).args(more);
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(Killed(child.unwrap()));
    }

    /// Owns the market from here on, in epoch 2; a new day is begun if there is none.
    pub fn match_alone(&mut self, more: &[&str]) {
        let mut writer = Writer::create(Arc::new(SystemDisk), &self.folder, day(), 64).unwrap();
        let epoch = Epoch {
            make: 1,
            epoch: 1,
            owner: 1,
            trading_day: DAY,
            ..Epoch::default()
        };
        writer.append_epoch(epoch).unwrap();
        writer.sync().unwrap();
        drop(writer);
        let words = ["--epoch", "2", "--owner", "1", "--size-units", "64"];
        self.start("match", &[&words[..], more].concat());
        until("a door that lets in", || {
            let client = Client::connect(&self.door).ok()?;
            (client.greeting.kind() == CHALLENGE).then_some(())
        });
    }

    /// Follows an owner.
    pub fn recover(&mut self, owner: &Core, more: &[&str]) {
        let words = ["--tcp", &owner.lines, "--size-units", "64"];
        self.start("recover", &[&words[..], more].concat());
        until("a control socket", || {
            UnixStream::connect(&self.control).ok()
        });
    }

    /// Asks the control socket.
    pub fn ask(&self, words: &str) -> String {
        let mut line = UnixStream::connect(&self.control).unwrap();
        writeln!(line, "{words}").unwrap();
        let mut answer = String::new();
        BufReader::new(line).read_line(&mut answer).unwrap();
        answer
    }

    /// A session of a line, or the record that refuses it.
    pub fn try_enter(
        &self,
        line: u16,
        resume: u8,
        position: u64,
        wish: u8,
    ) -> Option<Result<(Client, LoggedOn), Record>> {
        let mut client = Client::connect(&self.door).ok()?;
        let asked = Asked {
            line,
            trading_day: DAY,
            position,
            resume,
            wish,
        };
        let answer = client.log_on(&SECRET, &asked).ok()?;
        Some(answer.map(|logged_on| (client, logged_on)))
    }

    pub fn enter(&self, line: u16, resume: u8, position: u64, wish: u8) -> (Client, LoggedOn) {
        self.try_enter(line, resume, position, wish)
            .unwrap()
            .unwrap()
    }

    /// The exchange opens the market.
    pub fn open_market(&self, lines: u16) {
        let (mut exchange, _) = self.enter(0, QUICK, 0, PUBLIC_FLOW);
        exchange.send(&market::opening(lines)).unwrap();
        let told = next(&mut exchange);
        assert_eq!(told.kind(), kind::PHASE_CHANGED, "code {}", told.code());
        leave(exchange);
    }
}

/// Logs off and waits until the core has.
pub fn leave(mut client: Client) {
    client.send(&[log_off(parting::MEMBER)]).unwrap();
    let last = client.receive_all().unwrap();
    assert_eq!(last.last().map(Record::kind), Some(LOG_OFF));
}

/// The next record that is no sign of life.
pub fn next(client: &mut Client) -> Record {
    loop {
        let record = client.receive().unwrap();
        if record.kind() != HEARTBEAT {
            return record;
        }
    }
}
