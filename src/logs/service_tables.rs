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

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};

    use super::super::ingest::arrow_types;
    use super::*;
    use crate::engine::ids::GrantId;
    use crate::engine::ingestion::{Arrival, Command as Ingestion};
    use crate::engine::{self, Actor, Command, Span};
    use crate::world_file::{DEMO, DEMO_NAME, parse};

    /// The demo world at the moment it opens.
    fn demo() -> World {
        let mut world = World::default();
        for (at, actor, command) in parse(DEMO_NAME, DEMO).unwrap().founding() {
            elapse(&mut world, at);
            world = engine::draft(&world, at, &actor, &command).unwrap().world;
        }
        world
    }

    fn elapse(world: &mut World, at: SimTime) {
        while let Some(due) = engine::due(world).filter(|due| *due <= at) {
            let elapsed = engine::draft(world, due, &Actor::Time, &Command::Elapse);
            *world = elapsed.unwrap().world;
        }
    }

    fn table(world: &World, workspace: &ResourceId, name: &str) -> RecordBatch {
        let batch = records(world, workspace, name).unwrap().unwrap();
        let columns = builtin::columns(name).unwrap();
        assert_eq!(batch.schema(), arrow_types::schema(&columns), "{name}");
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        assert!(times.values().is_sorted(), "{name}");
        assert!(times.values().iter().all(|t| *t <= world.now.0), "{name}");
        batch
    }

    fn texts<'a>(batch: &'a RecordBatch, column: &str) -> Vec<&'a str> {
        let array = batch.column_by_name(column).unwrap().as_string_view();
        array.iter().map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn the_activity_log_of_a_workspace_is_that_of_its_subscription() {
        let world = demo();
        let mut all = 0;
        for workspace in world.workspaces.keys() {
            let batch = table(&world, workspace, "AzureActivity");
            let own = workspace.subscription();
            let entries = world.activity.iter();
            let expected = entries
                .filter_map(|a| activity_log::entry(&world, a))
                .filter(|e| e.subscription == own);
            let names: Vec<&str> = expected.clone().map(|e| e.label).collect();
            assert_eq!(texts(&batch, "OperationName"), names);
            let callers: Vec<String> = expected.map(|e| e.caller).collect();
            assert_eq!(texts(&batch, "Caller"), callers);
            for id in texts(&batch, "_ResourceId") {
                assert!(id.contains(&world.subscription_guid(&own)), "{id}");
            }
            all += batch.num_rows();
        }
        assert!(all > 20, "{all}");
    }

    #[test]
    fn the_trail_of_every_vault_of_the_subscription_is_there_with_how_each_call_ended() {
        let world = demo();
        let mut refused = 0;
        let mut seen = 0;
        for workspace in world.workspaces.keys() {
            let batch = table(&world, workspace, "AzureDiagnostics");
            let own = workspace.subscription();
            let vaults = world.vaults.values().filter(|v| v.subscription() == own);
            let calls: usize = vaults.map(|v| v.trail.len()).sum();
            assert_eq!(batch.num_rows(), calls);
            let status = batch.column_by_name("httpStatusCode_d").unwrap();
            let status = status.as_primitive::<Float64Type>().values();
            for (result, status) in texts(&batch, "ResultType").iter().zip(status) {
                assert_eq!(*result == "Success", *status == 200.0);
                refused += usize::from(*status >= 400.0);
            }
            seen += calls;
        }
        assert!(seen > 20 && refused > 0, "{seen} {refused}");
    }

    /// An approved grant on a Windows machine, and the workspace its events are copied to.
    fn session(world: &mut World) -> (GrantId, ResourceId) {
        let found = world.lockbox.grants.values().find(|g| {
            g.request.is_some()
                && g.sessions.iter().any(|s| {
                    let resource = world.resources.resources.get(&s.resource);
                    resource.is_some_and(|r| r.kind.windows_guest() && !s.actions.is_empty())
                })
        });
        let grant = found.unwrap().clone();
        let workspace = world.workspaces.keys().next().unwrap().clone();
        for session in &grant.sessions {
            if let Some(resource) = world.resources.resources.get(&session.resource) {
                let mut resource = (**resource).clone();
                resource.events_to = Some(workspace.clone());
                let id = resource.id.clone();
                world.resources.resources.insert(id, resource.into());
            }
        }
        (grant.id, workspace)
    }

    fn with_grant(world: &mut World, id: GrantId, change: impl FnOnce(&mut Grant)) {
        let mut grant = (*world.lockbox.grants[&id]).clone();
        change(&mut grant);
        world.lockbox.grants.insert(id, grant.into());
    }

    #[test]
    fn sessions_are_in_the_workspace_their_events_are_copied_to_as_the_guests_logs_have_them() {
        let mut world = demo();
        let (id, workspace) = session(&mut world);
        let batch = table(&world, &workspace, "SecurityEvent");
        let mut expected = Vec::new();
        for grant in world
            .lockbox
            .grants
            .values()
            .filter(|g| g.request.is_some())
        {
            let events = world.windows_events(grant).into_iter();
            let copied = events.filter(|e| e.copied_to.as_ref() == Some(&workspace));
            expected.extend(copied.map(|e| (e.at.0, i32::from(e.event_id))));
        }
        expected.sort_by_key(|(at, _)| *at);
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let ids = batch.column_by_name("EventID").unwrap();
        let ids = ids.as_primitive::<Int32Type>();
        let found = times
            .values()
            .iter()
            .copied()
            .zip(ids.values().iter().copied());
        assert_eq!(found.collect::<Vec<_>>(), expected);
        assert!(expected.iter().any(|(_, id)| *id == 4688));
        let other = world
            .workspaces
            .keys()
            .find(|id| **id != workspace)
            .unwrap();
        let elsewhere = table(&world, other, "SecurityEvent").num_rows();
        assert!(elsewhere == 0 || elsewhere < expected.len());
        // Access that bypassed the customer is not the customer's to see.
        with_grant(&mut world, id, |g| g.request = None);
        let fewer = table(&world, &workspace, "SecurityEvent").num_rows();
        assert!(fewer < expected.len());
    }

    #[test]
    fn text_of_strangers_goes_in_as_it_was_written() {
        let mut world = demo();
        let (id, workspace) = session(&mut world);
        let hostile = "cmd\u{1b}[2J\u{202e}\n\"';drop\u{0}";
        with_grant(&mut world, id, |g| {
            for action in g.sessions.iter_mut().flat_map(|s| &mut s.actions) {
                action.text = hostile.into();
            }
        });
        let batch = table(&world, &workspace, "SecurityEvent");
        assert!(texts(&batch, "CommandLine").contains(&hostile));
    }

    #[test]
    fn usage_counts_what_came_to_each_table_by_the_hour() {
        let mut world = demo();
        let now = world.opens_at;
        elapse(&mut world, now);
        let stored = |world: &World, workspace: &ResourceId| {
            let tables = world.logs.tables_of(workspace);
            tables.flat_map(|(_, t)| world.logs.segments_of(t)).count()
        };
        let workspace = world
            .workspaces
            .values()
            .find(|w| w.link.cluster().is_none());
        let workspace = workspace.unwrap().id.clone();
        let before = stored(&world, &workspace);
        let begins = (now.0 / Span::hours(1).0 + 1) * Span::hours(1).0;
        for (minutes, name, raw) in [
            (1, "Syslog", 2_000_000),
            (59, "Syslog", 500_000),
            (61, "Syslog", 1),
            (61, "Heartbeat", 3_000_000),
        ] {
            let at = SimTime(begins) + Span::minutes(minutes);
            elapse(&mut world, at);
            let arrival = Arrival {
                workspace: workspace.clone(),
                table: name.into(),
                columns: builtin::columns(name).unwrap(),
                rows: 10,
                raw,
                plain: raw / 10,
                from: at,
                to: at,
                source: None,
            };
            let command = Command::Ingestion(Ingestion::Ingest(arrival));
            let draft = engine::draft(&world, at, &Actor::Simulator, &command);
            world = draft.unwrap().world;
        }
        assert_eq!(stored(&world, &workspace), before + 4);
        let batch = table(&world, &workspace, "Usage");
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let fresh = times.values().iter().filter(|t| **t >= begins).count();
        let from = batch.num_rows() - fresh;
        let tail = batch.slice(from, fresh);
        let quantity = tail.column_by_name("Quantity").unwrap();
        let quantity = quantity.as_primitive::<Float64Type>().values().to_vec();
        let batches = tail.column_by_name("TotalBatches").unwrap();
        let batches = batches.as_primitive::<Int64Type>().values().to_vec();
        let billable = tail.column_by_name("IsBillable").unwrap().as_boolean();
        let mut rows: Vec<_> = texts(&tail, "DataType")
            .into_iter()
            .zip(quantity)
            .zip(batches)
            .zip(billable.iter().flatten())
            .map(|(((table, mb), batches), billable)| (table, mb, batches, billable))
            .collect();
        rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(
            rows,
            [
                ("Heartbeat", 3.0, 1, false),
                ("Syslog", 0.000_001, 1, true),
                ("Syslog", 2.5, 2, true),
            ]
        );
    }

    #[test]
    fn the_same_world_gives_the_same_records_and_other_tables_are_not_the_services() {
        let world = demo();
        let workspace = world.workspaces.keys().next().unwrap();
        for name in builtin::names() {
            let batch = records(&world, workspace, name).unwrap();
            assert_eq!(batch.is_some(), builtin::by_service(name), "{name}");
            assert_eq!(batch, records(&world, workspace, name).unwrap());
        }
    }
}
