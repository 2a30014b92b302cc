//! Vaults, keys, clusters and workspaces from the command line, in a small world of their own.

#[path = "../support/pty.rs"]
#[allow(dead_code, reason = "the harness serves other tests and benches too")]
mod pty;

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use lockbox::runtime::{ClockCommand, Founding, Handle, Host};
use serde_json::Value;

use super::{HOSTILE, Place, Said, camel_case, copy, find, is_inert, run_in};
use pty::Pty;

pub const WORLD: &str = r#"
[world]
name = "Keys"
seed = 7
opens_at = "2020-11-22T09:00:00Z"
default_person = "minji"

[[tenant]]
id = "contoso"
name = "Contoso"
domain = "contoso.example"
plan = "standard"

[[person]]
id = "minji"
name = "Kim Minji"
tenant = "contoso"

[[person]]
id = "rea"
name = "Rea Der"
tenant = "contoso"

[[person]]
id = "sue"
name = "Sue Port"
vendor = "support-engineer"

[[person]]
id = "out"
name = "Out Sider"
tenant = "contoso"

[[subscription]]
id = "prod"
name = "Production"
tenant = "contoso"

[[resource_group]]
subscription = "prod"
name = "rg"
location = "koreacentral"
resource = [
    { name = "law-1", kind = "log-analytics-workspace" },
    { name = "law-2", kind = "log-analytics-workspace" },
    { name = "law-eu", kind = "log-analytics-workspace", location = "westeurope" },
    { name = "stqueries", kind = "storage-account" },
]

[[assignment]]
role = "owner"
subscription = "prod"
people = ["minji"]

[[assignment]]
role = "reader"
subscription = "prod"
people = ["rea"]
"#;

const CREATE: [&str; 9] = [
    "cluster",
    "create",
    "lacluster",
    "--group",
    "prod/rg",
    "--location",
    "koreacentral",
    "--capacity",
    "1000",
];

/// A copy of a state that is made once.
pub fn place(state: &'static OnceLock<tempfile::TempDir>, make: impl FnOnce(&Place)) -> Place {
    let made = state.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let place = Place { dir };
        make(&place);
        place.dir
    });
    let dir = tempfile::tempdir().unwrap();
    copy(made.path(), dir.path());
    Place { dir }
}

/// The small world as it opens.
fn fresh() -> Place {
    static STATE: OnceLock<tempfile::TempDir> = OnceLock::new();
    place(&STATE, |place| {
        let world = place.write("world.toml", WORLD);
        place.run(&["--world", &world, "clock", "show"]).ok();
    })
}

/// A cluster that is built, and a recoverable vault with a key it may use but does not use yet.
fn prepared() -> Place {
    static STATE: OnceLock<tempfile::TempDir> = OnceLock::new();
    place(&STATE, |place| {
        let world = place.write("world.toml", WORLD);
        place.run(&["--world", &world, "clock", "show"]).ok();
        for args in [
            &["support", "allow-subscription", "prod", "--as", "sue"][..],
            &CREATE,
            &["op", "wait", "1", "--advance"],
            &[
                "vault",
                "create",
                "kv-logs",
                "--group",
                "prod/rg",
                "--location",
                "koreacentral",
                "--soft-delete",
                "true",
                "--purge-protection",
                "true",
                "--yes",
            ],
            &["key", "create", "kv-logs/kek"],
            &[
                "policy",
                "set",
                "kv-logs",
                "--principal",
                "lacluster",
                "--keys",
                "get,wrapKey,unwrapKey",
            ],
        ] {
            place.run(args).ok();
        }
    })
}

/// The same with the key in force and a workspace linked.
fn working() -> Place {
    static STATE: OnceLock<tempfile::TempDir> = OnceLock::new();
    place(&STATE, |place| {
        copy(prepared().dir.path(), place.dir.path());
        for args in [
            &[
                "cluster",
                "set-key",
                "lacluster",
                "--vault",
                "kv-logs",
                "--key",
                "kek",
            ][..],
            &["op", "wait", "2", "--advance"],
            &["link", "create", "law-1", "lacluster"],
            &["op", "wait", "3", "--advance"],
        ] {
            place.run(args).ok();
        }
    })
}

impl Place {
    /// Refused with this error, which is given back.
    #[track_caller]
    pub fn refused(&self, args: &[&str], id: &str) -> Value {
        let said = self.run(&[&["--format", "json"], args].concat());
        assert_ne!(said.code, 0, "{args:?} was not refused: {}", said.out);
        let error = said.json()["error"].take();
        assert_eq!(error["id"], id, "{args:?}: {error:#}");
        error
    }

    fn hash(&self) -> Value {
        self.json(&["journal", "verify"])["hash"].take()
    }
}

/// A person's page, as text.
fn text(place: &Place, args: &[&str]) -> String {
    place.run(args).ok().out
}

#[test]
fn the_provisioning_walk_works_in_its_order_and_each_wrong_order_has_its_own_error() {
    let place = fresh();
    let set_key = [
        "cluster",
        "set-key",
        "lacluster",
        "--vault",
        "kv-logs",
        "--key",
        "kek",
    ];
    place.refused(&CREATE, "E-CC-13");
    place.refused(&["support", "allow-subscription", "prod"], "E-SUP-05");
    place.json(&["support", "allow-subscription", "prod", "--as", "sue"]);
    place.refused(&["link", "create", "law-1", "lacluster"], "E-WL-03");
    let with_key = place.write(
        "key.json",
        r#"{"location": "koreacentral", "identity": {"type": "SystemAssigned"},
            "sku": {"name": "capacityReservation", "capacity": 1000},
            "properties": {"keyVaultProperties": {"keyVaultUri": "https://kv-logs.vault.azure.net",
                "keyName": "kek", "keyVersion": "1"}}}"#,
    );
    let body = [
        "cluster",
        "create",
        "lacluster",
        "--group",
        "prod/rg",
        "--body",
        &with_key,
    ];
    place.refused(&body, "E-CC-10");
    let made = place.json(&CREATE);
    assert_eq!(
        made["properties"]["provisioningState"],
        "ProvisioningAccount"
    );
    assert_eq!(made["operation"], "OP-000001");

    let vault = [
        "vault",
        "create",
        "kv-logs",
        "--group",
        "prod/rg",
        "--location",
        "koreacentral",
    ];
    assert_eq!(place.json(&vault)["recoveryLevel"], "Purgeable");
    let key = place.json(&["key", "create", "kv-logs/kek"]);
    assert_eq!(key["kty"], "RSA");
    let early = place.refused(&set_key, "E-CU-05");
    assert_eq!(early["allowedFrom"], "2020-11-22T10:00:00.000000Z");
    place.refused(&["cluster", "delete", "lacluster", "--yes"], "E-CD-01");

    place.json(&["op", "wait", "OP-000001", "--advance"]);
    assert_eq!(
        place.json(&["cluster", "show", "lacluster"])["properties"]["provisioningState"],
        "Succeeded"
    );
    place.refused(&set_key, "E-CU-03");
    let grant = [
        "policy",
        "set",
        "kv-logs",
        "--principal",
        "lacluster",
        "--keys",
        "get,wrapKey,unwrapKey",
    ];
    assert_eq!(place.json(&grant)["kind"], "identity");
    place.refused(&set_key, "E-CU-04");
    let protect = [
        "vault",
        "update",
        "kv-logs",
        "--soft-delete",
        "true",
        "--purge-protection",
        "true",
        "--yes",
    ];
    assert_eq!(place.json(&protect)["recoverable"], true);

    let said = text(&place, &set_key);
    let version = key["currentVersion"].as_str().unwrap();
    let explicit = format!("version {version}, the current one of kv-logs/kek");
    assert!(said.contains(&explicit), "{said}");
    place.refused(&set_key, "E-CU-05");
    place.json(&["op", "wait", "2", "--advance"]);
    place.refused(&["link", "create", "law-eu", "lacluster"], "E-WL-07");
    let link = place.json(&["link", "create", "law-1", "lacluster"]);
    assert_eq!(link["link"]["state"], "linking");
    place.refused(&["link", "create", "law-1", "lacluster"], "E-WL-02");
    place.json(&["op", "wait", "3", "--advance"]);
    place.refused(&["link", "create", "law-1", "lacluster"], "E-WL-04");

    let shown = place.json(&["cluster", "show", "lacluster"]);
    assert_eq!(shown["encryption"]["state"], "CmkActive");
    assert_eq!(
        shown["properties"]["keyVaultProperties"]["keyVersion"],
        version
    );
    assert_eq!(shown["workspaces"][0]["link"], "linked");
    let accounts = shown["accounts"].as_array().unwrap();
    assert!(!accounts.is_empty());
    for account in accounts {
        assert_eq!(account["wrappedBy"], shown["kid"], "{account}");
        assert_ne!(account["aek"], account["microsoftAek"]);
    }
    let workspace = place.json(&["workspace", "show", "law-1"]);
    assert_eq!(workspace["properties"]["sku"]["name"], "LACluster");
    assert_eq!(
        workspace["properties"]["features"]["clusterResourceId"],
        shown["id"]
    );
    assert_eq!(workspace["route"]["words"], "cluster, your key");
    assert_eq!(workspace["readable"]["readable"], true);
    let steps = place.json(&["cluster", "checklist", "lacluster"]);
    let done = |s: &Value| s["progress"] == "done";
    assert!(steps.as_array().unwrap().iter().all(done), "{steps:#}");
}

#[test]
fn a_preflight_lists_everything_at_once_and_its_exit_code_is_the_verdict() {
    let place = fresh();
    let args = [
        "cluster",
        "preflight",
        "la-cluster",
        "--group",
        "prod/rg",
        "--location",
        "koreacental",
        "--capacity",
        "950",
    ];
    let ids = |more: &[&str]| -> Vec<String> {
        let said = place.run(&[&["--format", "json"], &args[..], more].concat());
        assert_eq!(said.code, 1);
        let findings = said.json();
        let all = findings.as_array().unwrap().iter();
        all.filter_map(|f| f["error"]["id"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(ids(&[]), ["E-CC-01", "E-CC-06", "E-CC-13", "E-CC-15"]);
    // Who may not create it is told that the group is there and that they may not, and nothing else.
    assert_eq!(ids(&["--as", "rea"]), ["E-ARM-03"]);
    let told = place.run(&[&["--format", "json"], &args[..], &["--as", "rea"]].concat());
    assert_eq!(told.json().as_array().unwrap().len(), 2);
    place.json(&["support", "allow-subscription", "prod", "--as", "sue"]);
    let mut good = CREATE;
    good[1] = "preflight";
    place.run(&good).ok();
    place.run(&CREATE).ok();

    let place = prepared();
    place.run(&["cluster", "preflight", "lacluster"]).ok();
    place.run(&["key", "disable", "kv-logs/kek"]).ok();
    let key = [
        "cluster",
        "preflight",
        "lacluster",
        "--vault",
        "kv-logs",
        "--key",
        "kek",
        "--workspace",
        "law-eu",
    ];
    let said = place.run(&[&["--format", "json"], &key[..]].concat());
    assert_eq!(said.code, 1);
    let findings = said.json();
    assert_eq!(
        find(&findings, "what", "permission wrapKey")["error"]["id"],
        "E-KV-02"
    );
    assert_eq!(find(&findings, "what", "recoverability")["ok"], true);
    assert!(
        findings
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["error"]["id"] == "E-WL-07")
    );
    // For people the talk says how many, on stderr.
    let said = place.run(&key);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("findings stand in the way"),
        "{}",
        said.err
    );
}

#[test]
fn every_create_and_update_error_can_be_met_from_the_command_line() {
    let place = prepared();
    let refused = |more: &[&str], id| {
        let base = ["cluster", "create", "second", "--group", "prod/rg"];
        place.refused(&[&base[..], more].concat(), id);
    };
    let here = ["--location", "koreacentral", "--capacity", "1000"];
    for (more, id) in [
        (&here[..2], "E-CC-05"),
        (
            &["--location", "koreacentral", "--capacity", "950"],
            "E-CC-06",
        ),
        (
            &[&here[..], &["--sku-name", "PerGB2018"]].concat(),
            "E-CC-04",
        ),
        (
            &["--location", "koreacentral", "--sku-name", "x"],
            "E-CC-03",
        ),
        (&[&here[..], &["--identity", ""]].concat(), "E-CC-09"),
        (&["--location", "narnia", "--capacity", "1000"], "E-CC-15"),
    ] {
        refused(more, id);
    }
    for (body, id) in [
        ("", "E-CC-02"),
        (r#"{"location": "koreacentral"}"#, "E-CC-08"),
    ] {
        let file = place.write("body.json", body);
        refused(&["--body", &file], id);
    }
    let mut odd = CREATE;
    odd[2] = "la-cluster";
    place.refused(&odd, "E-CC-01");
    let set = |what, value| ["cluster", what, "lacluster", value];
    place.refused(&set("set-capacity", "900"), "E-CU-08");
    place.run(&set("set-capacity", "1200")).ok();
    let locked = place.refused(&set("set-capacity", "1000"), "E-CU-08");
    assert_eq!(locked["code"], "CapacityLocked");
    assert!(locked["allowedFrom"].is_string());
    place.refused(&set("set-billing", "nobody"), "E-CU-09");
    let billed = place.json(&set("set-billing", "workspaces"));
    assert_eq!(billed["properties"]["billingType"], "workspaces");
    let kid = ["cluster", "set-key", "lacluster", "--kid"];
    for (url, id) in [
        ("https://kv-logs.vault.azure.net", "E-CU-02"),
        ("https://kv-logs.vault.azure.net/keys/kek/123", "E-CU-03"),
        ("https://kv-other.vault.azure.net/keys/kek/123", "E-CU-03"),
    ] {
        place.refused(&[&kid[..], &[url]].concat(), id);
    }
    let read_only = place.write(
        "ro.json",
        r#"{"properties": {"provisioningState": "Failed"}}"#,
    );
    let update = ["cluster", "update", "lacluster", "--body", &read_only];
    place.refused(&update, "E-CU-10");
    let group = ["cluster", "move", "lacluster", "--group", "prod/rg"];
    place.refused(&group, "E-CL-07");
    place.run(&["cluster", "delete", "lacluster", "--yes"]).ok();
    place.refused(&CREATE, "E-CC-12");
    place.refused(&["cluster", "show", "lacluster"], "E-CG-01");
    find(
        &place.json(&["cluster", "list", "--deleted"]),
        "name",
        "lacluster",
    );
    let back = ["support", "recover-cluster", "lacluster", "--as", "sue"];
    assert_eq!(
        place.json(&back)["properties"]["provisioningState"],
        "Succeeded"
    );
}

#[test]
fn nothing_to_do_is_said_and_is_no_failure() {
    let place = prepared();
    for (args, id) in [
        (&["link", "delete", "law-1"][..], "E-WU-03"),
        (&["cluster", "delete", "prod/rg/nosuch"], "E-CD-02"),
        (&["cluster", "delete", "rg/nosuch"], "E-CD-02"),
        (&["cluster", "delete", "lacluste"], "E-CD-02"),
        (
            &["storage", "unlink", "law-1", "--type", "Alerts"],
            "E-LS-06",
        ),
    ] {
        let said = place.run(args).ok();
        assert!(said.err.starts_with("nothing: "), "{}", said.err);
        assert!(said.err.contains(id));
        let body = place.json(args);
        assert_eq!((&body["id"], &body["status"]), (&id.into(), &204.into()));
    }
}

#[test]
fn a_wait_says_that_time_stands_and_how_to_move_it_instead_of_hanging() {
    let place = fresh();
    place.json(&["support", "allow-subscription", "prod", "--as", "sue"]);
    place.run(&CREATE).ok();
    let said = place.run(&["op", "wait", "1"]);
    assert_eq!(said.code, 1);
    assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    for word in [
        "nobody holds the clock",
        "--advance",
        "lockbox clock advance 1h",
    ] {
        assert!(said.err.contains(word), "{}", said.err);
    }
    place.refused(&["op", "wait", "77"], "E-ARM-07");
    let before = place.hash();
    let would = place
        .run(&["op", "wait", "1", "--advance", "--dry-run"])
        .ok();
    assert!(would.out.starts_with("would happen: "), "{}", would.out);
    assert_eq!(place.hash(), before);
    // What is over needs no waiting; a failure is told and is exit code 1.
    place.run(&["fault", "operation", "1"]).ok();
    let said = place.run(&["op", "wait", "1"]);
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("Failed at 2020-11-22 09:00:00"),
        "{}",
        said.out
    );
    let shown = place.json(&["op", "show", "1"]);
    assert_eq!(shown["status"], "Failed");
    assert_eq!(shown["error"]["code"], "InternalServerError");
}

/// Somebody else's process that makes time run, at so many seconds a second.
fn running(state: &Path, rate: u32) -> Handle {
    let mut host = Host::open(state, None, || -> Result<Founding, _> {
        panic!("the world is founded")
    })
    .unwrap();
    host.clock_set(ClockCommand::Rate(rate)).unwrap();
    Handle::spawn(host, Some("a console of the test")).unwrap()
}

#[test]
fn a_wait_tells_each_change_of_status_on_a_line_while_another_process_makes_time_run() {
    let place = fresh();
    place.json(&["support", "allow-subscription", "prod", "--as", "sue"]);
    place.run(&CREATE).ok();
    let slow = running(place.dir.path(), 1);
    let said = place.run(&["op", "wait", "1", "--timeout", "150ms"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("WaitTimedOut"), "{}", said.err);
    drop(slow);
    let fast = running(place.dir.path(), 7_200);
    let started = Instant::now();
    let said = place.run(&["op", "wait", "1"]).ok();
    assert!(started.elapsed() < Duration::from_secs(20));
    drop(fast);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", said.out);
    assert!(lines[0].contains("OP-000001 create-cluster on prod/rg/lacluster: InProgress"));
    assert!(lines[1].contains("Succeeded at 2020-11-22 10:00:00 UTC"));
    let json = place.json(&["op", "wait", "1"]);
    assert_eq!(json["status"], "Succeeded");
    assert_eq!(json["endTime"], "2020-11-22T10:00:00.000000Z");
}

/// A command on a terminal.
fn on_a_terminal(place: &Place, args: &[&str]) -> Pty {
    let state = place.dir.path().to_str().unwrap();
    let program = env!("CARGO_BIN_EXE_lockbox");
    Pty::spawn(program, args, &[("LOCKBOX_STATE", state)], 100, 20)
}

#[test]
fn on_a_terminal_a_wait_draws_one_line_again_and_again() {
    let place = fresh();
    place.json(&["support", "allow-subscription", "prod", "--as", "sue"]);
    place.run(&CREATE).ok();
    let clock = running(place.dir.path(), 600);
    let mut terminal = on_a_terminal(&place, &["op", "wait", "1"]);
    terminal.wait_until("it is under way", |screen| {
        (5..90).any(|n| screen.contains(&format!(" {n:>3} %")))
    });
    let screen = terminal.text();
    assert!(
        screen.contains("OP-000001 create-cluster InProgress  █"),
        "{screen}"
    );
    assert!(screen.contains("of 1h 00m"), "{screen}");
    assert_eq!(screen.trim().lines().count(), 1, "{screen}");
    place.run(&["clock", "rate", "86400"]).ok();
    assert_eq!(terminal.wait_exit(), 0);
    drop(clock);
    let screen = terminal.text();
    assert_eq!(screen.trim().lines().count(), 1, "{screen}");
    assert!(
        screen.contains("Succeeded at 2020-11-22 10:00:00 UTC"),
        "{screen}"
    );
}

#[test]
fn on_a_terminal_the_name_is_typed_to_be_sure() {
    let place = fresh();
    let before = place.hash();
    for (typed, code) in [("law-1", 2), ("", 2), ("law-2", 0)] {
        assert_eq!(place.hash(), before);
        let mut terminal = on_a_terminal(&place, &["workspace", "delete", "law-2", "--force"]);
        terminal.wait_for("Type law-2 to do it:");
        assert!(
            terminal.text().contains("gone for good"),
            "{}",
            terminal.text()
        );
        terminal.send(typed);
        terminal.send("\r");
        assert_eq!(terminal.wait_exit(), code, "{}", terminal.text());
    }
    place.refused(&["workspace", "show", "law-2"], "E-WL-01");
}

#[test]
fn what_cannot_be_undone_wants_to_be_sure_and_says_what_it_costs() {
    let place = working();
    place
        .run(&["search", "save", "law-1", "errors", "--query", "Event"])
        .ok();
    let before = place.hash();
    let commands: [(&[&str], &str); 5] = [
        (&["cluster", "delete", "lacluster"], "unlinked from law-1"),
        (
            &["cluster", "delete", "lacluster"],
            "until 14d after its last workspace is unlinked",
        ),
        (
            &["workspace", "delete", "law-2", "--force"],
            "gone for good",
        ),
        (
            &["storage", "link", "law-1", "--type", "Query", "stqueries"],
            "The saved search errors",
        ),
        (
            &[
                "vault",
                "create",
                "kv-two",
                "--group",
                "prod/rg",
                "--location",
                "koreacentral",
                "--soft-delete",
                "true",
                "--purge-protection",
                "true",
            ],
            "R-KV-01",
        ),
    ];
    for (args, cost) in commands {
        let said = place.run(args);
        assert_eq!(said.code, 2, "{args:?}: {}{}", said.out, said.err);
        assert!(said.out.is_empty());
        assert!(said.err.contains("ConfirmationNeeded"), "{}", said.err);
        assert!(said.err.contains(cost), "{}", said.err);
        let program = place.run(&[&["--format", "json"], args].concat());
        assert_eq!(program.code, 2);
        assert!(program.json()["error"]["details"][0]["message"].is_string());
        let dry = place.run(&[&["--dry-run"], args].concat()).ok();
        assert!(dry.err.contains(cost), "{}", dry.err);
    }
    assert_eq!(place.hash(), before);
    for (args, _) in &commands[1..] {
        place.run(&[args, &["--yes"][..]].concat()).ok();
    }
    // A refusal comes before the question.
    place.refused(&["vault", "purge", "kv-logs"], "E-KV-18");
    let observer = ["workspace", "delete", "law-2", "--force", "--as", "rea"];
    assert_eq!(place.run(&observer).code, 3);
}

#[test]
fn a_key_that_goes_takes_what_it_wraps_with_it_and_says_so_first() {
    let place = fresh();
    place
        .run(&[
            "vault",
            "create",
            "kv-soft",
            "--group",
            "prod/rg",
            "--location",
            "koreacentral",
            "--soft-delete",
            "true",
            "--retention-days",
            "7",
        ])
        .ok();
    place.run(&["key", "create", "kv-soft/kek"]).ok();
    let deleted = place.json(&["key", "delete", "kv-soft/kek"]);
    assert_eq!(deleted["state"], "deleted");
    place.refused(&["key", "create", "kv-soft/kek"], "E-KV-04");
    place.refused(&["key", "purge", "kv-soft/kek"], "E-KV-01");
    let all = "get,list,create,delete,recover,purge";
    place
        .run(&[
            "policy",
            "set",
            "kv-soft",
            "--principal",
            "minji",
            "--keys",
            all,
        ])
        .ok();
    let unsure = place.run(&["key", "purge", "kv-soft/kek"]);
    assert_eq!(unsure.code, 2);
    assert!(
        unsure.err.contains("Versions destroyed: 1."),
        "{}",
        unsure.err
    );
    place.run(&["key", "recover", "kv-soft/kek"]).ok();
    place.run(&["key", "delete", "kv-soft/kek"]).ok();
    let gone = place.run(&["key", "purge", "kv-soft/kek", "--yes"]).ok();
    assert!(gone.out.contains("gone for good"), "{}", gone.out);
    place.run(&["vault", "delete", "kv-soft"]).ok();
    find(
        &place.json(&["vault", "list", "--deleted"]),
        "name",
        "kv-soft",
    );
    place.refused(&["vault", "show", "kv-softe"], "E-KV-14");
    place.run(&["vault", "recover", "kv-soft"]).ok();
    place.run(&["vault", "delete", "kv-soft"]).ok();
    let gone = place.run(&["vault", "purge", "kv-soft", "--yes"]).ok();
    assert!(!gone.err.contains("not yours to see"), "{}", gone.err);
}

#[test]
fn a_dry_run_of_any_of_them_leaves_the_journal_as_it_is() {
    let place = working();
    let before = place.hash();
    let commands: [&[&str]; 21] = [
        &[
            "vault",
            "create",
            "kv-two",
            "--group",
            "prod/rg",
            "--location",
            "koreacentral",
        ],
        &["vault", "delete", "kv-logs"],
        &["key", "create", "kv-logs/other", "--size", "3072"],
        &["key", "new-version", "kv-logs/kek"],
        &["key", "disable", "kv-logs/kek"],
        &[
            "key",
            "set",
            "kv-logs/kek",
            "--expires",
            "2021-01-01T00:00:00Z",
        ],
        &["key", "delete", "kv-logs/kek"],
        &["key", "get", "kv-logs/kek"],
        &[
            "policy",
            "set",
            "kv-logs",
            "--principal",
            "rea",
            "--keys",
            "get",
        ],
        &["policy", "delete", "kv-logs", "--principal", "lacluster"],
        &["cluster", "set-capacity", "lacluster", "2000"],
        &["cluster", "delete", "lacluster"],
        &[
            "workspace",
            "create",
            "law-3",
            "--group",
            "prod/rg",
            "--location",
            "koreacentral",
        ],
        &["workspace", "update", "law-1", "--retention-days", "90"],
        &["workspace", "delete", "law-2"],
        &["link", "delete", "law-1"],
        &["storage", "link", "law-1", "--type", "Alerts", "stqueries"],
        &[
            "search", "save", "law-1", "a", "--query", "Event", "--alert",
        ],
        &["support", "raise-capacity", "prod", "4000", "--as", "sue"],
        &[
            "fault", "inject", "kv-logs", "--kind", "outage", "--for", "35m",
        ],
        &["op", "wait", "3", "--advance"],
    ];
    for args in commands {
        let said = place.run(&[&["--dry-run"], args].concat()).ok();
        assert!(said.out.starts_with("would "), "{args:?}: {}", said.out);
        place.json(&[&["--dry-run"], args].concat());
    }
    assert_eq!(place.hash(), before);
}

#[test]
fn a_key_really_wraps_and_unwraps_and_a_disabled_one_does_not() {
    let place = prepared();
    let all = "get,create,update,import,wrapKey,unwrapKey";
    place
        .run(&[
            "policy",
            "set",
            "kv-logs",
            "--principal",
            "minji",
            "--keys",
            all,
        ])
        .ok();
    let value = "3q2-7wAB_g";
    let wrap = ["key", "wrap", "kv-logs/kek", "--value", value];
    let wrapped = place.json(&wrap);
    assert_eq!(wrapped["alg"], "RSA-OAEP-256");
    let blob = wrapped["value"].as_str().unwrap().to_owned();
    assert_ne!(blob, value);
    let kid = wrapped["kid"].as_str().unwrap();
    let version = kid.rsplit('/').next().unwrap();
    // A new version does not open what an older one wrapped; the older one does, by its first digits.
    place.run(&["key", "new-version", "kv-logs/kek"]).ok();
    place.refused(
        &["key", "unwrap", "kv-logs/kek", "--value", &blob],
        "E-KV-17",
    );
    let old = format!("kv-logs/kek/{}", &version[..8]);
    let unwrap = ["key", "unwrap", &old, "--value", &blob];
    assert_eq!(place.json(&unwrap)["value"], value);
    let plain = place.run(&[&unwrap[..], &["--format", "plain"]].concat());
    assert_eq!(plain.ok().out, format!("{value}\n"));
    let got = place.json(&["key", "get", &old]);
    assert_eq!(got["key"]["kid"], kid);
    assert!(got["key"]["n"].as_str().unwrap().len() > 300);
    place.run(&["key", "disable", &old]).ok();
    let no = place.refused(&unwrap, "E-KV-02");
    assert_eq!(no["innererror"]["code"], "KeyDisabled");
    assert_eq!(place.run(&unwrap).code, 1);
    let trail = place.json(&["vault", "trail", "kv-logs", "--last", "1"]);
    assert_eq!(trail[0]["operationName"], "KeyUnwrap");
    assert_eq!(trail[0]["error"], "E-KV-02");
    let bad = place.run(&["key", "unwrap", &old, "--value", "!"]);
    assert_eq!(bad.code, 2);
    let nothing = place.write("nothing.pem", "-----BEGIN NOTHING-----\n");
    place.refused(
        &["key", "import", "kv-logs/mine", "--pem", &nothing],
        "E-KV-17",
    );
}

#[test]
fn rotation_changes_nothing_until_the_cluster_is_updated() {
    let place = working();
    let version = |id: &str| place.json(&["key", "show", "kv-logs/kek"])[id].clone();
    let first = version("currentVersion");
    let said = text(&place, &["key", "new-version", "kv-logs/kek"]);
    assert!(said.contains("stays in force at cluster"), "{said}");
    let second = version("currentVersion");
    assert_ne!(first, second);
    let in_force = || {
        let shown = place.json(&["cluster", "show", "lacluster"]);
        shown["properties"]["keyVaultProperties"]["keyVersion"].clone()
    };
    assert_eq!(in_force(), first);
    let versions = place.json(&["key", "versions", "kv-logs/kek"]);
    let needed = |v: &Value| find(&versions, "version", v.as_str().unwrap())["neededBy"].clone();
    assert_eq!(needed(&first)[0], "in force at cluster prod/rg/lacluster");
    assert_eq!(needed(&second), Value::Array(Vec::new()));
    let short = &second.as_str().unwrap()[..8];
    let set = [
        "cluster",
        "set-key",
        "lacluster",
        "--vault",
        "kv-logs",
        "--key",
        "kek",
        "--version",
        short,
    ];
    let said = text(&place, &set);
    assert!(said.contains("as asked"), "{said}");
    place.run(&["op", "wait", "4", "--advance"]).ok();
    assert_eq!(in_force(), second);
}

#[test]
fn a_revoked_key_is_loud_and_polls_are_shown_as_computed() {
    let place = working();
    place.run(&["clock", "advance", "5m"]).ok();
    let trail = place.json(&["vault", "trail", "kv-logs"]);
    let computed: Vec<&Value> = trail
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["computed"] == true)
        .collect();
    assert!(computed.iter().any(|c| c["ahead"] == true));
    assert!(computed.iter().any(|c| c["ahead"] == false));
    assert!(computed.iter().all(|c| c["result"] == "served"));
    place.run(&["key", "disable", "kv-logs/kek"]).ok();
    place.run(&["clock", "advance", "2h"]).ok();
    let shown = place.json(&["cluster", "show", "lacluster"]);
    assert_eq!(shown["encryption"]["state"], "Revoked");
    assert_eq!(shown["encryption"]["readable"], false);
    let workspace = place.json(&["workspace", "show", "law-1"]);
    assert_eq!(workspace["route"]["lost"], true);
    assert_eq!(workspace["route"]["error"]["id"], "E-ING-01");
    assert_eq!(workspace["readable"]["error"]["id"], "E-QRY-01");
    assert!(text(&place, &["workspace", "show", "law-1"]).contains("DATA LOST"));
    let list = place.run(&["workspace", "list"]).ok();
    assert!(list.err.contains("law-1: DATA LOST"), "{}", list.err);
}

#[test]
fn a_link_to_a_cluster_that_is_not_built_warns_loudly() {
    let place = fresh();
    place.json(&["support", "allow-subscription", "prod", "--as", "sue"]);
    place.run(&CREATE).ok();
    let said = place.run(&["link", "create", "law-1", "lacluster"]).ok();
    assert!(said.err.contains("DATA LOST"), "{}", said.err);
    assert!(said.err.contains("R-LNK-02"), "{}", said.err);
    // The seed names the cluster where the cloud wants the literal "cluster"; both are understood (i-9).
    place.run(&["op", "wait", "2", "--advance"]).ok();
    let wrong = place.run(&["link", "show", "lacluster"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("cluster show"), "{}", wrong.err);
    let id = place.json(&["cluster", "show", "lacluster"])["id"].clone();
    let path = id.as_str().unwrap();
    let az = [
        "link",
        "create",
        "law-2",
        "--write-access-resource-id",
        path,
    ];
    place.run(&az).ok();
    place.refused(&["link", "create", "law-2", "/subscriptions/x"], "E-WL-09");
    place.refused(&["link", "create", "law-2", ""], "E-WL-09");
    let delete = ["link", "delete", "law-1", "--name"];
    place
        .run(&[&delete[..], &["lacluster", "--dry-run"]].concat())
        .ok();
    place.run(&[&delete[..], &["cluster"]].concat()).ok();
    place.refused(&["link", "delete", "law-1"], "E-WU-02");
    place.refused(&["link", "delete", "law-9"], "E-WU-01");
}

#[test]
fn saved_queries_move_to_the_storage_account_and_its_key_closes_them() {
    let place = prepared();
    let save = |name, more: &[&str]| {
        let base = ["search", "save", "law-1", name, "--query", "Event | take 1"];
        place.json(&[&base[..], more].concat())
    };
    assert_eq!(save("old", &[])["keptIn"], Value::Null);
    place.refused(
        &["storage", "link", "law-1", "--type", "Queries", "stqueries"],
        "E-LS-01",
    );
    place.refused(
        &["storage", "link", "law-eu", "--type", "Query", "stqueries"],
        "E-LS-03",
    );
    place.refused(
        &["storage", "link", "law-1", "--type", "Query", "stquery"],
        "E-LS-04",
    );
    let link = ["storage", "link", "law-1", "--type", "Query", "stqueries"];
    let linked = place.json(&[&link[..], &["--yes"]].concat());
    assert_eq!(linked["linkedStorageAccounts"][0]["name"], "Query");
    let list = || place.run(&["search", "list", "law-1", "--format", "json"]);
    assert_eq!(list().ok().json(), Value::Array(Vec::new()));
    assert_eq!(save("new", &[])["keptIn"], "prod/rg/stqueries");
    assert_eq!(save("loud", &["--alert"])["kind"], "alert");
    let set_key = [
        "storage",
        "set-key",
        "stqueries",
        "--vault",
        "kv-logs",
        "--key",
        "kek",
    ];
    place.refused(&set_key, "E-CU-03");
    let grant = [
        "policy",
        "set",
        "kv-logs",
        "--principal",
        "stqueries",
        "--keys",
        "get,wrapKey,unwrapKey",
    ];
    place.run(&grant).ok();
    assert_eq!(place.json(&set_key)["opens"], true);
    place.run(&["key", "disable", "kv-logs/kek"]).ok();
    assert_eq!(list().json()["error"]["id"], "E-SS-03");
    assert_eq!(
        place.json(&["storage", "show", "stqueries"])["opens"],
        false
    );
    let back = ["storage", "set-key", "stqueries", "--microsoft"];
    assert_eq!(place.json(&back)["kid"], Value::Null);
    assert_eq!(list().ok().json()[0]["name"], "new");
    place.run(&["search", "show", "law-1", "new"]).ok();
    place.run(&["search", "delete", "law-1", "new"]).ok();
    place.refused(&["search", "show", "law-1", "new"], "E-SS-01");
}

#[test]
fn a_fault_is_the_simulators_whoever_asks_for_it() {
    let place = working();
    let inject = [
        "fault", "inject", "kv-logs", "--kind", "outage", "--for", "35m", "--as", "observer",
    ];
    let made = place.json(&inject);
    assert_eq!(made["events"][0]["actor"], "simulator");
    assert_eq!(made["fault"]["extension"], true);
    find(&place.json(&["fault", "list"]), "vault", "kv-logs");
    place.refused(&["key", "new-version", "kv-logs/kek"], "E-KV-13");
    place.refused(&inject, "E-FLT-01");
    place.run(&["fault", "clear", "kv-logs"]).ok();
    assert_eq!(place.json(&["fault", "list"]), Value::Array(Vec::new()));
    let help = place.run(&["fault", "--help"]).ok();
    assert!(help.out.contains("simulator only"), "{}", help.out);
}

#[test]
fn unknown_names_suggest_the_nearest_and_a_stranger_sees_nothing() {
    let place = working();
    let did_you_mean = |args: &[&str], id: &str, name: &str| {
        let error = place.refused(args, id);
        let remedy = error["remedy"].as_str().unwrap();
        assert!(
            remedy.contains(&format!("Did you mean {name}?")),
            "{error:#}"
        );
    };
    did_you_mean(&["vault", "show", "kv-lugs"], "E-KV-14", "kv-logs");
    did_you_mean(&["key", "show", "kv-logs/kik"], "E-KV-03", "kek");
    did_you_mean(&["cluster", "show", "laclusta"], "E-CG-01", "lacluster");
    did_you_mean(&["workspace", "show", "law1"], "E-WL-01", "law-1");
    did_you_mean(&["storage", "show", "stquerys"], "E-LS-04", "stqueries");
    did_you_mean(
        &[
            "workspace",
            "create",
            "law-9",
            "--group",
            "prod/rgg",
            "--location",
            "koreacentral",
        ],
        "E-ARM-04",
        "rg",
    );
    place.refused(&["vault", "show", "kv-logs", "--as", "sue"], "E-ARM-03");
    place.json(&["cluster", "show", "lacluster", "--as", "sue"]);
}

#[test]
fn keys_for_programs_are_camel_case_in_every_format_that_has_keys() {
    let place = working();
    place
        .run(&["search", "save", "law-1", "a", "--query", "Event"])
        .ok();
    place
        .run(&[
            "fault",
            "inject",
            "kv-logs",
            "--kind",
            "transient",
            "--for",
            "1m",
        ])
        .ok();
    let commands: [&[&str]; 19] = [
        &["vault", "list"],
        &["vault", "show", "kv-logs"],
        &["vault", "trail", "kv-logs"],
        &["key", "list", "kv-logs"],
        &["key", "show", "kv-logs/kek"],
        &["key", "versions", "kv-logs/kek"],
        &["policy", "list", "kv-logs"],
        &["cluster", "list"],
        &["cluster", "list", "--group", "prod/rg"],
        &["cluster", "show", "lacluster"],
        &["cluster", "checklist", "lacluster"],
        &["workspace", "list"],
        &["workspace", "show", "law-1"],
        &["link", "show", "law-1"],
        &["storage", "list"],
        &["search", "list", "law-1"],
        &["op", "list"],
        &["op", "show", "1"],
        &["fault", "list"],
    ];
    for args in commands {
        camel_case(&place.json(args), &args.join(" "));
        for format in ["csv", "plain", "table"] {
            let said = place.run(&[&["--format", format], args].concat()).ok();
            assert!(!said.out.is_empty(), "{args:?} as {format}");
        }
    }
    let shown = place.json(&["op", "show", "2"]);
    assert_eq!(shown["status"], "Succeeded");
    assert_eq!(shown["kind"], "update-key");
}

#[test]
fn the_observer_reads_all_and_changes_nothing() {
    let place = working();
    place.json(&["vault", "show", "kv-logs", "--as", "observer"]);
    place.refused(
        &["key", "new-version", "kv-logs/kek", "--as", "observer"],
        "E-PPL-02",
    );
    let memory: Said = run_in(place.dir.path(), &["--memory", "vault", "list"]);
    memory.ok();
    assert!(fs::read_dir(place.dir.path()).unwrap().count() > 0);
}

#[test]
fn a_hostile_query_or_name_reaches_no_sink_raw() {
    let place = prepared();
    let save = [
        "search",
        "save",
        "law-1",
        "odd",
        "--query",
        HOSTILE,
        "--display-name",
        HOSTILE,
        "--category",
        HOSTILE,
    ];
    let commands: [&[&str]; 7] = [
        &save,
        &["search", "list", "law-1"],
        &["search", "show", "law-1", "odd"],
        &["storage", "link", "law-1", "--type", "Query", "stqueries"],
        &["vault", "show", HOSTILE],
        &["cluster", "show", HOSTILE],
        &[
            "policy",
            "set",
            "kv-logs",
            "--principal",
            HOSTILE,
            "--keys",
            "get",
        ],
    ];
    for args in commands {
        for format in ["table", "json", "csv", "plain"] {
            let said = place.run(&[&["--format", format], args].concat());
            // Tabs are our own between the cells of a plain list.
            let out = match format {
                "plain" => said.out.replace('\t', " "),
                _ => said.out.clone(),
            };
            assert!(is_inert(&out), "{args:?} as {format}: {out}");
            assert!(is_inert(&said.err), "{args:?} as {format}: {}", said.err);
        }
    }
}

#[test]
fn a_preflight_tells_nobody_of_what_they_may_not_see() {
    let place = prepared();
    let preflight = ["cluster", "preflight"];
    let out = ["--as", "out"];
    for more in [&[][..], &["--workspace", "law-1"]] {
        let ask = |name| [&preflight[..], &[name], more, &out].concat();
        place.refused(&ask("lacluster"), "E-CG-01");
        place.refused(&ask("prod/rg/lacluster"), "E-ARM-03");
    }
    // The staff sees clusters and workspaces, but not the vaults of customers.
    let staff = [
        "lacluster",
        "--vault",
        "kv-logs",
        "--key",
        "kek",
        "--as",
        "sue",
    ];
    place.refused(&[&preflight[..], &staff].concat(), "E-ARM-03");
    place.refused(&[&preflight[..], &["nosuch"], &out].concat(), "E-CG-01");
    // Deleting what one may not see is as if it were not there.
    let said = place
        .run(&["cluster", "delete", "lacluster", "--as", "out"])
        .ok();
    assert!(said.err.contains("E-CD-02"), "{}", said.err);
    assert!(!said.err.contains("Did you mean"), "{}", said.err);
    let near = place.run(&["cluster", "delete", "laclusta"]).ok();
    assert!(near.err.contains("Did you mean lacluster?"), "{}", near.err);
}

#[test]
fn a_cluster_has_one_name_in_whatever_case_it_is_written() {
    let place = prepared();
    let mut other = CREATE;
    other[2] = "LaCluster";
    other[8] = "1100";
    let would = place.run(&[&["--dry-run"], &other[..]].concat()).ok();
    assert!(
        would.out.contains("cluster prod/rg/lacluster"),
        "{}",
        would.out
    );
    let changed = place.json(&other);
    assert_eq!(changed["name"], "lacluster");
    assert_eq!(changed["sku"]["capacity"], 1100);
    let body = place.write(
        "whole.json",
        r#"{"location": "koreacentral", "sku": {"name": "capacityReservation", "capacity": 1200},
            "identity": {"type": "SystemAssigned"}, "properties": {"provisioningState": "Succeeded"}}"#,
    );
    let put = [
        "cluster",
        "create",
        "LACLUSTER",
        "--group",
        "prod/rg",
        "--body",
        &body,
    ];
    assert_eq!(place.json(&put)["sku"]["capacity"], 1200);
    let all = place.json(&["cluster", "list"]);
    assert_eq!(all.as_array().unwrap().len(), 1, "{all:#}");
}

#[test]
fn a_span_below_nothing_is_answered_by_us_and_not_by_the_parser_of_flags() {
    let place = fresh();
    for args in [
        &["clock", "advance", "-1d"][..],
        &["clock", "advance", "--dry-run", "-1d"],
        &["fault", "inject", "kv", "--kind", "outage", "--for", "-5m"],
        &["activity", "list", "--back", "-7d"],
        &["op", "wait", "1", "--timeout", "-1s"],
        &["workspace", "update", "law-1", "--retention-days", "-5"],
        &["clock", "rate", "-1"],
    ] {
        let said = place.run(args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.err);
        assert!(!said.err.contains("use '--"), "{args:?}: {}", said.err);
        assert!(
            said.err.contains("write ") || said.err.contains("span"),
            "{args:?}: {}",
            said.err
        );
    }
    // Flags stay flags.
    place.run(&["clock", "advance", "--dry-run", "1d"]).ok();
    place.run(&["clock", "advance", "1d", "--dry-run"]).ok();
}

#[test]
fn a_workspace_that_comes_back_says_what_was_not_applied() {
    let place = fresh();
    place.run(&["workspace", "delete", "law-1"]).ok();
    let create = [
        "workspace",
        "create",
        "law-1",
        "--group",
        "prod/rg",
        "--location",
        "koreacentral",
    ];
    let asked = [&create[..], &["--retention-days", "90"]].concat();
    let would = place.run(&[&["--dry-run"], &asked[..]].concat()).ok();
    assert!(would.err.contains("not applied"), "{}", would.err);
    let said = place.run(&asked).ok();
    assert!(said.out.contains("back as it was"), "{}", said.out);
    assert!(
        said.err.contains("recovered as it was: --retention-days"),
        "{}",
        said.err
    );
    place.run(&["workspace", "delete", "law-1"]).ok();
    let plain = place.run(&create).ok();
    assert!(!plain.err.contains("not applied"), "{}", plain.err);
}

#[test]
fn a_storage_account_is_linked_once() {
    let place = fresh();
    let link = [
        "storage",
        "link",
        "law-1",
        "--type",
        "CustomLogs",
        "stqueries",
    ];
    let said = place.run(&[&link[..], &["prod/rg/STQUERIES"]].concat());
    assert_eq!(said.code, 2);
    assert!(said.err.contains("named twice"), "{}", said.err);
    place.run(&link).ok();
}

fn warnings(said: &Said) -> Vec<&str> {
    let lines = said.err.lines();
    lines.filter(|l| l.starts_with("warning: ")).collect()
}

#[test]
fn account_keys_that_are_gone_are_said_once_by_reads_commands_and_the_clock() {
    let place = working();
    fs::remove_dir_all(place.path("keystore")).unwrap();
    for args in [
        &["cluster", "show", "lacluster"][..],
        &["once", "clusters"],
        &["clock", "show"],
        &["clock", "advance", "3d"],
        &["key", "create", "kv-logs/next"],
    ] {
        let said = place.run(args).ok();
        let [warning] = warnings(&said)[..] else {
            panic!("{args:?}: {}", said.err);
        };
        assert!(warning.contains("keystore/aek/AEK-"), "{warning}");
        assert!(warning.contains("is missing"), "{warning}");
    }
}

#[test]
fn a_purged_key_is_destroyed_whatever_is_wrong_with_account_keys_it_never_wrapped() {
    let place = Place::new();
    place.run(&["clock", "advance", "3d"]).ok();
    let file = place.path("keystore/aek/AEK-000003");
    fs::OpenOptions::new()
        .write(true)
        .open(&file)
        .unwrap()
        .set_len(9)
        .unwrap();
    let sealed = || fs::read_dir(place.path("hsm/customer")).unwrap().count();
    let before = sealed();
    let mut said = Vec::new();
    for args in [
        &[
            "policy",
            "set",
            "kv-sandbox-kr",
            "--principal",
            "haerin.seo",
            "--keys",
            "get,list,create,delete,purge",
        ][..],
        &["key", "delete", "kv-sandbox-kr/cmk-try", "--yes"],
        &["key", "purge", "kv-sandbox-kr/cmk-try", "--yes"],
    ] {
        let args = [&["--as", "haerin.seo"], args].concat();
        said.push(place.run(&args).ok());
    }
    assert!(sealed() < before, "{} of {before}", sealed());
    assert!(!said[2].err.contains("not destroyed"), "{}", said[2].err);
}

#[test]
fn a_world_the_hardware_contradicts_can_be_read_but_does_not_go_on() {
    let place = prepared();
    let parts: Vec<_> = fs::read_dir(place.path("hsm/customer"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let aside = place.path("aside");
    let [part] = &parts[..] else {
        panic!("{parts:?}")
    };
    fs::rename(part, &aside).unwrap();
    let set_key = [
        "cluster",
        "set-key",
        "lacluster",
        "--vault",
        "kv-logs",
        "--key",
        "kek",
    ];
    let stopped = |args: &[&str]| {
        let error = place.refused(args, "E-CLI-02");
        assert_eq!(error["code"], "KeystoreUnusable", "{error:#}");
    };
    stopped(&set_key);
    for args in [
        &["vault", "list"][..],
        &["cluster", "show", "lacluster"],
        &["once", "clusters"],
    ] {
        let said = place.run(args).ok();
        let [warning] = warnings(&said)[..] else {
            panic!("{args:?}: {}", said.err);
        };
        assert!(warning.contains("the hardware says otherwise"), "{warning}");
    }
    let now = place.json(&["clock", "show"])["now"].take();
    for args in [
        &["clock", "advance", "1d"][..],
        &["clock", "next"],
        &["key", "create", "kv-logs/next"],
    ] {
        stopped(args);
    }
    assert_eq!(place.json(&["clock", "show"])["now"], now);
    fs::rename(&aside, part).unwrap();
    let said = place.run(&["op", "wait", "2", "--advance"]).ok();
    assert_eq!(warnings(&said), [""; 0]);
}
