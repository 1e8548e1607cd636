//! A member's door (docs/sessions.md): tickets, sessions, the flow of a line, each client order id once.
//!
//! All that decides is pure: bytes and the time come in, records and commands go out ([`desk`]). Sockets are in [`shell`] alone.

pub mod bucket;
pub mod client;
mod clock;
pub mod copies;
pub mod desk;
pub mod flow;
mod lingering;
pub mod logon;
pub mod mail;
pub mod places;
pub mod poll;
pub mod positions;
pub mod readiness;
pub mod room;
pub mod session;
pub mod shell;
mod taking;
mod telling;
pub mod ticket;
pub mod words;
