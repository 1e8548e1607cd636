//! The terms of the state digest (format.md section 7); all arithmetic modulo 2^64.

const K0: u64 = 0x9E37_79B9_7F4A_7C15;
const K1: u64 = 0xC2B2_AE3D_27D4_EB4F;
const K2: u64 = 0x1656_67B1_9E37_79F9;
const K3: u64 = 0xD6E8_FEB8_6659_FD93;
const K4: u64 = 0xA076_1D64_78BD_642F;
const K5: u64 = 0xE703_7ED1_A0B4_28DB;
const K6: u64 = 0x8EBC_6AF0_9C88_C6E3;

/// Spreads every bit over the whole word.
#[inline]
pub const fn finish(mut h: u64) -> u64 {
    h ^= h >> 33;
    h = h.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    h ^= h >> 33;
    h = h.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    h ^ (h >> 33)
}

/// What stands for a live order: number, instrument, segment and side in `place`.
#[inline]
pub const fn order_term(place: u64, price: i64, leaves: u32, priority: u32) -> u64 {
    finish(
        place
            .wrapping_mul(K0)
            .wrapping_add((price as u64).wrapping_mul(K1))
            .wrapping_add((leaves as u64 | (priority as u64) << 32).wrapping_mul(K2)),
    )
}

/// The first word of an order's term.
#[inline]
pub const fn order_place(order_no: u32, instrument: u16, segment: u8, side: u8) -> u64 {
    order_no as u64 | (instrument as u64) << 32 | (segment as u64) << 48 | (side as u64) << 56
}

/// What stands for a book: instrument, segment and phase in `place`.
#[inline]
pub const fn book_term(place: u64, reference: i64, last: i64, volume: i64) -> u64 {
    finish(
        (place | 1 << 63)
            .wrapping_mul(K3)
            .wrapping_add((reference as u64).wrapping_mul(K4))
            .wrapping_add((last as u64).wrapping_mul(K5))
            .wrapping_add((volume as u64).wrapping_mul(K6)),
    )
}

/// The first word of a book's term.
#[inline]
pub const fn book_place(instrument: u16, segment: u8, phase: u8) -> u64 {
    instrument as u64 | (segment as u64) << 16 | (phase as u64) << 24
}

/// An order's place in a draw (format.md 6.7): the smaller comes first.
#[inline]
pub const fn draw_rank(seed: u64, order_no: u32) -> u64 {
    finish((order_no as u64).wrapping_mul(K0) ^ seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::NO_PRICE;

    #[test]
    fn terms_are_those_of_the_format() {
        assert_eq!(finish(1), 0xB456_BCFC_34C2_CB2C);
        let order = order_term(order_place(1, 2, 1, 1), 406_000, 5_000, 7);
        assert_eq!(order, 0x17A5_7098_E45E_E1DF);
        let place = order_place(4_294_967_294, 65_000, 6, 2);
        let extreme = order_term(place, NO_PRICE, 1, 4_294_967_295);
        assert_eq!(extreme, 0x1994_25BD_BA99_FE1E);
        let book = book_term(book_place(2, 1, 4), 406_000, NO_PRICE, 0);
        assert_eq!(book, 0xF3BB_E032_7FD3_61A0);
        assert_eq!(draw_rank(12_345, 1), 0xE403_23BC_5C6D_B831);
    }
}
