//! When to paint: at once when a person pressed a key and the last frame is old enough, at the next edge
//! otherwise; less often when only the world moved. Pure, in microseconds of any monotonic clock.

/// Shortest time between frames that a key caused.
pub const INPUT_GAP: u64 = 8_000;
/// Shortest time between frames that the world caused.
pub const WORLD_GAP: u64 = 33_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pacer {
    last: Option<u64>,
    due: Option<u64>,
}

impl Pacer {
    /// A key changed something.
    pub fn input(&mut self, now: u64) {
        self.want(now, INPUT_GAP);
    }

    /// The world or the clock changed something.
    pub fn world(&mut self, now: u64) {
        self.want(now, WORLD_GAP);
    }

    fn want(&mut self, now: u64, gap: u64) {
        let at = self.last.map_or(now, |last| now.max(last + gap));
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// When to paint; none while nothing changed.
    pub fn due(&self) -> Option<u64> {
        self.due
    }

    pub fn painted(&mut self, now: u64) {
        self.last = Some(now);
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_painted_at_once_and_a_burst_at_the_next_edge() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.due(), None);
        pacer.input(1_000);
        assert_eq!(pacer.due(), Some(1_000));
        pacer.painted(1_000);
        pacer.input(2_000);
        pacer.input(3_000);
        assert_eq!(pacer.due(), Some(1_000 + INPUT_GAP));
        pacer.painted(9_000);
        assert_eq!(pacer.due(), None);
        pacer.input(50_000);
        assert_eq!(pacer.due(), Some(50_000));
    }

    #[test]
    fn the_world_waits_its_turn_but_a_key_goes_first() {
        let mut pacer = Pacer::default();
        pacer.painted(0);
        pacer.world(1_000);
        assert_eq!(pacer.due(), Some(WORLD_GAP));
        pacer.input(2_000);
        assert_eq!(pacer.due(), Some(INPUT_GAP));
    }
}
