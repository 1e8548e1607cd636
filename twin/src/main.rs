//! The twin's command line: one mode a subcommand.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;

use evermarket_twin::journal::trouble::Trouble;
use evermarket_twin::modes::cli::{Args, DIFFERENCE, FINE, HALTED, HELP, USAGE};
use evermarket_twin::modes::core::Matching;
use evermarket_twin::modes::features::Off;
use evermarket_twin::modes::guard::Guard;
use evermarket_twin::modes::toy::Toy;
use evermarket_twin::modes::{bench, pipe, replay};

/// How a mode ends: an exit code, or a usage mistake.
type Ended = Result<u8, String>;

fn main() -> ExitCode {
    let ended = Args::parse(std::env::args().skip(1)).and_then(|args| mode(&args));
    ExitCode::from(ended.unwrap_or_else(|mistake| {
        eprintln!("evermarket-twin: {mistake}");
        USAGE
    }))
}

fn mode(args: &Args) -> Ended {
    if args.has("--help") || args.mode.is_empty() {
        print!("{HELP}");
        return Ok(if args.has("--help") { FINE } else { USAGE });
    }
    match args.mode.as_str() {
        "pipe" => pipe_mode(args),
        "replay" => replay_mode(args),
        "bench" => bench_mode(args),
        other => Err(format!("no mode {other}; see evermarket-twin --help")),
    }
}

/// An empty market.
fn market(_args: &Args) -> Box<dyn Matching> {
    Box::new(Toy::new())
}

fn off(args: &Args) -> Result<Off, String> {
    let mut off = Off::default();
    args.all("--off").try_for_each(|name| off.switch(name))?;
    Ok(off)
}

/// Says what stopped the work.
fn halted(trouble: impl std::fmt::Display) -> u8 {
    eprintln!("{trouble}");
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
    match replay::replay(
        &folder,
        market(args),
        !args.has("--no-compare"),
        two_threads,
    ) {
        Err(trouble) => Ok(halted(trouble)),
        Ok(outcome) => {
            println!("{}", outcome.line());
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
            println!("{}", best.line(threads, sealed));
            Ok(FINE)
        }
    }
}
