//! How far an owner's journal is: appended, durable here, durable at those that count, released; and who follows it.
//!
//! Invariant (protocol rule 1): `released` never passes what is synced here or what a required follower has synced, and stands
//! still for ever once a higher epoch is known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::json::Object;

/// A follower as the owner sees it.
#[derive(Clone, Copy, Debug, Default)]
struct FollowerAt {
    position: u64,
    epoch: u64,
    clean: bool,
    /// The line that speaks for it at present; 0 none.
    line: u64,
}

#[derive(Default)]
struct Inner {
    epoch: u32,
    at: At,
    released: u64,
    fenced: Option<u64>,
    over: bool,
    lines: u64,
    followers: BTreeMap<String, FollowerAt>,
    required: BTreeSet<String>,
}

impl Inner {
    /// What every required follower has synced.
    fn held(&self) -> u64 {
        let at = |name| {
            self.followers
                .get(name)
                .map_or(0, |follower| follower.position)
        };
        self.required.iter().map(at).min().unwrap_or(u64::MAX)
    }
}

/// Where a market stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// Its last position.
    pub position: u64,
    /// Its state digest there.
    pub digest: u64,
    /// Its live orders there.
    pub live: u64,
}

/// Shared by the release stage, the lines and the control socket.
#[derive(Default)]
pub struct Steps {
    inner: Mutex<Inner>,
    news: Condvar,
}

impl Steps {
    /// An owner of this epoch whose journal ends here, all of it released.
    pub fn new(epoch: u32, at: At) -> Self {
        let steps = Self::default();
        let mut inner = steps.lock();
        (inner.epoch, inner.at, inner.released) = (epoch, at, at.position);
        drop(inner);
        steps
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let changed = change(&mut self.lock());
        self.news.notify_all();
        changed
    }

    /// A block ending here was appended.
    pub fn appended(&self, at: At) {
        self.change(|inner| inner.at = at);
    }

    /// Waits until all that counts hold what is durable here, then releases it; false if it never will be.
    pub fn release(&self, position: u64) -> bool {
        let mut inner = self.lock();
        while inner.held() < position && inner.fenced.is_none() && !inner.over {
            inner = self
                .news
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let released = inner.fenced.is_none() && !inner.over;
        if released {
            inner.released = position;
            self.news.notify_all();
        }
        released
    }

    /// Another core has a higher epoch: nothing more is released. True if that is news.
    pub fn fence(&self, epoch: u64) -> bool {
        self.change(|inner| {
            let higher = epoch > u64::from(inner.epoch) && inner.fenced.is_none_or(|e| e < epoch);
            let first = inner.fenced.is_none();
            if higher {
                inner.fenced = Some(epoch);
            }
            higher && first
        })
    }

    /// The epoch it owns or owned.
    pub fn epoch(&self) -> u32 {
        self.lock().epoch
    }

    /// The higher epoch, if one is known.
    pub fn fenced(&self) -> Option<u64> {
        self.lock().fenced
    }

    /// The market is over.
    pub fn end(&self) {
        self.change(|inner| inner.over = true);
    }

    /// Waits until more than this is appended (or released, for `reader`), at most so long; how far both are, and whether it goes on.
    pub fn wait(&self, reader: bool, beyond: u64, most: Duration) -> (u64, u64, bool) {
        let inner = self.lock();
        let nothing = |inner: &mut Inner| {
            let end = if reader {
                inner.released
            } else {
                inner.at.position
            };
            end <= beyond && inner.fenced.is_none() && !inner.over
        };
        let waited = self.news.wait_timeout_while(inner, most, nothing);
        let inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        let goes_on = inner.fenced.is_none() && !inner.over;
        (inner.at.position, inner.released, goes_on)
    }

    /// A follower's line is open and stands here; the line's number.
    pub fn connected(&self, name: &str, position: u64, epoch: u64) -> u64 {
        self.change(|inner| {
            inner.lines += 1;
            let line = inner.lines;
            let at = FollowerAt {
                position,
                epoch,
                clean: false,
                line,
            };
            inner.followers.insert(name.to_string(), at);
            line
        })
    }

    /// A follower has synced up to here.
    pub fn synced(&self, name: &str, line: u64, position: u64, epoch: u64, clean: bool) {
        self.change(|inner| {
            let mine = inner.followers.get_mut(name).filter(|at| at.line == line);
            if let Some(at) = mine {
                (at.position, at.epoch, at.clean) = (at.position.max(position), epoch, clean);
            }
        });
    }

    /// A follower's line is closed. What it synced, it has.
    pub fn gone(&self, name: &str, line: u64) {
        self.change(|inner| {
            let mine = inner.followers.get_mut(name).filter(|at| at.line == line);
            if let Some(at) = mine {
                at.line = 0;
            }
        });
    }

    /// From now on a follower counts for release.
    pub fn require(&self, name: &str) -> Result<(), String> {
        self.change(|inner| {
            let known = inner.followers.get(name).is_some_and(|at| at.line != 0);
            if !known {
                return Err(format!("no follower {name} is connected"));
            }
            inner.required.insert(name.to_string());
            Ok(())
        })
    }

    /// A follower no longer counts.
    pub fn unrequire(&self, name: &str) -> Result<(), String> {
        let was = self.change(|inner| inner.required.remove(name));
        let unknown = || format!("{name} is not required");
        was.then_some(()).ok_or_else(unknown)
    }

    /// As JSON.
    pub fn object(&self) -> Object {
        let inner = self.lock();
        let state = if inner.fenced.is_some() {
            "FENCED"
        } else {
            "MATCH"
        };
        let follower = |(name, at): (&String, &FollowerAt)| {
            Object::new()
                .text("name", name)
                .value("position", at.position)
                .value("epoch", at.epoch)
                .value("lag_records", inner.at.position.saturating_sub(at.position))
                .value("clean", at.clean)
                .value("connected", at.line != 0)
                .value("required", inner.required.contains(name))
                .line()
        };
        let followers: Vec<String> = inner.followers.iter().map(follower).collect();
        let fenced = inner
            .fenced
            .map_or("null".into(), |epoch| epoch.to_string());
        Object::new()
            .text("state", state)
            .value("epoch", inner.epoch)
            // A promotion promises the epoch it begins.
            .value("promised", inner.epoch)
            .value("position", inner.at.position)
            .value("released", inner.released)
            .text("digest", &format!("{:016x}", inner.at.digest))
            .value("live", inner.at.live)
            .raw("fenced_by", &fenced)
            .raw("followers", &format!("[{}]", followers.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    fn at(position: u64) -> At {
        At {
            position,
            ..At::default()
        }
    }

    #[test]
    fn nothing_is_released_before_all_that_count_have_it() {
        let steps = Arc::new(Steps::new(5, at(10)));
        assert!(steps.require("b").is_err());
        let line = steps.connected("b", 10, 4);
        steps.require("b").unwrap();
        steps.appended(at(12));
        let waiting = {
            let steps = steps.clone();
            thread::spawn(move || steps.release(12))
        };
        steps.synced("b", line + 7, 12, 5, true);
        steps.synced("b", line, 11, 5, true);
        assert_eq!(
            steps.wait(true, 10, Duration::from_millis(30)),
            (12, 10, true)
        );
        steps.synced("b", line, 12, 5, true);
        assert!(waiting.join().unwrap());
        assert_eq!(steps.wait(true, 10, Duration::from_secs(9)), (12, 12, true));
        steps.gone("b", line);
        let told = steps.object().line();
        assert!(
            told.contains("\"lag_records\": 0") && told.contains("\"connected\": false"),
            "{told}"
        );
        steps.unrequire("b").unwrap();
        assert!(steps.unrequire("b").is_err() && steps.release(13));
    }

    #[test]
    fn a_higher_epoch_ends_release_for_ever_a_lower_one_does_not() {
        let steps = Arc::new(Steps::new(5, at(10)));
        assert!(!steps.fence(5) && steps.release(11));
        steps.connected("b", 10, 4);
        steps.require("b").unwrap();
        let waiting = {
            let steps = steps.clone();
            thread::spawn(move || steps.release(12))
        };
        assert!(steps.fence(7) && !steps.fence(8) && !steps.fence(6));
        assert!(!waiting.join().unwrap() && !steps.release(11));
        assert_eq!(
            (steps.fenced(), steps.wait(false, 99, Duration::MAX).2),
            (Some(8), false)
        );
    }
}
