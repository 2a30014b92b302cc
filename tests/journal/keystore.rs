//! The key store through crashes, damage and company: what is behind is made good, what is broken says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};

use lockbox::crypto::Hsm;
use lockbox::engine::Span;
use lockbox::engine::ids::{Revision, VaultName};
use lockbox::engine::vault::key::{KeyIdentifier, KeyOperation};
use lockbox::keystore::KeystoreError;
use lockbox::runtime::{ClockCommand, Handle, Host, HostError, ManualWall};
use lockbox::store::{Journal, SqliteJournal};

use super::stage::{dir, events, open, ticket};
use crate::keyed::{
    VAULT, call, delete_key, logs, make_key, make_protected, make_vault, set_enabled, start_update,
    state, update, use_key, wait, wrapped_by,
};
use crate::tiny::tiny_world;

fn try_open(dir: &Path) -> Result<Host, HostError> {
    Host::open_at(
        dir,
        None,
        || Ok(tiny_world()),
        Box::new(ManualWall::default()),
    )
}

fn keystore_error(outcome: Result<impl Sized, HostError>) -> KeystoreError {
    match outcome.err() {
        Some(HostError::Keystore(error)) => error,
        Some(other) => panic!("{other}"),
        None => panic!("it went well"),
    }
}

/// All files under a folder with their bytes.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

fn forget_how_far(dir: &Path) {
    let journal = rusqlite::Connection::open(dir.join("journal.db")).unwrap();
    let gone = journal.execute("DELETE FROM meta WHERE key = 'keystore'", []);
    assert_eq!(gone.unwrap(), 1);
}

fn part(dir: &Path, key: &KeyIdentifier) -> PathBuf {
    dir.join("hsm/customer").join(key.version.as_str())
}

fn aek_files(dir: &Path) -> Vec<PathBuf> {
    let files = tree(&dir.join("keystore/aek"));
    files.into_iter().map(|(path, _)| path).collect()
}

#[test]
fn work_done_twice_is_the_same_work() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let old = make_protected(&mut host);
    let new = make_key(&mut host, VAULT, "kek");
    update(&mut host, &new);
    delete_key(&mut host, &old);
    wait(&mut host, Span::days(7));
    drop(host);
    let parts = |of: &str| tree(&dir.path().join(of));
    let before = (parts("hsm"), parts("keystore"));
    forget_how_far(dir.path());
    let host = open(dir.path(), &wall);
    assert_eq!(host.trouble(), None);
    assert_eq!((parts("hsm"), parts("keystore")), before);
    assert_eq!(host.journal().keystore().unwrap(), host.world().revision);
}

#[test]
fn a_process_that_died_after_its_commit_is_made_good_at_the_next_opening() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let first = make_protected(&mut host);
    drop(host);
    let followed = SqliteJournal::open(&dir.path().join("journal.db"))
        .unwrap()
        .keystore()
        .unwrap();
    assert!(followed > Revision(0));

    // A host without keys stands for a process that died right after each commit.
    let journal = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let mut dying = Host::on(Box::new(journal), Box::new(wall.clone())).unwrap();
    let second = make_key(&mut dying, VAULT, "next");
    update(&mut dying, &second);
    delete_key(&mut dying, &first);
    wait(&mut dying, Span::days(7));
    let third = make_key(&mut dying, VAULT, "other");
    let refused = use_key(
        &mut dying,
        "minji.kim",
        call(&third, KeyOperation::Get),
        b"",
    );
    assert!(matches!(refused, Err(HostError::NoKeys)));
    drop(dying);
    let aeks = aek_files(dir.path());
    let wrapped = |path: &Path| wrapped_by(&fs::read(path).unwrap()).0;
    assert!(aeks.iter().any(|path| wrapped(path) == first.version));

    let mut host = open(dir.path(), &wall);
    assert_eq!(host.trouble(), None);
    let hsm = Hsm::open(&dir.path().join("hsm")).unwrap();
    let mut ids = [second.version.to_string(), third.version.to_string()];
    ids.sort();
    assert_eq!(hsm.ids().unwrap(), ids);
    assert!(aeks.iter().all(|path| wrapped(path) != first.version));
    let get = use_key(&mut host, "minji.kim", call(&third, KeyOperation::Get), b"");
    get.unwrap();
}

#[test]
fn what_a_version_wraps_that_was_purged_before_it_was_made_does_not_stay_open_to_the_old_one() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let first = make_protected(&mut host);
    drop(host);
    let journal = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let mut dying = Host::on(Box::new(journal), Box::new(wall.clone())).unwrap();
    let second = make_key(&mut dying, VAULT, "next");
    update(&mut dying, &second);
    delete_key(&mut dying, &second);
    wait(&mut dying, Span::days(7));
    drop(dying);
    let host = open(dir.path(), &wall);
    assert_eq!((host.trouble(), state(&host)), (None, "Revoked"));
    let hsm = Hsm::open(&dir.path().join("hsm")).unwrap();
    assert_eq!(hsm.ids().unwrap(), [first.version.to_string()]);
    for path in aek_files(dir.path()) {
        let (by, _) = wrapped_by(&fs::read(path).unwrap());
        assert_eq!(by.as_str(), "", "only the Microsoft keys are left");
    }
}

#[test]
fn keys_that_never_were_are_made_with_all_they_wrap_at_the_first_opening() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let key = make_protected(&mut host);
    drop(host);
    for folder in ["hsm", "keystore"] {
        fs::remove_dir_all(dir.path().join(folder)).unwrap();
    }
    forget_how_far(dir.path());
    let mut host = open(dir.path(), &wall);
    assert_eq!(host.trouble(), None);
    assert_eq!(aek_files(dir.path()).len(), 5);
    use_key(&mut host, "minji.kim", call(&key, KeyOperation::Get), b"").unwrap();
}

#[test]
fn ordinary_commands_do_not_touch_the_key_store() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_protected(&mut host);
    let before = (
        tree(&dir.path().join("keystore")),
        host.journal().keystore().unwrap(),
    );
    for _ in 0..20 {
        ticket(&mut host, "nothing to do with keys");
    }
    assert_eq!(
        (
            tree(&dir.path().join("keystore")),
            host.journal().keystore().unwrap()
        ),
        before
    );
}

#[test]
fn a_wrong_or_missing_root_is_refused_before_anything_is_written() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_protected(&mut host);
    drop(host);
    let root = dir.path().join("hsm/root.key");
    let right = fs::read(&root).unwrap();
    let other = {
        let elsewhere = super::stage::dir();
        drop(open(elsewhere.path(), &wall));
        fs::read(elsewhere.path().join("hsm/root.key")).unwrap()
    };
    let mut damaged = right.clone();
    damaged[20] ^= 1;
    for (bytes, says) in [
        (Some(other), "sealed under another root key"),
        (Some(right[..30].to_vec()), "has 30 bytes"),
        (Some(damaged), "check value"),
        (None, "is missing"),
    ] {
        match &bytes {
            Some(bytes) => fs::write(&root, bytes).unwrap(),
            None => fs::remove_file(&root).unwrap(),
        }
        let before = tree(dir.path());
        let text = keystore_error(try_open(dir.path())).to_string();
        assert!(text.contains(says) && text.contains("ack"), "{text}");
        assert!(text.contains("root.key"), "{text}");
        assert_eq!(tree(dir.path()), before);
    }
    // The whole box gone is not a new box either.
    let aside = dir.path().join("aside");
    fs::rename(dir.path().join("hsm"), &aside).unwrap();
    let text = keystore_error(try_open(dir.path())).to_string();
    assert!(text.contains("Put the hsm folder back"), "{text}");
    assert!(!dir.path().join("hsm").exists());
    fs::rename(&aside, dir.path().join("hsm")).unwrap();
    fs::write(&root, right).unwrap();
    assert_eq!(try_open(dir.path()).unwrap().trouble(), None);
}

#[test]
fn a_new_world_does_not_take_over_the_keys_of_one_whose_journal_is_gone() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_protected(&mut host);
    drop(host);
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("journal.db") {
            fs::remove_file(path).unwrap();
        }
    }
    let error = keystore_error(try_open(dir.path()));
    assert!(
        matches!(error, KeystoreError::OtherWorld { keys: 6, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("Put journal.db back"), "{error}");
    assert!(!dir.path().join("journal.db").exists());
    for folder in ["hsm", "keystore"] {
        fs::remove_dir_all(dir.path().join(folder)).unwrap();
    }
    try_open(dir.path()).unwrap();
}

#[test]
fn a_truncated_sealed_part_is_said_where_it_is_used_and_the_rest_goes_on() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_vault(&mut host, VAULT, true);
    let broken = make_key(&mut host, VAULT, "broken");
    let whole = make_key(&mut host, VAULT, "whole");
    drop(host);
    let part = dir
        .path()
        .join("hsm/customer")
        .join(broken.version.as_str());
    let bytes = fs::read(&part).unwrap();
    for length in [0, 5, 20, 40, bytes.len() - 1] {
        fs::write(&part, &bytes[..length]).unwrap();
        let mut host = open(dir.path(), &wall);
        let get = use_key(
            &mut host,
            "minji.kim",
            call(&broken, KeyOperation::Get),
            b"",
        );
        let text = keystore_error(get).to_string();
        assert!(text.contains(broken.version.as_str()), "{text}");
        assert!(text.contains("Restore it from a backup"), "{text}");
        use_key(&mut host, "minji.kim", call(&whole, KeyOperation::Get), b"").unwrap();
    }
    fs::write(&part, &bytes).unwrap();
    let mut host = open(dir.path(), &wall);
    use_key(
        &mut host,
        "minji.kim",
        call(&broken, KeyOperation::Get),
        b"",
    )
    .unwrap();
}

#[test]
fn a_broken_account_key_is_trouble_that_is_tried_again_and_keeps_what_it_may_need() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let old = make_protected(&mut host);
    let new = make_key(&mut host, VAULT, "next");
    let customers: Vec<PathBuf> = logs(&host)
        .accounts
        .iter()
        .filter_map(|a| a.customer)
        .map(|aek| dir.path().join("keystore/aek").join(aek.to_string()))
        .collect();
    let [first, second] = &customers[..] else {
        panic!()
    };
    let right = fs::read(first).unwrap();
    let mut newer = right.clone();
    newer[6] = 2;
    let mut changed = right.clone();
    changed[100] ^= 1;
    for (bytes, says) in [
        (Some(right[..9].to_vec()), "cut short"),
        (Some(right[..right.len() - 1].to_vec()), "cut short"),
        (
            Some(b"something else".to_vec()),
            "does not begin as one does",
        ),
        (Some(changed), "it was changed"),
        (Some(newer), "format 2"),
        (Some(fs::read(second).unwrap()), "it is AEK-"),
        (None, "is missing"),
    ] {
        match &bytes {
            Some(bytes) => fs::write(first, bytes).unwrap(),
            None => fs::remove_file(first).unwrap(),
        }
        let keystore = host.keystore().unwrap();
        let cluster = logs(&host);
        fs::remove_file(
            dir.path()
                .join("keystore/cache")
                .join(first.file_name().unwrap()),
        )
        .unwrap_or_default();
        let aek = cluster.accounts[0].customer.unwrap();
        let error = keystore
            .account_key(host.world(), &cluster, aek)
            .unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    fs::remove_file(first).unwrap_or_default();

    update(&mut host, &new);
    let trouble = host.trouble().unwrap().to_owned();
    assert!(
        trouble.contains("is missing") && trouble.contains("backup"),
        "{trouble}"
    );
    // The other account went on, and nothing the lost one may need is destroyed.
    assert_eq!(wrapped_by(&fs::read(second).unwrap()).0, new.version);
    delete_key(&mut host, &old);
    wait(&mut host, Span::days(7));
    assert!(part(dir.path(), &old).exists());
    let trouble = host.trouble().unwrap().to_owned();
    for says in [
        "not destroyed yet",
        old.version.as_str(),
        &first.display().to_string(),
        "is missing",
    ] {
        assert!(trouble.contains(says), "{trouble}");
    }
    drop(host);
    // A restart knows it still; put back from the backup, it is made good with the next command.
    let mut host = open(dir.path(), &wall);
    assert!(host.trouble().unwrap().contains("is missing"));
    fs::write(first, &right).unwrap();
    ticket(&mut host, "anything");
    assert_eq!(host.trouble(), None);
    assert_eq!(wrapped_by(&fs::read(first).unwrap()).0, new.version);
    assert!(!part(dir.path(), &old).exists());
}

#[test]
fn account_keys_that_were_taken_away_are_missed_at_the_next_opening() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_protected(&mut host);
    let cluster = logs(&host);
    drop(host);
    let account = &cluster.accounts[1];
    for aek in [account.microsoft, account.customer.unwrap()] {
        let file = dir.path().join("keystore/aek").join(aek.to_string());
        let right = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let mut host = open(dir.path(), &wall);
        // Also after something that has nothing to do with it.
        for _ in 0..2 {
            let trouble = host.trouble().unwrap();
            assert!(trouble.contains("is missing"), "{trouble}");
            assert!(trouble.contains(&file.display().to_string()), "{trouble}");
            ticket(&mut host, "anything");
        }
        drop(host);
        // A console shows it from its first frame on.
        let handle = Handle::spawn(open(dir.path(), &wall), None).unwrap();
        assert!(handle.views().borrow().trouble.is_some());
        drop(handle);
        let mut host = open(dir.path(), &wall);
        fs::write(&file, right).unwrap();
        ticket(&mut host, "anything");
        assert_eq!(host.trouble(), None);
        drop(host);
        assert_eq!(open(dir.path(), &wall).trouble(), None);
    }
}

#[test]
fn a_broken_account_key_holds_back_no_version_that_never_wrapped_it() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_protected(&mut host);
    make_vault(&mut host, "forgetful", false);
    let [other, same_vault] =
        ["forgetful", VAULT].map(|vault| make_key(&mut host, vault, "stranger"));
    for path in aek_files(dir.path()) {
        fs::write(path, b"LBX").unwrap();
    }
    wait(&mut host, Span::hours(1));
    delete_key(&mut host, &same_vault);
    delete_key(&mut host, &other);
    assert!(!part(dir.path(), &other).exists());
    wait(&mut host, Span::days(7));
    assert!(!part(dir.path(), &same_vault).exists());
    let next = make_key(&mut host, VAULT, "kek");
    update(&mut host, &next);
    let trouble = host.trouble().unwrap();
    assert!(trouble.contains("cut short"), "{trouble}");
    assert!(!trouble.contains("not destroyed"), "{trouble}");
}

#[test]
fn an_account_key_that_can_be_read_holds_back_only_the_version_it_names() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let first = make_protected(&mut host);
    let sealed = part(dir.path(), &first);
    let right = fs::read(&sealed).unwrap();
    fs::write(&sealed, &right[..9]).unwrap();
    drop(host);
    let mut host = open(dir.path(), &wall);
    let [second, third] = ["second", "third"].map(|name| make_key(&mut host, VAULT, name));
    update(&mut host, &second);
    update(&mut host, &third);
    delete_key(&mut host, &first);
    delete_key(&mut host, &second);
    wait(&mut host, Span::days(7));
    assert!(sealed.exists() && !part(dir.path(), &second).exists());
    let trouble = host.trouble().unwrap();
    assert!(trouble.contains("not destroyed yet"), "{trouble}");
    assert!(!trouble.contains(second.version.as_str()), "{trouble}");
    // When the version in force is purged too, nothing opens the data again and nothing is kept.
    delete_key(&mut host, &third);
    wait(&mut host, Span::days(7));
    ticket(&mut host, "anything");
    assert_eq!(host.trouble(), None);
    let hsm = Hsm::open(&dir.path().join("hsm")).unwrap();
    assert_eq!(hsm.ids().unwrap(), [""; 0]);
}

#[test]
fn a_copy_does_not_outlive_a_revocation_because_its_key_is_broken() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let key = make_protected(&mut host);
    for path in aek_files(dir.path()) {
        fs::write(path, b"LBX").unwrap();
    }
    set_enabled(&mut host, &key, false);
    wait(&mut host, Span::hours(1));
    assert_eq!(state(&host), "Revoked");
    assert!(host.trouble().unwrap().contains("cut short"));
    assert_eq!(tree(&dir.path().join("keystore/cache")), []);
}

#[test]
fn a_broken_copy_is_worth_as_much_as_none() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_protected(&mut host);
    let aek = logs(&host).accounts[0].customer.unwrap();
    let keystore = host.keystore().unwrap();
    let right = keystore
        .account_key(host.world(), &logs(&host), aek)
        .unwrap();
    let copy = dir.path().join("keystore/cache").join(aek.to_string());
    fs::write(&copy, b"LBX").unwrap();
    let again = keystore
        .account_key(host.world(), &logs(&host), aek)
        .unwrap();
    assert_eq!(right.as_bytes(), again.as_bytes());
    let next = make_key(&mut host, VAULT, "kek");
    update(&mut host, &next);
    assert_eq!(host.trouble(), None);
    assert!(fs::read(&copy).unwrap().len() > 60, "it was made anew");
}

#[test]
fn hardware_that_contradicts_the_world_stops_the_record_until_it_is_put_right() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let old = make_protected(&mut host);
    let new = make_key(&mut host, VAULT, "kek");
    let part = dir.path().join("hsm/customer").join(new.version.as_str());
    let aside = dir.path().join("aside");
    fs::rename(&part, &aside).unwrap();
    // What the world predicted of the new key's validation does not come true.
    let error = keystore_error(start_update(&mut host, &new));
    assert!(error.is_disagreement(), "{error}");
    assert!(error.to_string().contains(new.version.as_str()), "{error}");
    let recorded = events(&host).len();
    let minji = crate::tiny::person("con");
    let more = host.submit(&minji, &crate::tiny::open_ticket("not now"));
    assert!(keystore_error(more).is_disagreement());
    assert_eq!(events(&host).len(), recorded);
    drop(host);
    // Whoever opens it can look and is told; neither commands nor time go on.
    let mut host = open(dir.path(), &wall);
    let trouble = host.trouble().unwrap().to_owned();
    assert!(trouble.contains(new.version.as_str()), "{trouble}");
    assert_eq!(logs(&host).key, Some(old));
    let (now, more) = (
        host.now(),
        host.submit(&minji, &crate::tiny::open_ticket("not now")),
    );
    assert!(keystore_error(more).is_disagreement());
    for set in [
        ClockCommand::Next,
        ClockCommand::Advance(Span::days(1)),
        ClockCommand::Rate(60),
    ] {
        assert!(keystore_error(host.clock_set(set)).is_disagreement());
    }
    assert!(keystore_error(host.hold_clock("a console")).is_disagreement());
    host.clock_set(ClockCommand::Pause).unwrap();
    assert_eq!((host.now(), events(&host).len()), (now, recorded));
    fs::rename(&aside, &part).unwrap();
    wait(&mut host, Span::minutes(5));
    assert_eq!(logs(&host).key, Some(new));
    assert_eq!(state(&host), "CmkActive");
}

#[test]
fn two_hosts_on_one_directory_do_each_others_work_without_harm() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut one = open(dir.path(), &wall);
    let mut in_force = make_protected(&mut one);
    let mut two = open(dir.path(), &wall);
    let aek = logs(&one).accounts[0].customer.unwrap();
    let plain = |host: &Host| {
        let keystore = host.keystore().unwrap();
        let key = keystore.account_key(host.world(), &logs(host), aek);
        key.unwrap().as_bytes().to_vec()
    };
    let right = plain(&one);
    for round in 0..4 {
        let (acting, other) = match round % 2 {
            0 => (&mut one, &mut two),
            _ => (&mut two, &mut one),
        };
        let next = make_key(acting, VAULT, "kek");
        start_update(acting, &next).unwrap();
        // The other one lets it propagate, and sees to the keys.
        wait(other, Span::minutes(5));
        acting.refresh().unwrap();
        set_enabled(acting, &in_force, false);
        other.refresh().unwrap();
        assert_eq!(
            (plain(acting), plain(other)),
            (right.clone(), right.clone())
        );
        assert_eq!((acting.trouble(), other.trouble()), (None, None));
        in_force = next;
    }
}

#[test]
fn many_processes_that_make_and_purge_keys_at_once_leave_what_the_world_says() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_vault(&mut host, "forgetful", false);
    let barrier = Arc::new(Barrier::new(3));
    let workers: Vec<_> = (0..3)
        .map(|n| {
            let (path, wall, barrier) = (dir.path().to_owned(), wall.clone(), barrier.clone());
            std::thread::spawn(move || {
                let mut host = open(&path, &wall);
                barrier.wait();
                for round in 0..3 {
                    let key = make_key(&mut host, "forgetful", &format!("key-{n}-{round}"));
                    use_key(
                        &mut host,
                        "minji.kim",
                        call(&key, KeyOperation::WrapKey),
                        b"x",
                    )
                    .unwrap();
                    if round < 2 {
                        delete_key(&mut host, &key);
                    }
                    assert_eq!(host.trouble(), None);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    host.refresh().unwrap();
    let vault = &host.world().vaults[&VaultName::from("forgetful")];
    let mut left: Vec<String> = vault
        .keys
        .values()
        .flat_map(|key| key.versions.iter().map(|v| v.id.to_string()))
        .collect();
    left.sort();
    assert_eq!(left.len(), 3);
    let hsm = Hsm::open(&dir.path().join("hsm")).unwrap();
    assert_eq!(hsm.ids().unwrap(), left);
}
