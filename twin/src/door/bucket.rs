//! How many commands a second a line may send: a bucket of `rate`, filled at `rate` a second.

const SECOND_NS: u64 = 1_000_000_000;

/// A bucket; its level is kept in billionths of a command, so that nothing is rounded.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    rate: u32,
    level: u64,
    filled_ns: u64,
}

impl Bucket {
    /// A full one; rate 0 is no limit.
    pub fn new(rate: u32, now_ns: u64) -> Self {
        Self {
            rate,
            level: u64::from(rate) * SECOND_NS,
            filled_ns: now_ns,
        }
    }

    /// Takes room for a command; if there is none, the time in ns until there is.
    pub fn take(&mut self, now_ns: u64) -> Result<(), u64> {
        if self.rate == 0 {
            return Ok(());
        }
        let rate = u64::from(self.rate);
        let passed_ns = now_ns.saturating_sub(self.filled_ns).min(SECOND_NS);
        self.level = (self.level + passed_ns * rate).min(rate * SECOND_NS);
        self.filled_ns = self.filled_ns.max(now_ns);
        if self.level < SECOND_NS {
            return Err((SECOND_NS - self.level).div_ceil(rate));
        }
        self.level -= SECOND_NS;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_rate_at_once_then_one_each_time_its_time_has_come() {
        let mut bucket = Bucket::new(4, 100);
        assert!((0..4).all(|_| bucket.take(100).is_ok()));
        assert_eq!(bucket.take(100), Err(250_000_000));
        assert_eq!(bucket.take(100 + 249_999_999), Err(1));
        assert_eq!(bucket.take(100 + 250_000_000), Ok(()));
        assert_eq!(bucket.take(100 + 250_000_000), Err(250_000_000));
        let later = 100 + 90 * SECOND_NS;
        assert!((0..4).all(|_| bucket.take(later).is_ok()) && bucket.take(later).is_err());
    }

    #[test]
    fn the_time_told_is_enough_whatever_the_rate() {
        for rate in [1, 3, 7, 1000, 999_983, u32::MAX] {
            let mut bucket = Bucket::new(rate, 0);
            bucket.level = 0;
            let Err(retry_ns) = bucket.take(0) else {
                panic!("an empty bucket gave")
            };
            assert!(bucket.take(retry_ns - 1).is_err() && bucket.take(retry_ns).is_ok());
        }
        assert!((0..10_000).all(|_| Bucket::new(0, 0).take(0).is_ok()));
    }
}
