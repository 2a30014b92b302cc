//! The encryption of a cluster as its key comes and goes (`domain.md` c.9, completed in `design.md` §4): every
//! input in every state, and the timelines of revocation, outage and rotation, exact to the microsecond.

use lockbox::engine::cluster::State;
use lockbox::engine::cluster::encryption::{Fact, Input, polls, reaction};
use lockbox::engine::cluster::operation::Status;
use lockbox::engine::event;
use lockbox::engine::ids::AccountId;
use lockbox::engine::ingestion::route::Loss;
use lockbox::engine::vault::trail::{Done, Outcome};

use super::*;

const MICRO: Span = Span::micros(1);
const POLL: Span = Span::seconds(60);

fn word(fact: &Fact) -> &'static str {
    match fact {
        Fact::Polled { .. } => "polled",
        Fact::Configured { .. } => "configured",
        Fact::RevocationNoticed { .. } => "noticed",
        Fact::RevocationLifted { .. } => "lifted",
        Fact::Revoked { .. } => "revoked",
        Fact::Resuming { .. } => "resuming",
        Fact::Resumed { .. } => "resumed",
        Fact::OutageNoticed { .. } => "silent",
        Fact::OutageBridged { .. } => "bridged",
        Fact::LiveSiteBegan { .. } => "livesite",
        Fact::LiveSiteEnded { .. } => "ended",
        Fact::BufferFull { .. } => "full",
        Fact::BufferDrained { .. } => "drained",
        Fact::BufferLost { .. } => "lost",
    }
}

/// Every input in every state. `-` is decided too: nothing new.
const TABLE: &str = "
                    ok       refused  unreachable  d-ok            d-refused d-unreachable key-updated buffer-ends
MmkOnly             -        -        -            -               -         -             configured  -
CmkActive           -        noticed  silent       -               -         -             -           -
RevocationPending   lifted   -        -            lifted          revoked   revoked       lifted      -
Revoked             resuming -        -            -               -         -             resuming    lost
Resuming            -        revoked  revoked      resumed         revoked   revoked       -           full
TransientOutage     bridged  noticed  -            bridged         noticed   livesite      bridged     -
LiveSite            ended    revoked  -            -               -         -             ended       full
Revoked+buffer      resuming -        -            -               -         -             resuming    lost
Resuming+buffer     -        revoked  revoked      resumed,drained revoked   revoked       -           full
LiveSite+buffer     ended,drained revoked -        -               -         -             ended,drained full
Resuming+full       -        revoked,lost revoked,lost resumed,drained revoked,lost revoked,lost -     full
LiveSite+full       ended,drained revoked,lost -   -               -         -             ended,drained full
";

#[test]
fn every_input_in_every_state_is_decided() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let found = stage.at(&ready.cluster).clone();
    // A buffer, as only an outage makes one; and a full one.
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::hours(8));
    stage.wait(Span::hours(1));
    let buffer = stage.at(&ready.cluster).protection.buffer;
    stage.wait(Span::hours(6));
    let full = stage.at(&ready.cluster).protection.buffer;
    assert!(buffer.is_some_and(|b| !b.full) && full.is_some_and(|b| b.full));

    let at = stage.now;
    let states = [
        Encryption::MicrosoftKey,
        Encryption::Active,
        Encryption::RevocationPending {
            changed_at: at,
            enforce_at: at,
        },
        Encryption::Revoked,
        Encryption::Resuming { until: at },
        Encryption::TransientOutage {
            since: at,
            live_site_at: at,
        },
        Encryption::LiveSite,
    ];
    let mut named = std::collections::BTreeSet::new();
    for row in TABLE.lines().filter(|l| !l.trim().is_empty()).skip(1) {
        let mut cells = row.split_whitespace();
        let name = cells.next().unwrap();
        let (state, extra) = name.split_once('+').unwrap_or((name, ""));
        named.insert(state);
        let mut cluster = found.clone();
        cluster.protection.state = states.iter().find(|s| s.word() == state).unwrap().clone();
        cluster.protection.buffer = match extra {
            "" => None,
            "buffer" => buffer,
            _ => full,
        };
        for input in Input::ALL {
            let facts = reaction(&stage.world, &cluster, at, input);
            let words: Vec<_> = facts.iter().map(word).collect();
            let expected = cells.next().unwrap();
            let said = if words.is_empty() {
                "-".to_owned()
            } else {
                words.join(",")
            };
            assert_eq!(said, expected, "{name} and {input:?}");
        }
        assert_eq!(cells.next(), None);
    }
    assert_eq!(named.len(), states.len(), "every state has a row");
}

/// What a person sees of a cluster at an instant.
fn seen(stage: &Stage, ready: &Ready) -> (&'static str, bool, &'static str) {
    (
        stage.encryption(&ready.cluster).word(),
        stage.readable(&ready.workspace),
        stage.route(&ready.workspace).words(),
    )
}

const ACTIVE: (&str, bool, &str) = ("CmkActive", true, "cluster, your key");
const PENDING: (&str, bool, &str) = ("RevocationPending", true, "cluster, your key");
const REVOKED: (&str, bool, &str) = ("Revoked", false, "DATA LOST");
const RESUMING: (&str, bool, &str) = ("Resuming", false, "DATA LOST");
const OUTAGE: (&str, bool, &str) = ("TransientOutage", true, "cluster, your key");
const LIVE_SITE: (&str, bool, &str) = ("LiveSite", false, "outage buffer, Microsoft key");
const OVERFLOW: (&str, bool, &str) = ("LiveSite", false, "DATA LOST");

/// Waits for the first poll after a change, which comes within a minute (R-CMK-49).
fn next_poll(stage: &mut Stage, ready: &Ready) -> SimTime {
    let at = stage
        .at(&ready.cluster)
        .protection
        .next_watched_poll()
        .expect("a change is looked at");
    assert!(at > stage.now && at <= stage.now + POLL);
    stage.until(at);
    at
}

fn facts(stage: &Stage) -> Vec<&'static str> {
    stage
        .journal
        .iter()
        .filter_map(|e| match &e.fact {
            event::Fact::Encryption(fact) => Some(word(fact)),
            _ => None,
        })
        .filter(|w| *w != "polled")
        .collect()
}

type Revoke = fn(&mut Stage, &Ready);

/// The cluster's identity keeps two of its three permissions (R-CMK-39: each is needed).
fn left_with(stage: &mut Stage, ready: &Ready, one: usize, other: usize) {
    let identity = stage.identity(&ready.cluster);
    let rest = [CLUSTER_NEEDS[one], CLUSTER_NEEDS[other]];
    stage.policy(&ready.key.vault, identity, &rest);
}

fn granted(stage: &mut Stage, ready: &Ready) {
    stage.grant(&ready.cluster, &ready.key.vault);
}

/// The ways to revoke, and how each is taken back.
fn ways() -> [(&'static str, Revoke, Revoke); 7] {
    [
        (
            "disable",
            |s, r| s.enable(&r.key, false),
            |s, r| s.enable(&r.key, true),
        ),
        (
            "policy deleted",
            |s, r| s.revoke_policy(r),
            |s, r| s.grant(&r.cluster, &r.key.vault),
        ),
        ("unwrapKey removed", |s, r| left_with(s, r, 0, 1), granted),
        ("wrapKey removed", |s, r| left_with(s, r, 0, 2), granted),
        ("get removed", |s, r| left_with(s, r, 1, 2), granted),
        (
            "key deleted",
            |s, r| {
                s.ann(key::Command::Delete {
                    vault: r.key.vault.clone(),
                    key: r.key.key.clone(),
                });
            },
            |s, r| {
                s.ann(key::Command::Recover {
                    vault: r.key.vault.clone(),
                    key: r.key.key.clone(),
                });
            },
        ),
        (
            "vault deleted",
            |s, r| {
                s.ann(vault::Command::Delete {
                    vault: r.key.vault.clone(),
                });
            },
            |s, r| {
                s.ann(vault::Command::Recover {
                    vault: r.key.vault.clone(),
                });
            },
        ),
    ]
}

#[test]
fn r_cmk_38_39_40_41_42_43_every_way_to_revoke_is_enforced_an_hour_after_the_change() {
    for (way, revoke, _) in ways() {
        let mut stage = Stage::keys();
        let ready = stage.ready();
        assert_eq!(seen(&stage, &ready), ACTIVE);
        revoke(&mut stage, &ready);
        let changed = stage.now;
        assert_eq!(seen(&stage, &ready), ACTIVE, "{way}: nobody has looked yet");
        next_poll(&mut stage, &ready);
        assert_eq!(seen(&stage, &ready), PENDING, "{way}");
        assert_eq!(
            stage.encryption(&ready.cluster),
            Encryption::RevocationPending {
                changed_at: changed,
                enforce_at: changed + Span::hours(1)
            }
        );
        stage.until(changed + Span::hours(1) - MICRO);
        assert_eq!(seen(&stage, &ready), PENDING, "{way}");
        stage.until(changed + Span::hours(1));
        assert_eq!(seen(&stage, &ready), REVOKED, "{way}");
        assert_eq!(
            stage.route(&ready.workspace),
            Route::Dropped(ready.cluster.clone(), Loss::Revoked)
        );
        // Nothing changes while nothing is done.
        let journal = stage.journal.len();
        stage.wait(Span::days(7));
        assert_eq!(seen(&stage, &ready), REVOKED, "{way}");
        assert_eq!(
            stage.journal.len(),
            journal,
            "{way}: quiet days cost nothing"
        );
    }
}

#[test]
fn r_cmk_40_within_the_hour_whatever_the_latency_and_the_seed() {
    for seed in 0..40 {
        for latency in ["0s", "1us", "10m", "1h"] {
            let mut stage = Stage::keys_seeded(seed);
            stage.set_rule("revocation-latency", latency);
            let ready = stage.ready();
            stage.wait(Span(i64::try_from(seed).unwrap() * 7_777_777));
            stage.enable(&ready.key, false);
            let changed = stage.now;
            let latency = stage.world.rules.revocation_latency;
            let noticed = next_poll(&mut stage, &ready);
            let enforced = noticed.max(changed + latency);
            if enforced > stage.now {
                stage.until(enforced - MICRO);
                assert_eq!(seen(&stage, &ready), PENDING);
            }
            stage.until(enforced);
            assert_eq!(seen(&stage, &ready), REVOKED);
            assert!(enforced - changed <= Span::hours(1));
        }
    }
}

#[test]
fn r_cmk_40_permission_back_before_the_hour_loses_nothing() {
    for (way, revoke, restore) in ways() {
        for back_after in [
            Span::minutes(5),
            Span::minutes(59),
            Span(Span::hours(1).0 - 1),
        ] {
            let mut stage = Stage::keys();
            let ready = stage.ready();
            revoke(&mut stage, &ready);
            let changed = stage.now;
            next_poll(&mut stage, &ready);
            stage.until(changed + back_after);
            restore(&mut stage, &ready);
            assert_eq!(
                seen(&stage, &ready),
                PENDING,
                "{way}: storage must look first"
            );
            // The next poll, or the poll at the deadline, whichever comes first.
            stage.until((changed + Span::hours(1)).max(stage.now + POLL));
            assert_eq!(seen(&stage, &ready), ACTIVE, "{way}");
            assert_eq!(facts(&stage), ["configured", "noticed", "lifted"]);
        }
    }
}

#[test]
fn r_cmk_46_after_two_hours_service_resumes_within_thirty_minutes() {
    for (way, revoke, restore) in ways() {
        let mut stage = Stage::keys();
        let ready = stage.ready();
        revoke(&mut stage, &ready);
        stage.wait(Span::hours(2));
        restore(&mut stage, &ready);
        let restored = stage.now;
        assert_eq!(seen(&stage, &ready), REVOKED, "{way}");
        let unwrapped = next_poll(&mut stage, &ready);
        assert!(unwrapped > restored);
        assert_eq!(seen(&stage, &ready), RESUMING, "{way}: still lost");
        // Counted from the change, so within the half hour of the unwrap in any case.
        stage.until(restored + Span::minutes(30) - MICRO);
        assert_eq!(seen(&stage, &ready), RESUMING, "{way}");
        stage.until(restored + Span::minutes(30));
        assert_eq!(seen(&stage, &ready), ACTIVE, "{way}");
    }
    for (latency, span) in [("0s", Span::ZERO), ("7m", Span::minutes(7))] {
        let mut stage = Stage::keys();
        stage.set_rule("resume-latency", latency);
        let ready = stage.ready();
        stage.enable(&ready.key, false);
        stage.wait(Span::hours(2));
        stage.enable(&ready.key, true);
        let unwrapped = next_poll(&mut stage, &ready);
        stage.until(unwrapped + span);
        assert_eq!(seen(&stage, &ready), ACTIVE);
    }
}

#[test]
fn r_cmk_46_a_key_that_goes_again_while_resuming_is_revoked_at_once() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.enable(&ready.key, false);
    stage.wait(Span::hours(2));
    stage.enable(&ready.key, true);
    next_poll(&mut stage, &ready);
    for silence in [false, true] {
        stage.wait(Span::minutes(3));
        assert_eq!(seen(&stage, &ready), RESUMING);
        if silence {
            stage.fault(&ready.key.vault, FaultKind::Outage, Span::minutes(10));
        } else {
            stage.enable(&ready.key, false);
        }
        next_poll(&mut stage, &ready);
        assert_eq!(seen(&stage, &ready), REVOKED);
        if !silence {
            stage.enable(&ready.key, true);
            next_poll(&mut stage, &ready);
        }
    }
}

#[test]
fn r_cmk_51_five_and_twenty_nine_minutes_of_silence_have_no_effect() {
    for kind in FaultKind::ALL {
        for length in [
            Span::seconds(90),
            Span::minutes(5),
            Span::minutes(29),
            Span(Span::minutes(30).0 - 1),
            // The last look at half an hour finds it back.
            Span::minutes(30),
        ] {
            let mut stage = Stage::keys();
            let ready = stage.ready();
            let fell = stage.now;
            stage.fault(&ready.key.vault, *kind, length);
            next_poll(&mut stage, &ready);
            assert_eq!(seen(&stage, &ready), OUTAGE, "{kind}");
            assert_eq!(
                stage.encryption(&ready.cluster),
                Encryption::TransientOutage {
                    since: fell,
                    live_site_at: fell + Span::minutes(30)
                }
            );
            stage.until(fell + length - MICRO);
            assert_eq!(seen(&stage, &ready), OUTAGE, "{kind} {length}");
            stage.until(fell + length + POLL);
            assert_eq!(seen(&stage, &ready), ACTIVE, "{kind} {length}");
            assert_eq!(facts(&stage), ["configured", "silent", "bridged"]);
        }
    }
    // A blink that no poll fell into leaves the state alone.
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.fault(&ready.key.vault, FaultKind::Transient, MICRO);
    next_poll(&mut stage, &ready);
    assert_eq!(facts(&stage), ["configured"]);
}

#[test]
fn r_cmk_52_53_54_thirty_one_and_forty_five_minutes_are_a_live_site_whose_buffer_is_drained() {
    for kind in FaultKind::ALL {
        for minutes in [31, 45] {
            let mut stage = Stage::keys();
            let ready = stage.ready();
            let fell = stage.now;
            stage.fault(&ready.key.vault, *kind, Span::minutes(minutes));
            stage.until(fell + Span::minutes(30) - MICRO);
            assert_eq!(seen(&stage, &ready), OUTAGE);
            stage.until(fell + Span::minutes(30));
            assert_eq!(seen(&stage, &ready), LIVE_SITE);
            let buffer = stage.at(&ready.cluster).protection.buffer.unwrap();
            assert_eq!((buffer.since, buffer.full), (stage.now, false));
            assert_eq!(buffer.until, stage.now + Span::hours(6));
            stage.until(fell + Span::minutes(minutes));
            assert_eq!(seen(&stage, &ready), LIVE_SITE, "not looked yet");
            next_poll(&mut stage, &ready);
            assert_eq!(seen(&stage, &ready), ACTIVE);
            assert_eq!(stage.at(&ready.cluster).protection.buffer, None);
            let expected = ["configured", "silent", "livesite", "ended", "drained"];
            assert_eq!(facts(&stage), expected);
        }
    }
}

#[test]
fn r_cmk_53_seven_hours_are_more_than_the_buffer_holds() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let fell = stage.now;
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::hours(7));
    let horizon = fell + Span::minutes(30) + Span::hours(6);
    stage.until(horizon - MICRO);
    assert_eq!(seen(&stage, &ready), LIVE_SITE);
    stage.until(horizon);
    assert_eq!(seen(&stage, &ready), OVERFLOW);
    assert_eq!(
        stage.route(&ready.workspace),
        Route::Dropped(ready.cluster.clone(), Loss::BufferFull)
    );
    stage.restart();
    stage.until(fell + Span::hours(7));
    next_poll(&mut stage, &ready);
    assert_eq!(seen(&stage, &ready), ACTIVE);
    assert_eq!(
        facts(&stage),
        [
            "configured",
            "silent",
            "livesite",
            "full",
            "ended",
            "drained"
        ]
    );
}

#[test]
fn r_cmk_40_a_refusal_found_after_an_outage_counts_from_the_change() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let fell = stage.now;
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::minutes(20));
    stage.wait(Span::minutes(5));
    stage.revoke_policy(&ready);
    let changed = stage.now;
    stage.until(fell + Span::minutes(20));
    assert_eq!(seen(&stage, &ready), OUTAGE);
    next_poll(&mut stage, &ready);
    assert_eq!(seen(&stage, &ready), PENDING);
    stage.until(changed + Span::hours(1) - MICRO);
    assert_eq!(seen(&stage, &ready), PENDING);
    stage.until(changed + Span::hours(1));
    assert_eq!(seen(&stage, &ready), REVOKED);
}

/// A live site at whose end the vault refuses.
fn revoked_in_the_dark(hours: i64) -> (Stage, Ready, SimTime) {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let fell = stage.now;
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::hours(hours));
    stage.wait(Span::minutes(5));
    stage.revoke_policy(&ready);
    stage.until(fell + Span::hours(hours));
    assert!(!stage.readable(&ready.workspace));
    next_poll(&mut stage, &ready);
    assert_eq!(seen(&stage, &ready), REVOKED, "its hour is long over");
    (stage, ready, fell + Span::minutes(30) + Span::hours(6))
}

#[test]
fn r_cmk_53_a_buffer_is_kept_through_a_revocation_to_its_horizon() {
    let (mut stage, ready, horizon) = revoked_in_the_dark(2);
    let buffer = |stage: &Stage| stage.at(&ready.cluster).protection.buffer;
    let mut restored = stage.clone();
    restored.grant(&ready.cluster, &ready.key.vault);
    let unwrapped = next_poll(&mut restored, &ready);
    assert_eq!(seen(&restored, &ready), RESUMING);
    assert!(buffer(&restored).is_some());
    restored.until(unwrapped + Span::minutes(30));
    assert_eq!(seen(&restored, &ready), ACTIVE);
    assert_eq!(buffer(&restored), None);
    assert_eq!(
        facts(&restored)[3..],
        ["revoked", "resuming", "resumed", "drained"]
    );

    stage.until(horizon - MICRO);
    assert!(buffer(&stage).is_some());
    stage.until(horizon);
    assert_eq!(buffer(&stage), None);
    assert_eq!(facts(&stage)[3..], ["revoked", "lost"]);

    // The horizon has passed already: nothing is left to keep.
    let (stage, ready, _) = revoked_in_the_dark(7);
    assert_eq!(stage.at(&ready.cluster).protection.buffer, None);
    assert_eq!(facts(&stage)[2..], ["livesite", "full", "revoked", "lost"]);
}

#[test]
fn r_cmk_40_silence_does_not_move_the_deadline_of_a_revocation() {
    for restored in [false, true] {
        let mut stage = Stage::keys();
        let ready = stage.ready();
        stage.enable(&ready.key, false);
        let changed = stage.now;
        stage.wait(Span::minutes(10));
        if restored {
            // Back again, but storage cannot see it.
            stage.enable(&ready.key, true);
        }
        stage.fault(&ready.key.vault, FaultKind::Outage, Span::hours(2));
        next_poll(&mut stage, &ready);
        assert_eq!(seen(&stage, &ready), PENDING);
        stage.until(changed + Span::hours(1) - MICRO);
        assert_eq!(seen(&stage, &ready), PENDING);
        stage.until(changed + Span::hours(1));
        assert_eq!(seen(&stage, &ready), REVOKED);
        // Revoked and silent is still revoked; then it is as the key says.
        stage.until(changed + Span::minutes(131));
        let expected = if restored { RESUMING } else { REVOKED };
        assert_eq!(seen(&stage, &ready), expected);
    }
}

/// AEK numbers of a cluster under the customer's key.
fn aeks(stage: &Stage, ready: &Ready) -> Vec<Option<lockbox::engine::ids::AekId>> {
    let accounts = &stage.at(&ready.cluster).accounts;
    accounts.iter().map(|a| a.customer).collect()
}

#[test]
fn r_cmk_47_55_a_new_version_alone_changes_nothing_and_an_update_wraps_the_same_keys_anew() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let before = aeks(&stage, &ready);
    stage.ann(key::Command::NewVersion {
        vault: ready.key.vault.clone(),
        key: ready.key.key.clone(),
    });
    let new = stage.current(&ready.key.vault, "kek");
    assert_ne!(new.version, ready.key.version);
    stage.wait(Span::days(2));
    assert_eq!(seen(&stage, &ready), ACTIVE);
    assert_eq!(stage.at(&ready.cluster).key.as_ref(), Some(&ready.key));

    stage.ann(key_update(&ready.cluster, &new));
    assert_eq!(stage.at(&ready.cluster).key.as_ref(), Some(&ready.key));
    let updated = stage.now + Span::minutes(5);
    stage.until(updated);
    assert_eq!(seen(&stage, &ready), ACTIVE);
    assert_eq!(stage.at(&ready.cluster).key.as_ref(), Some(&new));
    assert_eq!(aeks(&stage, &ready), before, "no data is written anew");
    let wraps = stage.world.vaults[&new.vault]
        .trail
        .iter()
        .filter(|c| c.at == updated && c.done == Done::KeyWrap && c.outcome == Outcome::Served)
        .count();
    assert_eq!(wraps, before.len(), "every account's key is wrapped");

    // The old version is not needed any more.
    stage.enable(&ready.key, false);
    stage.wait(Span::hours(3));
    assert_eq!(seen(&stage, &ready), ACTIVE);
}

#[test]
fn r_cmk_48_56_the_wrong_order_revokes_and_the_update_heals() {
    for wait in [Span::minutes(10), Span::hours(3)] {
        let mut stage = Stage::keys();
        let ready = stage.ready();
        let before = aeks(&stage, &ready);
        let new = stage.key(&ready.key.vault, "kek");
        stage.enable(&ready.key, false);
        stage.wait(wait);
        let enforced = wait > Span::hours(1);
        assert_eq!(
            seen(&stage, &ready),
            if enforced { REVOKED } else { PENDING }
        );
        stage.ann(key_update(&ready.cluster, &new));
        stage.wait(Span(Span::minutes(5).0 - 1));
        assert_eq!(
            seen(&stage, &ready),
            if enforced { REVOKED } else { PENDING }
        );
        let last = |stage: &Stage| stage.at(&ready.cluster).protection.last_poll.clone();
        assert_eq!(last(&stage).map(|(_, it)| it.word()), Some("refused"));
        stage.wait(MICRO);
        // How calls with the old key went says nothing about the new one.
        assert_eq!(last(&stage), None);
        if enforced {
            assert_eq!(seen(&stage, &ready), RESUMING);
            stage.wait(Span(Span::minutes(30).0 - 1));
            assert_eq!(seen(&stage, &ready), RESUMING);
            stage.wait(MICRO);
        }
        assert_eq!(seen(&stage, &ready), ACTIVE);
        assert_eq!(aeks(&stage, &ready), before);
        stage.wait(Span::hours(3));
        assert_eq!(seen(&stage, &ready), ACTIVE);
        assert_eq!(last(&stage).map(|(_, it)| it.word()), Some("served"));
    }
}

#[test]
fn r_kv_07_an_update_cannot_open_what_a_purged_version_wrapped() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(key::Command::Delete {
        vault: ready.key.vault.clone(),
        key: ready.key.key.clone(),
    });
    stage.wait(Span::days(90));
    assert!(!stage.world.key_material(&ready.key));
    assert_eq!(seen(&stage, &ready), REVOKED);
    let other = stage.key(&ready.key.vault, "other");
    stage.ann(key_update(&ready.cluster, &other));
    stage.wait(Span::minutes(5));
    let operation = stage.last_operation();
    assert_eq!(operation.status, Status::Failed);
    let error = operation.error.as_ref().unwrap();
    assert_eq!(error.code, errors::CU_03.code);
    assert!(error.message.contains("purged"), "{}", error.message);
    let cluster = stage.at(&ready.cluster);
    assert_eq!(
        (cluster.state, &cluster.key),
        (State::Succeeded, &Some(ready.key.clone()))
    );
    assert_eq!(seen(&stage, &ready), REVOKED);
    // A key of the same name made later has other versions.
    let again = stage.key(&ready.key.vault, "kek");
    assert_ne!(again.version, ready.key.version);
    stage.wait(Span::hours(2));
    assert_eq!(seen(&stage, &ready), REVOKED);
}

#[test]
fn a_key_update_that_cannot_propagate_keeps_the_old_key_which_is_judged_by_itself() {
    // The new key goes while it propagates.
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let new = stage.key(&ready.key.vault, "kek");
    stage.ann(key_update(&ready.cluster, &new));
    stage.wait(Span::minutes(2));
    stage.enable(&new, false);
    stage.wait(Span::minutes(3));
    assert_eq!(stage.last_operation().status, Status::Failed);
    assert_eq!(stage.at(&ready.cluster).key.as_ref(), Some(&ready.key));
    stage.wait(Span::hours(2));
    assert_eq!(seen(&stage, &ready), ACTIVE);
    // The vault falls silent while it propagates.
    stage.enable(&new, true);
    stage.ann(key_update(&ready.cluster, &new));
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::minutes(10));
    stage.wait(Span::minutes(5));
    assert_eq!(stage.last_operation().status, Status::Failed);
    assert_eq!(seen(&stage, &ready), OUTAGE);
    stage.wait(Span::minutes(6));
    assert_eq!(seen(&stage, &ready), ACTIVE);
    assert_eq!(stage.at(&ready.cluster).key.as_ref(), Some(&ready.key));
}

#[test]
fn r_cmk_49_polls_come_every_six_to_sixty_seconds_as_the_seed_says() {
    let (mut least, mut most) = (POLL, Span::ZERO);
    for seed in 0..60 {
        let world = World {
            seed,
            ..World::default()
        };
        for account in 1..=4 {
            let from = SimTime(1_606_035_600_000_000 + i64::try_from(seed).unwrap() * 1_234_567);
            let first: Vec<_> = polls(&world, AccountId(account), from).take(200).collect();
            assert!(first[0] > from && first[0] - from <= POLL);
            for pair in first.windows(2) {
                let gap = pair[1] - pair[0];
                assert!(gap >= Span::seconds(6) && gap <= POLL, "{gap}");
                (least, most) = (least.min(gap), most.max(gap));
            }
            // Asked from anywhere, they are the same polls.
            let later: Vec<_> = polls(&world, AccountId(account), first[99])
                .take(100)
                .collect();
            assert_eq!(later, first[100..]);
        }
    }
    // The range is used.
    assert!(
        least < Span::seconds(8) && most > Span::seconds(58),
        "{least} {most}"
    );
}
