//! The command line: a mode, its words, its options; and the exit codes.

use std::path::PathBuf;

/// Done, nothing wrong.
pub const FINE: u8 = 0;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// The two cores differ.
pub const DIFFERENCE: u8 = 3;
/// Damage, or a refusal of the system: HALTED.
pub const HALTED: u8 = 4;

/// What `--help` prints.
pub const HELP: &str = "\
evermarket-twin: the second core of the exchange, of different make

  evermarket-twin pipe [--off NAME]...
      answer requests on standard input until it ends (docs/twin.md)

  evermarket-twin replay FOLDER [--no-compare] [--threads 1|2] [--settlement FOLDER]
      a whole journal through this core; every record and digest compared; one line of JSON

  evermarket-twin recover OWN (--file FOLDER | --tcp HOST:PORT) [--status FILE]
                          [--silence-ms N] [--control SOCKET] [--once] [--size-units N]
                          [--listen HOST:PORT | DOOR] [--settlement FOLDER] [--off NAME]... [--name NAME]
      follow the owner's journal into the folder OWN, work the same commands, compare;
      over the control socket it promises, and is promoted to match

  evermarket-twin match OWN --epoch N --owner N [--position N] [--listen HOST:PORT]
                        [--threads 1|2] [--force] [--settlement FOLDER] [--off NAME]... [--control SOCKET] [DOOR]
      own the market: promise, begin the epoch, serve requests on standard input, on a port, or members at the door

  DOOR is --door HOST:PORT --secret FILE [--lines-at HOST:PORT] [--rate N] [--heartbeat-ms N] [--relay ADDRESS]...
      the members' door (docs/sessions.md), and where this core's journal is followed once it owns the market

  evermarket-twin feed FOLDER --listen HOST:PORT
      give a journal to followers over TCP, also while it grows

  evermarket-twin plant FOLDER OUT --fault NAME [--block N]
      copy a journal with a fault planted in it, for drills; without a name: list them

  evermarket-twin bench FILE [--opening FILE] [--out FILE] [--runs N] [--threads 1|2|3] [--sealed]
      raw 64-byte commands through the core in batches of 4096, best of N (5)

  evermarket-twin bench-door --door HOST:PORT --secret FILE --day YYYYMMDD [--lines N] [--orders N]
                             [--rate N] [--window N]
      members' orders against a door: as fast as they are answered, or N a second as an open loop

Every mode takes --toy: a market of four rules in place of the real one, for drills; and --clock REAL_NS:MARKET_NS:SPEED: the
market's clock in place of the wall's.
Exit codes: 0 fine, 2 usage, 3 difference found, 4 damage or halt.
";

/// A command line taken apart.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// The first word.
    pub mode: String,
    words: Vec<String>,
    options: Vec<(String, String)>,
}

/// Options that stand alone; all others have a value behind them.
const ALONE: [&str; 6] = [
    "--toy",
    "--once",
    "--force",
    "--no-compare",
    "--sealed",
    "--help",
];
const WITH_VALUE: [&str; 30] = [
    "--off",
    "--threads",
    "--file",
    "--tcp",
    "--status",
    "--silence-ms",
    "--control",
    "--size-units",
    "--listen",
    "--epoch",
    "--owner",
    "--position",
    "--fault",
    "--block",
    "--opening",
    "--out",
    "--runs",
    "--door",
    "--secret",
    "--lines-at",
    "--rate",
    "--clock",
    "--heartbeat-ms",
    "--relay",
    "--name",
    "--day",
    "--lines",
    "--orders",
    "--window",
    "--settlement",
];

impl Args {
    /// Takes a command line (without the program's name) apart.
    pub fn parse(line: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut args = Self::default();
        let mut line = line.into_iter();
        while let Some(word) = line.next() {
            if ALONE.contains(&word.as_str()) {
                args.options.push((word, String::new()));
            } else if WITH_VALUE.contains(&word.as_str()) {
                let value = line.next().ok_or_else(|| format!("{word} wants a value"))?;
                args.options.push((word, value));
            } else if word.starts_with("--") {
                return Err(format!("no option {word}"));
            } else if args.mode.is_empty() {
                args.mode = word;
            } else {
                args.words.push(word);
            }
        }
        Ok(args)
    }

    /// Whether an option without value is there.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| name == option)
    }

    /// The last value of an option.
    pub fn text(&self, option: &str) -> Option<&str> {
        self.all(option).last()
    }

    /// All values of an option.
    pub fn all(&self, option: &str) -> impl Iterator<Item = &str> {
        self.options
            .iter()
            .filter(move |(name, _)| name == option)
            .map(|(_, value)| value.as_str())
    }

    /// A number, if the option is there.
    pub fn number(&self, option: &str) -> Result<Option<u64>, String> {
        let number = |text: &str| {
            text.parse()
                .map_err(|_| format!("{option} wants a number, not {text}"))
        };
        self.text(option).map(number).transpose()
    }

    /// A path, if the option is there.
    pub fn path(&self, option: &str) -> Option<PathBuf> {
        self.text(option).map(PathBuf::from)
    }

    /// The n-th word behind the mode.
    pub fn word(&self, n: usize, what: &str) -> Result<PathBuf, String> {
        let missing = || format!("{} wants {what}; see evermarket-twin --help", self.mode);
        self.words.get(n).map(PathBuf::from).ok_or_else(missing)
    }

    /// How many threads to use, 1 to `most`.
    pub fn threads(&self, usual: u64, most: u64) -> Result<usize, String> {
        match self.number("--threads")?.unwrap_or(usual) {
            n if (1..=most).contains(&n) => Ok(n as usize),
            n => Err(format!("--threads is 1 to {most}, not {n}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn words_options_and_mistakes() {
        let args = parse("recover own --off quote --off ioc --silence-ms 20 --once").unwrap();
        assert_eq!(
            (args.mode.as_str(), args.has("--once"), args.has("--toy")),
            ("recover", true, false)
        );
        assert_eq!(args.word(0, "a folder"), Ok(PathBuf::from("own")));
        assert!(args.all("--off").eq(["quote", "ioc"]));
        assert_eq!(args.number("--silence-ms"), Ok(Some(20)));
        assert!(args.word(1, "more").unwrap_err().contains("wants more"));
        assert_eq!(parse("pipe --what").unwrap_err(), "no option --what");
        assert_eq!(parse("pipe --off").unwrap_err(), "--off wants a value");
        assert!(parse("x --threads 9").unwrap().threads(1, 3).is_err());
        assert!(parse("x --epoch one").unwrap().number("--epoch").is_err());
    }

    #[test]
    fn help_names_every_option() {
        for option in ALONE
            .iter()
            .chain(&WITH_VALUE)
            .filter(|option| **option != "--help")
        {
            assert!(HELP.contains(option), "{option}");
        }
    }
}
