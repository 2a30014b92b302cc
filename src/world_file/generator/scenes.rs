//! What generated people write: a few situations per family of resources, with slots that vary.
//!
//! Slots: `{name}` the resource, `{n}` a small count, `{pct}` a percentage, `{hh}` a time of day, `{code}` an
//! error code, `{gb}` a size.

use super::cast::Thing;
use super::dice::Dice;
use crate::engine::resources::ResourceKind;

/// One situation.
pub(super) struct Scene {
    pub problem: &'static str,
    titles: &'static [&'static str],
    descriptions: &'static [&'static str],
    tools: &'static [&'static str],
    justifications: &'static [&'static str],
    actions: &'static [&'static str],
}

impl Scene {
    pub fn title(&self, thing: &Thing, dice: &mut Dice) -> String {
        fill(self.titles, thing, dice)
    }
    pub fn description(&self, thing: &Thing, dice: &mut Dice) -> String {
        fill(self.descriptions, thing, dice)
    }
    pub fn tools(&self, thing: &Thing, dice: &mut Dice) -> String {
        fill(self.tools, thing, dice)
    }
    pub fn justification(&self, thing: &Thing, dice: &mut Dice) -> String {
        fill(self.justifications, thing, dice)
    }
    pub fn action(&self, thing: &Thing, dice: &mut Dice) -> String {
        fill(self.actions, thing, dice)
    }
}

fn fill(templates: &[&str], thing: &Thing, dice: &mut Dice) -> String {
    let mut text = dice.pick(templates).replace("{name}", &thing.name);
    let codes = [
        "0x80070005",
        "0x800705B4",
        "0xC0000142",
        "0x8007045B",
        "0x80131500",
    ];
    let mut slot = |name: &str, value: &dyn Fn(&mut Dice) -> String| {
        while let Some(at) = text.find(name) {
            let value = value(dice);
            text.replace_range(at..at + name.len(), &value);
        }
    };
    slot("{n}", &|d| (2 + d.below(48)).to_string());
    slot("{pct}", &|d| format!("{}%", 3 + d.below(95)));
    slot("{hh}", &|d| {
        format!("{:02}:{:02} UTC", d.below(24), d.below(60))
    });
    slot("{gb}", &|d| format!("{} GB", 4 + d.below(900)));
    slot("{code}", &|d| (*d.pick(&codes)).to_owned());
    text
}

/// A situation that fits a kind of resource.
pub(super) fn of(kind: ResourceKind, dice: &mut Dice) -> &'static Scene {
    use ResourceKind::*;
    let list = match kind {
        VmWindows | ScaleSetWindows | CloudServiceWebRole | CloudServiceWorkerRole | ClassicVm => {
            WINDOWS
        }
        VmLinux | ScaleSetLinux => LINUX,
        StorageAccount | ManagedDisk => STORAGE,
        SqlDatabase => SQL,
        DataExplorer | Cluster | Workspace | KeyVault => ANALYTICS,
        MemoryDump | SubscriptionTransfer => DUMP,
    };
    dice.pick(list)
}

const WINDOWS: &[Scene] = &[
    Scene {
        problem: "Remote desktop",
        titles: &[
            "Cannot RDP to {name} since the last restart",
            "{name}: remote desktop closes right after logon",
            "RDP to {name} fails with {code}",
        ],
        descriptions: &[
            "Since {hh} nobody can open a remote desktop session on {name}. The VM agent reports healthy and the application still answers, so this is not a full outage.",
            "Logon to {name} is accepted and the session ends within {n} seconds. Restarting through the portal did not help.",
        ],
        tools: &[
            "Boot diagnostics and the serial console show a normal logon screen; network watcher finds port 3389 open. Guest logs are not visible from the platform.",
            "Ran the RDP troubleshooter and reset the remote configuration: no change. The event log of the guest is needed.",
        ],
        justifications: &[
            "I need to read the terminal services and user profile event logs on {name} and look at the local certificate store. Read only, no restart.",
            "Remote desktop into {name} to inspect the listener and its certificate, error {code}.",
        ],
        actions: &[
            "wevtutil qe Microsoft-Windows-TerminalServices-LocalSessionManager/Operational /c:200",
            "certutil -store \"Remote Desktop\"",
            "reg query HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server",
        ],
    },
    Scene {
        problem: "Performance",
        titles: &[
            "{name} is at {pct} CPU for hours",
            "Requests on {name} time out every night at {hh}",
            "{name}: application pool recycles {n} times a day",
        ],
        descriptions: &[
            "{name} runs at {pct} CPU since {hh}. Nothing was deployed. Users see timeouts after {n} seconds.",
            "The worker process on {name} restarts with {code} about {n} times a day and drops the sessions of our users.",
        ],
        tools: &[
            "Host telemetry shows no steal time and no throttled disk. The cause is inside the guest.",
            "Collected PerfInsights, which stops before the worker process begins to spin.",
        ],
        justifications: &[
            "I want to take a {n} second CPU profile of w3wp on {name} and read the application event log.",
            "Capture a process dump of the hanging worker on {name}; the dump may hold request data.",
        ],
        actions: &[
            "wpr -start CPU -filemode",
            "procdump -ma w3wp.exe C:\\diag\\w3wp.dmp",
            "Get-WinEvent -LogName Application -MaxEvents 300",
        ],
    },
];

const LINUX: &[Scene] = &[
    Scene {
        problem: "SSH and connectivity",
        titles: &[
            "SSH to {name} refused after kernel update",
            "{name} lost its second network interface",
            "{name}: {pct} packet loss towards the database subnet",
        ],
        descriptions: &[
            "After the update at {hh} sshd on {name} refuses every key. The serial console shows the login prompt.",
            "{name} loses about {pct} of its packets; the other {n} nodes in the same subnet are fine.",
        ],
        tools: &[
            "Network watcher and effective routes are clean; accelerated networking is on. The guest's view is missing.",
            "The serial console log shows cloud-init failing at stage {n}; more than that is not visible from outside.",
        ],
        justifications: &[
            "Log on to {name} to read /var/log/secure and the sshd configuration. No data volumes will be mounted.",
            "Shell on {name} to compare ethtool counters and the routing tables; about {n} minutes.",
        ],
        actions: &[
            "journalctl -u sshd --since -2h",
            "ethtool -S eth0 | grep -i drop",
            "ip route show table all",
        ],
    },
    Scene {
        problem: "Disk and file system",
        titles: &[
            "{name}: file system remounted read-only",
            "Disk of {name} full although only {gb} are used",
            "{name} does not boot after resize",
        ],
        descriptions: &[
            "At {hh} the data file system of {name} went read-only with I/O errors. {n} services depend on it.",
            "df shows {pct} in use on {name} while du finds only {gb}. We need this node back before the weekly batch.",
        ],
        tools: &[
            "Disk telemetry shows no I/O error on the platform side, so the journal of the guest has to be read.",
            "Repaired from a rescue VM without success; the fault comes back after {n} minutes.",
        ],
        justifications: &[
            "Read dmesg and lsof on {name} to find which process keeps {gb} of deleted files open.",
            "Run a read-only fsck on the data volume of {name}. File names of the customer may become visible.",
        ],
        actions: &[
            "dmesg -T | tail -n 200",
            "lsof +L1",
            "xfs_repair -n /dev/sdc1",
        ],
    },
];

const STORAGE: &[Scene] = &[Scene {
    problem: "Availability and errors",
    titles: &[
        "{name}: {pct} of the reads fail with 503",
        "Blobs in {name} return {code} after failover",
        "Latency of {name} went up to {n} seconds",
    ],
    descriptions: &[
        "Since {hh} about {pct} of our GET requests against {name} fail. The metric blade shows server busy although we are far below the limits.",
        "After the failover {n} containers of {name} list blobs that cannot be read. About {gb} are affected.",
    ],
    tools: &[
        "Front-end telemetry shows one hot partition; which keys it holds is not visible without access.",
        "Replayed {n} failing requests with the client request ids. The index of the partition has to be inspected.",
    ],
    justifications: &[
        "Inspect the partition index of {name}; blob names become visible, contents do not.",
        "Compare checksums of {n} blobs of {name} on both replicas, which reads customer data.",
    ],
    actions: &[
        "partition-inspect --account {name} --top 20",
        "replica-compare --account {name} --sample {n}",
        "index-dump --account {name} --names-only",
    ],
}];

const SQL: &[Scene] = &[Scene {
    problem: "Performance and query execution",
    titles: &[
        "{name}: queries {n} times slower since last night",
        "{name} refuses logins with {code}",
        "Deadlocks on {name} every few minutes",
    ],
    descriptions: &[
        "The nightly load on {name} takes {n} times longer since {hh}. No schema change, no new index.",
        "{name} sits at {pct} log write and the application times out. Scaling up did not help.",
    ],
    tools: &[
        "Query performance insight shows a plan change, the plan's parameters are masked.",
        "The resource health check is green; wait statistics point to a parallelism bug in the engine.",
    ],
    justifications: &[
        "Read the query store of {name} including parameter values, and take an extended events session of {n} minutes.",
        "Attach to {name} read-only to compare the two plans; literal values are visible in them.",
    ],
    actions: &[
        "SELECT TOP 50 * FROM sys.query_store_plan ORDER BY last_execution_time DESC",
        "SELECT * FROM sys.dm_exec_requests WHERE wait_type = 'CXCONSUMER'",
        "DBCC SHOW_STATISTICS ('dbo.orders', 'ix_orders_date')",
    ],
}];

const ANALYTICS: &[Scene] = &[Scene {
    problem: "Query and ingestion",
    titles: &[
        "{name}: ingestion {n} minutes behind",
        "Queries on {name} fail with {code}",
        "{name} lost rows between {hh} and {hh}",
    ],
    descriptions: &[
        "Data arrives in {name} about {n} minutes late; our alerts fire too late. It began at {hh}.",
        "About {pct} of the queries on {name} end with a partial result. We need to know whether rows are missing.",
    ],
    tools: &[
        "Ingestion telemetry shows {n} extents stuck in merge; their contents have to be looked at.",
        "Reproduced the failing query on an empty copy of the schema without success.",
    ],
    justifications: &[
        "Run the failing query on {name} with tracing; up to {n} rows of customer data may be displayed.",
        "Inspect {n} stuck extents of {name} to find the malformed records.",
    ],
    actions: &[
        ".show extents | where MinCreatedOn > ago(1d)",
        ".show ingestion failures | take 100",
        ".show queries | where State == 'Failed' | take 50",
    ],
}];

const DUMP: &[Scene] = &[Scene {
    problem: "Crash analysis",
    titles: &[
        "Analyse memory dump {name}",
        "Stop error {code}: please look at {name}",
        "{name}: which driver crashed the node?",
    ],
    descriptions: &[
        "The node crashed at {hh} with {code} and wrote {name}. It is the {n}th crash this month.",
        "Please analyse {name} ({gb}). The machine runs our billing job and must not crash again on month's end.",
    ],
    tools: &[
        "The header of the dump names a storage driver; the stacks need the full dump.",
        "Automatic analysis failed with {code}; the dump has to be opened by hand.",
    ],
    justifications: &[
        "Open {name} in the debugger on an isolated workstation. Process memory of the customer is part of the dump.",
        "Read kernel stacks and pool tags out of {name}; the copy is deleted when the grant ends.",
    ],
    actions: &["windbg -z {name}", "!analyze -v", "!poolused 2"],
}];

pub(super) fn handover(dice: &mut Dice) -> String {
    (*dice.pick(&[
        "Handing over to the product team: the fault is below what support can see.",
        "Second occurrence in this region; the DevOps team owns the component.",
        "Needs somebody with knowledge of this component.",
        "Severity was raised by the customer, escalating.",
    ]))
    .to_owned()
}

pub(super) fn internal(dice: &mut Dice) -> String {
    (*dice.pick(&[
        "Administrator rights are justified here; keep it to the named resource.",
        "Agreed with the service owner. One session, then hand the rights back.",
        "Reviewed the ticket, a lower level does not suffice.",
    ]))
    .to_owned()
}

pub(super) fn approved(dice: &mut Dice) -> String {
    (*dice.pick(&[
        "Agreed with the service owner on our side.",
        "Change window is open tonight, go ahead.",
        "Needed to restore service. Please stick to what the request says.",
        "Checked the ticket with the team who opened it.",
        "Approved by the duty manager.",
        "OK. No production data on this machine.",
    ]))
    .to_owned()
}

pub(super) fn denied(dice: &mut Dice) -> String {
    (*dice.pick(&[
        "We can collect these logs ourselves and attach them to the ticket.",
        "Not during month-end closing. Ask again on Thursday.",
        "The justification does not say which data will be seen.",
        "The machine holds personal data; the data protection officer said no.",
        "We have solved it on our side in the meantime.",
    ]))
    .to_owned()
}

pub(super) fn revoked(dice: &mut Dice) -> String {
    (*dice.pick(&[
        "The session went beyond what was agreed.",
        "Problem solved, access is not needed any more.",
        "Our security team asked to stop all outside sessions.",
    ]))
    .to_owned()
}

pub(super) fn closing(dice: &mut Dice) -> String {
    (*dice.pick(&[
        "The cause was found and mitigated; the customer confirmed.",
        "Works again after the configuration was corrected.",
        "Fix will ship with the next update; workaround applied until then.",
        "No reply in three days after the fix; closing.",
    ]))
    .to_owned()
}
