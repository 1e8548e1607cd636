//! SHA-256 as FIPS 180-4 gives it, for the chain of the journal.
//!
//! Two compressions of the same result: plain Rust, and the SHA instructions of x86-64 where the processor has them
//! (asked once a call; several times as fast, and the chain is the dearest part of a block).

/// A hash in the making.
#[derive(Clone)]
pub struct Sha256 {
    state: [u32; 8],
    rest: [u8; 64],
    rest_bytes: usize,
    total_bytes: u64,
}

const START: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

#[rustfmt::skip]
const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha256 {
    /// The hash of nothing so far.
    pub fn new() -> Self {
        Self {
            state: START,
            rest: [0; 64],
            rest_bytes: 0,
            total_bytes: 0,
        }
    }

    /// Takes in more bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.total_bytes = self.total_bytes.wrapping_add(bytes.len() as u64);
        if self.rest_bytes > 0 {
            let take = bytes.len().min(64 - self.rest_bytes);
            self.rest[self.rest_bytes..self.rest_bytes + take].copy_from_slice(&bytes[..take]);
            self.rest_bytes += take;
            bytes = &bytes[take..];
            if self.rest_bytes < 64 {
                return;
            }
            let block = self.rest;
            compress(&mut self.state, &block);
            self.rest_bytes = 0;
        }
        let whole = bytes.len() / 64 * 64;
        compress(&mut self.state, &bytes[..whole]);
        let left = &bytes[whole..];
        self.rest[..left.len()].copy_from_slice(left);
        self.rest_bytes = left.len();
    }

    /// The hash of all bytes taken in.
    pub fn finish(mut self) -> [u8; 32] {
        let bits = self.total_bytes.wrapping_mul(8);
        let mut padding = [0u8; 72];
        padding[0] = 0x80;
        let zeros = (119 - self.rest_bytes) % 64;
        padding[1 + zeros..9 + zeros].copy_from_slice(&bits.to_be_bytes());
        self.update(&padding[..9 + zeros]);
        let mut hash = [0; 32];
        for (place, word) in hash.chunks_exact_mut(4).zip(self.state) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        hash
    }
}

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

/// Works whole blocks of 64 bytes into the state.
fn compress(state: &mut [u32; 8], blocks: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("sse4.1")
    {
        // SAFETY: the processor has just been found to have all three features that the function is compiled for; it
        // has no other requirement: its arguments are ordinary references.
        return unsafe { fast::compress(state, blocks) };
    }
    compress_plain(state, blocks);
}

fn compress_plain(state: &mut [u32; 8], blocks: &[u8]) {
    for block in blocks.chunks_exact(64) {
        let mut w = [0u32; 64];
        for (word, four) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes([four[0], four[1], four[2], four[3]]);
        }
        for i in 16..64 {
            let (x, y) = (w[i - 15], w[i - 2]);
            let s0 = x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3);
            let s1 = y.rotate_right(17) ^ y.rotate_right(19) ^ (y >> 10);
            w[i] = w[i - 16]
                .wrapping_add(s0)
                .wrapping_add(w[i - 7])
                .wrapping_add(s1);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        for i in 0..64 {
            let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & f) ^ (!e & g);
            let one = h
                .wrapping_add(s1)
                .wrapping_add(choice)
                .wrapping_add(K[i])
                .wrapping_add(w[i]);
            let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let two = s0.wrapping_add((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e) = (g, f, e, d.wrapping_add(one));
            (d, c, b, a) = (c, b, a, one.wrapping_add(two));
        }
        for (old, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *old = old.wrapping_add(new);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod fast {
    use super::K;
    use core::arch::x86_64::*;

    /// Four words of the message, byte order turned, lowest lane first.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn four(block: &[u8; 64], at: usize) -> __m128i {
        let half = |at: usize| i64::from_le_bytes(std::array::from_fn(|i| block[at + i]));
        let turn = _mm_set_epi64x(0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203);
        _mm_shuffle_epi8(_mm_set_epi64x(half(at + 8), half(at)), turn)
    }

    /// The state rides in two registers, (a b e f) and (c d g h), highest lane first, as the instructions want it.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    pub fn compress(state: &mut [u32; 8], blocks: &[u8]) {
        let s = state.map(|word| word as i32);
        let mut abef = _mm_set_epi32(s[0], s[1], s[4], s[5]);
        let mut cdgh = _mm_set_epi32(s[2], s[3], s[6], s[7]);
        for block in blocks.as_chunks::<64>().0 {
            let (abef_before, cdgh_before) = (abef, cdgh);
            let mut w = [_mm_setzero_si128(); 16];
            for i in 0..16 {
                w[i] = if i < 4 {
                    four(block, 16 * i)
                } else {
                    let seven_back = _mm_alignr_epi8(w[i - 1], w[i - 2], 4);
                    let part = _mm_add_epi32(_mm_sha256msg1_epu32(w[i - 4], w[i - 3]), seven_back);
                    _mm_sha256msg2_epu32(part, w[i - 1])
                };
                let k = |j: usize| K[4 * i + j] as i32;
                let sum = _mm_add_epi32(w[i], _mm_set_epi32(k(3), k(2), k(1), k(0)));
                cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
                abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
            }
            abef = _mm_add_epi32(abef, abef_before);
            cdgh = _mm_add_epi32(cdgh, cdgh_before);
        }
        state[0] = _mm_extract_epi32(abef, 3) as u32;
        state[1] = _mm_extract_epi32(abef, 2) as u32;
        state[4] = _mm_extract_epi32(abef, 1) as u32;
        state[5] = _mm_extract_epi32(abef, 0) as u32;
        state[2] = _mm_extract_epi32(cdgh, 3) as u32;
        state[3] = _mm_extract_epi32(cdgh, 2) as u32;
        state[6] = _mm_extract_epi32(cdgh, 1) as u32;
        state[7] = _mm_extract_epi32(cdgh, 0) as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_published_examples_of_fips_180_4_and_nist() {
        let million = vec![b'a'; 1_000_000];
        let rows: [(&[u8], &str); 4] = [
            (
                b"",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                b"abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
            (
                &million,
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
        ];
        for (message, expected) in rows {
            assert_eq!(hex(&sha256(message)), expected);
        }
    }

    #[test]
    fn both_compressions_agree_at_every_length_and_cut() {
        let bytes: Vec<u8> = (0..400u32).map(|i| (i * 7 + i / 13) as u8).collect();
        for length in 0..bytes.len() {
            let whole = sha256(&bytes[..length]);
            let mut parts = Sha256::new();
            for part in bytes[..length].chunks(1 + length % 97) {
                parts.update(part);
            }
            assert_eq!(parts.finish(), whole, "length {length}");
        }
        let (mut one, mut two) = (START, START);
        compress(&mut one, &bytes[..384]);
        compress_plain(&mut two, &bytes[..384]);
        assert_eq!(one, two);
    }
}
