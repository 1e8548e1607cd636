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

/// Bits of the header's third word: attributes 13 to 15, flags 0 to 3 and 7, the code.
const ATTRIBUTES: u64 = 0xE000 << 48;
const TEXTS: u64 = 0x8F << 8;
const MEMBER: u64 = ATTRIBUTES | TEXTS | 0xFFFF << 32;

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
    let header = match number {
        kind::NEW..=kind::VOID_TRADE => MEMBER,
        kind::ANNOUNCE | kind::REF_INSTRUMENT => ATTRIBUTES | 0x80 << 8,
        _ => ATTRIBUTES | TEXTS,
    };
    let mut filled = command.get::<u64>(16) & header;
    // All bytes of a NEW have names.
    if number != kind::NEW {
        for (word, zero) in ZERO[usize::from(number)].iter().enumerate() {
            filled |= command.get::<u64>(BODY + 8 * word) & zero;
        }
    }
    filled != 0
}
