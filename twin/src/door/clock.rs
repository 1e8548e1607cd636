//! The time as a door counts it: from its own beginning, whatever is done to the wall's clock meanwhile.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A clock that began when it was made.
pub struct Clock {
    began: Instant,
    /// What the wall's clock showed then.
    began_real_ns: u64,
}

impl Clock {
    /// Begins now.
    pub fn begin() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            began: Instant::now(),
            began_real_ns: since.map_or(0, |since| since.as_nanos() as u64),
        }
    }

    /// Nanoseconds since its beginning.
    pub fn now_ns(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// A time of this clock in nanoseconds since 1970.
    pub const fn real_ns(&self, own_ns: u64) -> u64 {
        self.began_real_ns + own_ns
    }
}
