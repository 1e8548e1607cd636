//! Gives a journal to followers and readers over TCP, also while it grows. One thread a line; it only reads the files.
//!
//! Mode `feed` serves a folder that another process may write; an owner serves its own and tells by [`Steps`] how far it is.

use std::io::{self, Read};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::owner::Owner;
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

/// The longest name of a follower.
const NAME_BYTES_MAX: usize = 32;

/// Serves followers of `folder`, whoever writes it, until the process ends.
pub fn serve(folder: &Path, door: &TcpListener) -> io::Result<()> {
    for line in door.incoming() {
        let (line, folder) = (line?, folder.to_owned());
        spawn(move || feed(line, &folder, None))?;
    }
    Ok(())
}

/// Serves the journal that this process writes; as long as it owns no market, it refuses.
pub fn serve_owned(
    folder: &Path,
    door: &TcpListener,
    owner: &Arc<OnceLock<Owner>>,
) -> io::Result<()> {
    for line in door.incoming() {
        let (mut line, folder, owner) = (line?, folder.to_owned(), owner.clone());
        spawn(move || match owner.get() {
            Some(owner) => feed(line, &folder, Some(owner.clone())),
            None => {
                hello(&mut line)?;
                refuse(&mut line, "this core does not own the market", 0, true)
            }
        })?;
    }
    Ok(())
}

fn spawn(work: impl FnOnce() -> Result<(), String> + Send + 'static) -> io::Result<()> {
    let name = thread::Builder::new().name("feed".into());
    name.spawn(move || {
        if let Err(why) = work() {
            say(format_args!("feed: {why}"));
        }
    })
    .map(|_| ())
}

/// What FOLLOW says.
struct Hello {
    from: Cursor,
    name: String,
    reader: bool,
}

fn hello(line: &mut TcpStream) -> Result<Hello, String> {
    let told = |error: io::Error| error.to_string();
    let named =
        |hello: &Request| (32..=32 + NAME_BYTES_MAX).contains(&(hello.payload_bytes as usize));
    let hello = Request::read(line)
        .map_err(told)?
        .filter(|hello| hello.op == FOLLOW && named(hello));
    let hello = hello.ok_or("the line began with something other than FOLLOW")?;
    let mut chain = [0; 32];
    line.read_exact(&mut chain).map_err(told)?;
    let mut name = vec![0; hello.payload_bytes as usize - 32];
    line.read_exact(&mut name).map_err(told)?;
    let peer = line.peer_addr().map_err(told)?.ip().to_string();
    let plain = |byte: &u8| byte.is_ascii_graphic();
    let name = match name.is_empty() {
        true => peer,
        false if name.iter().all(plain) => String::from_utf8_lossy(&name).into_owned(),
        false => return Err("a follower's name is of ASCII letters without spaces".into()),
    };
    Ok(Hello {
        from: Cursor {
            position: hello.a,
            epoch: hello.b as u32,
            chain,
        },
        name,
        reader: hello.c == 1,
    })
}

fn feed(mut line: TcpStream, folder: &Path, owner: Option<Owner>) -> Result<(), String> {
    let told = |error: io::Error| error.to_string();
    line.set_nodelay(true).map_err(told)?;
    let hello = hello(&mut line)?;
    let epoch = owner.as_ref().map_or(u32::MAX, |owner| owner.steps.epoch());
    if hello.from.epoch > epoch {
        // Who knows of a later epoch knows a later owner.
        let what = format!("epoch {epoch} is over, {} has begun", hello.from.epoch);
        return refuse(&mut line, &what, hello.from.epoch.into(), true);
    }
    let opened = loop {
        match Reader::open(folder) {
            Ok(None) => thread::sleep(QUIET_EVERY),
            opened => break opened,
        }
    };
    let found = opened.and_then(|reader| {
        let reader = reader.ok_or_else(|| Trouble::Refused("no journal".into()))?;
        Ok((reader.first(), find(folder, reader, &hello.from)?))
    });
    match found {
        Err(trouble) => refuse(&mut line, &trouble.to_string(), 0, false),
        Ok((_, None)) => {
            let position = hello.from.position;
            let what = format!("position {position} with this chain is not in the journal");
            refuse(&mut line, &what, 0, false)
        }
        Ok((first, Some(reader))) => {
            let record = first.record();
            let head = head(HEADER, 64, 0, clock_ns() as u64, 0);
            write_whole(&mut line, &head, &record.0).map_err(told)?;
            stream(line, reader, hello, owner)
        }
    }
}

/// `no_owner`: it is not for the place that was asked for.
fn refuse(line: &mut TcpStream, why: &str, epoch: u64, no_owner: bool) -> Result<(), String> {
    let head = head(REFUSED, why.len() as u32, 0, epoch, no_owner.into());
    write_whole(line, &head, why.as_bytes()).map_err(|error| error.to_string())?;
    // Another thread may still listen on this line.
    line.shutdown(Shutdown::Write)
        .map_err(|error| error.to_string())
}

/// A reader that stands where the follower stands: looked for in the segment that should have it, then in all.
fn find(folder: &Path, mut reader: Reader, from: &Cursor) -> Result<Option<Reader>, Trouble> {
    reader.skip_towards(from.position)?;
    if let Ok(Some(near)) = search(reader, from) {
        return Ok(Some(near));
    }
    Reader::open(folder)?.map_or(Ok(None), |reader| search(reader, from))
}

fn search(mut reader: Reader, from: &Cursor) -> Result<Option<Reader>, Trouble> {
    let mut raw = Vec::new();
    while reader.cursor().chain != from.chain {
        if reader.next(&mut raw)? == Next::End {
            return Ok(None);
        }
    }
    Ok(Some(reader))
}

/// How a line ends: by the other end's hanging up or refusing.
#[derive(Clone)]
struct Back {
    gone: Arc<AtomicBool>,
    owner: Option<Owner>,
    name: String,
    number: u64,
}

fn stream(
    mut line: TcpStream,
    mut reader: Reader,
    hello: Hello,
    owner: Option<Owner>,
) -> Result<(), String> {
    let told = |error: io::Error| error.to_string();
    let steps = owner.as_ref().map(|owner| owner.steps.clone());
    let number = match &steps {
        Some(steps) if !hello.reader => {
            let at = &hello.from;
            steps.connected(&hello.name, at.position, at.epoch.into())
        }
        _ => 0,
    };
    let back = Back {
        gone: Arc::default(),
        owner,
        name: hello.name,
        number,
    };
    let (input, heard) = (line.try_clone().map_err(told)?, back.clone());
    thread::spawn(move || heard.listen(input));
    let (mut message, mut ahead): (Vec<Record>, Option<Vec<Record>>) = (Vec::new(), None);
    let (mut told_at, mut sent) = (Instant::now(), reader.cursor().position);
    let mut patience = Duration::ZERO;
    while !back.gone.load(Ordering::Acquire) {
        let end = match &steps {
            None => u64::MAX,
            Some(steps) => {
                let (appended, released, goes_on) = steps.wait(hello.reader, sent, patience);
                if !goes_on {
                    let fenced = steps.fenced();
                    let what = fenced.map_or("the market is over".into(), |epoch| {
                        format!("fenced: epoch {epoch} has begun or will")
                    });
                    return refuse(&mut line, &what, fenced.unwrap_or(0), true);
                }
                if hello.reader { released } else { appended }
            }
        };
        while message.len() < SLOTS_A_MESSAGE {
            // A frame read ahead of its time waits until its end may be told.
            let mut raw = ahead.take().unwrap_or_default();
            if raw.is_empty() {
                match reader.next(&mut raw) {
                    Ok(Next::Frame(_)) => {}
                    // Bad may only be unfinished: it is looked at again, and nothing of it is sent.
                    Ok(Next::End) | Err(Trouble::Damage(_)) => break,
                    Err(trouble) => return Err(trouble.to_string()),
                }
            }
            if reader.cursor().position > end {
                ahead = Some(raw);
                break;
            }
            message.extend_from_slice(&raw);
            sent = reader.cursor().position;
        }
        patience = QUIET_EVERY.saturating_sub(told_at.elapsed());
        if !message.is_empty() {
            send_frames(&mut line, &message, sent, clock_ns() as u64).map_err(told)?;
            message.clear();
            told_at = Instant::now();
        } else if told_at.elapsed() >= QUIET_EVERY {
            let quiet = head(QUIET, 0, sent, clock_ns() as u64, 0);
            write_whole(&mut line, &quiet, &[]).map_err(told)?;
            told_at = Instant::now();
        } else if steps.is_none() {
            thread::sleep(LOOK_EVERY);
        }
    }
    Ok(())
}

impl Back {
    /// Hears what the follower has synced, until it hangs up or refuses.
    fn listen(self, mut line: TcpStream) {
        while let Ok(Some(request)) = Request::read(&mut line) {
            match (request.op, &self.owner) {
                // A reader's word is not asked for.
                (SYNCED, _) if self.number == 0 => {}
                (SYNCED, None) => {}
                (SYNCED, Some(owner)) => {
                    let (at, clean) = (request.a, request.c == 1);
                    owner
                        .steps
                        .synced(&self.name, self.number, at, request.b, clean);
                }
                // The first refusal ends the epoch for this writer, if it names a higher one.
                (REFUSED, Some(owner)) => {
                    owner.fence(request.b);
                    break;
                }
                _ => break,
            }
        }
        self.gone.store(true, Ordering::Release);
        if let Some(owner) = &self.owner {
            owner.steps.gone(&self.name, self.number);
        }
    }
}
