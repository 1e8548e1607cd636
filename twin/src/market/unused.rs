//! Bytes that a command has to leave zero (format.md 2, 5.5, 6.8; refusal UNUSED_BYTES).

use crate::records::Record;
use crate::records::bodies::named_bytes;
use crate::records::vocabulary::kind;

/// Words of a body.
const WORDS: usize = 5;
/// The first byte of a body.
const BODY: usize = 24;
/// One more than the largest kind of a command.
const KINDS: usize = 64;

/// For each kind of command, the bits of its body's words that are zero.
static ZERO: [[u64; WORDS]; KINDS] = {
    let mut masks = [[0; WORDS]; KINDS];
    let mut kind = 0;
    while kind < KINDS {
        let used = used_bytes(kind as u8);
        let mut byte = 0;
        while byte < 8 * WORDS {
            if used >> (BODY + byte) & 1 == 0 {
                masks[kind][byte / 8] |= 0xFF << (byte % 8 * 8);
            }
            byte += 1;
        }
        kind += 1;
    }
    masks
};

/// A bit for every byte that a command of this kind may fill.
const fn used_bytes(number: u8) -> u64 {
    let named = named_bytes(number);
    match number {
        kind::REDUCE | kind::REPRICE => named & !bytes(54, 64),
        kind::CANCEL => named & !bytes(54, 64) & !bytes(32, 44),
        kind::QUOTE_REQUEST => named & !bytes(32, 40) & !bytes(48, 52) & !bytes(55, 64),
        _ => named,
    }
}

const fn bytes(from: u32, to: u32) -> u64 {
    (u64::MAX >> (64 - (to - from))) << from
}

/// Does a command fill a byte that no field of its kind names, or that its kind has no use for?
#[inline]
pub fn fills_unused(command: &Record) -> bool {
    let number = command.kind();
    let runs = matches!(number, kind::ANNOUNCE | kind::REF_INSTRUMENT);
    let flags = if runs { 0x80 } else { 0x8F };
    let coded = number <= kind::VOID_TRADE && command.code() != 0;
    let mut filled = 0;
    for (word, zero) in ZERO[usize::from(number)].iter().enumerate() {
        filled |= command.get::<u64>(BODY + 8 * word) & zero;
    }
    filled != 0 || coded || command.flags() & flags != 0 || command.attributes() >> 13 != 0
}
