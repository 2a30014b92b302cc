//! Text from strangers: whatever is in any field, no control character reaches a sink of the console.

use lockbox::console::blades::WORDS;
use lockbox::console::{Format, once};
use lockbox::engine::Actor;
use lockbox::engine::text::acts;

use crate::scene::wide;

#[test]
fn once_lets_no_acting_character_out_in_any_format() {
    let stage = wide();
    let mut blades: Vec<String> = WORDS.iter().map(|(w, _)| (*w).to_owned()).collect();
    let lockbox = &stage.world.lockbox;
    blades.extend(lockbox.requests.keys().map(|id| format!("request/{id}")));
    blades.extend(lockbox.tickets.keys().map(|id| format!("ticket/{id}")));
    blades.extend(lockbox.grants.keys().map(|id| format!("grant/{id}")));
    blades.push("mail/ML-1".into());
    for blade in &blades {
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
            assert!(out.ends_with('\n'), "{blade} {format:?}");
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
