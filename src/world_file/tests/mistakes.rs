//! Every mistake is named with its line, its field and the nearest word; nothing makes the reader fall over.

use crate::engine::random;
use crate::engine::text::acts;
use crate::world_file::{SIZE_MAX, check, parse};

/// A small world that fits together, for breaking one line of it at a time.
const SOUND: &str = r#"
[world]
name = "Sound"
seed = 1
history_from = "2020-11-08T00:00:00Z"
opens_at = "2020-11-22T09:00:00Z"
default_person = "minji.kim"

[[tenant]]
id = "contoso"
name = "Contoso"
domain = "contoso.example"
plan = "developer"

[[person]]
id = "minji.kim"
name = "김민지"
tenant = "contoso"

[[person]]
id = "amir.hassan"
name = "Amir Hassan"
vendor = "support-engineer"

[[subscription]]
id = "contoso-prod"
name = "Production"
tenant = "contoso"

[[resource_group]]
subscription = "contoso-prod"
name = "rg-web"
location = "koreacentral"
resource = [
    { name = "web-01", kind = "vm-windows" },
    { name = "law-01", kind = "log-analytics-workspace" },
]

[[assignment]]
role = "owner"
subscription = "contoso-prod"
people = ["minji.kim"]

[rules]
request-expiry = "4d"

[[jit_rule]]
id = "all"
then = "clear"

[[story]]
id = "one"
subscription = "contoso-prod"

[[story.step]]
at = "2020-11-20T08:00:00Z"
do = "open"
by = "minji.kim"
title = "Slow"
description = "web-01 is slow."

[[story.step]]
after = "20m"
do = "try-tools"
text = "Nothing found from outside."

[[story.step]]
after = "5m"
do = "submit"
resources = ["web-01"]
level = "reader"
justification = "Read the event log."
"#;

#[test]
fn the_sound_world_is_sound() {
    let summary = check("sound.toml", SOUND).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(summary.statuses.get("Pending"), Some(&1));
}

/// Line (from 1) of the first line of the text that contains a piece.
fn line_of(text: &str, piece: &str) -> usize {
    1 + text.lines().position(|l| l.contains(piece)).unwrap()
}

#[test]
fn every_mistake_is_reported_with_its_line_its_field_and_the_nearest_word() {
    // (what to replace, by what, field, nearest word)
    let cases: &[(&str, &str, &str, Option<&str>)] = &[
        ("seed = 1", "sede = 1", "world.sede", Some("seed")),
        ("seed = 1", "seed = \"one\"", "world.seed", None),
        ("seed = 1", "seed = -1", "world.seed", None),
        ("[[tenant]]", "[[tenent]]", "tenent", Some("tenant")),
        (
            "plan = \"developer\"",
            "plan = \"develper\"",
            "tenant[0].plan",
            Some("developer"),
        ),
        (
            "default_person = \"minji.kim\"",
            "default_person = \"minji.kin\"",
            "world.default_person",
            Some("minji.kim"),
        ),
        (
            "opens_at = \"2020-11-22T09:00:00Z\"",
            "opens_at = \"tomorrow\"",
            "world.opens_at",
            None,
        ),
        (
            "history_from = \"2020-11-08T00:00:00Z\"",
            "history_from = \"2021-11-08T00:00:00Z\"",
            "world.history_from",
            None,
        ),
        (
            "vendor = \"support-engineer\"",
            "vendor = \"suport-engineer\"",
            "person[1].vendor",
            Some("support-engineer"),
        ),
        (
            "vendor = \"support-engineer\"",
            "vendor = \"support-engineer\"\nmfa = \"yes\"",
            "person[1].mfa",
            None,
        ),
        (
            "id = \"amir.hassan\"",
            "id = \"minji.kim\"",
            "person[1].id",
            None,
        ),
        (
            "id = \"amir.hassan\"",
            "id = \"amir hassan\"",
            "person[1].id",
            None,
        ),
        (
            "name = \"Production\"\ntenant = \"contoso\"",
            "name = \"Production\"\ntenant = \"contosso\"",
            "subscription[0].tenant",
            Some("contoso"),
        ),
        (
            "kind = \"vm-windows\"",
            "kind = \"vm-window\"",
            "resource_group[0].resource[0].kind",
            Some("vm-windows"),
        ),
        (
            "kind = \"vm-windows\" }",
            "kind = \"vm-windows\", events_to = \"law-02\" }",
            "resource_group[0].resource[0].events_to",
            Some("law-01"),
        ),
        (
            "kind = \"vm-windows\" }",
            "kind = \"vm-windows\", events_to = \"web-01\" }",
            "resource_group[0].resource[0].events_to",
            None,
        ),
        (
            "name = \"law-01\"",
            "name = \"web-01\"",
            "resource_group[0].resource[1].name",
            None,
        ),
        (
            "role = \"owner\"",
            "role = \"ovner\"",
            "assignment[0].role",
            Some("owner"),
        ),
        (
            "people = [\"minji.kim\"]",
            "people = [\"minij.kim\"]",
            "assignment[0].people[0]",
            Some("minji.kim"),
        ),
        (
            "subscription = \"contoso-prod\"\npeople",
            "subscription = \"contoso-prd\"\npeople",
            "assignment[0].subscription",
            Some("contoso-prod"),
        ),
        (
            "request-expiry = \"4d\"",
            "request-expire = \"4d\"",
            "rules.request-expire",
            Some("request-expiry"),
        ),
        (
            "request-expiry = \"4d\"",
            "request-expiry = \"4 days\"",
            "rules.request-expiry",
            None,
        ),
        (
            "then = \"clear\"",
            "then = \"cleer\"",
            "jit_rule[0].then",
            Some("clear"),
        ),
        (
            "do = \"open\"",
            "do = \"opn\"",
            "story[0].step[0].do",
            Some("open"),
        ),
        (
            "by = \"minji.kim\"",
            "by = \"minji.kam\"",
            "story[0].step[0].by",
            Some("minji.kim"),
        ),
        (
            "by = \"minji.kim\"",
            "by = \"amir.hassan\"",
            "story[0].step[0].by",
            None,
        ),
        (
            "title = \"Slow\"",
            "tilte = \"Slow\"",
            "story[0].step[0].tilte",
            Some("title"),
        ),
        (
            "title = \"Slow\"",
            "title = \"  \"",
            "story[0].step[0].title",
            None,
        ),
        (
            "at = \"2020-11-20T08:00:00Z\"",
            "at = \"2020-11-01T08:00:00Z\"",
            "story[0].step[0].at",
            None,
        ),
        (
            "after = \"20m\"",
            "after = \"20 minutes\"",
            "story[0].step[1].after",
            None,
        ),
        (
            "after = \"20m\"",
            "at = \"2020-11-19T08:00:00Z\"",
            "story[0].step[1].at",
            None,
        ),
        (
            "after = \"20m\"",
            "after = \"20m\"\nreason = \"x\"",
            "story[0].step[1].reason",
            None,
        ),
        (
            "resources = [\"web-01\"]",
            "resources = [\"web-011\"]",
            "story[0].step[2].resources[0]",
            Some("web-01"),
        ),
        (
            "level = \"reader\"",
            "level = \"raeder\"",
            "story[0].step[2].level",
            Some("reader"),
        ),
        ("name = \"Sound\"", "name = \"Sound", "", None),
    ];
    for (from, to, field, near) in cases {
        let broken = SOUND.replacen(from, to, 1);
        assert_ne!(broken, SOUND, "{from} is not in the sound world");
        let errors = parse("broken.toml", &broken).expect_err(to);
        let changed = to.lines().find(|l| !from.contains(*l)).unwrap_or(to);
        let line = if *field == "person[1].id" && *to == "id = \"minji.kim\"" {
            line_of(&broken, "name = \"Amir Hassan\"") - 1
        } else if field.ends_with("resource[1].name") {
            line_of(&broken, "kind = \"log-analytics-workspace\"")
        } else {
            line_of(&broken, changed)
        };
        let found = errors.iter().find(|e| e.field == *field && e.line == line);
        let found =
            found.unwrap_or_else(|| panic!("{to}: wanted {field} at {line}, got {errors:#?}"));
        assert_eq!(found.nearest.as_deref(), *near, "{to}: {found}");
        assert_eq!(found.file, "broken.toml");
        let text = broken.lines().nth(line - 1).unwrap();
        assert!(
            found.column >= 1 && found.column <= text.chars().count() + 1,
            "{found}"
        );
    }
}

#[test]
fn a_missing_field_is_named_at_its_table() {
    for (line, field) in [
        ("domain = \"contoso.example\"\n", "tenant[0].domain"),
        ("plan = \"developer\"\n", "tenant[0].plan"),
        (
            "location = \"koreacentral\"\n",
            "resource_group[0].location",
        ),
        ("do = \"open\"\n", "story[0].step[0].do"),
        ("by = \"minji.kim\"\n", "story[0].step[0].by"),
        ("resources = [\"web-01\"]\n", "story[0].step[2].resources"),
        (
            "justification = \"Read the event log.\"\n",
            "story[0].step[2].justification",
        ),
    ] {
        let errors = parse("broken.toml", &SOUND.replacen(line, "", 1)).expect_err(line);
        assert!(
            errors.iter().any(|e| e.field == field),
            "{line}: {errors:#?}"
        );
    }
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_file() {
    let broken = SOUND
        .replacen("plan = \"developer\"", "plan = \"gold\"", 1)
        .replacen("role = \"owner\"", "role = \"king\"", 1)
        .replacen("do = \"submit\"", "do = \"sumbit\"", 1);
    let errors = parse("broken.toml", &broken).unwrap_err();
    let fields: Vec<&str> = errors.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "tenant[0].plan",
            "assignment[0].role",
            "story[0].step[2].do"
        ]
    );
    let shown = errors[2].to_string();
    assert!(shown.starts_with("broken.toml:"), "{shown}");
    assert!(shown.ends_with("Did you mean submit?"), "{shown}");
}

#[test]
fn a_step_the_world_would_skip_is_reported_at_its_line() {
    let broken = SOUND.replacen("do = \"try-tools\"", "do = \"review\"", 1);
    assert!(parse("broken.toml", &broken).is_ok());
    let errors = check("broken.toml", &broken).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert_eq!(errors[0].field, "story[0].step[2]");
    assert_eq!(errors[0].line, line_of(&broken, "after = \"5m\"") - 1);
    assert!(errors[0].message.contains("E-JIT-02"), "{}", errors[0]);
}

#[test]
fn a_file_beyond_the_limit_and_a_file_of_nonsense_are_refused() {
    let errors = parse("big.toml", &"#".repeat(SIZE_MAX + 1)).unwrap_err();
    assert!(errors[0].message.contains("at most"), "{}", errors[0]);
    for text in [
        "",
        "\u{1b}[2J",
        "a = 1",
        "[[[",
        "world = 3",
        "[world]\u{202e}",
    ] {
        let errors = parse("x.toml", text).unwrap_err();
        let shown: String = errors.iter().map(ToString::to_string).collect();
        assert!(!shown.is_empty() && !shown.chars().any(acts), "{shown:?}");
    }
}

#[test]
fn no_mutilation_of_a_sound_file_makes_the_reader_panic() {
    for sound in [SOUND, super::keys::SOUND] {
        let chars: Vec<char> = sound.chars().collect();
        for n in 0..300u64 {
            let at = usize::from(random::bytes(1, "cut", n)[0]) * chars.len() / 256;
            let mut broken: String = chars[..at].iter().collect();
            broken.extend(chars.iter().skip(at + 1 + (n as usize % 9)));
            let _ = check("cut.toml", &broken);
        }
    }
}
