//! What a connection says: log-on, commands, signs of life, farewell.

use super::bucket::Bucket;
use super::desk::Desk;
use super::logon::{LogOn, behind, told_at_most};
use super::readiness::Readiness;
use super::session::{Member, Phase, Session};
use super::words::{
    CANCEL_ON_DISCONNECT, CL_ORD_ID, HEARTBEAT, LINE, LOG_OFF, READY, RELAYED, fenced,
    never_received, notice, parting, throttled,
};
use crate::journal::trouble::Trouble;
use crate::records::Record;
use crate::records::vocabulary::{flag, kind};

const TEXTS: u8 = 15;

impl Desk {
    /// The first records of a connection.
    pub(super) fn arrive(
        &mut self,
        id: usize,
        session: &mut Session,
        record: &Record,
        relay: bool,
    ) -> Result<(), Trouble> {
        if relay {
            if record.kind() == RELAYED {
                session.address = record.get(32);
                session.phase = Phase::Arriving { relay: false };
            } else {
                session.part(parting::BAD_RECORD);
            }
            return Ok(());
        }
        let asked = self.terms.proven(record, &session.nonce, &session.address);
        match asked.and_then(|asked| self.free(&asked, session)) {
            Ok(asked) if self.held && asked.line != 0 => {
                session.end(Some(fenced(self.terms.epoch)));
                Ok(())
            }
            Ok(asked) => self.let_in(id, session, &asked),
            Err(why) => {
                session.part(why);
                Ok(())
            }
        }
    }

    /// Whether the line has no session, and knows of nothing that this core does not.
    fn free(&mut self, asked: &LogOn, session: &Session) -> Result<LogOn, u16> {
        if let Some(holder) = self.room.seat(asked.line) {
            let told = notice(parting::LINE_TAKEN, &session.address);
            self.room.tell(holder, &told);
            return Err(parting::LINE_TAKEN);
        }
        let told = told_at_most(asked.line, &self.flow);
        if asked.position > told {
            let (line, position) = (asked.line, asked.position);
            self.alarms.push(format!(
                "{{\"name\": \"ahead\", \"line\": {line}, \"position\": {position}, \"told\": {told}}}"
            ));
            return Err(parting::AHEAD);
        }
        Ok(*asked)
    }

    fn let_in(&mut self, id: usize, session: &mut Session, asked: &LogOn) -> Result<(), Trouble> {
        let (line, wish) = (asked.line, asked.wish);
        let (rate, now_ns) = (self.terms.rate_of(line), self.room.now_ns);
        let bucket = self.buckets.remove(&line);
        let catching = behind(asked).map(|position| self.catching(line, wish, position));
        let logged_on = self.terms.logged_on(line, &self.flow);
        session.phase = Phase::In(Box::new(Member {
            line,
            wish,
            received: 0,
            bucket: bucket.unwrap_or_else(|| Bucket::new(rate, now_ns)),
            run: Vec::new(),
            catching,
            readiness: Readiness::new(logged_on.flow_position, now_ns),
        }));
        self.room.sit(line, id, wish);
        session.out.push(&logged_on.record());
        session.told_ns = now_ns;
        self.catch_up(session)?;
        if session
            .member()
            .is_some_and(|member| member.catching.is_some())
        {
            self.catching.push(id);
        }
        Ok(())
    }

    /// A record of a member who is in.
    pub(super) fn say(
        &mut self,
        id: usize,
        session: &mut Session,
        record: &Record,
    ) -> Result<(), Trouble> {
        let now_ns = self.room.now_ns;
        let Phase::In(member) = &mut session.phase else {
            return Ok(());
        };
        let answer = match record.kind() {
            HEARTBEAT => {
                member.readiness.heard(record.position());
                Ok(None)
            }
            LOG_OFF => Err(parting::MEMBER),
            READY => match member.readiness.takes(record) {
                true => Ok(None),
                false => Err(parting::BAD_RECORD),
            },
            _ if !member.run.is_empty() => self.text(member, record),
            kind::NEW..=kind::VOID_TRADE => match allowed(member, record) {
                Err(why) => Err(why),
                Ok(()) if member.line == 0 => {
                    self.accept(member, record);
                    Ok(None)
                }
                Ok(()) => Ok(self.once(member, record, now_ns)?),
            },
            of if member.line == 0 && is_command(of) => {
                self.exchange(member, record);
                Ok(None)
            }
            _ => Err(parting::BAD_RECORD),
        };
        match answer {
            Ok(None) => {}
            Ok(Some(answer)) => {
                session.out.push(&answer);
                session.told_ns = now_ns;
            }
            Err(why) => {
                let was = session.part(why);
                self.left(id, was);
            }
        }
        Ok(())
    }

    /// A member's command: new, or a resend, or too much.
    fn once(
        &mut self,
        member: &mut Member,
        record: &Record,
        now_ns: u64,
    ) -> Result<Option<Record>, Trouble> {
        let id: u64 = record.get(CL_ORD_ID);
        let known = self.flow.line(member.line);
        let last = known.map_or(0, |known| known.ids.last());
        if id <= last {
            return match known.and_then(|known| known.ids.find(id)) {
                Some(index) => self.outcome(member, index),
                None => Ok(Some(never_received(record, self.terms.epoch))),
            };
        }
        if let Err(retry_ns) = member.bucket.take(now_ns) {
            let rate = self.terms.rate_of(member.line);
            return Ok(Some(throttled(record, retry_ns as i64, rate)));
        }
        self.flow.line_mut(member.line).ids.take(id);
        self.accept(member, record);
        Ok(None)
    }

    /// Hands a command on. One whose fate its sender does not know is worked alone: it may be what stopped a core before.
    fn accept(&mut self, member: &mut Member, record: &Record) {
        member.received += 1;
        if record.flags() & flag::POSS_RESEND != 0 {
            self.work.alone.push(self.work.records.len());
        }
        self.work.records.push(*record);
        self.in_flight += 1;
    }

    /// A command of the exchange; one that announces texts is kept until they are there.
    fn exchange(&mut self, member: &mut Member, record: &Record) {
        let texts = matches!(record.kind(), kind::ANNOUNCE | kind::REF_INSTRUMENT);
        if texts && record.flags() & TEXTS != 0 {
            member.run.push(*record);
        } else {
            self.accept(member, record);
        }
    }

    /// The next record of a run: a text, or the run is broken.
    fn text(&mut self, member: &mut Member, record: &Record) -> Result<Option<Record>, u16> {
        if record.kind() != kind::TEXT {
            return Err(parting::BAD_RECORD);
        }
        member.run.push(*record);
        if member.run.len() == 1 + usize::from(member.run[0].flags() & TEXTS) {
            let run = std::mem::take(&mut member.run);
            self.accept(member, &run[0]);
            self.work.records.extend_from_slice(&run[1..]);
            self.in_flight += run.len() - 1;
        }
        Ok(None)
    }

    /// A member is no longer in.
    pub(super) fn left(&mut self, id: usize, was: Option<Box<Member>>) {
        self.catching.retain(|&other| other != id);
        let Some(member) = was else {
            return;
        };
        self.room.stand(member.line, id);
        self.buckets.insert(member.line, member.bucket);
        // The exchange has no orders of its own, and a mass cancel of its line would be everybody's.
        if member.wish & CANCEL_ON_DISCONNECT != 0 && member.line != 0 {
            let mut command = Record::ZERO;
            command.0[16] = kind::MASS_CANCEL;
            command.put(50, member.line);
            self.work.records.push(command);
            self.in_flight += 1;
        }
    }
}

/// Whether a command of this kind may be sent by the exchange.
fn is_command(of: u8) -> bool {
    matches!(of, kind::PHASE..=kind::ANNOUNCE | kind::REF_TICK..=kind::REF_CONTRACT)
}

/// Whether this member may send this command: it is its line's, and its numbers are the core's to give.
fn allowed(member: &Member, record: &Record) -> Result<(), u16> {
    if record.get::<u16>(LINE) != member.line {
        return Err(parting::FOREIGN_LINE);
    }
    let numbered = matches!(record.kind(), kind::NEW | kind::QUOTE);
    if numbered && record.get::<u32>(48) != 0 {
        return Err(parting::BAD_RECORD);
    }
    Ok(())
}
