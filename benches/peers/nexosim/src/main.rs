//! The hold model on nexosim, one thread: a number of timers, each re-armed at up to a minute further on when it
//! fires. `nexosim-peer TIMERS EVENTS` prints events a second.

use std::time::{Duration, Instant};

use nexosim::model::{Context, Model, schedulable};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

const MINUTE: u64 = 60_000_000;

#[derive(Serialize, Deserialize)]
struct Timers {
    number: u64,
    dice: u64,
    fired: u64,
}

#[Model]
impl Timers {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>, _: &mut ()) {
        for timer in 0..self.number {
            let delay = self.delay();
            cx.schedule_event(delay, schedulable!(Self::fire), timer)
                .unwrap();
        }
    }

    #[nexosim(schedulable)]
    fn fire(&mut self, timer: u64, cx: &Context<Self>) {
        self.fired += 1;
        let delay = self.delay();
        cx.schedule_event(delay, schedulable!(Self::fire), timer)
            .unwrap();
    }
}

impl Timers {
    /// SplitMix64, as in the bench beside.
    fn delay(&mut self) -> Duration {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Duration::from_micros(1 + (z ^ (z >> 31)) % MINUTE)
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|a| a.parse::<u64>().expect("a number"));
    let (number, events) = (
        arguments.next().expect("timers"),
        arguments.next().expect("events"),
    );
    let mailbox = Mailbox::new();
    let timers = Timers {
        number,
        dice: 7,
        fired: 0,
    };
    let mut simulation = SimInit::with_num_threads(1)
        .add_model(timers, mailbox, "timers")
        .init(MonotonicTime::EPOCH)
        .expect("a simulation");
    // Each timer fires every half minute on average.
    let span = Duration::from_micros(MINUTE / 2 * events / number);
    let start = Instant::now();
    simulation.step_until(span).expect("steps");
    let seconds = start.elapsed().as_secs_f64();
    println!("{:.0}", events as f64 / seconds);
}
