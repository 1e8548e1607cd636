//! A record read aloud, field by field, for people who look at a difference.

use std::fmt;

use super::bodies::{Field, body, header};
use super::vocabulary::kind;
use super::wire::Value;
use super::{NO_PRICE, Record};

/// The fields of a record in their order; the header alone where its kind is none.
pub fn fields(record: &Record) -> impl Iterator<Item = &'static Field> {
    let number = record.kind();
    let own = body(number).unwrap_or_default();
    header(number).iter().chain(own)
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match kind::name(self.kind()) {
            Some(name) => f.write_str(name)?,
            None => write!(f, "kind {}", self.kind())?,
        }
        for field in fields(self).filter(|field| field.name != "kind") {
            match field.value(self) {
                Value::Int(0) => {}
                Value::Int(number) if number == i128::from(NO_PRICE) => {
                    write!(f, " {} none", field.name)?;
                }
                Value::Int(number) => write!(f, " {} {number}", field.name)?,
                Value::Bytes(bytes) => {
                    write!(f, " {} {}", field.name, String::from_utf8_lossy(&bytes))?;
                }
            }
        }
        Ok(())
    }
}
