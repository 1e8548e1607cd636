//! `feed`: gives a journal to followers over TCP, also while it grows. One thread a follower; it only reads.

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::pipe::{Request, head, write_whole};
use super::status::{clock_ns, say};
use super::wire::{FOLLOW, HEADER, QUIET, REFUSED, SYNCED, send_frames};
use crate::journal::cursor::Cursor;
use crate::journal::reader::{Next, Reader};
use crate::journal::trouble::Trouble;
use crate::records::Record;

const LOOK_EVERY: Duration = Duration::from_micros(200);
const QUIET_EVERY: Duration = Duration::from_millis(20);
const SLOTS_A_MESSAGE: usize = 16_384;

/// Serves followers of `folder` until the process ends.
pub fn serve(folder: &Path, door: &TcpListener) -> io::Result<()> {
    for line in door.incoming() {
        let (line, folder) = (line?, folder.to_owned());
        let name = thread::Builder::new().name("feed".into());
        name.spawn(move || {
            if let Err(why) = feed(line, &folder) {
                say(format_args!("feed: {why}"));
            }
        })?;
    }
    Ok(())
}

fn feed(mut line: TcpStream, folder: &Path) -> Result<(), String> {
    let told = |error: io::Error| error.to_string();
    line.set_nodelay(true).map_err(told)?;
    let hello = Request::read(&mut line)
        .map_err(told)?
        .filter(|hello| hello.op == FOLLOW && hello.payload_bytes == 32);
    let hello = hello.ok_or("the line began with something other than FOLLOW")?;
    let mut chain = [0; 32];
    line.read_exact(&mut chain).map_err(told)?;
    let from = Cursor {
        position: hello.a,
        epoch: hello.b as u32,
        chain,
    };
    let opened = loop {
        match Reader::open(folder) {
            Ok(None) => thread::sleep(QUIET_EVERY),
            opened => break opened,
        }
    };
    let found = opened.and_then(|reader| {
        let reader = reader.ok_or_else(|| Trouble::Refused("no journal".into()))?;
        Ok((reader.segment(), find(reader, &from)?))
    });
    match found {
        Err(trouble) => refuse(&mut line, &trouble.to_string()),
        Ok((_, None)) => refuse(
            &mut line,
            &format!(
                "position {} with this chain is not in the journal",
                from.position
            ),
        ),
        Ok((first, Some(reader))) => {
            let record = first.record();
            write_whole(
                &mut line,
                &head(HEADER, 64, 0, clock_ns() as u64, 0),
                &record.0,
            )
            .map_err(told)?;
            stream(line, reader)
        }
    }
}

fn refuse(line: &mut TcpStream, why: &str) -> Result<(), String> {
    let head = head(REFUSED, why.len() as u32, 0, 0, 0);
    write_whole(line, &head, why.as_bytes()).map_err(|error| error.to_string())
}

/// A reader that stands where the follower stands.
fn find(mut reader: Reader, from: &Cursor) -> Result<Option<Reader>, Trouble> {
    let mut raw = Vec::new();
    while reader.cursor().chain != from.chain {
        if reader.next(&mut raw)? == Next::End {
            return Ok(None);
        }
    }
    Ok(Some(reader))
}

fn stream(mut line: TcpStream, mut reader: Reader) -> Result<(), String> {
    let told = |error: io::Error| error.to_string();
    let (gone, synced) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let back = line.try_clone().map_err(told)?;
    let (gone_too, synced_too) = (gone.clone(), synced.clone());
    thread::spawn(move || listen(back, &gone_too, &synced_too));
    let (mut raw, mut message): (Vec<Record>, Vec<Record>) = (Vec::new(), Vec::new());
    let mut told_at = Instant::now();
    while !gone.load(Ordering::Acquire) {
        let mut position = reader.cursor().position;
        while message.len() < SLOTS_A_MESSAGE {
            match reader.next(&mut raw) {
                Ok(Next::Frame(_)) => message.extend_from_slice(&raw),
                // Bad may only be unfinished: it is looked at again, and nothing of it is sent.
                Ok(Next::End) | Err(Trouble::Damage(_)) => break,
                Err(trouble) => return Err(trouble.to_string()),
            }
            position = reader.cursor().position;
        }
        if !message.is_empty() {
            send_frames(&mut line, &message, position, clock_ns() as u64).map_err(told)?;
            message.clear();
            told_at = Instant::now();
        } else if told_at.elapsed() >= QUIET_EVERY {
            write_whole(
                &mut line,
                &head(QUIET, 0, position, clock_ns() as u64, 0),
                &[],
            )
            .map_err(told)?;
            told_at = Instant::now();
        } else {
            thread::sleep(LOOK_EVERY);
        }
    }
    Ok(())
}

/// Hears what the follower has synced, until it hangs up or refuses.
fn listen(mut line: TcpStream, gone: &AtomicBool, synced: &AtomicU64) {
    while let Ok(Some(request)) = Request::read(&mut line) {
        if request.op != SYNCED {
            break;
        }
        synced.store(request.a, Ordering::Release);
    }
    gone.store(true, Ordering::Release);
}
