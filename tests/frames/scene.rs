//! A console on a stage: keys in, screen out, commands carried out at once.

use lockbox::console::app::telling::Look as Dress;
use lockbox::console::app::travel::{Arrived, At, Moment, Parted, Travel};
use lockbox::console::app::{App, Clock, Ctx, Effect, Input, Outcome, Tempo};
use lockbox::console::forms::FORMS;
use lockbox::console::input::{Key, Keymap, key};
use lockbox::console::paint;
use lockbox::console::rows::ItemId;
use lockbox::console::text;
use lockbox::console::theme::{Depth, Theme, glyphs, shipped};
use lockbox::engine::compare::compare;
use lockbox::engine::ids::Revision;
use lockbox::engine::lockbox::jit::{Level, Submit};
use lockbox::engine::people::{Assignment, Person, Principal, Role, Scope, Side, VendorRole};
use lockbox::engine::projections::sentence::sentence;
use lockbox::engine::resources::{self, Resource, ResourceKind};
use lockbox::engine::{Actor, digest, people};
use lockbox::runtime::{Glimpse, HostError, Look, Past};
use lockbox::store::{Journal, MemoryJournal};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::stage::{Stage, access, opening, person};

pub struct Scene {
    pub stage: Stage,
    pub app: App,
    pub theme: Theme,
    paused: bool,
    rate: u32,
    /// The moment of the past that is looked at.
    past: Option<Glimpse>,
    /// The live stage, while a branch is on.
    live: Option<Stage>,
}

/// The context of a scene, without borrowing its app.
macro_rules! ctx {
    ($scene:expr) => {
        Ctx {
            world: $scene
                .past
                .as_ref()
                .map_or(&$scene.stage.world, |p| &p.world),
            now: $scene.past.as_ref().map_or($scene.stage.now, |p| p.at),
            clock: Clock {
                running: !$scene.paused && $scene.past.is_none(),
                paused: $scene.paused || $scene.past.is_some(),
                rate: $scene.rate,
                ours: true,
                ..Clock::default()
            },
        }
    };
}

impl Scene {
    pub fn new(stage: Stage, actor: Actor, size: (u16, u16)) -> Scene {
        Scene::with_keys(stage, actor, size, Keymap::defaults().unwrap())
    }

    pub fn with_keys(stage: Stage, actor: Actor, size: (u16, u16), keymap: Keymap) -> Scene {
        let theme = Theme::load(None, None, Depth::True, glyphs::UNICODE).unwrap();
        let mut app = App::new(actor, keymap, size);
        app.telling.themes = shipped();
        app.telling.theme = "catppuccin-mocha".to_owned();
        let mut scene = Scene {
            stage,
            app,
            theme,
            paused: true,
            rate: 1,
            past: None,
            live: None,
        };
        scene.app.refresh(&ctx!(scene));
        scene
    }

    pub fn input(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.app.update(&ctx!(self), input);
        for effect in &effects {
            self.perform(effect);
        }
        effects
    }

    fn perform(&mut self, effect: &Effect) {
        match effect {
            Effect::Submit {
                actor,
                command,
                done,
            } => {
                let outcome = match self.stage.act(actor, (**command).clone()) {
                    Ok(events) => match done {
                        Some(done) => Outcome::Done(done.clone()),
                        None => Outcome::Happened(events),
                    },
                    Err(refusal) => Outcome::Refused(Box::new(refusal)),
                };
                self.app.finished(&ctx!(self), outcome);
            }
            Effect::Clock(tempo) => {
                match tempo {
                    Tempo::Pause => self.paused = true,
                    Tempo::Resume => self.paused = false,
                    Tempo::Rate(rate) => self.rate = *rate,
                    Tempo::To(at) => {
                        self.stage.now = *at;
                        self.stage.elapse();
                    }
                    Tempo::Next | Tempo::NextConsequence => {
                        if let Some(due) = lockbox::engine::due(&self.stage.world) {
                            self.stage.now = self.stage.now.max(due);
                            self.stage.elapse();
                        }
                    }
                }
                self.app.refresh(&ctx!(self));
            }
            Effect::Theme(Dress::Try(id) | Dress::Keep(id)) => {
                self.theme = Theme::load(Some(id), None, Depth::True, glyphs::UNICODE).unwrap();
            }
            Effect::Travel(travel) => {
                let outcome = self.travel(travel);
                self.app.finished(&ctx!(self), outcome);
            }
            // There are no files on a stage.
            Effect::Peek { .. }
            | Effect::Ask { .. }
            | Effect::CancelQuery(_)
            | Effect::SavedText { .. }
            | Effect::Copy(_)
            | Effect::Export { .. }
            | Effect::Picture { .. }
            | Effect::Program { .. }
            | Effect::Mouse(_)
            | Effect::Suspend
            | Effect::Repaint
            | Effect::Quit => {}
        }
    }

    /// What the driver does of it, with the record of the stage.
    fn travel(&mut self, travel: &Travel) -> Outcome {
        let arrived = |at| Outcome::Arrived(Arrived::At(Box::new(at)));
        let mut at = self.app.at.clone();
        let events = self.stage.journal.clone();
        let mut journal = MemoryJournal::default();
        journal.append(Revision(0), &events).unwrap();
        let mut past = Past::new(Box::new(journal));
        let world = ctx!(self).world.clone();
        match travel {
            Travel::Look(look) => match past.look(*look) {
                Ok(glimpse) if glimpse.world.revision >= self.stage.world.revision => {
                    (self.past, at.past) = (None, None);
                    arrived(at)
                }
                Ok(glimpse) => {
                    let event = glimpse.event.as_ref();
                    at.past = Some(Moment {
                        revision: glimpse.world.revision,
                        head: glimpse.head,
                        said: event.map_or_else(String::new, |e| sentence(&glimpse.world, e)),
                        digest: text::digest(&digest(&glimpse.world)),
                    });
                    self.past = Some(glimpse);
                    arrived(at)
                }
                Err(HostError::Refused(no)) => Outcome::Refused(Box::new(no)),
                Err(error) => panic!("{error}"),
            },
            Travel::Back => {
                if self.past.take().is_some() {
                    at.past = None;
                } else if let Some(live) = self.live.take() {
                    (self.stage, at.branch) = (live, None);
                }
                arrived(at)
            }
            Travel::Branch => {
                let glimpse = past.look(Look::Whole(world.revision)).unwrap();
                let mut branch = self.stage.clone();
                let now = ctx!(self).now;
                branch
                    .journal
                    .retain(|e| e.revision <= glimpse.world.revision);
                (branch.world, branch.now) = (glimpse.world, now.max(glimpse.at));
                at = At {
                    branch: Some(Parted {
                        revision: branch.world.revision,
                        at: branch.now,
                    }),
                    past: None,
                };
                self.past = None;
                self.live = Some(std::mem::replace(&mut self.stage, branch));
                arrived(at)
            }
            Travel::Compare => {
                let (live, parted) = (self.live.as_ref().unwrap(), at.branch.unwrap());
                let now = live.now.max(self.stage.now);
                let actor = &self.app.actor;
                let both = compare(actor, &live.world, &self.stage.world, parted.at, now).unwrap();
                Outcome::Arrived(Arrived::Compared(Box::new(both)))
            }
            Travel::History => {
                let known = events.into_iter().filter(|e| e.revision <= world.revision);
                Outcome::Arrived(Arrived::History(known.collect()))
            }
            Travel::Why(about) => {
                Outcome::Arrived(Arrived::Because(past.why(&world, about).unwrap()))
            }
            Travel::Save(_) => Outcome::Done(String::new()),
        }
    }

    pub fn key(&mut self, key: Key) -> Vec<Effect> {
        self.input(Input::Key(key))
    }

    /// Opens a form by the name of its action, as if the cursor were on a thing.
    pub fn open(&mut self, name: &str, item: Option<ItemId>) -> &mut Scene {
        let blank = FORMS.iter().find(|b| b.name == name).unwrap();
        self.app.fill_in(&ctx!(self), blank, item);
        self
    }

    /// Keys as they are written: `g r`, `enter`, `ctrl-d`.
    /// Something the driver was asked for came back.
    pub fn finish(&mut self, outcome: Outcome) {
        self.app.finished(&ctx!(self), outcome);
    }

    /// What the top page wants from the files.
    pub fn wants(&mut self) -> Vec<Effect> {
        self.app.wants(&ctx!(self))
    }

    /// Whom the persona picker offers.
    pub fn personas(&self, typed: &str) -> Vec<ItemId> {
        self.app.personas(&ctx!(self), typed)
    }

    /// How much the palette offers.
    pub fn offers(&self, typed: &str) -> usize {
        self.app.offers(&ctx!(self), typed).len()
    }

    pub fn press(&mut self, keys: &str) -> &mut Scene {
        for key in key::sequence(keys).unwrap() {
            self.key(key);
        }
        self
    }

    pub fn type_text(&mut self, text: &str) -> &mut Scene {
        for c in text.chars() {
            self.key(Key::char(c));
        }
        self
    }

    pub fn screen(&mut self) -> Terminal<TestBackend> {
        self.app.refresh(&ctx!(self));
        // Captions take their part of the whole screen.
        let (width, height) = match self.app.captions {
            Some(_) => self.app.full,
            None => self.app.size,
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut hits = None;
        terminal
            .draw(|frame| {
                let ctx = ctx!(self);
                hits = Some(paint::frame(
                    &self.app,
                    &ctx,
                    &self.theme,
                    frame.buffer_mut(),
                ));
            })
            .unwrap();
        self.app.hits = hits.unwrap();
        terminal
    }

    pub fn text(&mut self) -> String {
        self.screen().backend().to_string()
    }

    /// The screen as lines; a wide character stands once, and its second cell not at all.
    pub fn lines(&mut self) -> Vec<String> {
        let terminal = self.screen();
        let buffer = terminal.backend().buffer();
        let line = |y| {
            let (mut line, mut x) = (String::new(), 0);
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(text::width(symbol)).unwrap_or(1).max(1);
            }
            line
        };
        (0..buffer.area.height).map(line).collect()
    }

    /// Every wide character has both of its cells, no control character is on the screen, and painting once more
    /// changes nothing.
    pub fn check(&mut self) {
        let terminal = self.screen();
        let buffer = terminal.backend().buffer();
        let hits = self.app.hits.clone();
        assert_eq!(self.screen().backend().buffer(), buffer);
        assert_eq!(self.app.hits, hits);
        let area = buffer.area;
        for y in 0..area.height {
            for x in 0..area.width {
                let symbol = buffer[(x, y)].symbol();
                assert!(
                    !symbol.chars().any(lockbox::engine::text::acts),
                    "{symbol:?} at {x},{y}"
                );
                if lockbox::console::text::width(symbol) > 1 {
                    assert!(x + 1 < area.width, "half of {symbol:?} at {x},{y}");
                    let next = buffer[(x + 1, y)].symbol();
                    assert!(
                        next.trim().is_empty(),
                        "{symbol:?} at {x},{y} is cut by {next:?}"
                    );
                }
            }
        }
    }

    pub fn shows(&mut self, text: &str) {
        let screen = self.text();
        assert!(screen.contains(text), "no {text:?} in\n{screen}");
    }

    pub fn hides(&mut self, text: &str) {
        let screen = self.text();
        assert!(!screen.contains(text), "{text:?} in\n{screen}");
    }
}

/// One request waits, another was approved and its engineer is in.
pub fn one() -> Stage {
    let mut stage = Stage::new();
    let grant = stage.granted();
    stage.connect("sue", grant, "c/web/vm-windows").unwrap();
    let look = lockbox::engine::lockbox::grant::Command::Act {
        grant,
        text: "eventvwr.msc".into(),
    };
    stage.act(&person("sue"), look).unwrap();
    stage.wait(lockbox::engine::Span::minutes(90));
    stage.pending();
    stage
}

/// Twenty requests wait, an hour between them.
pub fn twenty() -> Stage {
    let mut stage = Stage::new();
    for _ in 0..20 {
        stage.pending();
        stage.wait(lockbox::engine::Span::hours(1));
    }
    stage
}

/// Many requests at every stage of their life.
pub fn many() -> Stage {
    let mut stage = Stage::new();
    for n in 0..45u32 {
        let request = stage.pending();
        match n % 5 {
            0 | 1 => {
                stage.decide("ann", request, true).unwrap();
            }
            2 => {
                stage.decide("bo", request, false).unwrap();
            }
            _ => {}
        }
        stage.wait(lockbox::engine::Span::minutes(i64::from(190 + n)));
    }
    stage
}

pub const HOSTILE: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}drawkcab\u{200b}\u{9b}31m <b>APPROVED</b> 👩‍👩‍👧 e\u{301}";

/// Names and words in Korean, Chinese and Japanese, with emoji, and text that would break a terminal.
pub fn wide() -> Stage {
    let mut stage = one();
    let sim = Actor::Simulator;
    let add = |id: &str, name: &str, side: Side| {
        people::Command::AddPerson(Person {
            id: id.into(),
            name: name.into(),
            upn: format!("{id}@x.example").into(),
            mail: Some(format!("{id}@x.example").into()),
            side,
            isolated_identity: true,
            mfa: true,
        })
    };
    let engineer = Side::Vendor(VendorRole::DevOpsEngineer);
    stage
        .act(
            &sim,
            add("hana", "高橋 花🌸 (とても長い名前のエンジニア)", engineer),
        )
        .unwrap();
    stage
        .act(
            &sim,
            add("minji", "김민지 👩‍💻", Side::Customer("contoso".into())),
        )
        .unwrap();
    let owner = Assignment {
        scope: Scope::Subscription("c".into()),
        principal: Principal::Person("minji".into()),
        role: Role::Owner,
    };
    stage.act(&sim, people::Command::Assign(owner)).unwrap();
    let name = "서버-東京-🔑-one-with-a-rather-long-name";
    let machine = Resource {
        id: Resource::id_for(&"c".into(), "web", name),
        subscription: "c".into(),
        group: "web".into(),
        name: name.into(),
        kind: ResourceKind::VmWindows,
        location: "koreacentral".into(),
        encrypted_in_transit: false,
        events_to: None,
    };
    let id = machine.id.to_string();
    stage.act(&sim, resources::Command::Add(machine)).unwrap();
    let mut open = opening("c");
    open.title = "포털이 느려요 🚒 門户网站打不开 — depuis le déploiement d’hier soir".into();
    open.description = format!("가나다라마바사아자차카타파하 {HOSTILE}\r\n둘째 줄\n")
        .as_str()
        .into();
    stage
        .act(
            &person("con"),
            lockbox::engine::lockbox::ticket::Command::Open(open),
        )
        .unwrap();
    let ticket = stage.world.lockbox.tickets.get_max().unwrap().0;
    stage
        .act(
            &person("sue"),
            lockbox::engine::lockbox::ticket::Command::TryTools {
                ticket,
                text: "원격 측정으로는 부족합니다 📈".into(),
                sufficed: false,
            },
        )
        .unwrap();
    stage.escalate(ticket, "hana");
    let ask = Submit {
        level: Level::Operator,
        justification: format!("덤프를 봐야 합니다. {HOSTILE} 한국어 끝")
            .as_str()
            .into(),
        ..access(ticket, &[&id, "c/web/vm-linux"])
    };
    stage.submit("hana", ask).unwrap();
    stage
}
