//! Nothing promised goes untested: every rule and error id of the issue is registered and named by a test.

use std::collections::BTreeSet;

use lockbox::engine::{errors, rules};

/// Ids in test names: `fn r_lock_19_20_…` names R-LOCK-19 and R-LOCK-20; `fn e_gr_03_e_gr_04_…` both errors.
fn named_by_tests() -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for source in [
        include_str!("rules.rs"),
        include_str!("errors.rs"),
        include_str!("ingestion.rs"),
        include_str!("modelled.rs"),
        include_str!("keys/encryption.rs"),
        include_str!("keys/errors_of_clusters.rs"),
        include_str!("keys/errors_of_vaults.rs"),
        include_str!("keys/errors_of_workspaces.rs"),
        include_str!("keys/permissions.rs"),
        include_str!("keys/rules_of_clusters.rs"),
        include_str!("keys/rules_of_vaults.rs"),
        include_str!("keys/rules_of_workspaces.rs"),
    ] {
        let mut test = false;
        for line in source.lines() {
            if line.trim() == "#[test]" {
                test = true;
                continue;
            }
            let Some(name) = line
                .trim()
                .strip_prefix("fn ")
                .filter(|_| std::mem::take(&mut test))
            else {
                continue;
            };
            let words: Vec<&str> = name
                .split('(')
                .next()
                .unwrap_or_default()
                .split('_')
                .collect();
            let mut family: Option<String> = None;
            for pair in words.windows(2) {
                if matches!(pair[0], "r" | "e") {
                    family = Some(format!("{}-{}", pair[0], pair[1]).to_uppercase());
                } else if pair[0].len() == 2
                    && pair[0].bytes().all(|b| b.is_ascii_digit())
                    && let Some(family) = &family
                {
                    ids.insert(format!("{family}-{}", pair[0]));
                }
            }
        }
    }
    ids
}

fn range(prefix: &str, from: u32, to: u32) -> impl Iterator<Item = String> {
    let prefix = prefix.to_owned();
    (from..=to).map(move |n| format!("{prefix}-{n:02}"))
}

/// Rules that the engine alone cannot hold, because it has no key material: the tests that hold them.
const HELD_ELSEWHERE: [(&str, &str, &str); 3] = [
    (
        "R-CMK-12",
        include_str!("../../src/crypto/envelope.rs"),
        "a_derived_key_depends_on_all_three_and_is_hkdf",
    ),
    (
        "R-CMK-14",
        include_str!("../../src/logs/sealed.rs"),
        "a_swap_of_any_two_blocks_is_detected",
    ),
    (
        "R-CMK-16",
        include_str!("../journal/keys.rs"),
        "no_private_material_is_in_clear_in_any_file_and_after_a_purge_the_sealed_part_is_gone",
    ),
];

/// Rules about what does not exist here, so that there is nothing a test could do.
const NOTHING_TO_TEST: [(&str, &str); 3] = [
    ("R-CMK-18", "there is no portal"),
    (
        "R-BYOS-03",
        "there are no workbooks, dashboards, Logic Apps, notebooks or runbooks",
    ),
    ("R-BYOS-05", "a format that may change promises nothing"),
];

#[test]
fn every_rule_of_the_issues_is_registered_and_named_by_a_test() {
    let mut named = named_by_tests();
    for (rule, source, test) in HELD_ELSEWHERE {
        assert!(
            source.contains(&format!("fn {test}(")),
            "{rule}: {test} is gone"
        );
        named.insert(rule.to_owned());
    }
    named.extend(NOTHING_TO_TEST.map(|(rule, _)| rule.to_owned()));
    let registered: BTreeSet<String> = rules::STATEMENTS.iter().map(|s| s.id.to_owned()).collect();
    let wanted = range("R-LOCK", 1, 38)
        .chain(range("R-AUD", 1, 6))
        .chain(range("R-PERM", 1, 8))
        .chain(range("R-CMK", 1, 33))
        .chain(range("R-CMK", 38, 56))
        .chain(range("R-CLU", 1, 21))
        .chain(range("R-CLU", 25, 27))
        .chain(range("R-CLU", 30, 37))
        .chain(range("R-LNK", 1, 15))
        .chain(range("R-LNK", 20, 20))
        .chain(range("R-BYOS", 1, 11))
        .chain(range("R-ASY", 1, 8))
        .chain(range("R-KV", 1, 8))
        .chain(range("R-ING", 1, 3));
    let missing: Vec<String> = wanted.filter(|id| !registered.contains(id)).collect();
    assert!(
        missing.is_empty(),
        "not registered in engine/rules.rs: {missing:?}"
    );
    let unnamed: Vec<&String> = registered
        .iter()
        .filter(|id| !named.contains(*id))
        .collect();
    assert!(
        unnamed.is_empty(),
        "registered and named by no test: {unnamed:?}"
    );
}

#[test]
fn every_error_of_the_catalogue_is_named_by_a_test_and_rests_on_a_registered_rule() {
    let named = named_by_tests();
    let registered: BTreeSet<&str> = errors::ALL.iter().map(|e| e.id).collect();
    let wanted = range("E-LB", 1, 8)
        .chain(range("E-CC", 1, 15))
        .chain(range("E-CU", 1, 10))
        .chain(["E-CL-07", "E-CG-01", "E-CD-01", "E-CD-02"].map(str::to_owned))
        .chain(range("E-WL", 1, 9))
        .chain(range("E-WU", 1, 3))
        .chain(range("E-WS", 1, 4))
        .chain(range("E-LS", 1, 6))
        .chain(range("E-SS", 1, 3))
        .chain(range("E-QRY", 1, 3))
        .chain(range("E-ING", 1, 3))
        .chain(range("E-KV", 1, 18))
        .chain(["E-FLT-01", "E-ARM-07", "E-SUP-05", "E-SUP-06"].map(str::to_owned));
    let missing: Vec<String> = wanted
        .filter(|id| !registered.contains(id.as_str()))
        .collect();
    assert!(missing.is_empty(), "not in engine/errors.rs: {missing:?}");
    let unnamed: Vec<&str> = registered
        .iter()
        .copied()
        .filter(|id| !named.contains(*id))
        .collect();
    assert!(
        unnamed.is_empty(),
        "in the catalogue and named by no test: {unnamed:?}"
    );
    for error in errors::ALL {
        assert!(
            rules::STATEMENTS.iter().any(|s| s.id == error.rule),
            "{} rests on {}, which is not registered",
            error.id,
            error.rule
        );
    }
    assert_eq!(
        registered.len(),
        errors::ALL.len(),
        "an error id stands twice"
    );
}
