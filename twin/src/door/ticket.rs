//! Day tickets and the proofs made with them (docs/sessions.md, "Tickets"), by HMAC-SHA256 (RFC 2104).

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::words::PROOF;
use crate::journal::sha256::{Sha256, sha256};
use crate::records::Record;

/// A key, a nonce, a proof.
pub type Key = [u8; 32];

const BLOCK_BYTES: usize = 64;
const TICKET: &[u8] = b"EVERMARKET TICKET";
const WORD: &[u8] = b"EVERMARKET LOG-ON";

/// HMAC-SHA256 over these parts, one behind the other.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut padded = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        padded[..32].copy_from_slice(&sha256(key));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let mut inner = Sha256::new();
    inner.update(&padded.map(|byte| byte ^ 0x36));
    parts.iter().for_each(|part| inner.update(part));
    let mut outer = Sha256::new();
    outer.update(&padded.map(|byte| byte ^ 0x5c));
    outer.update(&inner.finish());
    outer.finish()
}

/// The ticket of a line for a day and a source address.
pub fn ticket(secret: &Key, line: u16, trading_day: u32, address: &[u8; 16]) -> Key {
    let (line, day) = (line.to_le_bytes(), trading_day.to_le_bytes());
    hmac(secret, &[TICKET, &line, &day, address])
}

/// The proof of who holds the ticket; whatever stands in the record's own proof counts as zero.
pub fn proof(ticket: &Key, nonce: &Key, log_on: &Record) -> Key {
    let mut bare = *log_on;
    bare.put(PROOF, [0u8; 32]);
    hmac(ticket, &[WORD, nonce, &bare.0])
}

/// LOG_ON with its proof in it: what a member sends.
pub fn sealed(ticket: &Key, nonce: &Key, log_on: &Record) -> Record {
    let mut record = *log_on;
    record.put(PROOF, proof(ticket, nonce, log_on));
    record
}

/// Whether two keys are equal, in a time that does not depend on where they differ.
pub fn equal(one: &Key, other: &Key) -> bool {
    let differ = one.iter().zip(other).fold(0, |d, (a, b)| d | (a ^ b));
    black_box(differ) == 0
}

/// An address as sixteen bytes: IPv6, or IPv4 as ::ffff:a.b.c.d.
pub fn address_bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().octets(),
        IpAddr::V6(six) => six.octets(),
    }
}

/// Reads the day's secret: a file of exactly 32 bytes. That others may read it too is said, not refused.
pub fn secret(path: &Path) -> Result<Key, String> {
    let about = |error: io::Error| format!("{}: {error}", path.display());
    let bytes = fs::read(path).map_err(about)?;
    let mode = fs::metadata(path).map_err(about)?.permissions().mode();
    if mode & 0o077 != 0 {
        let _ = writeln!(
            io::stderr(),
            "{}: others than its owner may read it",
            path.display()
        );
    }
    let size = bytes.len();
    bytes.try_into().map_err(|_| {
        let path = path.display();
        format!("{path}: a day's secret is 32 bytes, this file has {size}")
    })
}

/// Nonces that cannot be guessed.
pub struct Nonces(File);

impl Nonces {
    /// The system's source of them.
    pub fn open() -> io::Result<Self> {
        File::open("/dev/urandom").map(Self)
    }

    /// A fresh one.
    pub fn fresh(&mut self) -> io::Result<Key> {
        let mut nonce = [0; 32];
        self.0.read_exact(&mut nonce)?;
        Ok(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::log_on;
    use super::*;
    use crate::journal::bytes::hex;

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let rows: [(&[u8], &[u8], &str); 3] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, text, expected) in rows {
            let (front, back) = text.split_at(text.len() / 2);
            assert_eq!(hex(&hmac(key, &[front, back])), expected);
        }
    }

    #[test]
    fn a_proof_holds_for_its_line_day_address_nonce_and_record_alone() {
        let (secret, nonce) = ([7; 32], [9; 32]);
        let here = address_bytes("10.0.0.1".parse().unwrap());
        assert_eq!(hex(&here), "00000000000000000000ffff0a000001");
        let key = ticket(&secret, 5, 20_260_105, &here);
        let record = sealed(&key, &nonce, &log_on(5, 20_260_105, 3, 2, 0));
        let shown: Key = record.get(PROOF);
        assert!(equal(&shown, &proof(&key, &nonce, &record)));
        let there = address_bytes("10.0.0.2".parse().unwrap());
        let mut altered = record;
        altered.0[26] = 1;
        for other in [
            proof(&ticket(&secret, 6, 20_260_105, &here), &nonce, &record),
            proof(&ticket(&secret, 5, 20_260_106, &here), &nonce, &record),
            proof(&ticket(&secret, 5, 20_260_105, &there), &nonce, &record),
            proof(&ticket(&[8; 32], 5, 20_260_105, &here), &nonce, &record),
            proof(&key, &[8; 32], &record),
            proof(&key, &nonce, &altered),
        ] {
            assert!(!equal(&shown, &other));
        }
    }
}
