//! How one field lies in a record: little-endian integers and raw bytes.

use super::RECORD_BYTES;

/// The value of a field as a reader of any kind sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An integer.
    Int(i128),
    /// Raw bytes: text, digests.
    Bytes(Vec<u8>),
}

/// A type that a field can have.
pub trait Wire: Copy {
    /// Its bytes in a record.
    const BYTES: usize;
    /// Reads it.
    fn get(bytes: &[u8; RECORD_BYTES], at: usize) -> Self;
    /// Writes it.
    fn put(self, bytes: &mut [u8; RECORD_BYTES], at: usize);
    /// As a value of any kind.
    fn to_value(self) -> Value;
    /// From a value of any kind; `None` where it does not fit.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! integers {
    ($($integer:ty),+) => {$(
        impl Wire for $integer {
            const BYTES: usize = size_of::<$integer>();

            #[inline]
            fn get(bytes: &[u8; RECORD_BYTES], at: usize) -> Self {
                let mut own = [0; size_of::<$integer>()];
                own.copy_from_slice(&bytes[at..at + size_of::<$integer>()]);
                Self::from_le_bytes(own)
            }

            #[inline]
            fn put(self, bytes: &mut [u8; RECORD_BYTES], at: usize) {
                bytes[at..at + size_of::<$integer>()].copy_from_slice(&self.to_le_bytes());
            }

            fn to_value(self) -> Value {
                Value::Int(self.into())
            }

            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Int(number) => Self::try_from(*number).ok(),
                    Value::Bytes(_) => None,
                }
            }
        }
    )+};
}
integers!(u8, u16, u32, u64, i64);

impl<const N: usize> Wire for [u8; N] {
    const BYTES: usize = N;

    #[inline]
    fn get(bytes: &[u8; RECORD_BYTES], at: usize) -> Self {
        let mut own = [0; N];
        own.copy_from_slice(&bytes[at..at + N]);
        own
    }

    #[inline]
    fn put(self, bytes: &mut [u8; RECORD_BYTES], at: usize) {
        bytes[at..at + N].copy_from_slice(&self);
    }

    fn to_value(self) -> Value {
        Value::Bytes(self.to_vec())
    }

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => bytes.as_slice().try_into().ok(),
            Value::Int(_) => None,
        }
    }
}
