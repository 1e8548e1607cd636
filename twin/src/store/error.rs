//! What a statement can be refused for. A refused statement has changed nothing.

use std::fmt;

/// Why a statement was refused; the database is as it was before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Another row has this key already.
    Unique {
        /// The table.
        table: &'static str,
        /// The index whose key is taken.
        index: &'static str,
        /// The slot of the row that has the key.
        holder: u32,
    },
    /// A link names a row that does not live.
    NoParent {
        /// The table of the linking row.
        table: &'static str,
        /// The linking column.
        link: &'static str,
    },
    /// The row to delete is still linked to.
    Referenced {
        /// The table.
        table: &'static str,
        /// The slot of the row.
        slot: u32,
        /// How many rows link to it.
        count: u32,
    },
    /// The handle's row does not live.
    NotLive {
        /// The table.
        table: &'static str,
        /// The slot the handle names.
        slot: u32,
    },
    /// The table has all the rows that a handle can name.
    Full {
        /// The table.
        table: &'static str,
    },
    /// A trigger refused, with its own code.
    Trigger {
        /// The code the trigger gave.
        code: u32,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unique {
                table,
                index,
                holder,
            } => {
                write!(f, "{table}.{index}: the key is taken by row #{holder}")
            }
            Self::NoParent { table, link } => {
                write!(f, "{table}.{link}: the linked row does not live")
            }
            Self::Referenced { table, slot, count } => {
                write!(f, "{table}: row #{slot} is linked to by {count} rows")
            }
            Self::NotLive { table, slot } => write!(f, "{table}: row #{slot} does not live"),
            Self::Full { table } => write!(f, "{table}: the table is full"),
            Self::Trigger { code } => write!(f, "a trigger refused with code {code}"),
        }
    }
}

impl std::error::Error for Error {}
