//! Following the owner: keep (append, sync, acknowledge), then work in the shadow and compare.
//!
//! Nothing is worked before it is synced. Where there is more to take than a group, the next group is kept by a thread of
//! its own while this one is worked; a market need not be movable between threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::compare::Shadow;
use super::core::Matching;
use super::features::Off;
use super::keep::{Group, Keeper, Kept, Last, Taken};
use super::settling::Settling;
use super::source::{Arrival, Source};
use super::status::{State, Teller, clock_ns};
use crate::journal::cursor::{Cursor, Fault, Frame, fault};
use crate::journal::disk::Disk;
use crate::journal::trouble::Trouble;
use crate::records::Record;

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

/// The market's side of following.
struct Judge<M> {
    shadow: Shadow<M>,
    teller: Teller,
    state: State,
    /// Behind the last frame worked.
    worked: Cursor,
}

/// A follower's own side of things.
pub struct Follower<M> {
    keeper: Keeper,
    judge: Judge<M>,
    off: Off,
    /// Kept and not worked yet.
    group: Group,
    spare: Group,
    heard: Instant,
    bad_since: Option<Instant>,
    silence: Duration,
}

/// What a follower is made of.
pub struct Settings {
    /// The own journal's folder.
    pub folder: PathBuf,
    /// Where it lies.
    pub disk: Arc<dyn Disk>,
    /// Size of own segments, in units of 64 KiB.
    pub size_units: u32,
    /// After how long without a sign of the owner there is an alarm.
    pub silence: Duration,
    /// Features switched off once this core owns the market.
    pub off: Off,
    /// Where the settlement goes, if one is wanted.
    pub settlement: Option<PathBuf>,
}

impl<M: Matching> Follower<M> {
    /// Reads the own journal back and works it again: so the shadow stands where the journal ends.
    pub fn open(settings: Settings, core: M, teller: Teller) -> Result<Self, Trouble> {
        let mut judge = Judge {
            shadow: Shadow::new(core),
            teller,
            state: State {
                state: "RECOVER",
                clean: true,
                ..State::default()
            },
            worked: Cursor::default(),
        };
        let disk = settings.disk.clone();
        let settling = settings
            .settlement
            .map(|folder| Settling::new(&folder, disk.clone()));
        let each = |frame: &Frame, raw: &[Record]| judge.frame(frame, raw);
        let (keeper, found) =
            Keeper::open(settings.folder, disk, settings.size_units, settling, each)?;
        if let Some((side, found)) = found.and_then(|found| Some((found.cut.clone()?, found))) {
            let what = format!("a torn tail was cut and kept in {}", side.display());
            let position = found.cursor.position;
            judge
                .teller
                .fault(&fault("tail_cut", what), position, "own");
        }
        let mut follower = Self {
            keeper,
            judge,
            off: settings.off,
            group: Group::default(),
            spare: Group::default(),
            heard: Instant::now(),
            bad_since: None,
            silence: settings.silence,
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
        &self.judge.state
    }

    /// What it tells.
    pub fn teller(&self) -> &Teller {
        &self.judge.teller
    }

    /// The settlement, if one is wanted.
    pub fn settling(&mut self) -> Option<&mut Settling> {
        self.keeper.settling.as_mut()
    }

    /// The status as a line.
    pub fn line(&self) -> String {
        let settlement = self.keeper.settling.as_ref().map(Settling::object);
        self.judge.teller.line(&self.judge.state, settlement)
    }

    /// Whether this core may be promoted (protocol rule 6).
    pub fn eligible(&self) -> bool {
        self.judge.state.clean && !self.judge.state.stalled
    }

    /// Whether nothing bad is being waited for and everything held was recognised.
    pub fn settled(&self) -> bool {
        self.keeper.in_step() && self.bad_since.is_none()
    }

    /// Promises an epoch, durable when it returns.
    pub fn promise(&mut self, epoch: u64) -> Result<(), Trouble> {
        self.keeper.promise(epoch)?;
        self.refresh(true);
        Ok(())
    }

    /// Gives up following: what a match needs.
    pub fn into_parts(mut self) -> (Shadow<M>, Kept) {
        self.work_kept();
        self.judge.shadow.core().switch_off(self.off);
        (self.judge.shadow, self.keeper.into_kept())
    }

    /// Works what is kept, so that nothing is held that was not looked at.
    pub fn work_kept(&mut self) {
        self.judge.group(&self.group);
        self.group.clear();
    }

    /// Takes what there is, up to a group, and says how it went.
    pub fn step(
        &mut self,
        source: &mut impl Source,
        raw: &mut Vec<Record>,
    ) -> Result<Step, Trouble> {
        let Self {
            keeper,
            judge,
            group,
            spare,
            ..
        } = self;
        let clean = judge.state.clean;
        spare.clear();
        let taken = if group.is_empty() {
            keeper.take(source, raw, spare, clean)?
        } else {
            let source = &mut *source;
            let taken = thread::scope(|scope| {
                let keeping = scope.spawn(|| keeper.take(source, raw, spare, clean));
                judge.group(group);
                let panicked = |_| Err(Trouble::System("the keeping thread panicked".into()));
                keeping.join().unwrap_or_else(panicked)
            })?;
            group.clear();
            taken
        };
        std::mem::swap(&mut self.group, &mut self.spare);
        let any = !self.group.is_empty();
        // With more at once to come this group is worked beside the next one's keeping.
        if !taken.full {
            self.work_kept();
        }
        self.conclude(source, taken, any)
    }

    fn conclude(
        &mut self,
        source: &mut impl Source,
        taken: Taken,
        any: bool,
    ) -> Result<Step, Trouble> {
        let arrival = match taken.last {
            Last::Another(frame) => return self.diverged(source, &frame),
            Last::Arrival(arrival) => arrival,
        };
        let state = &mut self.judge.state;
        state.owner_position = source.owner_position();
        let busy = any || taken.recognised > 0;
        if busy || !matches!(arrival, Arrival::Silence) {
            (self.heard, state.silent) = (Instant::now(), false);
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
        if any {
            self.bad_since = None;
            self.judge.state.stalled = false;
        }
        self.listen_for_silence();
        self.settle(step);
        self.refresh(step != Step::Busy && any);
        Ok(step)
    }

    fn listen_for_silence(&mut self) {
        let Judge { teller, state, .. } = &mut self.judge;
        if self.heard.elapsed() >= self.silence && !state.silent {
            state.silent = true;
            let what = format!("no sign of the owner for {} ms", self.silence.as_millis());
            let position = self.keeper.cursor().position;
            teller.fault(&fault("silence", what), position, "owner");
        }
    }

    /// Tells what ended the settlement; writes it when the day is over and there is nothing else to do.
    fn settle(&mut self, step: Step) {
        let Some(settling) = &mut self.keeper.settling else {
            return;
        };
        if step == Step::Idle && settling.is_due() {
            settling.write_or_break();
        }
        if let Some((position, fault)) = settling.news() {
            self.judge.teller.fault(&fault, position, "unclear");
        }
    }

    /// Writes the settlement of a stream that is at its end, over or not.
    pub fn settle_at_end(&mut self) {
        if let Some(settling) = self.keeper.settling.as_mut().filter(|s| s.is_stale()) {
            settling.write_or_break();
        }
        self.settle(Step::Busy);
    }

    fn stall(&mut self, fault: &Fault) {
        let Judge { teller, state, .. } = &mut self.judge;
        state.stalled = true;
        // Refusing an old owner is what a promise is for; anything else spoils the comparison.
        state.clean &= fault.name == "epoch_below_promise";
        teller.fault(fault, self.keeper.cursor().position, "owner");
    }

    /// The owner's journal goes on differently from ours.
    fn diverged(&mut self, source: &mut impl Source, frame: &Frame) -> Result<Step, Trouble> {
        self.work_kept();
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
            source.refuse(what);
            self.stall(&fault("diverged", what));
            self.refresh(true);
            return Ok(Step::Stalled);
        };
        let (frames, sides) = self.keeper.cut_tail(epoch.position)?;
        let what = format!(
            "epoch {} begins without our last {frames} frames: kept in {sides:?}",
            epoch.epoch
        );
        let teller = &mut self.judge.teller;
        teller.fault(&fault("tail_cut", what), epoch.position, "own");
        Ok(Step::Again)
    }

    /// Brings the status up to date.
    pub fn refresh(&mut self, now: bool) {
        let settlement = self.keeper.settling.as_ref();
        self.judge.refresh(self.keeper.promised(), settlement, now);
    }
}

impl<M: Matching> Judge<M> {
    fn group(&mut self, group: &Group) {
        for (frame, raw) in group.frames() {
            self.frame(frame, raw);
        }
    }

    /// Works a frame in the shadow and tells what differs.
    fn frame(&mut self, frame: &Frame, raw: &[Record]) {
        self.worked.pass(frame);
        match frame {
            Frame::Block { block, void: false } => {
                let records = &raw[..raw.len() - 1];
                self.state.blocks += 1;
                self.state.lag_ms =
                    (clock_ns().saturating_sub(self.shadow.last_time()) / 1_000_000).max(0) as u64;
                if let Some(difference) = self.shadow.compare(records, block) {
                    self.teller.difference(&difference);
                }
            }
            Frame::Block { block, void: true } => {
                let what = format!(
                    "a block of epoch {} behind a higher one is void",
                    block.epoch
                );
                self.teller
                    .fault(&fault("epoch_regress", what), block.position, "owner");
            }
            Frame::Epoch { epoch, void: true } => {
                let what = format!("epoch {} begins behind a higher one: void", epoch.epoch);
                self.teller
                    .fault(&fault("epoch_regress", what), epoch.position, "owner");
            }
            Frame::Epoch { .. } => {}
        }
        self.state.clean &= self.shadow.clean;
    }

    fn refresh(&mut self, promised: u64, settlement: Option<&Settling>, now: bool) {
        let commands = self.shadow.commands_worked;
        let refused_by_owner = self.shadow.refused_by_owner;
        let core = self.shadow.core();
        self.state = State {
            position: self.worked.position,
            epoch: self.worked.epoch,
            promised,
            digest: core.digest(),
            live: core.live(),
            commands,
            refused_by_owner,
            ..self.state
        };
        self.teller
            .state(&self.state, || settlement.map(Settling::object), now);
    }
}
