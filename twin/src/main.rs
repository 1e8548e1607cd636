//! The twin's command line: one mode a subcommand.

use std::fs::File;
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use evermarket_twin::door::ticket;
use evermarket_twin::journal::disk::SystemDisk;
use evermarket_twin::journal::trouble::Trouble;
use evermarket_twin::journal::writer::SIZE_UNITS;
use evermarket_twin::modes::cli::{Args, DIFFERENCE, FINE, HALTED, HELP, USAGE};
use evermarket_twin::modes::core::Matching;
use evermarket_twin::modes::features::Off;
use evermarket_twin::modes::follow::{Follower, Settings};
use evermarket_twin::modes::guard::Guard;
use evermarket_twin::modes::house::{Open, Plan};
use evermarket_twin::modes::market::Timed;
use evermarket_twin::modes::owner::{Owner, hear};
use evermarket_twin::modes::promote::{Promoted, Wanted, promote, refusal};
use evermarket_twin::modes::recover::{Ended as Followed, control_socket};
use evermarket_twin::modes::serve::Door;
use evermarket_twin::modes::settling::Settling;
use evermarket_twin::modes::source::FolderSource;
use evermarket_twin::modes::status::{ClockTerms, Teller, say};
use evermarket_twin::modes::toy::Toy;
use evermarket_twin::modes::wire::LineSource;
use evermarket_twin::modes::{bench, bench_door, feed, pipe, plant, recover, replay, serve};

/// How a mode ends: an exit code, or a usage mistake.
type Ended = Result<u8, String>;

fn main() -> ExitCode {
    let ended = Args::parse(std::env::args().skip(1)).and_then(|args| mode(&args));
    ExitCode::from(ended.unwrap_or_else(|mistake| {
        say(format_args!("evermarket-twin: {mistake}"));
        USAGE
    }))
}

fn mode(args: &Args) -> Ended {
    if args.has("--help") || args.mode.is_empty() {
        tell(HELP.trim_end());
        return Ok(if args.has("--help") { FINE } else { USAGE });
    }
    if let Some(terms) = args.text("--clock") {
        ClockTerms::parse(terms)?.keep();
    }
    match args.mode.as_str() {
        "pipe" => pipe_mode(args),
        "replay" => replay_mode(args),
        "recover" => recover_mode(args),
        "match" => match_mode(args),
        "feed" => feed_mode(args),
        "plant" => plant_mode(args),
        "bench" => bench_mode(args),
        "bench-door" => bench_door_mode(args),
        other => Err(format!("no mode {other}; see evermarket-twin --help")),
    }
}

/// An empty market.
fn market(args: &Args) -> Core {
    match args.has("--toy") {
        true => Box::new(Toy::new()),
        false => Box::new(Timed::with_room()),
    }
}

fn off(args: &Args) -> Result<Off, String> {
    let mut off = Off::default();
    args.all("--off").try_for_each(|name| off.switch(name))?;
    Ok(off)
}

/// A line of the result. That nobody reads it changes nothing: the exit code says how it went.
fn tell(line: impl std::fmt::Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Says what stopped the work.
fn halted(trouble: impl std::fmt::Display) -> u8 {
    say(trouble);
    HALTED
}

/// Standard input and output without the buffers of the library: the pipe's payloads are large.
fn raw_pipe() -> io::Result<(File, File)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((File::from(input), File::from(output)))
}

fn pipe_mode(args: &Args) -> Ended {
    let off = off(args)?;
    let served = raw_pipe().and_then(|(input, output)| {
        pipe::serve(|| Guard::new(market(args), off.clone()), input, output)
    });
    Ok(served.map_or_else(halted, |()| FINE))
}

fn replay_mode(args: &Args) -> Ended {
    let folder = args.word(0, "the folder of a journal")?;
    let two_threads = args.threads(2, 2)? == 2;
    let mut settling = args
        .path("--settlement")
        .map(|folder| Settling::new(&folder, Arc::new(SystemDisk)));
    match replay::replay(
        &folder,
        market(args),
        !args.has("--no-compare"),
        two_threads,
        &mut settling,
    ) {
        Err(trouble) => Ok(halted(trouble)),
        Ok(outcome) => {
            tell(outcome.line());
            if let Some(settling) = settling {
                let facts = settling.object().line();
                tell(format_args!("{{\"settlement\": {facts}}}"));
            }
            Ok(match (&outcome.trouble, &outcome.difference) {
                (Some(_), _) => HALTED,
                (None, Some(_)) => DIFFERENCE,
                (None, None) => FINE,
            })
        }
    }
}

fn bench_mode(args: &Args) -> Ended {
    let file = args.word(0, "a file of commands")?;
    let threads = args.threads(1, 3)?;
    let sealed = args.has("--sealed") || threads > 1;
    let runs = args.number("--runs")?.unwrap_or(5).max(1);
    let measure = || -> Result<bench::Figures, Trouble> {
        let commands = bench::load(&file)?;
        let opening = args
            .path("--opening")
            .map_or(Ok(Vec::new()), |path| bench::load(&path))?;
        let one = || match sealed {
            true => bench::staged(market(args), &opening, &commands, threads),
            false => bench::plain(market(args), &opening, &commands),
        };
        let mut best = one().map_err(Trouble::Refused)?;
        for _ in 1..runs {
            let next = one().map_err(Trouble::Refused)?;
            best = if next.wall_s < best.wall_s {
                next
            } else {
                best
            };
        }
        if let Some(path) = args.path("--out") {
            bench::write_stream(market(args), &opening, &commands, &path)?;
        }
        Ok(best)
    };
    match measure() {
        Err(trouble) => Ok(halted(trouble)),
        Ok(best) => {
            tell(best.line(threads, sealed));
            Ok(FINE)
        }
    }
}

fn bench_door_mode(args: &Args) -> Ended {
    let wants = |option: &str| format!("bench-door wants {option}");
    let number =
        |option: &str, usual: u64| Ok::<u64, String>(args.number(option)?.unwrap_or(usual));
    let secret = args.path("--secret").ok_or(wants("--secret FILE"))?;
    let load = bench_door::Load {
        address: args.text("--door").ok_or(wants("--door HOST:PORT"))?.into(),
        secret: ticket::secret(&secret)?,
        trading_day: args.number("--day")?.ok_or(wants("--day YYYYMMDD"))? as u32,
        lines: number("--lines", 4)?.clamp(1, 2_000) as u16,
        orders: number("--orders", 1_000_000)?.max(1),
        rate: args.number("--rate")?.filter(|&rate| rate > 0),
        window: number("--window", 32_768)?.max(1),
    };
    Ok(load.run().map_or_else(halted, |line| {
        tell(line);
        FINE
    }))
}

type Core = Box<dyn Matching + Send>;

/// Opens the members' door, if there is to be one.
fn open_door(args: &Args) -> Result<Result<Option<Open>, Trouble>, String> {
    let own = args.word(0, "a folder for the own journal")?;
    let opened = Plan::read(args)?
        .map(|plan| Open::new(plan, &own))
        .transpose();
    Ok(opened.map_err(|error| Trouble::System(format!("no door: {error}"))))
}

/// Reads the own journal in the first folder named.
fn follower(args: &Args, door: Option<&Open>) -> Result<Result<Follower<Core>, Trouble>, String> {
    let settings = Settings {
        folder: args.word(0, "a folder for the own journal")?,
        disk: Arc::new(SystemDisk),
        size_units: args
            .number("--size-units")?
            .map_or(SIZE_UNITS, |units| units.clamp(1, 65_535) as u32),
        silence: Duration::from_millis(args.number("--silence-ms")?.unwrap_or(1000)),
        off: off(args)?,
        door: door.map(|door| door.mailbox.clone()),
        settlement: args.path("--settlement"),
    };
    Ok(Follower::open(
        settings,
        market(args),
        Teller::new(args.path("--status")),
    ))
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

fn recover_mode(args: &Args) -> Ended {
    let (file, tcp) = (args.path("--file"), args.text("--tcp"));
    if file.is_some() == tcp.is_some() {
        return Err("recover wants either --file FOLDER or --tcp HOST:PORT".into());
    }
    let own = args.word(0, "a folder for the own journal")?;
    if file.as_ref().is_some_and(|owner| same_folder(owner, &own)) {
        return Err("the own journal and the owner's are the same folder".into());
    }
    let control = match args.path("--control").map(|path| control_socket(&path)) {
        None => None,
        Some(Ok(socket)) => Some(socket),
        Some(Err(trouble)) => return Ok(halted(trouble)),
    };
    let door = match open_door(args)? {
        Err(trouble) => return Ok(halted(trouble)),
        Ok(door) => door,
    };
    let (once, name) = (args.has("--once"), args.text("--name").unwrap_or_default());
    if name.len() > 32 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("--name is up to 32 letters of ASCII without spaces".into());
    }
    loop {
        let ended = follower(args, door.as_ref())?.and_then(|follower| match (&file, tcp) {
            (Some(folder), _) => recover::run(
                follower,
                &mut FolderSource::new(folder),
                control.as_ref(),
                once,
            ),
            (None, address) => {
                let line = LineSource::new(address.unwrap_or_default(), follower.cursor());
                let mut line = line.named(name);
                recover::run(follower, &mut line, control.as_ref(), once)
            }
        });
        match ended {
            Err(trouble) => return Ok(halted(trouble)),
            Ok(Followed::Again) => {}
            Ok(Followed::Code(code)) => return Ok(code),
            Ok(Followed::Promoted(promoted)) => {
                return own_the_market(args, *promoted, door, control);
            }
        }
    }
}

fn match_mode(args: &Args) -> Ended {
    let missing = |option: &str| format!("match wants {option}");
    let wants = |option: &str| args.number(option)?.ok_or_else(|| missing(option));
    let wanted = Wanted {
        epoch: wants("--epoch")?,
        owner: wants("--owner")? as u32,
        position: args.number("--position")?.unwrap_or(0),
        force: args.has("--force"),
        hold: false,
    };
    let control = match args.path("--control").map(|path| control_socket(&path)) {
        None => None,
        Some(Ok(socket)) => Some(socket),
        Some(Err(trouble)) => return Ok(halted(trouble)),
    };
    let door = match open_door(args)? {
        Err(trouble) => return Ok(halted(trouble)),
        Ok(door) => door,
    };
    let promoted =
        follower(args, door.as_ref())?.and_then(|follower| match refusal(&follower, &wanted) {
            Some(why) => Err(Trouble::Refused(why)),
            None => promote(follower, &wanted),
        });
    match promoted {
        Err(trouble) => Ok(halted(trouble)),
        Ok(promoted) => own_the_market(args, promoted, door, control),
    }
}

/// Opens the doors and serves until they close.
fn own_the_market(
    args: &Args,
    promoted: Promoted<Core>,
    door: Option<Open>,
    control: Option<UnixListener>,
) -> Ended {
    let threads = args.threads(2, 2)?;
    say(promoted.line());
    if let Some(door) = door {
        return Ok(door.own(promoted, control).map_or_else(halted, |()| FINE));
    }
    let door = match args.text("--listen") {
        Some(address) => TcpListener::bind(address).map(Door::Port),
        None => raw_pipe().map(|(input, output)| Door::Pipe(Box::new(input), Box::new(output))),
    };
    let served = door
        .map_err(|error| Trouble::System(format!("no door: {error}")))
        .and_then(|door| {
            let owner = Owner::new(&promoted, None);
            let Promoted {
                engine,
                writer,
                lock: _lock,
                ..
            } = promoted;
            control.map_or(Ok(()), |control| hear(control, owner.clone()))?;
            serve::serve(engine, writer, &owner, door, threads)
        });
    Ok(served.map_or_else(halted, |()| FINE))
}

fn feed_mode(args: &Args) -> Ended {
    let folder = args.word(0, "the folder of a journal")?;
    let address = args
        .text("--listen")
        .ok_or("feed wants --listen HOST:PORT")?;
    let served = TcpListener::bind(address).and_then(|door| feed::serve(&folder, &door));
    Ok(served.map_or_else(halted, |()| FINE))
}

fn plant_mode(args: &Args) -> Ended {
    let Some(fault) = args.text("--fault") else {
        tell(plant::names());
        return Ok(FINE);
    };
    let folder = args.word(0, "the folder of a journal")?;
    let out: PathBuf = args.word(1, "a folder for the copy")?;
    let from = args.number("--block")?.unwrap_or(0) as usize;
    let planted = plant::load(&folder).and_then(|(day, mut frames)| {
        let at = plant::plant(&mut frames, fault, from).map_err(Trouble::Refused)?;
        plant::store(&out, day, &frames)?;
        Ok(at)
    });
    match planted {
        Err(trouble) => Ok(halted(trouble)),
        Ok(at) => {
            tell(format_args!(
                "{{\"planted\": \"{fault}\", \"frame\": {at}}}"
            ));
            Ok(FINE)
        }
    }
}
