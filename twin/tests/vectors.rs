//! Every file of `tests/vectors/`: golden records both ways, scenarios byte for byte.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use evermarket_twin::market::Market;
use evermarket_twin::records::bodies::{body, header};
use evermarket_twin::records::vocabulary::kind;
use evermarket_twin::records::wire::Value;
use evermarket_twin::records::{RECORD_BYTES, Record};

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let listing = fs::read_dir(vectors.join(folder)).expect("the vectors lie beside the crate");
    let mut found: Vec<PathBuf> = listing
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|has| has == ending))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no {ending} file in {folder}");
    found
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len() / 2).map(|byte| digit(2 * byte)).collect()
}

fn record_of(hex: &str) -> Record {
    let bytes: [u8; RECORD_BYTES] = bytes_of(hex).try_into().expect("64 bytes");
    Record(bytes)
}

/// The text or number after `"name":` in a file that has each name once.
fn json<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("\"{name}\": "))?;
    rest.split([',', '\n']).next()
}

fn value_of(json: &str) -> Value {
    match json.strip_prefix('"') {
        Some(hex) => Value::Bytes(bytes_of(hex.trim_end_matches('"'))),
        None => Value::Int(json.parse().expect("an integer")),
    }
}

#[test]
fn golden_records_decode_and_encode() {
    for path in files("golden", "json") {
        let text = fs::read_to_string(&path).expect("a readable file");
        let record = record_of(json(&text, "hex").expect("hex").trim_matches('"'));
        let (_, fields) = text.split_once("\"fields\":").expect("fields");
        let number = record.kind();
        let name = kind::name(number).expect("a kind");
        assert_eq!(path.file_stem().expect("a name"), name);
        let all = header(number).iter().chain(body(number).expect("a body"));
        let mut again = Record::ZERO;
        let mut count = 0;
        for field in all {
            let json_name = field.name.trim_end_matches('_');
            let expected = value_of(json(fields, json_name).unwrap_or_else(|| {
                panic!("{name} has no field {json_name}");
            }));
            assert_eq!(field.value(&record), expected, "{name}.{json_name}");
            assert!(field.set(&mut again, &expected), "{name}.{json_name}");
            count += 1;
        }
        assert_eq!(count, fields.matches("\": ").count(), "fields of {name}");
        assert_eq!(again, record, "{name} encoded again");
    }
}

/// One market of a scenario as it runs: what went in, what came out and is not yet compared.
struct Run<'a> {
    path: &'a Path,
    market: Market,
    batch: Vec<Record>,
    out: Vec<Record>,
    compared: usize,
}

impl<'a> Run<'a> {
    fn new(path: &'a Path) -> Self {
        Self {
            path,
            market: Market::new(),
            batch: Vec::new(),
            out: Vec::new(),
            compared: 0,
        }
    }

    /// Takes one line of the file; `Err` tells how the core differs.
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.starts_with("market ") {
            self.finish()?;
            *self = Self::new(self.path);
        } else if let Some(hex) = line.strip_prefix("> ") {
            self.finish()?;
            self.batch.push(record_of(hex));
        } else if let Some(hex) = line.strip_prefix("< ") {
            self.run()?;
            self.compare(&record_of(hex))?;
        } else if let Some(hex) = line.strip_prefix("digest ") {
            self.run()?;
            self.finish()?;
            let digest = format!("{:016x}", self.market.digest());
            if digest != hex.to_ascii_lowercase() {
                return Err(format!("digest {digest}, expected {hex}"));
            }
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), String> {
        if !self.batch.is_empty() {
            self.out.clear();
            self.compared = 0;
            self.market.run(&self.batch, &mut self.out)?;
            self.batch.clear();
        }
        Ok(())
    }

    fn compare(&mut self, expected: &Record) -> Result<(), String> {
        let Some(got) = self.out.get(self.compared) else {
            return Err(format!("nothing came, expected\n  {expected}"));
        };
        self.compared += 1;
        if got == expected {
            return Ok(());
        }
        Err(format!("expected\n  {expected}\ngot\n  {got}"))
    }

    fn finish(&self) -> Result<(), String> {
        match self.out.get(self.compared) {
            Some(more) if self.batch.is_empty() => Err(format!("one more came:\n  {more}")),
            _ => Ok(()),
        }
    }
}

fn scenario(path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).expect("a readable file");
    let mut run = Run::new(path);
    let mut last = "";
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("# ") {
            last = line;
        }
        run.line(line).map_err(|difference| {
            format!(
                "{}:{}: after {last}\n{difference}",
                path.display(),
                number + 1
            )
        })?;
    }
    run.finish()
}

#[test]
fn scenarios_come_out_byte_for_byte() {
    let all = files("scenarios", "txt");
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let mut report = String::new();
    let mut failed = 0;
    for path in all
        .iter()
        .filter(|path| path.to_string_lossy().contains(&only))
    {
        if let Err(difference) = scenario(path) {
            failed += 1;
            let _ = writeln!(report, "{difference}\n");
        }
    }
    assert!(
        failed == 0,
        "{report}{failed} of {} scenarios differ",
        all.len()
    );
}
