//! Random choices out of the engine's seeded bytes.

use crate::engine::random;

/// A stream of choices for one purpose and number.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    seed: u64,
    purpose: String,
    number: u64,
    round: u32,
    bytes: [u8; 32],
    used: usize,
}

impl Dice {
    pub fn new(seed: u64, purpose: &str, number: u64) -> Dice {
        Dice {
            seed,
            purpose: format!("generate/{purpose}"),
            number,
            round: 0,
            bytes: random::bytes(seed, &format!("generate/{purpose}"), number),
            used: 0,
        }
    }

    /// A number below `limit`; 0 when that is 0. The bias of 64 bits over so small limits is nothing.
    pub fn below(&mut self, limit: u64) -> u64 {
        if self.used + 8 > self.bytes.len() {
            self.round += 1;
            let purpose = format!("{}/{}", self.purpose, self.round);
            self.bytes = random::bytes(self.seed, &purpose, self.number);
            self.used = 0;
        }
        let mut word = [0; 8];
        word.copy_from_slice(&self.bytes[self.used..self.used + 8]);
        self.used += 8;
        u64::from_le_bytes(word).checked_rem(limit).unwrap_or(0)
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let n = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        &list[n]
    }
}
