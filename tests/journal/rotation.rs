//! Rotation, revocation and loss of a cluster's key, with the real cryptography and the real files.

use std::fs;
use std::path::Path;

use lockbox::crypto::{Hsm, WrapAlgorithm, envelope};
use lockbox::engine::cluster::encryption::Encryption;
use lockbox::engine::cluster::operation::Status;
use lockbox::engine::ids::{AekId, KeyVersionId};
use lockbox::engine::vault::network::{self, FaultKind};
use lockbox::engine::{Actor, Span};
use lockbox::runtime::{Host, HostError, ManualWall};

use super::stage::{dir, open};
use crate::keyed::{
    VAULT, act, delete_key, logs, make_cluster, make_key, make_protected, set_enabled,
    start_update, state, update, wait, wrapped_by,
};

const RSA_OAEP_256: WrapAlgorithm = WrapAlgorithm::RsaOaep256;

fn customers(host: &Host) -> Vec<AekId> {
    let keys: Vec<AekId> = logs(host)
        .accounts
        .iter()
        .filter_map(|account| account.customer)
        .collect();
    assert_eq!(keys.len(), 2);
    keys
}

fn blob(dir: &Path, aek: AekId) -> (KeyVersionId, Vec<u8>) {
    wrapped_by(&fs::read(dir.join("keystore/aek").join(aek.to_string())).unwrap())
}

fn copies(dir: &Path) -> usize {
    fs::read_dir(dir.join("keystore/cache")).map_or(0, Iterator::count)
}

/// An account key as only the hardware of the directory opens it, host or no host.
fn opened(dir: &Path, aek: AekId) -> Vec<u8> {
    let hsm = Hsm::open(&dir.join("hsm")).unwrap();
    let (version, wrapped) = blob(dir, aek);
    let plain = hsm.unwrap(version.as_str(), RSA_OAEP_256, &wrapped);
    plain.unwrap().as_bytes().to_vec()
}

#[test]
fn a_new_version_alone_changes_nothing_and_an_update_wraps_the_same_keys_anew() {
    let (dir, wall) = (dir(), ManualWall::default());
    let path = dir.path();
    let mut host = open(path, &wall);
    let old = make_protected(&mut host);
    let aeks = customers(&host);
    let before: Vec<_> = aeks.iter().map(|aek| opened(path, *aek)).collect();
    assert_ne!(before[0], before[1], "each account has a key of its own");
    let block = {
        let aek = (host.keystore().unwrap())
            .account_key(host.world(), &logs(&host), aeks[0])
            .unwrap();
        assert_eq!(aek.as_bytes(), before[0]);
        let data_key = envelope::derive(&aek, b"file", b"block 0").unwrap();
        envelope::seal(&data_key, b"", b"a row written before the rotation").unwrap()
    };
    let files: Vec<_> = aeks.iter().map(|aek| blob(path, *aek)).collect();

    let new = make_key(&mut host, VAULT, "kek");
    wait(&mut host, Span::days(1));
    assert_eq!(logs(&host).key.as_ref(), Some(&old));
    assert_eq!(
        aeks.iter().map(|aek| blob(path, *aek)).collect::<Vec<_>>(),
        files
    );

    update(&mut host, &new);
    assert_eq!(customers(&host), aeks);
    for (aek, (was_by, was)) in aeks.iter().zip(&files) {
        let (by, wrapped) = blob(path, *aek);
        assert_eq!((was_by, &by), (&old.version, &new.version));
        assert_ne!(&wrapped, was);
        // What was wrapped by the old version is nothing to the new one.
        let hsm = Hsm::open(&path.join("hsm")).unwrap();
        assert!(hsm.unwrap(new.version.as_str(), RSA_OAEP_256, was).is_err());
    }
    let after: Vec<_> = aeks.iter().map(|aek| opened(path, *aek)).collect();
    assert_eq!(after, before, "the account keys are the same");
    set_enabled(&mut host, &old, false);
    wait(&mut host, Span::hours(2));
    assert_eq!(state(&host), "CmkActive", "the old version is not needed");
    let aek = (host.keystore().unwrap())
        .account_key(host.world(), &logs(&host), aeks[0])
        .unwrap();
    let data_key = envelope::derive(&aek, b"file", b"block 0").unwrap();
    let plain = envelope::open(&data_key, b"", &block).unwrap();
    assert_eq!(plain.as_bytes(), b"a row written before the rotation");
}

#[test]
fn disabling_the_version_in_force_first_revokes_and_an_update_heals() {
    let (dir, wall) = (dir(), ManualWall::default());
    let path = dir.path();
    let mut host = open(path, &wall);
    let old = make_protected(&mut host);
    let aeks = customers(&host);
    let before = opened(path, aeks[1]);
    assert_eq!(copies(path), 2);
    let new = make_key(&mut host, VAULT, "kek");
    set_enabled(&mut host, &old, false);
    wait(&mut host, Span::minutes(59));
    assert_eq!(state(&host), "RevocationPending");
    assert_eq!(copies(path), 2, "storage works until the hour is over");
    (host.keystore().unwrap())
        .account_key(host.world(), &logs(&host), aeks[0])
        .unwrap();
    wait(&mut host, Span::minutes(1));
    assert_eq!(state(&host), "Revoked");
    assert_eq!(copies(path), 0);
    let refused = (host.keystore().unwrap()).account_key(host.world(), &logs(&host), aeks[0]);
    let refused = HostError::from(refused.unwrap_err());
    let HostError::Refused(refusal) = refused else {
        panic!("{refused}");
    };
    assert_eq!(refusal.id, "E-KV-02");

    update(&mut host, &new);
    assert!(matches!(
        logs(&host).protection.state,
        Encryption::Resuming { .. }
    ));
    assert_eq!(copies(path), 2, "a real unwrap brought the copies back");
    wait(&mut host, Span::minutes(30));
    assert_eq!(state(&host), "CmkActive");
    assert_eq!(opened(path, aeks[1]), before);
    assert_eq!(blob(path, aeks[1]).0, new.version);
}

#[test]
fn silence_of_the_vault_is_ridden_out_with_the_copy_and_given_up_after_half_an_hour() {
    let (dir, wall) = (dir(), ManualWall::default());
    let path = dir.path();
    let mut host = open(path, &wall);
    make_protected(&mut host);
    let aek = customers(&host)[0];
    let outage = network::Command::Inject {
        vault: VAULT.into(),
        kind: FaultKind::Outage,
        length: Span::minutes(45),
    };
    host.submit(&Actor::Simulator, &outage.into()).unwrap();
    wait(&mut host, Span::minutes(10));
    assert_eq!(state(&host), "TransientOutage");
    // Also across a restart.
    drop(host);
    let mut host = open(path, &wall);
    assert_eq!(copies(path), 2);
    let keystore = host.keystore().unwrap();
    let plain = keystore.account_key(host.world(), &logs(&host), aek);
    assert_eq!(plain.unwrap().as_bytes(), opened(path, aek));
    wait(&mut host, Span::minutes(21));
    assert_eq!((state(&host), copies(path)), ("LiveSite", 0));
    let keystore = host.keystore().unwrap();
    assert!(
        keystore
            .account_key(host.world(), &logs(&host), aek)
            .is_err()
    );
    wait(&mut host, Span::minutes(20));
    assert_eq!((state(&host), copies(path)), ("CmkActive", 2));
}

#[test]
fn after_the_purge_of_the_version_in_force_nothing_opens_its_keys_and_an_update_fails() {
    let (dir, wall) = (dir(), ManualWall::default());
    let path = dir.path();
    let mut host = open(path, &wall);
    let old = make_protected(&mut host);
    let new = make_key(&mut host, VAULT, "other");
    let aeks = customers(&host);
    delete_key(&mut host, &old);
    wait(&mut host, Span::days(6));
    assert!(
        path.join("hsm/customer")
            .join(old.version.as_str())
            .exists()
    );
    wait(&mut host, Span::days(1));
    assert!(
        !path
            .join("hsm/customer")
            .join(old.version.as_str())
            .exists()
    );
    assert_eq!((state(&host), copies(path)), ("Revoked", 0));
    start_update(&mut host, &new).unwrap();
    wait(&mut host, Span::minutes(5));
    let operation = host.world().operations.get_max().unwrap().1.clone();
    assert_eq!(operation.status, Status::Failed);
    assert_eq!(logs(&host).key.as_ref(), Some(&old));
    let hsm = Hsm::open(&path.join("hsm")).unwrap();
    for aek in aeks {
        let (by, wrapped) = blob(path, aek);
        assert_eq!(by, old.version);
        for id in hsm.ids().unwrap() {
            assert!(hsm.unwrap(&id, RSA_OAEP_256, &wrapped).is_err());
        }
        assert!(hsm.unwrap(by.as_str(), RSA_OAEP_256, &wrapped).is_err());
        for label in [format!("aek/{aek}"), format!("cache/{aek}")] {
            assert!(hsm.provider_open(&label, &wrapped).is_err());
        }
    }
}

#[test]
fn the_key_in_force_is_the_last_successful_update_through_failures_and_restarts() {
    let (dir, wall) = (dir(), ManualWall::default());
    let path = dir.path();
    let mut host = open(path, &wall);
    let mut in_force = make_protected(&mut host);
    for round in 0..4 {
        let next = make_key(&mut host, VAULT, "kek");
        start_update(&mut host, &next).unwrap();
        // Two of four updates fail: the key is disabled before it has propagated.
        let fails = round % 2 == 0;
        if fails {
            set_enabled(&mut host, &next, false);
        }
        drop(host);
        host = open(path, &wall);
        assert_eq!(logs(&host).key.as_ref(), Some(&in_force));
        wait(&mut host, Span::minutes(5));
        if !fails {
            in_force = next;
        }
        drop(host);
        host = open(path, &wall);
        assert_eq!(logs(&host).key.as_ref(), Some(&in_force));
        for aek in customers(&host) {
            assert_eq!(blob(path, aek).0, in_force.version);
        }
        assert_eq!(host.trouble(), None);
    }
}

#[test]
fn a_deleted_cluster_keeps_its_keys_until_it_is_purged_but_no_copies() {
    let (dir, wall) = (dir(), ManualWall::default());
    let path = dir.path();
    let mut host = open(path, &wall);
    make_protected(&mut host);
    // Beside that of the shared store, which belongs to no cluster.
    let kept = || fs::read_dir(path.join("keystore/aek")).unwrap().count() - 1;
    let delete = || lockbox::engine::cluster::Command::Delete {
        cluster: crate::keyed::CLUSTER.into(),
    };
    act(&mut host, delete()).unwrap();
    assert_eq!((kept(), copies(path)), (4, 0));
    let recover = lockbox::engine::cluster::support::Command::RecoverCluster {
        cluster: crate::keyed::CLUSTER.into(),
    };
    host.submit(&crate::tiny::person("sue"), &recover.into())
        .unwrap();
    assert_eq!((kept(), copies(path)), (4, 2));
    act(&mut host, delete()).unwrap();
    wait(&mut host, Span::days(14));
    assert_eq!((kept(), copies(path)), (0, 0));
}

#[test]
fn a_cluster_has_its_microsoft_keys_before_it_has_a_key_of_the_customer() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_cluster(&mut host);
    let hsm = Hsm::open(&dir.path().join("hsm")).unwrap();
    for account in &logs(&host).accounts {
        let (by, sealed) = blob(dir.path(), account.microsoft);
        assert_eq!(by.as_str(), "");
        let label = format!("aek/{}", account.microsoft);
        let plain = hsm.provider_open(&label, &sealed).unwrap();
        let keystore = host.keystore().unwrap();
        let same = keystore.account_key(host.world(), &logs(&host), account.microsoft);
        assert_eq!(same.unwrap().as_bytes(), plain.as_bytes());
    }
}
