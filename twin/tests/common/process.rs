//! The real binary as a child: its words, its pipe, its end.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use evermarket_twin::journal::bytes::bytes;
use evermarket_twin::modes::pipe::Request;
use evermarket_twin::records::Record;

pub fn twin(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evermarket-twin"));
    command.arg("--toy").args(words);
    command
}

pub fn done(words: &[&str]) -> Output {
    twin(words).stdin(Stdio::null()).output().unwrap()
}

pub fn code(words: &[&str]) -> i32 {
    done(words).status.code().unwrap()
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Kills a child when the test is over, however it ends.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn ask(line: &mut (impl Read + Write), op: u32, batch: &[Record]) -> (Request, Vec<u8>) {
    let payload = bytes(batch);
    let head = Request {
        op,
        payload_bytes: payload.len() as u32,
        a: 1,
        b: 1,
        c: 5,
    }
    .head();
    line.write_all(&[&head[..], payload].concat()).unwrap();
    let reply = Request::read(line).unwrap().expect("a reply");
    let mut payload = vec![0; reply.payload_bytes as usize];
    line.read_exact(&mut payload).unwrap();
    (reply, payload)
}

/// Both ends of a child's pipe.
pub struct Pipe(std::process::ChildStdin, std::process::ChildStdout);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1.read(buffer)
    }
}

impl Write for Pipe {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.0.write(buffer)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

pub fn piped(words: &[&str]) -> (Killed, Pipe) {
    let child = twin(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.unwrap();
    let pipe = Pipe(child.stdin.take().unwrap(), child.stdout.take().unwrap());
    (Killed(child), pipe)
}

pub fn ended(mut child: Killed, pipe: Pipe) -> Option<i32> {
    drop(pipe);
    child.0.wait().unwrap().code()
}

pub fn number(line: &str, name: &str) -> u64 {
    let behind = line
        .split(&format!("\"{name}\": "))
        .nth(1)
        .unwrap_or_else(|| panic!("{name} in {line}"));
    behind
        .chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .unwrap()
}

/// The codes of the refusals in a stream as it came.
pub fn refusals(stream: &[u8]) -> Vec<u16> {
    let refused = stream.chunks(64).filter(|record| record[16] == 65);
    refused
        .map(|record| u16::from_le_bytes([record[20], record[21]]))
        .collect()
}
