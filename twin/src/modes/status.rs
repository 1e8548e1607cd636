//! What a follower tells the world: a status file that is replaced whole, and alarms as lines of JSON.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::compare::Difference;
use super::json::Object;
use crate::journal::cursor::Fault;

const REPLACE_AT_MOST_EVERY: Duration = Duration::from_millis(50);
const ALARMS_TOLD_MAX: usize = 1000;

/// The state of a follower.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the names of the status file, docs/twin.md
pub struct State {
    pub state: &'static str,
    pub position: u64,
    pub epoch: u32,
    pub promised: u64,
    pub digest: u64,
    pub live: u64,
    pub clean: bool,
    pub stalled: bool,
    pub silent: bool,
    pub owner_position: Option<u64>,
    pub lag_ms: u64,
    pub commands: u64,
    pub blocks: u64,
    pub refused_by_owner: u64,
}

/// Tells states and alarms.
#[derive(Debug)]
pub struct Teller {
    path: Option<PathBuf>,
    replaced: Option<Instant>,
    told: HashSet<(String, u64)>,
    alarms: u64,
    first_alarm: Option<String>,
    spoiled_by: Option<String>,
    quiet: bool,
}

/// A line on standard error. That nobody reads it there is no reason to stop, as `eprintln!` would.
pub fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// What a market's clock shows: `market_ns` at the real time `real_ns`, and `speed` nanoseconds a nanosecond since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockTerms {
    real_ns: i64,
    market_ns: i64,
    speed: i64,
}

static TERMS: OnceLock<ClockTerms> = OnceLock::new();

impl ClockTerms {
    /// From `REAL_NS:MARKET_NS:SPEED`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let numbers: Vec<i64> = text
            .split(':')
            .map_while(|word| word.parse().ok())
            .collect();
        match numbers[..] {
            [real_ns, market_ns, speed] if speed > 0 && text.split(':').count() == 3 => Ok(Self {
                real_ns,
                market_ns,
                speed,
            }),
            _ => Err(format!(
                "--clock is REAL_NS:MARKET_NS:SPEED, speed above 0, not {text}"
            )),
        }
    }

    /// This process keeps this clock from now on; the first word counts.
    pub fn keep(self) {
        TERMS.get_or_init(|| self);
    }

    fn shows(&self, real_ns: i64) -> i64 {
        let since = i128::from(real_ns) - i128::from(self.real_ns);
        let market = i128::from(self.market_ns) + since * i128::from(self.speed);
        market.clamp(0, i64::MAX.into()) as i64
    }
}

/// The clock, nanoseconds since 1970: the wall's, or the market's if this process keeps one.
pub fn clock_ns() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let real_ns = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    TERMS.get().map_or(real_ns, |terms| terms.shows(real_ns))
}

impl Teller {
    /// Tells into a status file, if one is wanted, and to standard error.
    pub fn new(path: Option<PathBuf>) -> Self {
        let told = HashSet::new();
        Self {
            path,
            replaced: None,
            told,
            alarms: 0,
            first_alarm: None,
            spoiled_by: None,
            quiet: false,
        }
    }

    /// The same without standard error, for tests.
    pub fn quiet() -> Self {
        Self {
            quiet: true,
            ..Self::new(None)
        }
    }

    /// How many alarms there were.
    pub fn alarms(&self) -> u64 {
        self.alarms
    }

    /// The first alarm's line.
    pub fn first_alarm(&self) -> Option<&str> {
        self.first_alarm.as_deref()
    }

    /// The line of the first alarm since which this core is not clean.
    pub fn spoiled_by(&self) -> Option<&str> {
        self.spoiled_by.as_deref()
    }

    /// A difference between owner and shadow.
    pub fn difference(&mut self, difference: &Difference) {
        let object = difference.object().text("verdict", difference.verdict());
        self.alarm(difference.name, difference.position, object, true);
    }

    /// Something about the stream itself, behind this position, after which this core is as clean as it was. `verdict`
    /// says who is probably wrong.
    pub fn fault(&mut self, fault: &Fault, position: u64, verdict: &str) {
        self.stream(fault, position, verdict, false);
    }

    /// The same, and this core is not clean any more.
    pub fn spoiler(&mut self, fault: &Fault, position: u64, verdict: &str) {
        self.stream(fault, position, verdict, true);
    }

    fn stream(&mut self, fault: &Fault, position: u64, verdict: &str, spoils: bool) {
        let object = Object::new()
            .text("name", fault.name)
            .value("position", position)
            .text("what", &fault.what)
            .text("verdict", verdict);
        self.alarm(fault.name, position, object, spoils);
    }

    /// One alarm a name and position; many more would hide the first.
    fn alarm(&mut self, name: &str, position: u64, object: Object, spoils: bool) {
        if !self.told.insert((name.to_string(), position)) {
            return;
        }
        self.alarms += 1;
        let line = object.value("at_ns", clock_ns()).line();
        if !self.quiet && self.told.len() <= ALARMS_TOLD_MAX {
            say(format_args!("{{\"alarm\": {line}}}"));
        }
        if spoils {
            self.spoiled_by.get_or_insert(line.clone());
        }
        self.first_alarm.get_or_insert(line);
        self.replaced = None;
    }

    /// The state as a line, the settlement's facts with it.
    pub fn line(&self, state: &State, settlement: Option<Object>) -> String {
        let lag = |owner: u64| owner.saturating_sub(state.position).to_string();
        Object::new()
            .text("state", state.state)
            .value("position", state.position)
            .value("epoch", state.epoch)
            .value("promised", state.promised)
            .text("digest", &format!("{:016x}", state.digest))
            .value("live", state.live)
            .value("clean", state.clean)
            .value("stalled", state.stalled)
            .value("silent", state.silent)
            .raw(
                "lag_records",
                &state.owner_position.map_or("null".into(), lag),
            )
            .value("lag_ms", state.lag_ms)
            .value("commands", state.commands)
            .value("blocks", state.blocks)
            .value("refused_by_owner", state.refused_by_owner)
            .value("alarms", self.alarms)
            .raw("first_alarm", self.first_alarm.as_deref().unwrap_or("null"))
            .raw("spoiled_by", self.spoiled_by.as_deref().unwrap_or("null"))
            .raw(
                "settlement",
                &settlement.map_or("null".into(), |facts| facts.line()),
            )
            .value("at_ns", clock_ns())
            .line()
    }

    /// Replaces the status file, not more often than people can read unless an alarm is new or `now` says so. That it
    /// cannot be written is no reason to stop following.
    pub fn state(&mut self, state: &State, settlement: impl Fn() -> Option<Object>, now: bool) {
        let Some(path) = &self.path else {
            return;
        };
        let fresh = self
            .replaced
            .is_some_and(|at| at.elapsed() < REPLACE_AT_MOST_EVERY);
        if fresh && !now {
            return;
        }
        let unfinished = path.with_extension("tmp");
        let written = std::fs::write(&unfinished, self.line(state, settlement()) + "\n");
        if let Err(error) = written.and_then(|()| std::fs::rename(&unfinished, path)) {
            say(format_args!("{}: {error}", path.display()));
        }
        self.replaced = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_clock_runs_from_its_time_at_its_speed() {
        let terms = ClockTerms::parse("1000:500000:60").unwrap();
        assert_eq!(terms.shows(1000), 500_000);
        assert_eq!(terms.shows(1007), 500_420);
        assert_eq!(terms.shows(990), 499_400);
    }

    #[test]
    fn a_market_clock_stays_within_the_times_there_are() {
        let early = ClockTerms::parse("1000:0:1").unwrap();
        assert_eq!((early.shows(0), early.shows(1001)), (0, 1));
        let fast = ClockTerms::parse(&format!("0:1:{}", i64::MAX)).unwrap();
        assert_eq!(fast.shows(i64::MAX), i64::MAX);
        let back = ClockTerms::parse("-5:-7:2").unwrap();
        assert_eq!((back.shows(-5), back.shows(0)), (0, 3));
    }

    #[test]
    fn what_is_no_clock_is_refused_with_what_it_should_be() {
        for text in [
            "",
            "1:2",
            "1:2:",
            "1:2:0",
            "1:2:-1",
            "1:2:3:4",
            "1:2:3:x",
            "x:1:2:3",
            "1:2:3.5",
            "1::2",
            "9223372036854775808:0:1",
        ] {
            let why = ClockTerms::parse(text).unwrap_err();
            assert!(why.contains("REAL_NS:MARKET_NS:SPEED"), "{text}: {why}");
        }
    }
}
