//! Telling what is old: the flow of a line from the journal, and the first outcome of an id again.

use super::copies;
use super::desk::Desk;
use super::session::{Catching, Member, Session, WAITING_BYTES_MAX};
use super::words::{PUBLIC_FLOW, REPEAT};
use crate::journal::trouble::Trouble;
use crate::records::{RECORD_BYTES, Record};

/// So much of an old flow waits at a time.
const CATCH_BYTES: usize = 64 << 10;

impl Desk {
    /// How many events there are: the line's own, and of the public flow if it is wished.
    fn events(&self, line: u16, wish: u8) -> (usize, usize) {
        let own = self.flow.line(line).map_or(0, |line| line.events.len());
        match wish & PUBLIC_FLOW {
            0 => (own, 0),
            _ => (own, self.flow.public().len()),
        }
    }

    /// A flow that begins behind a position.
    pub(super) fn catching(&self, line: u16, wish: u8, position: u64) -> Catching {
        let own = |known: &super::flow::Line| known.events.behind(position);
        let then = self.events(line, wish);
        Catching {
            own: self.flow.line(line).map_or(0, own),
            public: self.flow.public().behind(position).min(then.1),
            told: position,
            old: self.flow.position(),
            then,
        }
    }

    /// Hands over as much of an old flow as may wait; after the last of it the session is up to date.
    pub(super) fn catch_up(&mut self, session: &mut Session) -> Result<(), Trouble> {
        let Some(member) = session.member() else {
            return Ok(());
        };
        let (line, wish) = (member.line, member.wish);
        let Some(mut catching) = member.catching else {
            return Ok(());
        };
        let mut over = false;
        while !over && session.out.waiting().len() < CATCH_BYTES {
            match self.next_old(line, wish, &mut catching)? {
                Some(copy) => session.out.push(&copy),
                None => over = true,
            }
        }
        session.told_ns = self.room.now_ns;
        if let Some(member) = session.member() {
            member.catching = (!over).then_some(catching);
        }
        Ok(())
    }

    fn next_old(
        &mut self,
        line: u16,
        wish: u8,
        catching: &mut Catching,
    ) -> Result<Option<Record>, Trouble> {
        let known = self.flow.line(line);
        let own = known.and_then(|known| known.events.get(catching.own));
        let public = match wish & PUBLIC_FLOW {
            0 => None,
            _ => self.flow.public().get(catching.public),
        };
        let Some(position) = own.into_iter().chain(public).min() else {
            return Ok(None);
        };
        // What is in both comes once, as the line's own.
        catching.own += usize::from(own == Some(position));
        catching.public += usize::from(public == Some(position));
        catching.told = position;
        let record = self.journal.read(position)?;
        let mut copy = match own == Some(position) {
            true => self.flow.copy(line, &record),
            false => copies::public(&record),
        };
        if position <= catching.old {
            copy.0[17] |= REPEAT;
        }
        Ok(Some(copy))
    }

    /// Whether what came since log-on and waits is more than may wait.
    pub(super) fn is_far_behind(&self, id: usize) -> bool {
        let Some(session) = self.room.look(id) else {
            return false;
        };
        let super::session::Phase::In(member) = &session.phase else {
            return false;
        };
        member.catching.is_some_and(|catching| {
            let (own, public) = self.events(member.line, member.wish);
            let (own_then, public_then) = catching.then;
            let waits = own - catching.own.max(own_then).min(own);
            let waits = waits + public - catching.public.max(public_then).min(public);
            waits * RECORD_BYTES + session.out.waiting().len() > WAITING_BYTES_MAX
        })
    }

    /// The first outcome of the k-th id of a line, if it is released and was told before; else it comes in its time.
    pub(super) fn outcome(
        &mut self,
        member: &Member,
        index: usize,
    ) -> Result<Option<Record>, Trouble> {
        let known = self.flow.line(member.line);
        let outcome = known.and_then(|known| {
            let command = known.commands.get(index)?;
            known.events.get(known.events.behind(command))
        });
        let told = member.catching.map_or(u64::MAX, |catching| catching.told);
        let Some(position) = outcome.filter(|&position| position <= told) else {
            return Ok(None);
        };
        let record = self.journal.read(position)?;
        let mut copy = self.flow.copy(member.line, &record);
        copy.0[17] |= REPEAT;
        Ok(Some(copy))
    }
}
