//! One-line JSON objects, written by hand: the modes print facts, they do not read any.

use std::fmt::Write;

/// An object in the making.
#[derive(Clone, Debug, Default)]
pub struct Object(String);

impl Object {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// A member whose value is JSON already.
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        let comma = if self.0.is_empty() { "" } else { ", " };
        let _ = write!(self.0, "{comma}\"{name}\": {json}");
        self
    }

    /// A number or a truth.
    pub fn value(self, name: &str, value: impl std::fmt::Display) -> Self {
        self.raw(name, &value.to_string())
    }

    /// A text.
    pub fn text(self, name: &str, text: &str) -> Self {
        self.raw(name, &quoted(text))
    }

    /// A text, or null.
    pub fn maybe(self, name: &str, text: Option<String>) -> Self {
        let json = text.map_or("null".into(), |text| quoted(&text));
        self.raw(name, &json)
    }

    /// The object's line, without an end.
    pub fn line(&self) -> String {
        format!("{{{}}}", self.0)
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Texts may be strangers': nothing in them moves a terminal, or ends a line for whoever reads lines of Unicode.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_and_order_is_kept() {
        let object = Object::new()
            .value("n", 3)
            .text("t", "a\"b\\\n\u{1}")
            .maybe("m", None);
        assert_eq!(
            object.line(),
            "{\"n\": 3, \"t\": \"a\\\"b\\\\\\n\\u0001\", \"m\": null}"
        );
    }

    #[test]
    fn a_strangers_text_stays_on_its_line() {
        let object = Object::new().text("t", "\u{1b}[2J\u{7f}\u{85}\u{9b}\u{2028}\r\u{fffd}é");
        assert_eq!(
            object.line(),
            "{\"t\": \"\\u001b[2J\\u007f\\u0085\\u009b\\u2028\\u000d\u{fffd}é\"}"
        );
    }
}
