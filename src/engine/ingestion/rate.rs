//! How much log data a workspace sends: integer bytes a second, a function of (workspace, time), constant
//! within absolute five-minute buckets (`design.md` §3). A weekly shape times the daily average, a seeded jitter
//! that cancels out within each hour, and bursts on top. Volumes over any span cost the same, however long it is.
//!
//! Knows no ledger and no route: where the data goes is [`super::ledger`]'s.

use imbl::Vector;
use serde::{Deserialize, Serialize};

use crate::engine::ids::ResourceId;
use crate::engine::random;
use crate::engine::time::{SimTime, Span};
use crate::engine::words::words;
use crate::engine::world::World;

/// A rate is constant within one of these (`design.md` §3).
pub const BUCKET: Span = Span::minutes(5);
/// Bytes of a gigabyte, the unit of rates and capacity reservations.
pub const GIGABYTE: u64 = 1_000_000_000;
/// A burst or a rate is at most this many GB a day: what the largest reservations take, times a thousand (SIM).
pub const GB_PER_DAY_MAX: u32 = 3_000_000;

const HOUR: i64 = Span::hours(1).0;
const HOURS: usize = 168;
const BUCKETS: i64 = HOUR / BUCKET.0;
/// A bucket lies at most so far above or below its hour, in thousandths (SIM).
const JITTER: u64 = 80;

words! {
    /// How the volume of a day is spread over the hours of a week, in UTC.
    Shape {
        /// The same at all times: machines.
        Steady = "steady",
        /// Weekdays from eight to five, little at weekends: people.
        Office = "office",
        /// A peak after midnight: batch jobs.
        Nightly = "nightly",
    }
}

impl Shape {
    /// Thousandths of the average in an hour of a weekday (0 is Monday). Over a week they average to 1000.
    fn thousandths(self, weekday: usize, hour: usize) -> u64 {
        match self {
            Shape::Steady => 1_000,
            Shape::Office if weekday >= 5 => 450,
            Shape::Office => match hour {
                0..=6 => 350,
                7 => 700,
                8 => 1_500,
                12 | 17 => 1_900,
                9..=16 => 2_300,
                18 | 19 => 1_165,
                _ => 600,
            },
            Shape::Nightly => match hour {
                0..=3 => 2_600,
                4 => 1_800,
                12 => 504,
                22 | 23 => 1_600,
                _ => 506,
            },
        }
    }
}

/// What a workspace sends on average, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    pub gb_per_day: u32,
    pub shape: Shape,
}

/// More than usual, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    pub from: SimTime,
    pub until: SimTime,
    /// On top of the rate.
    pub gb_per_day: u32,
}

fn per_second(gb_per_day: u32) -> u64 {
    u64::from(gb_per_day) * GIGABYTE / 86_400
}

/// Bytes times microseconds: sums of them are exact.
pub type Volume = u128;

/// Whole bytes of a volume.
pub const fn bytes(volume: Volume) -> u128 {
    volume / 1_000_000
}

/// The rate of a workspace, ready to be added up.
#[derive(Debug, Clone)]
pub struct Flow {
    seed: u64,
    plans: Vec<Plan>,
    bursts: Vector<Burst>,
}

/// A week of a rate that holds from an instant on.
#[derive(Debug, Clone)]
struct Plan {
    from: SimTime,
    /// Bytes a second in each hour of the week; the first is that of the epoch, a Thursday.
    hours: Box<[u64; HOURS]>,
    /// Bytes before each hour of the week, and in all of it.
    sums: Box<[u64; HOURS + 1]>,
    /// What was sent before it held, less what it would have sent by then.
    offset: i128,
}

impl Plan {
    fn new(from: SimTime, rate: Rate) -> Plan {
        const THURSDAY: usize = 3;
        let mut hours = Box::new([0; HOURS]);
        let mut sums = Box::new([0; HOURS + 1]);
        let average = u64::from(rate.gb_per_day) * GIGABYTE;
        for n in 0..HOURS {
            let weekday = (n / 24 + THURSDAY) % 7;
            hours[n] = average * rate.shape.thousandths(weekday, n % 24) / (86_400 * 1_000);
            sums[n + 1] = sums[n] + hours[n] * 3_600;
        }
        let offset = 0;
        Plan {
            from,
            hours,
            sums,
            offset,
        }
    }

    /// Bytes a second in a bucket of an hour since the epoch.
    fn bucket(&self, seed: u64, hour: i64, bucket: i64) -> u64 {
        let rate = self.hours[usize::try_from(hour.rem_euclid(168)).unwrap_or(0)];
        // The second half of an hour mirrors the first, so that every hour keeps its sum.
        let mirrored = bucket >= BUCKETS / 2;
        let pair = if mirrored {
            BUCKETS - 1 - bucket
        } else {
            bucket
        };
        let dice = random::quick(seed, (hour * BUCKETS + pair).unsigned_abs());
        let jitter = rate * (dice % (JITTER + 1)) / 1_000;
        if (dice >> 63 == 0) == mirrored {
            rate - jitter
        } else {
            rate + jitter
        }
    }

    /// What this rate would have sent from the epoch until an instant.
    fn until(&self, seed: u64, at: SimTime) -> Volume {
        let at = at.0.max(0);
        let (hour, within) = (at / HOUR, at % HOUR);
        let (week, of_week) = (hour / 168, usize::try_from(hour % 168).unwrap_or(0));
        let whole = wide(week) * u128::from(self.sums[HOURS]) + u128::from(self.sums[of_week]);
        let (full, rest) = (within / BUCKET.0, within % BUCKET.0);
        let buckets = (0..full).map(|n| self.bucket(seed, hour, n)).sum::<u64>();
        let mut volume = whole * 1_000_000 + u128::from(buckets) * wide(BUCKET.0);
        if rest > 0 {
            volume += u128::from(self.bucket(seed, hour, full)) * wide(rest);
        }
        volume
    }
}

/// A volume that offsets can be added to: there is none beyond 10^38.
fn signed(volume: Volume) -> i128 {
    i128::try_from(volume).unwrap_or(i128::MAX)
}

/// What is not negative, wider.
fn wide(n: i64) -> u128 {
    u128::from(n.unsigned_abs())
}

impl Flow {
    pub(super) fn new(seed: u64, rates: &Vector<(SimTime, Rate)>, bursts: &Vector<Burst>) -> Flow {
        let mut plans: Vec<Plan> = Vec::with_capacity(rates.len());
        for (from, rate) in rates {
            let mut plan = Plan::new(*from, *rate);
            let would = signed(plan.until(seed, *from));
            let did = plans
                .last()
                .map_or(0, |p| p.offset + signed(p.until(seed, *from)));
            plan.offset = did - would;
            plans.push(plan);
        }
        Flow {
            seed,
            plans,
            bursts: bursts.clone(),
        }
    }

    /// Bytes a second at an instant.
    pub fn at(&self, at: SimTime) -> u64 {
        let plan = self.plans.iter().rev().find(|plan| plan.from <= at);
        let (hour, within) = (at.0.div_euclid(HOUR), at.0.rem_euclid(HOUR));
        let usual = plan.map_or(0, |plan| plan.bucket(self.seed, hour, within / BUCKET.0));
        let bursts = self.bursts.iter().filter(|b| b.from <= at && at < b.until);
        usual + bursts.map(|b| per_second(b.gb_per_day)).sum::<u64>()
    }

    /// What was sent until an instant, from the first rate on. Costs the same whenever that is.
    pub fn until(&self, at: SimTime) -> Volume {
        let plan = self.plans.iter().rev().find(|plan| plan.from <= at);
        let usual = plan.map_or(0, |p| p.offset + signed(p.until(self.seed, at)));
        let bursts = self.bursts.iter().filter(|b| b.from < at).map(|burst| {
            u128::from(per_second(burst.gb_per_day)) * wide(burst.until.min(at).0 - burst.from.0)
        });
        usual.unsigned_abs() + bursts.sum::<Volume>()
    }

    /// What is sent from an instant until a later one.
    pub fn between(&self, from: SimTime, until: SimTime) -> Volume {
        self.until(until) - self.until(from)
    }
}

impl World {
    /// What a workspace sends at an instant, in bytes a second, wherever it goes; 0 where there is none.
    pub fn rate(&self, workspace: &ResourceId, at: SimTime) -> u64 {
        let load = self.intake.loads.get(workspace);
        load.map_or(0, |load| load.flow().at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: SimTime = SimTime(1_606_046_400_000_000); // Sunday, 22 November 2020, 12:00

    fn flow(rate: Rate) -> Flow {
        let bursts = Vector::unit(Burst {
            from: NOON + Span::minutes(7),
            until: NOON + Span::minutes(31),
            gb_per_day: 500,
        });
        let later = Rate {
            gb_per_day: 3,
            ..rate
        };
        Flow::new(
            7,
            &Vector::from_iter([(SimTime(0), rate), (NOON + Span::hours(5), later)]),
            &bursts,
        )
    }

    #[test]
    fn every_shape_averages_to_its_rate() {
        for shape in Shape::ALL {
            let week = (0..7).flat_map(|d| (0..24).map(move |h| shape.thousandths(d, h)));
            assert_eq!(week.sum::<u64>(), 168_000, "{shape}");
        }
    }

    #[test]
    fn a_volume_is_the_sum_of_its_seconds_wherever_its_ends_lie() {
        for shape in Shape::ALL {
            let flow = flow(Rate {
                gb_per_day: 40,
                shape: *shape,
            });
            let from = NOON - Span::minutes(83) + Span::micros(250_001);
            let until = NOON + Span::hours(6) + Span::micros(17);
            let (mut at, mut sum) = (from, 0);
            while at < until {
                // To the next whole second: rates change only there.
                let next = SimTime((at.0 / 1_000_000 + 1) * 1_000_000).min(until);
                sum += u128::from(flow.at(at)) * u128::try_from(next.0 - at.0).unwrap();
                at = next;
            }
            assert_eq!(flow.between(from, until), sum, "{shape}");
        }
    }

    #[test]
    fn a_rate_is_constant_within_a_bucket_and_differs_between_them() {
        let flow = flow(Rate {
            gb_per_day: 40,
            shape: Shape::Steady,
        });
        let start = NOON - Span::hours(2);
        let rates: Vec<u64> = (0..12)
            .map(|n| flow.at(start + Span::minutes(5 * n)))
            .collect();
        for (n, rate) in rates.iter().enumerate() {
            let end = start + Span::minutes(5 * i64::try_from(n).unwrap() + 5) - Span::micros(1);
            assert_eq!(flow.at(end), *rate);
        }
        assert!(rates.iter().any(|rate| *rate != rates[0]), "{rates:?}");
        // 40 GB a day are 462 962 bytes a second, and an hour keeps its sum.
        assert_eq!(rates.iter().sum::<u64>(), 12 * 462_962);
    }

    #[test]
    fn two_spans_are_their_parts() {
        let flow = flow(Rate {
            gb_per_day: 900,
            shape: Shape::Office,
        });
        let (a, b, c) = (SimTime(0), NOON + Span::micros(3), NOON + Span::days(900));
        assert_eq!(flow.between(a, c), flow.between(a, b) + flow.between(b, c));
    }
}
