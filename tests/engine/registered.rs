//! Nothing promised goes untested: every rule and error id of the issue is registered and named by a test.

use std::collections::BTreeSet;

use lockbox::engine::{errors, rules};

/// Ids in test names: `fn r_lock_19_20_…` names R-LOCK-19 and R-LOCK-20; `fn e_gr_03_e_gr_04_…` both errors.
fn named_by_tests() -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for source in [include_str!("rules.rs"), include_str!("errors.rs")] {
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

#[test]
fn every_rule_of_the_issue_is_registered_and_named_by_a_test() {
    let named = named_by_tests();
    let wanted = range("R-LOCK", 1, 38)
        .chain(range("R-AUD", 1, 6))
        .chain(["R-PERM-01".to_owned(), "R-PERM-08".to_owned()]);
    let registered: BTreeSet<String> = rules::STATEMENTS.iter().map(|s| s.id.to_owned()).collect();
    for id in wanted {
        assert!(
            registered.contains(&id),
            "{id} is not registered in engine/rules.rs"
        );
        assert!(named.contains(&id), "{id} is named by no test");
    }
    for id in &registered {
        assert!(
            named.contains(id),
            "{id} is registered and named by no test"
        );
    }
}

#[test]
fn every_error_of_the_catalogue_is_named_by_a_test_and_rests_on_a_registered_rule() {
    let named = named_by_tests();
    let registered: BTreeSet<&str> = errors::ALL.iter().map(|e| e.id).collect();
    for id in range("E-LB", 1, 8) {
        assert!(
            registered.contains(id.as_str()),
            "{id} is not in engine/errors.rs"
        );
    }
    for error in errors::ALL {
        assert!(named.contains(error.id), "{} is named by no test", error.id);
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
