//! Keys of indexes: integers, handles and tuples of them.

use super::handle::Handle;

/// A value an index can be keyed by.
pub trait Key: Copy + Ord + Default {
    /// Folds the key into a running hash.
    fn fold(self, hash: u64) -> u64;

    /// The key's hash, the same in every run.
    #[inline]
    fn hash32(self) -> u32 {
        (self.fold(0x9E37_79B9_7F4A_7C15) >> 32) as u32
    }
}

/// Both halves of a product: the upper depends on every bit below it, the lower on the rest.
#[inline]
fn mix(hash: u64, value: u64) -> u64 {
    let product = u128::from(hash ^ value) * 0xD6E8_FEB8_6659_FD93_u128;
    (product as u64) ^ ((product >> 64) as u64)
}

macro_rules! integer_keys {
    ($($integer:ty),+) => {$(
        impl Key for $integer {
            #[inline]
            fn fold(self, hash: u64) -> u64 {
                mix(hash, self as u64)
            }
        }
    )+};
}
integer_keys!(u8, u16, u32, u64, i8, i16, i32, i64);

impl<R> Key for Handle<R> {
    #[inline]
    fn fold(self, hash: u64) -> u64 {
        mix(hash, u64::from(self.slot()))
    }
}

macro_rules! tuple_keys {
    ($($name:ident)+) => {
        impl<$($name: Key),+> Key for ($($name,)+) {
            #[inline]
            #[allow(non_snake_case)]
            fn fold(self, hash: u64) -> u64 {
                let ($($name,)+) = self;
                $(let hash = $name.fold(hash);)+
                hash
            }
        }
    };
}
tuple_keys!(A B);
tuple_keys!(A B C);
tuple_keys!(A B C D);
tuple_keys!(A B C D E);
tuple_keys!(A B C D E F);
