//! For every number of the rules there is a drill that notices when it is another.

use lockbox::drill::rehearse;
use lockbox::engine::rules::NUMBERS;

use crate::{drills, on_two_threads};

/// A number, another value of it, and the drills that must notice.
const NOTICED: &[(&str, &str, &[&str])] = &[
    ("request-expiry", "5d", &["s03-expiry"]),
    ("grant-duration", "7h", &["s01-happy-approve"]),
    ("grant-duration-max", "6d", &["longest-grant"]),
    ("minimum-plan", "standard", &["s01-happy-approve"]),
    ("activity-lookback", "60d", &["activity-lookback"]),
    ("latency-initialize", "1m", &["s01-happy-approve"]),
    ("latency-decide", "1m", &["s01-happy-approve"]),
    ("latency-complete", "1m", &["s01-happy-approve"]),
    ("latency-revoke", "1m", &["early-revoke"]),
    ("revocation-latency", "50m", &["s24-disable-and-restore"]),
    ("resume-latency", "20m", &["s24-disable-and-restore"]),
    ("poll-min", "10s", &["s24-disable-and-restore"]),
    ("poll-max", "50s", &["s24-disable-and-restore"]),
    ("outage-threshold", "20m", &["s27-outages"]),
    ("buffer-horizon", "5h", &["buffer-overflow"]),
    ("cluster-soft-delete", "10d", &["s32-delete-cluster"]),
    ("unlink-duration", "80m", &["s34-unlink-during-revocation"]),
    ("link-duration", "80m", &["s20-provisioning"]),
    ("cluster-provisioning", "50m", &["s20-provisioning"]),
    ("key-propagation", "4m", &["s20-provisioning"]),
    ("clusters-per-region", "3", &["s29-third-cluster"]),
    ("workspaces-per-cluster", "1001", &["s30-workspace-limit"]),
    ("link-operations", "3", &["s31-third-link"]),
    ("link-window", "29d", &["link-quota"]),
    ("capacity-min", "900", &["s21-create-errors"]),
    ("capacity-max", "3100", &["s21-create-errors"]),
    ("capacity-step", "50", &["s21-create-errors"]),
    ("capacity-lock", "29d", &["s28-capacity"]),
    ("cluster-name-min", "2", &["s21-create-errors"]),
    ("cluster-name-max", "64", &["s21-create-errors"]),
    ("accounts-per-cluster", "3", &["s20-provisioning"]),
    ("strict-link-guard", "true", &["s23-link-too-early"]),
    ("vault-retention-min", "6d", &["vault-retention"]),
    ("vault-retention-max", "91d", &["vault-retention"]),
    ("vault-retention", "80d", &["vault-retention"]),
    ("workspace-soft-delete", "13d", &["workspace-limits"]),
    ("workspace-name-min", "3", &["workspace-limits"]),
    ("workspace-name-max", "64", &["workspace-limits"]),
    ("retention-min", "29d", &["workspace-limits"]),
    ("retention-max", "731d", &["workspace-limits"]),
    ("retention", "32d", &["workspace-limits"]),
    ("hot-window", "13d", &["hot-cache"]),
    ("ingestion-rate", "21", &["what-a-workspace-sends"]),
    ("record-size", "701", &["what-a-workspace-sends"]),
    ("query-interval", "6m", &["what-a-workspace-sends"]),
];

#[test]
fn every_number_has_a_drill_that_must_notice_it() {
    for number in NUMBERS {
        let entries = NOTICED.iter().filter(|(name, ..)| *name == number.name);
        assert_eq!(entries.count(), 1, "{} is not in the table", number.name);
    }
    assert_eq!(NOTICED.len(), NUMBERS.len());
}

#[test]
fn a_drill_fails_when_any_number_is_changed() {
    let drills = drills();
    on_two_threads(NOTICED, |(name, value, notice)| {
        for id in *notice {
            let drill = drills.iter().find(|drill| drill.id == *id).unwrap();
            let changed = [((*name).to_owned(), (*value).to_owned())];
            let outcome = rehearse(drill, &changed);
            assert!(!outcome.passed(), "{id} passes with {name} = {value}");
            assert!(
                outcome.failures().all(|f| f.what != "the world is founded"),
                "{id} has no world with {name} = {value}"
            );
        }
    });
}
