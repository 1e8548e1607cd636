//! CRC-32 with zlib's polynomial, sixteen bytes a step (slicing by sixteen).

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
    let mut remainder = !crc;
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
    !remainder
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
