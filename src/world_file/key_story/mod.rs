//! Steps of a `[[story]]` on vaults, keys, access policies, clusters, workspaces and linked storage: which there
//! are, and the fields of each. They need no ticket. All of it is in `demo-data/README.md`.

mod deeds;

pub(super) use deeds::Teller;

use crate::engine::words::words;

words! {
    Do {
        VaultCreate = "vault-create",
        VaultUpdate = "vault-update",
        VaultDelete = "vault-delete",
        VaultRecover = "vault-recover",
        VaultPurge = "vault-purge",
        KeyCreate = "key-create",
        KeyNewVersion = "key-new-version",
        KeyEnable = "key-enable",
        KeyDisable = "key-disable",
        KeySetDates = "key-set-dates",
        KeyDelete = "key-delete",
        KeyRecover = "key-recover",
        KeyPurge = "key-purge",
        PolicySet = "policy-set",
        PolicyDelete = "policy-delete",
        ClusterCreate = "cluster-create",
        ClusterSetKey = "cluster-set-key",
        ClusterSetCapacity = "cluster-set-capacity",
        ClusterSetBilling = "cluster-set-billing",
        ClusterDelete = "cluster-delete",
        WorkspaceCreate = "workspace-create",
        WorkspaceUpdate = "workspace-update",
        WorkspaceDelete = "workspace-delete",
        WorkspaceRecover = "workspace-recover",
        Link = "link",
        Unlink = "unlink",
        StorageLink = "storage-link",
        StorageUnlink = "storage-unlink",
        StorageSetKey = "storage-set-key",
        SearchSave = "search-save",
        SearchDelete = "search-delete",
        AllowSubscription = "allow-subscription",
        RaiseCapacity = "raise-capacity",
        RecoverCluster = "recover-cluster",
        Outage = "outage",
        OutageEnd = "outage-end",
        FailOperation = "fail-operation",
        SetRate = "set-rate",
        Burst = "burst",
    }
}

impl Do {
    /// Fields of its own, beside those every step has.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Do::VaultCreate => &[
                "group",
                "name",
                "location",
                "sku",
                "soft_delete",
                "purge_protection",
                "retention_days",
            ],
            Do::VaultUpdate => &["vault", "soft_delete", "purge_protection"],
            Do::VaultDelete | Do::VaultRecover | Do::VaultPurge | Do::OutageEnd => &["vault"],
            Do::KeyCreate => &[
                "vault",
                "key",
                "type",
                "size",
                "enabled",
                "not_before",
                "expires",
            ],
            Do::KeyNewVersion | Do::KeyDelete | Do::KeyRecover | Do::KeyPurge => &["vault", "key"],
            Do::KeyEnable | Do::KeyDisable => &["vault", "key", "version"],
            Do::KeySetDates => &["vault", "key", "version", "not_before", "expires"],
            Do::PolicySet => &["vault", "principal", "keys"],
            Do::PolicyDelete => &["vault", "principal"],
            Do::ClusterCreate => &["group", "name", "location", "capacity", "billing"],
            Do::ClusterSetKey => &["cluster", "vault", "key", "version"],
            Do::ClusterSetCapacity => &["cluster", "capacity"],
            Do::ClusterSetBilling => &["cluster", "billing"],
            Do::ClusterDelete | Do::RecoverCluster => &["cluster"],
            Do::WorkspaceCreate => &["group", "name", "location", "sku", "retention_days"],
            Do::WorkspaceUpdate => &["workspace", "sku", "retention_days"],
            Do::WorkspaceDelete => &["workspace", "force"],
            Do::WorkspaceRecover | Do::Unlink => &["workspace"],
            Do::Link => &["workspace", "cluster"],
            Do::StorageLink => &["workspace", "source", "accounts"],
            Do::StorageUnlink => &["workspace", "source"],
            Do::StorageSetKey => &["account", "vault", "key", "version"],
            Do::SearchSave => &[
                "workspace",
                "kind",
                "name",
                "category",
                "display_name",
                "query",
            ],
            Do::SearchDelete => &["workspace", "kind", "name"],
            Do::AllowSubscription => &["region"],
            Do::RaiseCapacity => &["capacity"],
            Do::Outage => &["vault", "kind", "for"],
            Do::FailOperation => &["on"],
            Do::SetRate => &["workspace", "gb_per_day", "shape"],
            Do::Burst => &["workspace", "gb_per_day", "for"],
        }
    }

    /// The others are the simulator's.
    pub fn by_a_person(self) -> bool {
        !matches!(
            self,
            Do::Outage | Do::OutageEnd | Do::FailOperation | Do::SetRate | Do::Burst
        )
    }
}
