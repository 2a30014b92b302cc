//! Steps on vaults, keys, clusters and workspaces: every word of theirs works, and every mistake is named.

use super::play;
use crate::engine::Actor;
use crate::engine::cluster::State;
use crate::world_file::key_story::Do;
use crate::world_file::{check, parse};

/// A world whose one story uses every step there is, and that fits together.
pub(super) const SOUND: &str = include_str!("keys.toml");

#[test]
fn every_step_on_keys_and_clusters_is_done_as_written() {
    for word in Do::ALL {
        assert!(SOUND.contains(&format!("do = \"{word}\"")), "{word}");
    }
    let summary = check("keys.toml", SOUND).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(summary.stories_under_way, 0);
    let world = play(SOUND);
    let one = &world.clusters[&world.find_cluster(&Actor::Simulator, "laOne").unwrap()];
    assert_eq!((one.state, one.capacity), (State::Succeeded, 3500));
    assert_eq!(world.vaults.len(), 1, "the other one is purged");
}

#[test]
fn a_mistake_in_such_a_step_is_reported_with_its_line_its_field_and_the_nearest_word() {
    // (what to replace, by what, field without its story and step, nearest word)
    let cases: &[(&str, &str, &str, Option<&str>)] = &[
        (
            "do = \"vault-create\"",
            "do = \"vault-craete\"",
            "do",
            Some("vault-create"),
        ),
        ("do = \"unlink\"", "do = \"unlnik\"", "do", Some("unlink")),
        ("name = \"kv-a\"", "nmae = \"kv-a\"", "nmae", Some("name")),
        ("name = \"kv-a\"", "name = \"kv a\"", "name", None),
        (
            "group = \"rg-keys\"",
            "group = \"rg-kyes\"",
            "group",
            Some("rg-keys"),
        ),
        (
            "location = \"koreacentral\"\nsku",
            "location = \"koreacentrl\"\nsku",
            "location",
            Some("koreacentral"),
        ),
        (
            "sku = \"premium\"",
            "sku = \"premum\"",
            "sku",
            Some("premium"),
        ),
        (
            "retention_days = 7\n",
            "retention_days = \"7d\"\n",
            "retention_days",
            None,
        ),
        (
            "vault = \"kv-a\"\nkey",
            "vault = \"kv-aa\"\nkey",
            "vault",
            Some("kv-a"),
        ),
        (
            "key = \"cmk\"\nversion = 1",
            "key = \"cnk\"\nversion = 1",
            "key",
            Some("cmk"),
        ),
        ("version = 2", "version = 0", "version", None),
        (
            "version = \"current\"",
            "version = \"latest\"",
            "version",
            None,
        ),
        (
            "type = \"RSA-HSM\"",
            "type = \"RSA-HMS\"",
            "type",
            Some("RSA-HSM"),
        ),
        ("expires = \"2021", "expires = \"in 2021", "expires", None),
        (
            "principal = \"laOne\"",
            "principal = \"laOnee\"",
            "principal",
            Some("laOne"),
        ),
        (
            "principal = \"minji.kim\"",
            "principal = \"minji.kin\"",
            "principal",
            Some("minji.kim"),
        ),
        (
            "principal = \"laOne\"",
            "principal = \"law-01\"",
            "principal",
            None,
        ),
        ("\"wrapKey\"", "\"wrapkeys\"", "keys[1]", Some("wrapKey")),
        (
            "cluster = \"laOne\"\nvault",
            "cluster = \"laOn\"\nvault",
            "cluster",
            Some("laOne"),
        ),
        (
            "cluster = \"laOne\"\nvault",
            "cluster = \"law-01\"\nvault",
            "cluster",
            None,
        ),
        ("capacity = 4000", "capacity = \"4000\"", "capacity", None),
        (
            "workspace = \"rg-logs/law-01\"",
            "workspace = \"rg-logs/law-1\"",
            "workspace",
            Some("rg-logs/law-01"),
        ),
        (
            "source = \"Query\"",
            "source = \"Querry\"",
            "source",
            Some("Query"),
        ),
        (
            "accounts = [\"stqueries\"]",
            "accounts = [\"stquerys\"]",
            "accounts[0]",
            Some("stqueries"),
        ),
        (
            "query = \"Heartbeat | count\"",
            "query = \" \"",
            "query",
            None,
        ),
        (
            "kind = \"throttling\"",
            "kind = \"throtling\"",
            "kind",
            Some("throttling"),
        ),
        ("for = \"5m\"", "for = \"five\"", "for", None),
        (
            "on = \"law-02\"",
            "on = \"law-02\"\nreason = \"a drill\"",
            "reason",
            None,
        ),
    ];
    for (from, to, field, near) in cases {
        let broken = SOUND.replacen(from, to, 1);
        assert_ne!(broken, SOUND, "{from} is not in the sound world");
        let errors = parse("broken.toml", &broken).expect_err(to);
        let changed = to.lines().find(|l| !from.contains(*l)).unwrap_or(to);
        let line = 1 + broken.lines().position(|l| l.contains(changed)).unwrap();
        let found = errors.iter().find(|e| {
            e.line == line && e.field.starts_with("story[0].step[") && e.field.ends_with(field)
        });
        let found =
            found.unwrap_or_else(|| panic!("{to}: wanted {field} at {line}, got {errors:#?}"));
        assert_eq!(found.nearest.as_deref(), *near, "{to}: {found}");
    }
}

#[test]
fn a_missing_field_of_such_a_step_is_named() {
    for (line, field) in [
        ("location = \"koreacentral\"\nsku", "location"),
        ("capacity = 4000\n", "capacity"),
        ("keys = [\"get\", \"wrapKey\", \"unwrapKey\"]\n", "keys"),
        ("by = \"amir.hassan\"\ncapacity", "by"),
        ("cluster = \"laOne\"\nvault", "cluster"),
        ("billing = \"workspaces\"\n", "billing"),
        ("accounts = [\"stqueries\"]\n", "accounts"),
        ("for = \"5m\"\n", "for"),
        ("on = \"law-02\"\n", "on"),
    ] {
        let cut = line.split_inclusive('\n').next().unwrap();
        let broken = SOUND.replacen(line, &line[cut.len()..], 1);
        assert_ne!(broken, SOUND, "{line}");
        let errors = parse("broken.toml", &broken).expect_err(line);
        let message = format!("The field {field} is missing.");
        assert!(
            errors.iter().any(|e| e.message == message),
            "{line}: {errors:#?}"
        );
    }
}

#[test]
fn a_step_the_world_refuses_is_reported_with_its_line_and_its_error() {
    for (from, to, id) in [
        ("version = 1\nexpires", "version = 3\nexpires", "E-KV-03"),
        ("capacity = 3500", "capacity = 3450", "E-CU-08"),
        ("soft_delete = true\n", "", "E-KV-15"),
        (
            "principal = \"laOne\"",
            "principal = \"stqueries\"",
            "E-CU-03",
        ),
        (
            "do = \"raise-capacity\"\nby = \"amir.hassan\"",
            "do = \"raise-capacity\"\nby = \"minji.kim\"",
            "E-SUP-05",
        ),
    ] {
        let broken = SOUND.replacen(from, to, 1);
        assert_ne!(broken, SOUND, "{from}");
        assert!(parse("broken.toml", &broken).is_ok(), "{to}");
        let errors = check("broken.toml", &broken).expect_err(to);
        assert_eq!(errors.len(), 1, "one report a story: {errors:#?}");
        assert!(errors[0].message.contains(id), "{to}: {}", errors[0]);
        let step = broken.lines().nth(errors[0].line - 1).unwrap();
        assert_eq!(step, "[[story.step]]");
    }
}

#[test]
fn what_holds_keys_or_logs_stands_in_a_region() {
    let to = "name = \"law-01\", location = \"koreacentrl\"";
    let broken = SOUND.replacen("name = \"law-01\"", to, 1);
    let errors = parse("broken.toml", &broken).unwrap_err();
    let found = errors
        .iter()
        .find(|e| e.field.ends_with("resource[0].location"));
    assert_eq!(
        found.and_then(|e| e.nearest.as_deref()),
        Some("koreacentral"),
        "{errors:#?}"
    );
}

#[test]
fn what_stands_in_two_groups_is_asked_for_by_its_full_name() {
    let twice = SOUND.replacen(
        "name = \"rg-keys\"\nlocation = \"koreacentral\"\n",
        "name = \"rg-keys\"\nlocation = \"koreacentral\"\nresource = [{ name = \"law-01\", kind = \"log-analytics-workspace\" }]\n",
        1,
    );
    let errors = parse("twice.toml", &twice).unwrap_err();
    let full = "contoso-prod/rg-keys/law-01 or contoso-prod/rg-logs/law-01";
    assert!(
        errors.iter().all(|e| e.message.contains(full)),
        "{errors:#?}"
    );
}
