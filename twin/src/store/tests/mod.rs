//! Tests of the store: feature by feature, and at random against a naive model.

mod features;
mod indexes;
mod random;
mod triggers;

/// A generator of numbers that look random and are the same in every run.
pub struct Xorshift(u64);

impl Xorshift {
    /// A generator; `seed` is not zero.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
