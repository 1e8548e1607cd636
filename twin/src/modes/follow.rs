//! Following the owner: keep (append, sync, acknowledge), then hand to the shadow, which works it and compares.
//!
//! Nothing is worked before it is synced, and no acknowledgement waits for work: the shadow has a thread of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Matching;
use super::features::Off;
use super::judge::{Judge, Known, News};
use super::keep::{Keeper, Last, Taken};
pub use super::settings::{Parts, Settings};
use super::settling::Ledger;
use super::source::{Arrival, Source};
use super::status::{State, Teller};
use crate::door::mail::Mailbox;
use crate::journal::cursor::{Cursor, Fault, Frame, fault};
use crate::journal::trouble::Trouble;
use crate::records::Record;

/// Alarms of an owner that is not, or no longer, one: they say nothing against what was compared.
const NO_OWNER: [&str; 2] = ["epoch_below_promise", "refused"];

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something was taken or recognised.
    Busy,
    /// All there is has been taken.
    Idle,
    /// What comes next cannot be taken; it is tried again.
    Stalled,
    /// The own tail was cut: everything is to be read again.
    Again,
}

/// A follower's own side of things.
pub struct Follower<M> {
    keeper: Keeper,
    judge: Judge<M>,
    ledger: Ledger,
    door: Option<Arc<Mailbox>>,
    off: Off,
    heard: Instant,
    bad_since: Option<Instant>,
    silence: Duration,
    teller: Teller,
    state: State,
}

impl<M: Matching + Send + 'static> Follower<M> {
    /// Reads the own journal back and works it again: so the shadow stands where the journal ends.
    pub fn open(settings: Settings, core: M, mut teller: Teller) -> Result<Self, Trouble> {
        let disk = settings.disk;
        let ledger = Ledger::new(settings.settlement.as_deref(), disk.clone());
        let known = settings.door.as_ref().map(|_| Known::default());
        let mut judge = Judge::new(core, known, ledger.clone())?;
        let (keeper, found) = Keeper::open(settings.folder, disk, settings.size_units, |kept| {
            judge.send(kept)
        })?;
        if let Some((side, found)) = found.and_then(|found| Some((found.cut.clone()?, found))) {
            let what = format!("a torn tail was cut and kept in {}", side.display());
            teller.fault(&fault("tail_cut", what), found.cursor.position, "own");
        }
        let mut follower = Self {
            keeper,
            judge,
            ledger,
            door: settings.door,
            off: settings.off,
            heard: Instant::now(),
            bad_since: None,
            silence: settings.silence,
            teller,
            state: State {
                state: "RECOVER",
                clean: true,
                ..State::default()
            },
        };
        follower.refresh(true);
        Ok(follower)
    }

    /// Behind the last frame of the own journal.
    pub fn cursor(&self) -> Cursor {
        self.keeper.cursor()
    }

    /// The highest epoch promised.
    pub fn promised(&self) -> u64 {
        self.keeper.promised()
    }

    /// What the status says.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What it tells.
    pub fn teller(&self) -> &Teller {
        &self.teller
    }

    /// The settlement, if one is wanted.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The status as a line.
    pub fn line(&self) -> String {
        self.teller.line(&self.state, self.ledger.object())
    }

    /// Whether this core may be promoted (protocol rule 6).
    pub fn eligible(&self) -> bool {
        self.judge.drain();
        self.state.clean && self.judge.seen().clean && !self.state.stalled
    }

    /// Whether members will come to a door once this core owns the market.
    pub fn has_door(&self) -> bool {
        self.door.is_some()
    }

    /// Whether nothing bad is being waited for and everything held was recognised and worked.
    pub fn settled(&self) -> bool {
        self.keeper.in_step() && self.bad_since.is_none() && self.judge.is_done()
    }

    /// Promises an epoch, durable when it returns.
    pub fn promise(&mut self, epoch: u64) -> Result<(), Trouble> {
        self.keeper.promise(epoch)?;
        self.refresh(false);
        self.tell_state(true);
        Ok(())
    }

    /// Gives up following: what a match needs.
    pub fn into_parts(self) -> Result<Parts<M>, Trouble> {
        let (mut shadow, known) = self.judge.into_parts()?;
        shadow.core().switch_off(self.off);
        let (writer, lock, folder) = self.keeper.into_parts();
        Ok(Parts {
            clean: self.state.clean && shadow.clean,
            shadow,
            writer,
            lock,
            known: known.unwrap_or_default(),
            folder,
            ledger: self.ledger,
        })
    }

    /// Takes what there is, up to a group, and says how it went.
    pub fn step(
        &mut self,
        source: &mut impl Source,
        raw: &mut Vec<Record>,
    ) -> Result<Step, Trouble> {
        let clean = self.state.clean && self.judge.seen().clean;
        let Taken {
            last,
            recognised,
            kept,
        } = self.keeper.take(source, raw, clean)?;
        let taken = !kept.is_empty();
        for kept in kept {
            self.judge.send(kept)?;
        }
        match last {
            Last::Another(frame) => self.diverged(source, &frame),
            Last::Arrival(arrival) => {
                Ok(self.conclude(source, arrival, taken, taken || recognised > 0))
            }
        }
    }

    fn conclude(
        &mut self,
        source: &impl Source,
        arrival: Arrival,
        taken: bool,
        busy: bool,
    ) -> Step {
        self.state.owner_position = source.owner_position();
        // That a line could be made is no sign of an owner yet.
        if busy || !matches!(arrival, Arrival::Silence | Arrival::Behind(_)) {
            (self.heard, self.state.silent) = (Instant::now(), false);
        }
        let mut step = if busy { Step::Busy } else { Step::Idle };
        match arrival {
            Arrival::Behind(place) => {
                self.keeper.stream_begins(&place);
                step = Step::Busy;
            }
            Arrival::Fault(fault) => {
                let since = *self.bad_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= source.patience() {
                    self.stall(&fault);
                    step = Step::Stalled;
                }
            }
            _ => {}
        }
        if taken {
            self.bad_since = None;
            self.state.stalled = false;
        }
        self.listen_for_silence();
        self.refresh(step == Step::Stalled && taken);
        step
    }

    fn listen_for_silence(&mut self) {
        if self.heard.elapsed() >= self.silence && !self.state.silent {
            self.refresh(true);
            self.state.silent = true;
            let what = format!("no sign of the owner for {} ms", self.silence.as_millis());
            let position = self.keeper.cursor().position;
            self.teller
                .fault(&fault("silence", what), position, "owner");
        }
    }

    /// Writes the settlement of a stream that is at its end, over or not.
    pub fn settle_at_end(&mut self) {
        self.judge.drain();
        if let Some((position, fault)) = self.ledger.write_at_end() {
            self.teller.fault(&fault, position, "unclear");
        }
    }

    fn stall(&mut self, fault: &Fault) {
        // What the shadow has against earlier frames is told first.
        self.refresh(true);
        let spoils = !NO_OWNER.contains(&fault.name);
        self.state.stalled |= spoils;
        self.state.clean &= !spoils;
        let position = self.keeper.cursor().position;
        if spoils {
            self.teller.spoiler(fault, position, "owner");
        } else {
            self.teller.fault(fault, position, "owner");
        }
    }

    /// The owner's journal goes on differently from ours.
    fn diverged(&mut self, source: &mut impl Source, frame: &Frame) -> Result<Step, Trouble> {
        self.refresh(true);
        let begins = match frame {
            Frame::Epoch { epoch, void: false } if !self.keeper.is_below_promise(frame) => {
                Some(epoch)
            }
            _ => None,
        };
        let higher = begins.filter(|epoch| epoch.epoch > self.keeper.cursor().epoch);
        let Some(epoch) = higher else {
            let what =
                "the owner's journal is not the one we hold, and no higher epoch begins there";
            source.refuse(what, 0);
            self.stall(&fault("diverged", what));
            self.refresh(true);
            return Ok(Step::Stalled);
        };
        let (frames, sides) = self.keeper.cut_tail(epoch.position)?;
        let what = format!(
            "epoch {} begins without our last {frames} frames: kept in {sides:?}",
            epoch.epoch
        );
        self.teller
            .fault(&fault("tail_cut", what), epoch.position, "own");
        Ok(Step::Again)
    }

    /// Brings the status up to date, with `whole` up to the last frame taken.
    pub fn refresh(&mut self, whole: bool) {
        let promised = self.keeper.promised();
        if let Some(door) = &self.door {
            door.heard_of(self.keeper.cursor().epoch.max(promised as u32));
        }
        if whole {
            self.judge.drain();
        }
        let mut seen = self.judge.seen();
        let news = std::mem::take(&mut seen.news);
        self.state = State {
            position: seen.worked.position,
            epoch: seen.worked.epoch,
            promised,
            digest: seen.digest,
            live: seen.live,
            clean: self.state.clean && seen.clean,
            lag_ms: seen.lag_ms,
            commands: seen.commands,
            blocks: seen.blocks,
            refused_by_owner: seen.refused_by_owner,
            ..self.state
        };
        drop(seen);
        for news in news {
            match news {
                News::Differs(difference) => self.teller.difference(&difference),
                News::Fault(fault, position, verdict) => {
                    self.teller.fault(&fault, position, verdict);
                }
            }
        }
        self.tell_state(whole);
    }

    fn tell_state(&mut self, now: bool) {
        let ledger = &self.ledger;
        self.teller.state(&self.state, || ledger.object(), now);
    }
}
