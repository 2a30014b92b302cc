//! Text from strangers: whatever is in any field, no control character reaches a sink of the console.

use lockbox::console::app::Input;
use lockbox::console::blades::WORDS;
use lockbox::console::{Format, once};
use lockbox::engine::Actor;
use lockbox::engine::lockbox::jit::Submit;
use lockbox::engine::lockbox::{request, ticket};
use lockbox::engine::people::{self, Assignment, Person, Principal, Role, Scope, Side, VendorRole};
use lockbox::engine::text::acts;

use crate::keys::keys;
use crate::scene::{Scene, wide};
use crate::stage::{Stage, access, opening, person};

#[test]
fn once_lets_no_acting_character_out_in_any_format() {
    let mut blades: Vec<String> = WORDS.iter().map(|(w, _)| (*w).to_owned()).collect();
    let stage = keys();
    for page in [
        "vault/kv-prod",
        "key/kv-prod/data-key",
        "cluster/clprod",
        "checklist/clnew",
        "preflight/clnew",
        "workspace/ws-shop",
        "alert/ws-shop/errors",
        "tables/ws-shop",
        "table/ws-shop/AppRequests",
        "query/ws-shop",
        "operation/OP-1",
        "storage/c/web/storage-account",
    ] {
        blades.push(page.to_owned());
    }
    lets_nothing_out(&stage, &blades);
    blades.retain(|b| !b.contains('/'));
    let stage = wide();
    let lockbox = &stage.world.lockbox;
    blades.extend(lockbox.requests.keys().map(|id| format!("request/{id}")));
    blades.extend(lockbox.tickets.keys().map(|id| format!("ticket/{id}")));
    blades.extend(lockbox.grants.keys().map(|id| format!("grant/{id}")));
    blades.push("mail/ML-1".into());
    lets_nothing_out(&stage, &blades);
}

fn lets_nothing_out(stage: &Stage, blades: &[String]) {
    for blade in blades {
        for format in [Format::Table, Format::Json, Format::Csv, Format::Plain] {
            let out = once(
                &stage.world,
                stage.now,
                &Actor::Observer,
                blade,
                format,
                100,
            )
            .unwrap();
            // Without titles, a list of nothing is nothing.
            let nothing = out.is_empty() && format == Format::Plain;
            assert!(nothing || out.ends_with('\n'), "{blade} {format:?}");
            let bad = out.chars().find(|c| acts(*c) && !matches!(c, '\n' | '\t'));
            assert_eq!(bad, None, "{blade} {format:?}");
            if format == Format::Json {
                let value: serde_json::Value = serde_json::from_str(&out).unwrap();
                assert!(value.is_array());
            }
        }
    }
}

#[test]
fn once_says_what_it_does_not_know() {
    let stage = wide();
    let ask = |blade: &str| {
        once(
            &stage.world,
            stage.now,
            &Actor::Observer,
            blade,
            Format::Table,
            80,
        )
        .unwrap_err()
    };
    assert!(ask("requets").remedy.contains("Did you mean requests?"));
    assert_eq!(ask("request/LB-999999").status, 404);
}

/// Strings made of what terminals, bidi algorithms, mail readers and spreadsheets act on.
struct Hostile(u64);

impl Hostile {
    fn next(&mut self) -> String {
        const PIECES: [&str; 24] = [
            "\u{1b}[2J",
            "\u{1b}]52;c;AAAA\u{7}",
            "\u{1b}]0;title\u{1b}\\",
            "\u{9b}31m",
            "\u{90}q\u{9c}",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}\u{200d}\u{feff}",
            "\u{e0041}\u{e007f}",
            "\u{2028}\u{2029}",
            "\r\n",
            "\n\n",
            "\t",
            "\u{8}\u{7f}",
            "\0",
            "=HYPERLINK(\"x\")",
            "한국어",
            "東京🔑",
            "e\u{301}\u{301}\u{301}",
            "👩\u{200d}👩\u{200d}👧",
            "plain words",
            "┃ APPROVED",
            "\u{fff9}\u{fffb}",
            "\u{115f}\u{3164}",
        ];
        let mut text = String::new();
        for _ in 0..6 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(PIECES[usize::try_from(self.0 >> 33).unwrap() % PIECES.len()]);
        }
        text
    }
}

#[test]
fn five_thousand_hostile_strings_let_no_control_character_onto_the_screen_or_into_print() {
    let mut hostile = Hostile(42);
    for round in 0..640 {
        let mut stage = Stage::new();
        let mut name = |id: &str, side: Side, stage: &mut Stage| {
            let person = Person {
                id: id.into(),
                name: hostile.next().into(),
                upn: format!("{id}@x.example").into(),
                mail: Some("x@x.example".into()),
                side,
                isolated_identity: true,
                mfa: true,
            };
            let add = people::Command::AddPerson(person);
            stage.act(&Actor::Simulator, add).unwrap();
        };
        name("eve", Side::Vendor(VendorRole::DevOpsEngineer), &mut stage);
        name("mal", Side::Customer("contoso".into()), &mut stage);
        let owner = Assignment {
            scope: Scope::Subscription("c".into()),
            principal: Principal::Person("mal".into()),
            role: Role::Owner,
        };
        stage
            .act(&Actor::Simulator, people::Command::Assign(owner))
            .unwrap();
        let mut open = opening("c");
        open.title = format!("t {}", hostile.next()).into();
        open.description = format!("d {}", hostile.next()).into();
        stage
            .act(&person("mal"), ticket::Command::Open(open))
            .unwrap();
        let id = stage.world.lockbox.tickets.get_max().unwrap().0;
        let tried = ticket::Command::TryTools {
            ticket: id,
            text: format!("x {}", hostile.next()).into(),
            sufficed: false,
        };
        stage.act(&person("sue"), tried).unwrap();
        stage.escalate(id, "eve");
        let ask = Submit {
            justification: format!("j {}", hostile.next()).into(),
            ..access(id, &["c/web/vm-windows"])
        };
        let jit = stage.submit("eve", ask).unwrap();
        let request = stage.world.lockbox.jits[&jit].request.unwrap();
        let mut scene = Scene::new(stage, person("mal"), (80, 24));
        scene.press("g p").check();
        scene.press("a");
        scene.input(Input::Paste(hostile.next()));
        scene.check();
        scene.press("esc");
        let decide = request::Command::Decide {
            request,
            approve: true,
            reason: format!("r {}", hostile.next()).into(),
        };
        scene.stage.act(&person("mal"), decide).unwrap();
        for keys in ["g r enter", "G", "g t enter", "g m enter", "g l", "P"] {
            scene.press(keys).check();
        }
        let stage = &scene.stage;
        let blade = ["requests", "tickets", "mail", "activity"][round % 4];
        let page = format!("request/{request}");
        for (what, format) in [
            (blade, Format::Csv),
            (blade, Format::Json),
            (page.as_str(), Format::Table),
        ] {
            let out = once(&stage.world, stage.now, &person("mal"), what, format, 80).unwrap();
            let bad = out.chars().find(|c| acts(*c) && *c != '\n');
            assert_eq!(bad, None, "{what} {format:?}");
        }
    }
}
