//! What other systems document about the time between a change of a key and its effect, to be put beside ours.
//! Only what their own documentation says, each with its source; nothing here decides anything.

/// One figure of another system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    pub system: &'static str,
    pub what: &'static str,
    pub time: &'static str,
    /// The document it is from.
    pub source: &'static str,
}

pub const FACTS: &[Fact] = &[
    Fact {
        system: "Azure SQL Database, TDE",
        what: "key deleted in the vault: databases deny all connections",
        time: "up to 10 minutes",
        source: "Microsoft, Remove TDE protector (sql-docs)",
    },
    Fact {
        system: "Azure Cosmos DB",
        what: "access restored: the account leaves its revoke state",
        time: "wait 1 hour",
        source: "Microsoft, Troubleshoot CMK (cosmos-db)",
    },
    Fact {
        system: "Google Cloud KMS",
        what: "a version that was disabled stays usable; enabling is instant",
        time: "up to 1 minute, in exceptional cases several hours",
        source: "Google, Cloud KMS resource consistency",
    },
    Fact {
        system: "AWS CloudWatch Logs",
        what: "key taken off a log group; older events still need the key",
        time: "up to 5 minutes",
        source: "AWS, API reference DisassociateKmsKey",
    },
    Fact {
        system: "Oracle Autonomous Database",
        what: "key out of reach: it runs on, then becomes inaccessible",
        time: "2 hours of grace",
        source: "Oracle, Notes for customer-managed keys",
    },
];
