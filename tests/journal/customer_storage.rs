//! What workspaces keep in storage accounts of customers: real objects under the account's own encryption.

use std::fs;
use std::path::{Path, PathBuf};

use lockbox::engine::Actor;
use lockbox::engine::ids::ResourceId;
use lockbox::engine::resources::{self, Resource, ResourceKind};
use lockbox::engine::vault::access_policy::{CLUSTER_NEEDS, Caller};
use lockbox::engine::workspace::linked_storage::{self, DataSource};
use lockbox::engine::workspace::saved_search::{self, Kind};
use lockbox::runtime::{Host, HostError, ManualWall};

use super::stage::{dir, open};
use crate::keyed::{
    VAULT, WORKSPACE, act, allow, make_key, make_vault, make_workspace, set_enabled,
};
use crate::tiny::person;

const ACCOUNT: &str = "prod/web/contosoqueries";
const TEXT: &str = "AppRequests | where UserId == 'the-secret-customer' | count";

fn make(host: &mut Host) {
    make_workspace(host);
    let account = Resource {
        id: ACCOUNT.into(),
        subscription: "prod".into(),
        group: "web".into(),
        name: "contosoqueries".into(),
        kind: ResourceKind::StorageAccount,
        location: "koreacentral".into(),
        encrypted_in_transit: false,
        events_to: None,
    };
    let add = resources::Command::Add(account);
    host.submit(&Actor::Simulator, &add.into()).unwrap();
    let link = linked_storage::Command::Link {
        workspace: WORKSPACE.into(),
        source: DataSource::Query,
        accounts: [ResourceId::from(ACCOUNT)].into_iter().collect(),
    };
    act(host, link).unwrap();
}

fn save(host: &mut Host, name: &str) {
    let save = saved_search::Command::Save {
        workspace: WORKSPACE.into(),
        kind: Kind::Search,
        name: name.into(),
        category: "General".into(),
        display_name: name.into(),
        query: TEXT.into(),
    };
    act(host, save).unwrap();
}

fn text(host: &mut Host, name: &str) -> Result<String, HostError> {
    host.saved_text(&person("minji.kim"), &WORKSPACE.into(), Kind::Search, name)
}

fn objects(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.join("storage/prod/web/contosoqueries")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

fn object(dir: &Path) -> serde_json::Value {
    let objects = objects(dir);
    assert_eq!(objects.len(), 1);
    let bytes = fs::read(&objects[0]).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("secret-customer"));
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_saved_search_lies_sealed_in_the_linked_account_and_is_run_from_there() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make(&mut host);
    save(&mut host, "find-customer");
    assert_eq!(object(dir.path())["kek"], serde_json::Value::Null);
    assert_eq!(text(&mut host, "find-customer").unwrap(), TEXT);
    // It comes from the object and not from the record: without the object there is nothing to run.
    fs::write(&objects(dir.path())[0], "{}").unwrap();
    assert!(matches!(
        text(&mut host, "find-customer"),
        Err(HostError::Storage(_))
    ));
    let delete = saved_search::Command::Delete {
        workspace: WORKSPACE.into(),
        kind: Kind::Search,
        name: "find-customer".into(),
    };
    act(&mut host, delete).unwrap();
    assert_eq!(objects(dir.path()), Vec::<PathBuf>::new());
}

#[test]
fn r_byos_11_without_the_accounts_own_key_the_object_does_not_open() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make(&mut host);
    save(&mut host, "find-customer");
    let sealed = object(dir.path())["sealed"].clone();
    make_vault(&mut host, VAULT, true);
    let key = make_key(&mut host, VAULT, "storage-kek");
    let identity = host.world().storage_accounts[&ResourceId::from(ACCOUNT)].identity;
    allow(&mut host, VAULT, Caller::Identity(identity), &CLUSTER_NEEDS);
    let set = linked_storage::Command::SetKey {
        account: ACCOUNT.into(),
        key: Some(key.clone()),
    };
    act(&mut host, set).unwrap();
    let under_key = object(dir.path());
    assert_eq!(under_key["kek"], key.version.as_str());
    assert_eq!(under_key["sealed"], sealed, "only the wrapping is another");
    assert_eq!(text(&mut host, "find-customer").unwrap(), TEXT);

    set_enabled(&mut host, &key, false);
    match text(&mut host, "find-customer") {
        Err(HostError::Refused(no)) => assert_eq!(no.id, "E-SS-03"),
        other => panic!("{other:?}"),
    }
    drop(host);
    let mut host = open(dir.path(), &wall);
    assert_eq!(host.trouble(), None);
    set_enabled(&mut host, &key, true);
    assert_eq!(text(&mut host, "find-customer").unwrap(), TEXT);
}
