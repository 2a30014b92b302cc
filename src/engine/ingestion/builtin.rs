//! The tables every workspace has, with the names and types Log Analytics gives their columns (the subset this
//! simulation fills; the dashboards people have keep working on it). Names compare with case.

use crate::engine::ingestion::schema::{Column, ColumnType, Columns, TIME};
use ColumnType::{Bool, Datetime, Dynamic, Int, Long, Real, String};

/// A table every workspace has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    pub name: &'static str,
    /// What is in it, in one line.
    pub doc: &'static str,
    /// The service writes it from what happens in the World: nobody ingests into it.
    pub by_service: bool,
    /// Those after `TimeGenerated`, in order.
    columns: &'static [(&'static str, ColumnType)],
}

/// All of them, by name.
pub const ALL: &[Builtin] = &[
    Builtin {
        name: "AppRequests",
        doc: "Requests that an application served: name, URL, result, duration.",
        by_service: false,
        columns: &[
            ("Id", String),
            ("Name", String),
            ("Url", String),
            ("Success", Bool),
            ("ResultCode", String),
            ("DurationMs", Real),
            ("OperationName", String),
            ("OperationId", String),
            ("ParentId", String),
            ("UserId", String),
            ("AppVersion", String),
            ("AppRoleName", String),
            ("AppRoleInstance", String),
            ("ClientIP", String),
            ("ItemCount", Int),
            ("Properties", Dynamic),
            ("_ResourceId", String),
        ],
    },
    Builtin {
        name: "AppTraces",
        doc: "Messages that an application wrote, with their severity from 0 to 4.",
        by_service: false,
        columns: &[
            ("Message", String),
            ("SeverityLevel", Int),
            ("OperationName", String),
            ("OperationId", String),
            ("ParentId", String),
            ("UserId", String),
            ("SDKVersion", String),
            ("AppVersion", String),
            ("AppRoleName", String),
            ("AppRoleInstance", String),
            ("ClientIP", String),
            ("ItemCount", Int),
            ("Properties", Dynamic),
            ("_ResourceId", String),
        ],
    },
    Builtin {
        name: "AzureActivity",
        doc: "The activity log: what was done to resources, by whom, and the Lockbox operations.",
        by_service: true,
        columns: &[
            ("OperationName", String),
            ("OperationNameValue", String),
            ("Level", String),
            ("ActivityStatusValue", String),
            ("ActivitySubstatusValue", String),
            ("CategoryValue", String),
            ("Caller", String),
            ("CorrelationId", String),
            ("EventDataId", String),
            ("EventSubmissionTimestamp", Datetime),
            ("OperationId", String),
            ("ResourceProviderValue", String),
            ("ResourceGroup", String),
            ("SubscriptionId", String),
            ("Authorization_d", Dynamic),
            ("Properties_d", Dynamic),
            ("_ResourceId", String),
        ],
    },
    Builtin {
        name: "AzureDiagnostics",
        doc: "The audit trail of the key vaults: every call, its caller and how it ended.",
        by_service: true,
        columns: &[
            ("ResourceId", String),
            ("Category", String),
            ("ResourceGroup", String),
            ("SubscriptionId", String),
            ("ResourceProvider", String),
            ("Resource", String),
            ("ResourceType", String),
            ("OperationName", String),
            ("ResultType", String),
            ("ResultSignature", String),
            ("ResultDescription", String),
            ("CorrelationId", String),
            ("identity_claim_upn_s", String),
            ("identity_claim_oid_g", String),
            ("id_s", String),
            ("httpStatusCode_d", Real),
            ("_ResourceId", String),
        ],
    },
    Builtin {
        name: "Heartbeat",
        doc: "One record a minute from every machine with an agent.",
        by_service: false,
        columns: &[
            ("SourceComputerId", String),
            ("ComputerIP", String),
            ("Computer", String),
            ("Category", String),
            ("OSType", String),
            ("OSName", String),
            ("OSMajorVersion", String),
            ("OSMinorVersion", String),
            ("Version", String),
            ("SCAgentChannel", String),
            ("IsGatewayInstalled", Bool),
            ("ComputerEnvironment", String),
            ("RemoteIPCountry", String),
            ("SubscriptionId", String),
            ("ResourceGroup", String),
            ("Resource", String),
            ("_ResourceId", String),
        ],
    },
    Builtin {
        name: "SecurityEvent",
        doc: "What engineers did in remote desktop sessions, from the guests' Windows event logs (R-LOCK-36).",
        by_service: true,
        columns: &[
            ("Computer", String),
            ("EventSourceName", String),
            ("Channel", String),
            ("EventID", Int),
            ("Activity", String),
            ("Level", String),
            ("Account", String),
            ("AccountType", String),
            ("LogonType", Int),
            ("LogonTypeName", String),
            ("CommandLine", String),
            ("Process", String),
            ("TargetLogonId", String),
            ("SourceComputerId", String),
            ("_ResourceId", String),
        ],
    },
    Builtin {
        name: "Syslog",
        doc: "Messages of Linux machines.",
        by_service: false,
        columns: &[
            ("EventTime", Datetime),
            ("Facility", String),
            ("HostName", String),
            ("SeverityLevel", String),
            ("SyslogMessage", String),
            ("ProcessID", Int),
            ("ProcessName", String),
            ("HostIP", String),
            ("Computer", String),
            ("CollectorHostName", String),
            ("SourceSystem", String),
            ("_ResourceId", String),
        ],
    },
    Builtin {
        name: "Usage",
        doc: "How much was ingested into each table, by the hour.",
        by_service: true,
        columns: &[
            ("DataType", String),
            ("StartTime", Datetime),
            ("EndTime", Datetime),
            ("Solution", String),
            ("IsBillable", Bool),
            ("Quantity", Real),
            ("QuantityUnit", String),
            ("ResourceUri", String),
            ("BatchesWithinSla", Long),
            ("BatchesOutsideSla", Long),
            ("BatchesCapped", Long),
            ("TotalBatches", Long),
            ("AvgLatencyInSeconds", Real),
        ],
    },
];

impl Builtin {
    pub fn columns(&self) -> Columns {
        std::iter::once(&(TIME, Datetime))
            .chain(self.columns)
            .map(|(name, kind)| Column::new(name, *kind))
            .collect()
    }
}

/// The built-in table of this name; names compare with case.
pub fn table(name: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|t| t.name == name)
}

/// The columns of a built-in table, `TimeGenerated` first.
pub fn columns(table_name: &str) -> Option<Columns> {
    table(table_name).map(Builtin::columns)
}

pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    ALL.iter().map(|t| t.name)
}

/// Whether the service alone writes this table.
pub fn by_service(table_name: &str) -> bool {
    table(table_name).is_some_and(|t| t.by_service)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_table_begins_with_its_time_and_names_no_column_twice() {
        for table in ALL {
            let columns = table.columns();
            let names: BTreeSet<_> = columns.iter().map(|c| c.name.clone()).collect();
            assert_eq!(columns[0], Column::new(TIME, Datetime), "{}", table.name);
            assert_eq!(names.len(), columns.len(), "{}", table.name);
            assert!((13..=20).contains(&columns.len()), "{}", table.name);
        }
        assert!(names().is_sorted());
    }

    #[test]
    fn table_names_compare_with_case_and_only_four_are_the_services() {
        assert!(columns("Heartbeat").is_some());
        assert!(columns("heartbeat").is_none());
        let service: Vec<_> = names().filter(|n| by_service(n)).collect();
        assert_eq!(
            service,
            [
                "AzureActivity",
                "AzureDiagnostics",
                "SecurityEvent",
                "Usage"
            ]
        );
        assert!(!by_service("Custom_CL"));
    }
}
