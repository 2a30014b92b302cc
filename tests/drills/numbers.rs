//! For every number of the rules there are drills that notice when it is another: at its boundary, on both sides
//! where the rules allow both.

use std::collections::BTreeSet;

use lockbox::drill::rehearse;
use lockbox::engine::rules::NUMBERS;

use crate::{drills, on_two_threads};

/// A number, another value of it, and a drill that must notice.
const NOTICED: &[(&str, &str, &str)] = &[
    ("request-expiry", "3d23h59m59s", "s03-expiry"),
    ("request-expiry", "4d1s", "s03-expiry"),
    ("grant-duration", "7h59m59s", "s01-happy-approve"),
    ("grant-duration", "8h1s", "s01-happy-approve"),
    ("grant-duration-max", "6d23h", "longest-grant"),
    ("grant-duration-max", "7d1h", "longest-grant"),
    ("minimum-plan", "standard", "s01-happy-approve"),
    ("minimum-plan", "basic", "s11-plan-too-low"),
    ("activity-lookback", "89d23h59m59s", "activity-lookback"),
    ("activity-lookback", "90d1s", "activity-lookback"),
    ("latency-initialize", "1s", "s01-happy-approve"),
    ("latency-decide", "1s", "s01-happy-approve"),
    ("latency-complete", "1s", "s01-happy-approve"),
    ("latency-revoke", "1s", "early-revoke"),
    ("revocation-latency", "59m59s", "s24-disable-and-restore"),
    ("resume-latency", "29m59s", "s24-disable-and-restore"),
    ("poll-min", "7s", "s24-disable-and-restore"),
    ("poll-max", "59s", "s24-disable-and-restore"),
    ("outage-threshold", "29m59s", "s27-outages"),
    ("outage-threshold", "30m1s", "s27-outages"),
    ("buffer-horizon", "5h59m59s", "buffer-overflow"),
    ("buffer-horizon", "6h1s", "buffer-overflow"),
    ("cluster-soft-delete", "13d23h59m59s", "s32-delete-cluster"),
    ("cluster-soft-delete", "14d1s", "s32-delete-cluster"),
    ("unlink-duration", "89m59s", "s34-unlink-during-revocation"),
    ("unlink-duration", "90m1s", "s34-unlink-during-revocation"),
    ("link-duration", "89m59s", "s20-provisioning"),
    ("link-duration", "90m1s", "s20-provisioning"),
    ("cluster-provisioning", "59m59s", "s20-provisioning"),
    ("cluster-provisioning", "1h1s", "s20-provisioning"),
    ("key-propagation", "4m59s", "s20-provisioning"),
    ("key-propagation", "5m1s", "s20-provisioning"),
    ("clusters-per-region", "1", "s29-third-cluster"),
    ("clusters-per-region", "3", "s29-third-cluster"),
    ("workspaces-per-cluster", "999", "s30-workspace-limit"),
    ("workspaces-per-cluster", "1001", "s30-workspace-limit"),
    ("link-operations", "1", "s31-third-link"),
    ("link-operations", "3", "s31-third-link"),
    ("link-window", "29d23h59m59s", "link-quota"),
    ("link-window", "30d1s", "link-quota"),
    ("capacity-min", "900", "s21-create-errors"),
    ("capacity-min", "1100", "s21-create-errors"),
    ("capacity-max", "2900", "s21-create-errors"),
    ("capacity-max", "3100", "s21-create-errors"),
    ("capacity-step", "50", "s21-create-errors"),
    ("capacity-step", "200", "s21-create-errors"),
    ("capacity-lock", "29d23h59m59s", "s28-capacity"),
    ("capacity-lock", "30d1s", "s28-capacity"),
    ("cluster-name-min", "2", "s21-create-errors"),
    ("cluster-name-min", "4", "s21-create-errors"),
    ("cluster-name-max", "62", "s21-create-errors"),
    ("cluster-name-max", "64", "s21-create-errors"),
    ("accounts-per-cluster", "1", "s20-provisioning"),
    ("accounts-per-cluster", "3", "s20-provisioning"),
    ("strict-link-guard", "true", "s23-link-too-early"),
    ("vault-retention-min", "6d", "vault-retention"),
    ("vault-retention-min", "8d", "vault-retention"),
    ("vault-retention-max", "91d", "vault-retention"),
    ("vault-retention", "89d", "vault-retention"),
    ("workspace-soft-delete", "13d23h59m59s", "workspace-limits"),
    ("workspace-soft-delete", "14d1s", "workspace-limits"),
    ("workspace-name-min", "3", "workspace-limits"),
    ("workspace-name-min", "5", "workspace-limits"),
    ("workspace-name-max", "62", "workspace-limits"),
    ("workspace-name-max", "64", "workspace-limits"),
    ("retention-min", "29d", "workspace-limits"),
    ("retention-min", "31d", "workspace-limits"),
    ("retention-max", "729d", "workspace-limits"),
    ("retention-max", "731d", "workspace-limits"),
    ("retention", "30d", "workspace-limits"),
    ("retention", "32d", "workspace-limits"),
    ("hot-window", "13d23h59m59s", "hot-cache"),
    ("hot-window", "14d1s", "hot-cache"),
    ("ingestion-rate", "19", "what-a-workspace-sends"),
    ("ingestion-rate", "21", "what-a-workspace-sends"),
    ("record-size", "699", "what-a-workspace-sends"),
    ("record-size", "701", "what-a-workspace-sends"),
    ("query-interval", "4m59s", "what-a-workspace-sends"),
    ("query-interval", "5m1s", "what-a-workspace-sends"),
];

#[test]
fn every_number_has_a_drill_that_must_notice_it() {
    let known: BTreeSet<&str> = NUMBERS.iter().map(|number| number.name).collect();
    let held: BTreeSet<&str> = NOTICED.iter().map(|(name, ..)| *name).collect();
    assert_eq!(known, held);
}

#[test]
fn a_drill_fails_when_any_number_is_changed() {
    let drills = drills();
    on_two_threads(NOTICED, |(name, value, id)| {
        let drill = drills.iter().find(|drill| drill.id == *id).unwrap();
        let changed = [((*name).to_owned(), (*value).to_owned())];
        let outcome = rehearse(drill, &changed);
        assert!(!outcome.passed(), "{id} passes with {name} = {value}");
        assert!(
            outcome.failures().all(|f| f.what != "the world is founded"),
            "{id} has no world with {name} = {value}"
        );
    });
}
