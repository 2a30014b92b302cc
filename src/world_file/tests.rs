//! Tests of world files.

use std::collections::BTreeSet;

use super::check::{check, elapse};
use super::{DEMO, DEMO_NAME, SIZE_MAX, WorldFile, parse};
use crate::engine::lockbox::jit::{self, Bypass};
use crate::engine::lockbox::ticket::Phase;
use crate::engine::lockbox::{grant, request::Status};
use crate::engine::resources::ResourceKind;
use crate::engine::text::{Untrusted, acts};
use crate::engine::{self, Command, SimTime, Span, World};

fn play(text: &str) -> World {
    let file = parse("test.toml", text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let mut world = World::default();
    for (at, actor, command) in file.founding() {
        elapse(&mut world, at);
        world = engine::draft(&world, at, &actor, &command).unwrap().world;
    }
    world
}

#[test]
fn the_demo_world_checks_clean() {
    match check(DEMO_NAME, DEMO) {
        Ok(summary) => assert_eq!(summary.tenants, 3),
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"));
        }
    }
}

#[test]
fn the_same_file_founds_the_same_world_twice() {
    let twice = [play(DEMO), play(DEMO)].map(|world| engine::digest(&world));
    assert_eq!(twice[0], twice[1]);
}

fn statuses(world: &World) -> BTreeSet<Status> {
    world.lockbox.requests.values().map(|r| r.status).collect()
}

#[test]
fn the_demo_world_holds_everything_there_is_to_see() {
    let world = play(DEMO);
    assert!(world.stories.skipped.is_empty());
    assert_eq!(world.people.tenants.len(), 3);
    assert!(world.people.persons.len() >= 40);
    assert!(world.resources.resources.len() >= 60);
    assert!(
        world.lockbox.tickets.len() >= 30,
        "{}",
        world.lockbox.tickets.len()
    );
    let all: BTreeSet<Status> = Status::ALL.iter().copied().collect();
    assert_eq!(statuses(&world), all);
    let phases: BTreeSet<Phase> = world.lockbox.tickets.values().map(|t| t.phase).collect();
    assert_eq!(phases.len(), Phase::ALL.len(), "{phases:?}");
    let bypasses: BTreeSet<Bypass> = world
        .lockbox
        .jits
        .values()
        .filter_map(|j| j.bypass)
        .collect();
    assert_eq!(bypasses.len(), Bypass::ALL.len(), "{bypasses:?}");
    let readable: BTreeSet<bool> = world
        .lockbox
        .jits
        .values()
        .filter_map(|j| j.readable)
        .collect();
    assert_eq!(
        readable.len(),
        2,
        "an exposure that could be read and one that could not"
    );
    let kinds: BTreeSet<_> = world.resources.resources.values().map(|r| r.kind).collect();
    assert_eq!(kinds.len(), ResourceKind::ALL.len(), "{kinds:?}");
    let states: BTreeSet<_> = world.lockbox.jits.values().map(|j| j.state).collect();
    assert_eq!(states.len(), jit::State::ALL.len(), "{states:?}");
    let grants: BTreeSet<_> = world.lockbox.grants.values().map(|g| g.status).collect();
    assert_eq!(grants.len(), grant::Status::ALL.len(), "{grants:?}");
}

#[test]
fn the_demo_queue_of_the_default_person_is_worth_triaging() {
    let world = play(DEMO);
    let me = world.default_person.clone().unwrap();
    assert_eq!(me.as_str(), "minji.kim");
    assert!(world.owners(&"contoso-prod".into()).contains(&me));
    let mine: Vec<_> = world
        .lockbox
        .pending
        .iter()
        .filter_map(|(_, id)| world.lockbox.requests.get(id))
        .filter(|r| r.subscription.as_str() == "contoso-prod")
        .collect();
    assert!((6..=10).contains(&mine.len()), "{}", mine.len());
    let now = world.opens_at;
    assert!(
        mine.iter()
            .any(|r| now.until(r.expires_at) <= Span::hours(1))
    );
    assert!(
        mine.iter()
            .any(|r| r.created_at.until(now) <= Span::minutes(10))
    );
    let hostile = |text: &Untrusted| {
        text.raw()
            .chars()
            .any(|c| acts(c) && c != '\n' && c != '\r')
    };
    assert!(mine.iter().any(|r| hostile(&r.justification)));
    assert!(
        mine.iter()
            .any(|r| r.justification.raw().len() > 1_000 && r.justification.raw().contains("접속"))
    );
    let unanswerable = world
        .lockbox
        .requests
        .values()
        .filter(|r| world.nobody_can_approve(r));
    assert!(unanswerable.count() >= 1);
    let open_sessions = world.lockbox.grants.values().filter(|g| {
        g.status == grant::Status::Active
            && g.sessions
                .iter()
                .any(|s| s.closed_at.is_none() && !s.actions.is_empty())
    });
    let guests: BTreeSet<bool> = open_sessions
        .flat_map(|g| &g.sessions)
        .filter_map(|s| world.resources.resources.get(&s.resource))
        .map(|r| r.kind.windows_guest())
        .collect();
    assert_eq!(guests.len(), 2, "a Windows and a Linux session are open");
}

#[test]
fn five_untouched_days_skip_nothing_and_bring_news() {
    let mut world = play(DEMO);
    let before = (world.lockbox.tickets.len(), world.lockbox.requests.len());
    assert!(world.stories.underway.len() >= 10);
    let end = world.opens_at + Span::days(5);
    elapse(&mut world, end);
    assert!(
        world.stories.skipped.is_empty(),
        "{:?}",
        world.stories.skipped
    );
    assert!(world.lockbox.tickets.len() >= before.0 + 8);
    assert!(world.lockbox.requests.len() >= before.1 + 10);
    assert!(world.stories.underway.is_empty());
}

const GENERATED: &str = include_str!("../../demo-data/hundred-thousand.toml");

/// The generated world with fewer requests, so that a test build plays it quickly.
fn generated(requests: u64, pending: u64) -> String {
    GENERATED
        .replace("requests = 100_000", &format!("requests = {requests}"))
        .replace("pending = 2_000", &format!("pending = {pending}"))
}

#[test]
fn the_generator_gives_exactly_the_number_asked_and_exactly_that_many_wait() {
    for (requests, pending) in [(1_500, 120), (40, 40), (25, 0), (1, 1)] {
        let world = play(&generated(requests, pending));
        assert_eq!(world.lockbox.requests.len() as u64, requests);
        assert_eq!(world.lockbox.pending.len() as u64, pending);
        assert!(world.stories.skipped.is_empty(), "{:?}", world.stories.skipped);
    }
}

#[test]
fn the_generated_mix_is_the_one_asked_for() {
    let summary = check("g.toml", &generated(2_000, 100)).unwrap();
    let count = |status: &str| summary.statuses.get(status).copied().unwrap_or(0);
    assert!((100..=220).contains(&count("Denied")), "{summary:?}");
    assert!((200..=380).contains(&count("Expired")), "{summary:?}");
    assert!((20..=110).contains(&count("Revoked")), "{summary:?}");
    assert!((1_200..=1_600).contains(&count("Completed")), "{summary:?}");
}

#[test]
fn generated_stories_come_in_order_of_time_the_same_every_time_and_begin_at_once() {
    let file = parse("g.toml", GENERATED).unwrap();
    let heads = |n: usize| -> Vec<_> { file.founding().take(n).collect() };
    let first = heads(3_000);
    assert_eq!(first, heads(3_000));
    assert!(first.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    // All hundred thousand, without playing them: in order, none missing, the last one lets time pass.
    let mut before = SimTime::default();
    let mut stories = 0;
    let mut last = None;
    for (at, _, command) in file.founding() {
        assert!(at >= before);
        before = at;
        stories += usize::from(matches!(command, Command::Story(_)));
        last = Some((at, command));
    }
    assert_eq!(stories, 100_000);
    assert_eq!(last, Some((file.opens_at(), Command::Elapse)));
}

#[test]
fn another_seed_makes_another_history() {
    let other = GENERATED.replace("seed = 7", "seed = 8");
    let (a, b) = (parse("a", GENERATED).unwrap(), parse("b", &other).unwrap());
    let tail = |file: &WorldFile| file.founding().skip(60).take(50).collect::<Vec<_>>();
    assert_ne!(tail(&a), tail(&b));
}

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
domain = "contoso.com"
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
        ("plan = \"developer\"", "plan = \"develper\"", "tenant[0].plan", Some("developer")),
        ("default_person = \"minji.kim\"", "default_person = \"minji.kin\"", "world.default_person", Some("minji.kim")),
        ("opens_at = \"2020-11-22T09:00:00Z\"", "opens_at = \"tomorrow\"", "world.opens_at", None),
        ("history_from = \"2020-11-08T00:00:00Z\"", "history_from = \"2021-11-08T00:00:00Z\"", "world.history_from", None),
        ("vendor = \"support-engineer\"", "vendor = \"suport-engineer\"", "person[1].vendor", Some("support-engineer")),
        ("vendor = \"support-engineer\"", "vendor = \"support-engineer\"\nmfa = \"yes\"", "person[1].mfa", None),
        ("id = \"amir.hassan\"", "id = \"minji.kim\"", "person[1].id", None),
        ("id = \"amir.hassan\"", "id = \"amir hassan\"", "person[1].id", None),
        ("name = \"Production\"\ntenant = \"contoso\"", "name = \"Production\"\ntenant = \"contosso\"", "subscription[0].tenant", Some("contoso")),
        ("kind = \"vm-windows\"", "kind = \"vm-window\"", "resource_group[0].resource[0].kind", Some("vm-windows")),
        ("kind = \"vm-windows\" }", "kind = \"vm-windows\", events_to = \"law-02\" }", "resource_group[0].resource[0].events_to", Some("law-01")),
        ("kind = \"vm-windows\" }", "kind = \"vm-windows\", events_to = \"web-01\" }", "resource_group[0].resource[0].events_to", None),
        ("name = \"law-01\"", "name = \"web-01\"", "resource_group[0].resource[1].name", None),
        ("role = \"owner\"", "role = \"ovner\"", "assignment[0].role", Some("owner")),
        ("people = [\"minji.kim\"]", "people = [\"minij.kim\"]", "assignment[0].people[0]", Some("minji.kim")),
        ("subscription = \"contoso-prod\"\npeople", "subscription = \"contoso-prd\"\npeople", "assignment[0].subscription", Some("contoso-prod")),
        ("request-expiry = \"4d\"", "request-expire = \"4d\"", "rules.request-expire", Some("request-expiry")),
        ("request-expiry = \"4d\"", "request-expiry = \"4 days\"", "rules.request-expiry", None),
        ("then = \"clear\"", "then = \"cleer\"", "jit_rule[0].then", Some("clear")),
        ("do = \"open\"", "do = \"opn\"", "story[0].step[0].do", Some("open")),
        ("by = \"minji.kim\"", "by = \"minji.kam\"", "story[0].step[0].by", Some("minji.kim")),
        ("by = \"minji.kim\"", "by = \"amir.hassan\"", "story[0].step[0].by", None),
        ("title = \"Slow\"", "tilte = \"Slow\"", "story[0].step[0].tilte", Some("title")),
        ("title = \"Slow\"", "title = \"  \"", "story[0].step[0].title", None),
        ("at = \"2020-11-20T08:00:00Z\"", "at = \"2020-11-01T08:00:00Z\"", "story[0].step[0].at", None),
        ("after = \"20m\"", "after = \"20 minutes\"", "story[0].step[1].after", None),
        ("after = \"20m\"", "at = \"2020-11-19T08:00:00Z\"", "story[0].step[1].at", None),
        ("after = \"20m\"", "after = \"20m\"\nreason = \"x\"", "story[0].step[1].reason", None),
        ("resources = [\"web-01\"]", "resources = [\"web-011\"]", "story[0].step[2].resources[0]", Some("web-01")),
        ("level = \"reader\"", "level = \"raeder\"", "story[0].step[2].level", Some("reader")),
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
        let found = found.unwrap_or_else(|| panic!("{to}: wanted {field} at {line}, got {errors:#?}"));
        assert_eq!(found.nearest.as_deref(), *near, "{to}: {found}");
        assert_eq!(found.file, "broken.toml");
        let text = broken.lines().nth(line - 1).unwrap();
        assert!(found.column >= 1 && found.column <= text.chars().count() + 1, "{found}");
    }
}

#[test]
fn a_missing_field_is_named_at_its_table() {
    for (line, field) in [
        ("domain = \"contoso.com\"\n", "tenant[0].domain"),
        ("plan = \"developer\"\n", "tenant[0].plan"),
        ("location = \"koreacentral\"\n", "resource_group[0].location"),
        ("do = \"open\"\n", "story[0].step[0].do"),
        ("by = \"minji.kim\"\n", "story[0].step[0].by"),
        ("resources = [\"web-01\"]\n", "story[0].step[2].resources"),
        ("justification = \"Read the event log.\"\n", "story[0].step[2].justification"),
    ] {
        let errors = parse("broken.toml", &SOUND.replacen(line, "", 1)).expect_err(line);
        assert!(errors.iter().any(|e| e.field == field), "{line}: {errors:#?}");
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
    assert_eq!(fields, ["tenant[0].plan", "assignment[0].role", "story[0].step[2].do"]);
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
    for text in ["", "\u{1b}[2J", "a = 1", "[[[", "world = 3", "[world]\u{202e}"] {
        let errors = parse("x.toml", text).unwrap_err();
        let shown: String = errors.iter().map(ToString::to_string).collect();
        assert!(!shown.is_empty() && !shown.chars().any(acts), "{shown:?}");
    }
}

#[test]
fn no_mutilation_of_a_sound_file_makes_the_reader_panic() {
    let chars: Vec<char> = SOUND.chars().collect();
    for n in 0..300u64 {
        let at = usize::from(engine::random::bytes(1, "cut", n)[0]) * chars.len() / 256;
        let mut broken: String = chars[..at].iter().collect();
        broken.extend(chars.iter().skip(at + 1 + (n as usize % 9)));
        let _ = check("cut.toml", &broken);
    }
}
