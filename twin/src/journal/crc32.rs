//! CRC-32 with zlib's polynomial.
//!
//! Two ways to the same number: tables, sixteen bytes a step; and carry-less multiplication, 64 bytes a step, where the
//! processor has it (asked once a call): a third of the cost of a block was this sum.

const POLYNOMIAL: u32 = 0xEDB8_8320;

/// `TABLES[n][b]`: what byte `b` does to the remainder when `n` more bytes follow it.
static TABLES: [[u32; 256]; 16] = tables();

const fn tables() -> [[u32; 256]; 16] {
    let mut tables = [[0u32; 256]; 16];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let low = remainder & 1;
            remainder = (remainder >> 1) ^ (POLYNOMIAL * low);
            bit += 1;
        }
        tables[0][byte] = remainder;
        byte += 1;
    }
    let mut n = 1;
    while n < 16 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[n - 1][byte];
            tables[n][byte] = (before >> 8) ^ tables[0][(before & 255) as usize];
            byte += 1;
        }
        n += 1;
    }
    tables
}

/// The CRC-32 of what `crc` stands for, followed by `bytes`; 0 stands for nothing.
pub fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() >= 64
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("sse4.1")
    {
        let (front, rest) = bytes.split_at(bytes.len() / 16 * 16);
        // SAFETY: the processor has just been found to have both features that the function is compiled for; it has no
        // other requirement: its arguments are a number and a slice.
        let remainder = unsafe { fast::fold(!crc, front) };
        return !by_tables(remainder, rest);
    }
    !by_tables(!crc, bytes)
}

fn by_tables(mut remainder: u32, bytes: &[u8]) -> u32 {
    let mut steps = bytes.chunks_exact(16);
    for step in &mut steps {
        let head = remainder.to_le_bytes();
        let mut next = 0;
        for (i, &byte) in step.iter().enumerate() {
            let byte = if i < 4 { byte ^ head[i] } else { byte };
            next ^= TABLES[15 - i][byte as usize];
        }
        remainder = next;
    }
    for &byte in steps.remainder() {
        remainder = (remainder >> 8) ^ TABLES[0][((remainder ^ byte as u32) & 255) as usize];
    }
    remainder
}

/// V. Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009), bit-reflected.
#[cfg(target_arch = "x86_64")]
mod fast {
    use core::arch::x86_64::*;

    /// Powers of x modulo the polynomial, reflected: over four lanes, over one, over half of one; then Barrett's two.
    const FOUR: (i64, i64) = (0x1_5444_2bd4, 0x1_c6e4_1596);
    const ONE: (i64, i64) = (0x1_7519_97d0, 0x0_ccaa_009e);
    const HALF: i64 = 0x1_63cd_6124;
    const BARRETT: (i64, i64) = (0x1_db71_0641, 0x1_f701_1641);

    #[target_feature(enable = "pclmulqdq,sse4.1")]
    fn lane(bytes: &[u8], at: usize) -> __m128i {
        let lane = &bytes[at..at + 16];
        let half = |at: usize| i64::from_le_bytes(std::array::from_fn(|i| lane[at + i]));
        _mm_set_epi64x(half(8), half(0))
    }

    #[target_feature(enable = "pclmulqdq,sse4.1")]
    fn onto(lane: __m128i, next: __m128i, powers: __m128i) -> __m128i {
        let low = _mm_clmulepi64_si128::<0x00>(lane, powers);
        let high = _mm_clmulepi64_si128::<0x11>(lane, powers);
        _mm_xor_si128(_mm_xor_si128(next, low), high)
    }

    /// The remainder after `bytes`: at least 64 and a multiple of 16 of them.
    #[target_feature(enable = "pclmulqdq,sse4.1")]
    pub fn fold(remainder: u32, bytes: &[u8]) -> u32 {
        let mut lanes: [__m128i; 4] = std::array::from_fn(|i| lane(bytes, 16 * i));
        lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi32_si128(remainder as i32));
        let four = _mm_set_epi64x(FOUR.1, FOUR.0);
        let mut at = 64;
        while at + 64 <= bytes.len() {
            for (i, x) in lanes.iter_mut().enumerate() {
                *x = onto(*x, lane(bytes, at + 16 * i), four);
            }
            at += 64;
        }
        let one = _mm_set_epi64x(ONE.1, ONE.0);
        let [mut x, rest @ ..] = lanes;
        for next in rest {
            x = onto(x, next, one);
        }
        while at < bytes.len() {
            x = onto(x, lane(bytes, at), one);
            at += 16;
        }
        narrow(x, one)
    }

    /// 128 bits to 32.
    #[target_feature(enable = "pclmulqdq,sse4.1")]
    fn narrow(x: __m128i, one: __m128i) -> u32 {
        let low = _mm_set_epi32(0, 0, 0, -1);
        let x = _mm_xor_si128(_mm_clmulepi64_si128::<0x10>(x, one), _mm_srli_si128::<8>(x));
        let folded = _mm_clmulepi64_si128::<0x00>(_mm_and_si128(x, low), _mm_set_epi64x(0, HALF));
        let x = _mm_xor_si128(folded, _mm_srli_si128::<4>(x));
        let barrett = _mm_set_epi64x(BARRETT.1, BARRETT.0);
        let quotient = _mm_clmulepi64_si128::<0x10>(_mm_and_si128(x, low), barrett);
        let product = _mm_clmulepi64_si128::<0x00>(_mm_and_si128(quotient, low), barrett);
        _mm_extract_epi32::<1>(_mm_xor_si128(x, product)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_check_values() {
        assert_eq!(crc32(0, b""), 0);
        assert_eq!(crc32(0, b"123456789"), 0xCBF4_3926);
        assert_eq!(
            crc32(0, b"The quick brown fox jumps over the lazy dog"),
            0x414F_A339
        );
        assert_eq!(crc32(0, &[0; 32]), 0x190A_55AD);
        assert_eq!(crc32(0, &[0xFF; 32]), 0xFF6C_AB0B);
    }

    #[test]
    fn both_ways_agree_at_every_length() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * 31 + i / 5) as u8).collect();
        for length in 0..bytes.len() {
            let before = (length as u32).wrapping_mul(0x9E37_79B9);
            assert_eq!(
                crc32(before, &bytes[..length]),
                !by_tables(!before, &bytes[..length]),
                "length {length}"
            );
        }
    }

    #[test]
    fn a_text_cut_anywhere_gives_the_same() {
        let bytes: Vec<u8> = (0..300u32).map(|i| (i * 11 + i / 7) as u8).collect();
        let whole = crc32(0, &bytes);
        for cut in 0..=bytes.len() {
            assert_eq!(
                crc32(crc32(0, &bytes[..cut]), &bytes[cut..]),
                whole,
                "cut {cut}"
            );
        }
    }
}
