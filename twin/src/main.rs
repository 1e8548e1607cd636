//! The twin's command line: one mode a subcommand.

fn main() {}
