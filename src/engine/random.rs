//! Seeded, stateless randomness: every value is a function of (world seed, what it is for, number), so it
//! does not matter in which order things are asked, and no library upgrade can change a recorded demo.

use sha2::{Digest, Sha256};

/// 32 bytes for one purpose and number.
pub fn bytes(seed: u64, purpose: &str, number: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(purpose.as_bytes());
    hash.update([0]);
    hash.update(number.to_le_bytes());
    hash.finalize().into()
}

/// A number for one seed and number, quickly (SplitMix64's finaliser): for what is asked for by the thousand and
/// protects nothing.
pub fn quick(seed: u64, number: u64) -> u64 {
    let mut z = seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A version-4-shaped GUID in lower case. Its last eight digits hide `number`, so [`number_of`] can go back.
pub fn guid(seed: u64, purpose: &str, number: u32) -> String {
    let mut b = bytes(seed, purpose, u64::from(number));
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    b[12..16].copy_from_slice(&(number ^ mask(seed, purpose)).to_be_bytes());
    let hex = |range: std::ops::Range<usize>| -> String {
        b[range].iter().map(|x| format!("{x:02x}")).collect()
    };
    format!(
        "{}-{}-{}-{}-{}",
        hex(0..4),
        hex(4..6),
        hex(6..8),
        hex(8..10),
        hex(10..16)
    )
}

/// A GUID for a thing with a text id.
pub fn guid_of(seed: u64, purpose: &str, id: &str) -> String {
    guid(seed, &format!("{purpose}/{id}"), 0)
}

/// The number behind a GUID made by [`guid`], if it was made for this seed and purpose.
pub fn number_of(seed: u64, purpose: &str, text: &str) -> Option<u32> {
    let tail = text.get(text.len().checked_sub(8)?..)?;
    let number = u32::from_str_radix(tail, 16).ok()? ^ mask(seed, purpose);
    guid(seed, purpose, number)
        .eq_ignore_ascii_case(text)
        .then_some(number)
}

fn mask(seed: u64, purpose: &str) -> u32 {
    let b = bytes(seed, purpose, u64::MAX);
    u32::from_be_bytes([b[0], b[1], b[2], b[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_leads_back_to_its_number_and_only_under_its_seed() {
        for n in [0, 1, 42, u32::MAX] {
            let text = guid(7, "request", n);
            assert_eq!(text.len(), 36);
            assert_eq!(number_of(7, "request", &text), Some(n));
            assert_eq!(number_of(8, "request", &text), None);
            assert_eq!(number_of(7, "ticket", &text), None);
        }
        assert_eq!(number_of(7, "request", "한국어"), None);
        assert_eq!(number_of(7, "request", ""), None);
    }
}
