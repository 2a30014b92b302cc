//! What the ingestion blade costs with a thousand workspaces: a frame when it is opened, when a second has passed and
//! when a key is pressed; a window of ninety days beside one of five minutes; and what goes over the wire while it is
//! open and follows, at 1× and at 3600×. One table each: `cargo bench --bench ingestion`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

#[path = "../tests/engine/stage.rs"]
#[allow(dead_code, reason = "the stage serves tests too")]
mod stage;

use std::time::{Duration, Instant};

use lockbox::console::app::{App, Clock, Ctx, Input};
use lockbox::console::blades::Blade;
use lockbox::console::blades::ingestion::Ingestion;
use lockbox::console::input::{Keymap, key};
use lockbox::console::paint;
use lockbox::console::terminal::Screen;
use lockbox::console::theme::{Depth, Theme, glyphs};
use lockbox::engine::ingestion::Command as Logs;
use lockbox::engine::ingestion::ledger::Scope;
use lockbox::engine::ingestion::rate::{Rate, Shape};
use lockbox::engine::{Actor, Span, workspace};
use ratatui::layout::Rect;
use stage::{Stage, person};

const WORKSPACES: usize = 1_000;
const FRAMES: usize = 120;
const SIZES: [(u16, u16); 2] = [(120, 40), (200, 60)];

/// A thousand workspaces of all shapes, some hours after they came to be.
fn thousand() -> Stage {
    let mut stage = Stage::new();
    for n in 0..WORKSPACES {
        let name = format!("ws-{n:04}");
        let put = workspace::Command::Put {
            subscription: "c".into(),
            group: "data".into(),
            name: name.as_str().into(),
            location: Some("koreacentral".into()),
            sku: None,
            retention: None,
        };
        stage.act(&person("ann"), put).expect("a workspace");
        let rate = Rate {
            gb_per_day: u32::try_from(1 + n % 90).expect("a small rate"),
            shape: Shape::ALL[n % Shape::ALL.len()],
        };
        let set = Logs::SetRate {
            workspace: format!("c/data/{name}").as_str().into(),
            rate,
        };
        stage.act(&Actor::Simulator, set).expect("a rate");
    }
    stage.wait(Span::hours(30));
    stage
}

/// A console on the stage whose frames are turned into bytes.
struct Desk {
    stage: Stage,
    app: App,
    theme: Theme,
    screen: Screen<Vec<u8>>,
    rate: u32,
}

macro_rules! ctx {
    ($desk:expr) => {
        Ctx {
            world: &$desk.stage.world,
            now: $desk.stage.now,
            clock: Clock {
                running: true,
                rate: $desk.rate,
                ours: true,
                ..Clock::default()
            },
        }
    };
}

impl Desk {
    fn new(stage: Stage, size: (u16, u16)) -> Desk {
        let keymap = Keymap::defaults().expect("the keys");
        let theme = Theme::load(None, None, Depth::True, glyphs::UNICODE).expect("a theme");
        Desk {
            stage,
            app: App::new(Actor::Observer, keymap, size),
            theme,
            screen: Screen::new(Vec::new()),
            rate: 1,
        }
    }

    fn press(&mut self, keys: &str) {
        for key in key::sequence(keys).expect("keys") {
            self.app.update(&ctx!(self), Input::Key(key));
        }
    }

    /// One frame; its bytes.
    fn frame(&mut self) -> usize {
        let (width, height) = self.app.size;
        let ctx = ctx!(self);
        self.app.refresh(&ctx);
        let (app, theme) = (&self.app, &self.theme);
        let area = Rect::new(0, 0, width, height);
        let paint = |buf: &mut ratatui::buffer::Buffer| {
            paint::frame(app, &ctx, theme, buf);
        };
        self.screen.draw(area, paint).expect("memory takes all")
    }
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

fn timed(times: &mut Vec<Duration>, work: impl FnOnce()) {
    let began = Instant::now();
    work();
    times.push(began.elapsed());
}

fn frames(stage: &Stage) {
    println!(
        "{:<10} {:>12} {:>12} {:>12} {:>14} {:>12}",
        "size", "opened ms", "second ms", "key ms", "5 minutes ms", "90 days ms"
    );
    for size in SIZES {
        let [mut opened, mut second, mut key, mut short, mut long] = [const { Vec::new() }; 5];
        let mut desk = Desk::new(stage.clone(), size);
        desk.frame();
        for _ in 0..FRAMES / 10 {
            desk.press("g o");
            desk.app.ingestion = Ingestion::default();
            timed(&mut opened, || {
                desk.press("g n");
                desk.frame();
            });
        }
        for _ in 0..FRAMES {
            desk.stage.wait(Span::seconds(1));
            timed(&mut second, || {
                desk.frame();
            });
            timed(&mut key, || {
                desk.press(",");
                desk.frame();
            });
        }
        desk.press("esc");
        for (keys, times) in [("z", &mut short), ("Z", &mut long)] {
            for _ in 0..12 {
                desk.press(keys);
            }
            for _ in 0..FRAMES / 10 {
                // Everything of the window anew.
                desk.app.ingestion.columns = Default::default();
                desk.app.ingestion.forget();
                timed(times, || {
                    desk.frame();
                });
            }
        }
        println!(
            "{:<10} {:>12.2} {:>12.2} {:>12.2} {:>14.2} {:>12.2}",
            format!("{}x{}", size.0, size.1),
            median(opened),
            median(second),
            median(key),
            median(short),
            median(long)
        );
    }
}

/// A minute of wall time with the blade open: at 1× a frame a second, faster five.
fn wire(stage: &Stage) {
    println!(
        "\n{:<10} {:>8} {:<12} {:>12} {:>14}",
        "size", "rate", "window", "bytes/s", "longest frame"
    );
    for size in SIZES {
        for (rate, each) in [(1u32, 1_000), (3_600, 200)] {
            for zoom in ["z z z z z", "", "Z Z Z", "Z Z Z Z Z Z Z Z"] {
                let mut desk = Desk::new(stage.clone(), size);
                desk.rate = rate;
                desk.app.jump(Blade::Ingestion(Scope::All));
                desk.frame();
                desk.press(zoom);
                desk.frame();
                let (mut bytes, mut most) = (0, 0);
                for _ in 0..60_000 / each {
                    let step = i64::from(rate) * i64::from(each);
                    desk.stage.wait(Span::micros(step * 1_000));
                    let sent = desk.frame();
                    bytes += sent;
                    most = most.max(sent);
                }
                println!(
                    "{:<10} {:>7}x {:<12} {:>12} {:>14}",
                    format!("{}x{}", size.0, size.1),
                    rate,
                    desk.app.ingestion.length(),
                    bytes / 60,
                    most
                );
            }
        }
    }
}

fn main() {
    let stage = thousand();
    frames(&stage);
    wire(&stage);
}
