//! The tables the service fills itself, read off the World: AzureActivity, AzureDiagnostics, SecurityEvent and
//! Usage. A workspace sees its own subscription, and no access that bypassed the customer (i-32).
//!
//! Text of strangers goes in as it was written: it is data here, and whoever shows it scrubs it.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use serde_json::{Value as Json, json};

use super::ingest::{Rows, Stop, Value};
use crate::engine::errors;
use crate::engine::ids::{ResourceId, TableName};
use crate::engine::ingestion::builtin;
use crate::engine::ingestion::schema::TIME;
use crate::engine::ingestion::segment::Segment;
use crate::engine::lockbox::grant::{Grant, Session};
use crate::engine::projections::activity_log;
use crate::engine::random;
use crate::engine::resources::{Resource, ResourceKind};
use crate::engine::time::{SimTime, Span};
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::trail::{Call, Outcome};
use crate::engine::vault::{self, Vault};
use crate::engine::world::World;

/// All records of a table the service fills, by time; None: it is not one of those.
pub fn records(
    world: &World,
    workspace: &ResourceId,
    table: &str,
) -> Result<Option<RecordBatch>, Stop> {
    let mut writer = Writer::new(table);
    match table {
        "AzureActivity" => activity(world, workspace, &mut writer)?,
        "AzureDiagnostics" => diagnostics(world, workspace, &mut writer)?,
        "SecurityEvent" => security(world, workspace, &mut writer)?,
        "Usage" => {
            let tables = world.logs.tables_of(workspace);
            let segments = tables.flat_map(|(_, table)| world.logs.segments_of(table));
            usage(world, workspace, segments.map(AsRef::as_ref), &mut writer)?;
        }
        _ => return Ok(None),
    }
    writer.rows.batch().map(Some)
}

/// Puts records into the columns of a built-in table.
struct Writer {
    rows: Rows,
}

impl Writer {
    fn new(table: &str) -> Writer {
        let columns = builtin::columns(table).unwrap_or_default();
        Writer {
            rows: Rows::new(&columns, SimTime::default()),
        }
    }

    fn record(&mut self, at: SimTime, fields: &[(&str, Value<'_>)]) -> Result<(), Stop> {
        let time = std::iter::once((TIME, Value::Instant(at.0)));
        for (n, (name, value)) in time.chain(fields.iter().copied()).enumerate() {
            self.rows
                .field(n, name, value)
                .map_err(|fault| Stop::misfit(&fault))?;
        }
        self.rows.end();
        Ok(())
    }
}

fn or_none(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Missing, Value::Text)
}

fn text(json: &Json) -> Value<'_> {
    or_none(json.as_str())
}

/// In the lower case of `_ResourceId`.
fn resource_id(world: &World, id: &ResourceId, kind: ResourceKind) -> String {
    let (subscription, group, name) = id.parts();
    let subscription = world.subscription_guid(&subscription);
    let kind = kind.arm_type();
    format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}")
        .to_lowercase()
}

fn activity(world: &World, workspace: &ResourceId, writer: &mut Writer) -> Result<(), Stop> {
    let own = world.subscription_guid(&workspace.subscription());
    for entry in &world.activity {
        let Some(wire) = activity_log::wire(world, entry) else {
            continue;
        };
        if wire["subscriptionId"] != json!(own) {
            continue;
        }
        let id = wire["resourceId"].as_str().unwrap_or_default();
        let id = id.to_lowercase();
        let authorization = wire["authorization"].to_string();
        let properties = wire["properties"].to_string();
        writer.record(
            entry.at,
            &[
                (
                    "OperationName",
                    text(&wire["operationName"]["localizedValue"]),
                ),
                ("OperationNameValue", text(&wire["operationName"]["value"])),
                ("Level", text(&wire["level"])),
                ("ActivityStatusValue", text(&wire["status"]["value"])),
                ("ActivitySubstatusValue", text(&wire["subStatus"]["value"])),
                ("CategoryValue", text(&wire["category"]["value"])),
                ("Caller", text(&wire["caller"])),
                ("CorrelationId", text(&wire["correlationId"])),
                ("EventDataId", text(&wire["eventDataId"])),
                ("EventSubmissionTimestamp", Value::Instant(entry.at.0)),
                ("OperationId", text(&wire["operationId"])),
                (
                    "ResourceProviderValue",
                    text(&wire["resourceProviderName"]["value"]),
                ),
                ("ResourceGroup", text(&wire["resourceGroupName"])),
                ("SubscriptionId", text(&wire["subscriptionId"])),
                ("Authorization_d", Value::Nested(&authorization)),
                ("Properties_d", Value::Nested(&properties)),
                ("_ResourceId", Value::Text(&id)),
            ],
        )?;
    }
    Ok(())
}

fn diagnostics(world: &World, workspace: &ResourceId, writer: &mut Writer) -> Result<(), Stop> {
    let own = workspace.subscription();
    let vaults = world.vaults.values().filter(|v| v.subscription() == own);
    let calls = vaults.flat_map(|vault| vault.trail.iter().map(move |call| (vault, call)));
    let mut calls: Vec<(&Vault, &Call)> = calls.map(|(vault, call)| (&**vault, call)).collect();
    calls.sort_by_key(|(_, call)| (call.at, call.revision));
    for (vault, call) in calls {
        diagnostic(world, vault, call, writer)?;
    }
    Ok(())
}

fn diagnostic(world: &World, vault: &Vault, call: &Call, writer: &mut Writer) -> Result<(), Stop> {
    let refused = call
        .outcome
        .error()
        .and_then(|id| errors::ALL.iter().find(|e| e.id == id));
    let (status, signature) = refused.map_or((200, "OK"), |e| (e.status, e.code));
    let result = match call.outcome {
        Outcome::Served => "Success",
        Outcome::Refused(_) | Outcome::Unreachable(_) => "Failed",
    };
    let upn = match &call.caller {
        Some(Caller::Person(id)) => world.people.persons.get(id).map(|p| &*p.upn),
        _ => None,
    };
    let principal = call.caller.as_ref().map(|c| world.principal_guid(c));
    let used = call.key.as_ref().map(|(key, version)| {
        let version = version.iter().map(|v| format!("/{}", v.as_str()));
        let version: String = version.collect();
        format!("{}/keys/{}{version}", vault::uri(&vault.name), key.as_str())
    });
    let number = u32::try_from(call.revision.0).unwrap_or(u32::MAX);
    let correlation = random::guid(world.seed, "vault-call", number);
    let id = resource_id(world, &vault.id, ResourceKind::KeyVault);
    let shouted = id.to_uppercase();
    let name = vault.name.as_str().to_uppercase();
    let group = vault.group().to_uppercase();
    let subscription = world.subscription_guid(&vault.subscription());
    writer.record(
        call.at,
        &[
            ("ResourceId", Value::Text(&shouted)),
            ("Category", Value::Text("AuditEvent")),
            ("ResourceGroup", Value::Text(&group)),
            ("SubscriptionId", Value::Text(&subscription)),
            ("ResourceProvider", Value::Text("MICROSOFT.KEYVAULT")),
            ("Resource", Value::Text(&name)),
            ("ResourceType", Value::Text("VAULTS")),
            ("OperationName", Value::Text(call.done.word())),
            ("ResultType", Value::Text(result)),
            ("ResultSignature", Value::Text(signature)),
            ("ResultDescription", or_none(refused.map(|e| e.message))),
            ("CorrelationId", Value::Text(&correlation)),
            ("identity_claim_upn_s", or_none(upn)),
            ("identity_claim_oid_g", or_none(principal.as_deref())),
            ("id_s", or_none(used.as_deref())),
            ("httpStatusCode_d", Value::Long(status.into())),
            ("_ResourceId", Value::Text(&id)),
        ],
    )
}

/// What the guests' Windows event logs say of the sessions, where Security Center copies them to this workspace
/// (R-LOCK-36).
fn security(world: &World, workspace: &ResourceId, writer: &mut Writer) -> Result<(), Stop> {
    let mut events = Vec::new();
    // Access the customer was not asked for does not exist for it.
    let grants = world
        .lockbox
        .grants
        .values()
        .filter(|g| g.request.is_some());
    for grant in grants {
        for (n, session) in grant.sessions.iter().enumerate() {
            let resource = world.resources.resources.get(&session.resource);
            let copied = resource
                .filter(|r| r.kind.windows_guest() && r.events_to.as_ref() == Some(workspace));
            if let Some(resource) = copied {
                events.extend(logged(grant, n, session, resource));
            }
        }
    }
    events.sort_by_key(|event| event.at);
    for event in events {
        event.write(world, writer)?;
    }
    Ok(())
}

/// An event of a guest's log.
struct Logged<'a> {
    at: SimTime,
    id: u16,
    grant: &'a Grant,
    /// The number of the session in its grant.
    session: usize,
    resource: &'a Resource,
    command: Option<&'a str>,
}

/// Logon, every process, logoff.
fn logged<'a>(
    grant: &'a Grant,
    number: usize,
    session: &'a Session,
    resource: &'a Resource,
) -> impl Iterator<Item = Logged<'a>> {
    let event = move |at, id, command| Logged {
        at,
        id,
        grant,
        session: number,
        resource,
        command,
    };
    let actions = session.actions.iter();
    std::iter::once(event(session.opened_at, 4624, None))
        .chain(actions.map(move |a| event(a.at, 4688, Some(a.text.raw()))))
        .chain(session.closed_at.map(move |at| event(at, 4634, None)))
}

impl Logged<'_> {
    fn write(&self, world: &World, writer: &mut Writer) -> Result<(), Stop> {
        let what = match self.id {
            4624 => "4624 - An account was successfully logged on.",
            4688 => "4688 - A new process has been created.",
            _ => "4634 - An account was logged off.",
        };
        let engineer = world.people.persons.get(&self.grant.engineer);
        let account = engineer.map_or(self.grant.engineer.as_str(), |p| &*p.upn);
        let logon = match self.id {
            4688 => (Value::Missing, Value::Missing),
            _ => (Value::Long(10), Value::Text("10 - RemoteInteractive")),
        };
        let program = self.command.and_then(|c| c.split_whitespace().next());
        let session = (u64::from(self.grant.id.0) << 16) + self.session as u64;
        let logon_id = random::bytes(world.seed, "logon", session);
        let logon_id = format!(
            "0x{:02x}{:02x}{:02x}",
            logon_id[0], logon_id[1], logon_id[2]
        );
        let computer = random::guid_of(world.seed, "computer", self.resource.id.as_str());
        let id = resource_id(world, &self.resource.id, self.resource.kind);
        writer.record(
            self.at,
            &[
                ("Computer", Value::Text(&self.resource.name)),
                (
                    "EventSourceName",
                    Value::Text("Microsoft-Windows-Security-Auditing"),
                ),
                ("Channel", Value::Text("Security")),
                ("EventID", Value::Long(self.id.into())),
                ("Activity", Value::Text(what)),
                ("Level", Value::Text("8")),
                ("Account", Value::Text(account)),
                ("AccountType", Value::Text("User")),
                ("LogonType", logon.0),
                ("LogonTypeName", logon.1),
                ("CommandLine", or_none(self.command)),
                ("Process", or_none(program)),
                ("TargetLogonId", Value::Text(&logon_id)),
                ("SourceComputerId", Value::Text(&computer)),
                ("_ResourceId", Value::Text(&id)),
            ],
        )
    }
}

/// What came to a table within an hour.
#[derive(Default)]
struct Came {
    bytes: u64,
    segments: i64,
    last: SimTime,
}

/// Tables whose data is free of charge.
const FREE: [&str; 3] = ["AzureActivity", "Heartbeat", "Usage"];

fn usage<'a>(
    world: &World,
    workspace: &ResourceId,
    segments: impl Iterator<Item = &'a Segment>,
    writer: &mut Writer,
) -> Result<(), Stop> {
    let hour = Span::hours(1).0;
    let mut came: BTreeMap<(SimTime, &TableName), Came> = BTreeMap::new();
    for segment in segments.filter(|s| s.workspace == *workspace) {
        let from = SimTime(segment.ingested_at.0.div_euclid(hour) * hour);
        let of_hour = came.entry((from, &segment.table)).or_default();
        of_hour.bytes += segment.raw;
        of_hour.segments += 1;
        of_hour.last = of_hour.last.max(segment.ingested_at);
    }
    let uri = resource_id(world, workspace, ResourceKind::Workspace);
    let mut records: Vec<_> = came.into_iter().collect();
    records.sort_by_key(|(_, of_hour)| of_hour.last);
    for ((from, table), of_hour) in records {
        writer.record(
            of_hour.last,
            &[
                ("DataType", Value::Text(table.as_str())),
                ("StartTime", Value::Instant(from.0)),
                ("EndTime", Value::Instant((from + Span::hours(1)).0)),
                ("Solution", Value::Text("LogManagement")),
                ("IsBillable", Value::Bool(!FREE.contains(&table.as_str()))),
                ("Quantity", Value::Real(of_hour.bytes as f64 / 1e6)),
                ("QuantityUnit", Value::Text("MBytes")),
                ("ResourceUri", Value::Text(&uri)),
                ("BatchesWithinSla", Value::Long(of_hour.segments)),
                ("BatchesOutsideSla", Value::Long(0)),
                ("BatchesCapped", Value::Long(0)),
                ("TotalBatches", Value::Long(of_hour.segments)),
                ("AvgLatencyInSeconds", Value::Real(0.0)),
            ],
        )?;
    }
    Ok(())
}
