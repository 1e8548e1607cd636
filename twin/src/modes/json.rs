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
            c if (c as u32) < 32 => {
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
}
