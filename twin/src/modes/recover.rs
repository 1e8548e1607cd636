//! `recover`: the loop of a follower, and the socket over which it is asked, made to promise, and promoted.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use super::cli::{DIFFERENCE, FINE, HALTED};
use super::core::Matching;
use super::follow::{Follower, Step};
use super::promote::{Promoted, Wanted, promote, refusal};
use super::source::Source;
use crate::journal::trouble::{Trouble, about};

/// How long the loop rests before it tries again what cannot be taken.
const STALLED_REST: Duration = Duration::from_millis(10);
const CONTROL_EVERY: Duration = Duration::from_millis(1);
const CONTROL_WITHIN: Duration = Duration::from_millis(200);

/// How a follower's life ended.
pub enum Ended<M> {
    /// With an exit code.
    Code(u8),
    /// Its own tail was cut: it begins again.
    Again,
    /// It owns the market.
    Promoted(Box<Promoted<M>>),
}

/// Listens on a socket file, replacing one that a dead process left.
pub fn control_socket(path: &Path) -> Result<UnixListener, Trouble> {
    let _ = std::fs::remove_file(path);
    let socket = UnixListener::bind(path).map_err(about(path))?;
    socket.set_nonblocking(true).map_err(about(path))?;
    Ok(socket)
}

/// Follows until promoted or, with `once`, until all there is has been taken.
pub fn run<M: Matching + Send + 'static, S: Source>(
    mut follower: Follower<M>,
    source: &mut S,
    control: Option<&UnixListener>,
    once: bool,
) -> Result<Ended<M>, Trouble> {
    let (mut raw, mut looked) = (Vec::new(), Instant::now());
    loop {
        let step = follower.step(source, &mut raw)?;
        if step == Step::Again {
            return Ok(Ended::Again);
        }
        if once && let Some(code) = over(&mut follower, step) {
            return Ok(Ended::Code(code));
        }
        if looked.elapsed() >= CONTROL_EVERY || step != Step::Busy {
            looked = Instant::now();
            let asked = control.and_then(|control| control.accept().ok());
            if let Some(wanted) = asked.and_then(|(line, _)| attend(&mut follower, line)) {
                let (wanted, mut line) = wanted;
                let promoted = promote(follower, &wanted)?;
                let _ = writeln!(line, "{}", promoted.line());
                return Ok(Ended::Promoted(Box::new(promoted)));
            }
        }
        match step {
            Step::Busy | Step::Again => {}
            Step::Idle => std::thread::sleep(source.rest()),
            Step::Stalled => std::thread::sleep(STALLED_REST),
        }
    }
}

/// The exit code of a follower that is to stop at the end of what there is; `None` while there is more.
fn over<M: Matching + Send + 'static>(follower: &mut Follower<M>, step: Step) -> Option<u8> {
    let arrived = match (step, follower.state().owner_position) {
        (Step::Stalled, _) => true,
        (Step::Idle, Some(position)) => follower.state().position >= position,
        // A folder has no position to tell: its end is the end, unless something bad may still be in the making.
        (Step::Idle, None) => follower.settled() && follower.state().blocks > 0,
        _ => false,
    };
    if arrived {
        follower.settle_at_end();
    }
    follower.refresh(arrived);
    let stalled = step == Step::Stalled || follower.state().stalled;
    arrived.then_some(match (stalled, follower.state().clean) {
        (true, _) => HALTED,
        (false, false) => DIFFERENCE,
        (false, true) => FINE,
    })
}

/// Answers one line of the control socket; a promotion that may be is handed back, its answer still to be given.
fn attend<M: Matching + Send + 'static>(
    follower: &mut Follower<M>,
    line: UnixStream,
) -> Option<(Wanted, UnixStream)> {
    line.set_nonblocking(false).ok()?;
    line.set_read_timeout(Some(CONTROL_WITHIN)).ok()?;
    let mut text = String::new();
    BufReader::new(&line).read_line(&mut text).ok()?;
    let mut line = line;
    let answer = match words(&text) {
        Ok(Asked::Status) => {
            follower.refresh(false);
            follower.line()
        }
        Ok(Asked::Promise(epoch)) => match follower.promise(epoch) {
            Ok(()) => format!("{{\"promised\": {epoch}}}"),
            Err(why) => said(&why.to_string()),
        },
        Ok(Asked::Settle) => {
            follower.refresh(true);
            let written = follower.ledger().write();
            written.map_or_else(|why| said(&why.to_string()), |facts| facts.line())
        }
        Ok(Asked::Promote(wanted)) => {
            follower.refresh(true);
            match refusal(follower, &wanted) {
                None => return Some((wanted, line)),
                Some(why) => said(&why),
            }
        }
        Err(why) => said(&why),
    };
    let _ = writeln!(line, "{answer}");
    None
}

fn said(why: &str) -> String {
    super::json::Object::new().text("refused", why).line()
}

enum Asked {
    Status,
    Settle,
    Promise(u64),
    Promote(Wanted),
}

const WORDS: &str =
    "status | settle | promise EPOCH | promote EPOCH OWNER [POSITION] [force] [hold]";

/// Takes the last word off if it is this one.
fn ends_with(words: &mut Vec<&str>, word: &str) -> bool {
    words.pop_if(|last| *last == word).is_some()
}

/// What of [`WORDS`] this is; a word for owners is refused as such.
fn words(text: &str) -> Result<Asked, String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let hold = ends_with(&mut words, "hold");
    let force = ends_with(&mut words, "force");
    if let ["open" | "board", ..] = words[..] {
        let what = format!("{}: this core does not own the market", words[0]);
        return Err(what);
    }
    let numbers: Vec<u64> = words
        .iter()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    if words.is_empty() || numbers.len() + 1 != words.len() {
        return Err(format!("not understood: {}", text.trim()));
    }
    match (words[0], &numbers[..]) {
        ("promote", &[epoch, owner, ..]) if numbers.len() <= 3 => {
            let owner = u32::try_from(owner).map_err(|_| format!("no owner {owner}"))?;
            let position = numbers.get(2).copied().unwrap_or(0);
            Ok(Asked::Promote(Wanted {
                epoch,
                owner,
                position,
                force,
                hold,
            }))
        }
        _ if force || hold => Err(WORDS.into()),
        ("status", []) => Ok(Asked::Status),
        ("settle", []) => Ok(Asked::Settle),
        ("promise", &[epoch]) => Ok(Asked::Promise(epoch)),
        _ => Err(WORDS.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_control_socket() {
        assert!(matches!(words("status\n"), Ok(Asked::Status)));
        assert!(matches!(words("promise 4"), Ok(Asked::Promise(4))));
        let Ok(Asked::Promote(wanted)) = words("promote 5 2 100 force") else {
            panic!("promote")
        };
        assert_eq!(
            (wanted.epoch, wanted.owner, wanted.position, wanted.force),
            (5, 2, 100, true)
        );
        for (line, force, hold) in [
            ("promote 5 2", false, false),
            ("promote 5 2 hold", false, true),
            ("promote 5 2 100 force hold", true, true),
        ] {
            let Ok(Asked::Promote(wanted)) = words(line) else {
                panic!("{line}")
            };
            assert_eq!((wanted.force, wanted.hold), (force, hold), "{line}");
        }
        for early in ["open", "board\n"] {
            let why = words(early).err().unwrap_or_default();
            assert!(why.contains("does not own the market"), "{early}: {why}");
        }
        for bad in [
            "",
            "force",
            "hold",
            "status hold",
            "settle force",
            "promise 4 hold",
            "promote 5 2 hold force",
            "promote 5 2 hold hold",
            "promote 5",
            "promise four",
            "promote 1 2 3 4",
            "status 1",
        ] {
            assert!(words(bad).is_err(), "{bad}");
        }
    }
}
