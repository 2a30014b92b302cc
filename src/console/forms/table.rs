//! Forms of tables of a workspace: how long one keeps its data.

use super::vault::{note, warn};
use super::{Asking, Blank, By, Choice, Field, Filled, no_word};
use crate::console::blades::logs::tables;
use crate::console::rows::ItemId;
use crate::engine::foresight::counted;
use crate::engine::ids::{ResourceId, TableName};
use crate::engine::ingestion::{self, builtin};
use crate::engine::{Command, Span};

const OWN: &str = "for its own time";
const WORKSPACE: &str = "as the workspace";

impl Asking<'_> {
    fn table_here(&self) -> Option<TableName> {
        match self.item? {
            ItemId::Table(_, name) => Some(name.clone()),
            _ => None,
        }
    }

    /// A table of a workspace: built in, or something came to it.
    fn table(&self, workspace: &ResourceId) -> Field {
        let own = self.table_here();
        self.one(
            "table",
            "Table",
            "the table it is about",
            own.map(|t| Choice::plain(t.as_str())),
            || {
                let mut names: Vec<&str> = builtin::names().collect();
                let came = self.world.logs.tables_of(workspace);
                names.extend(came.map(|(name, _)| name.as_str()));
                names.sort_unstable();
                names.dedup();
                let seen = self.open_workspace(workspace).is_some();
                let names = names.into_iter().filter(|_| seen);
                names.map(Choice::plain).collect()
            },
        )
        .subject()
    }
}

/// What a form asks to be set, as the world sees it.
struct Asked<'a> {
    workspace: &'a ResourceId,
    table: &'a TableName,
    retention: Option<Span>,
}

fn asked(command: &Command) -> Option<Asked<'_>> {
    match command {
        Command::Ingestion(ingestion::Command::SetRetention {
            workspace,
            table,
            retention,
        }) => Some(Asked {
            workspace,
            table,
            retention: *retention,
        }),
        _ => None,
    }
}

fn days(span: Span) -> u64 {
    u64::try_from(span.0 / Span::days(1).0).unwrap_or(0)
}

pub const SET_RETENTION: Blank = Blank {
    name: "table.retention",
    title: "Set how long the table keeps its data; asks first",
    yes: "Set",
    by: By::Person,
    // A shorter time purges what is older.
    asks: true,
    fields: |asking| {
        let workspace = asking.workspace(false);
        let id = ResourceId::from(workspace.value.as_str());
        let table = asking.table(&id);
        let name = TableName::from(table.value.as_str());
        let found = asking.open_workspace(&id);
        let entry = asking
            .world
            .logs
            .table(&id, &name)
            .filter(|_| found.is_some());
        let own = entry.and_then(|t| t.retention);
        let kept = found.map_or(asking.world.rules.retention, |w| {
            tables::retention(w, entry)
        });
        let follows = if own.is_some() { OWN } else { WORKSPACE };
        let mut fields = vec![
            workspace,
            table,
            asking.word(
                "keeps",
                "Keeps data",
                "as long as the workspace says, or for a time of its own",
                [OWN, WORKSPACE],
                // One comes here to give it its own.
                if asking.brief { follows } else { OWN },
            ),
        ];
        if fields[2].value == OWN {
            fields.push(
                asking
                    .number(
                        "retention",
                        "Retention, days",
                        "how long data is kept: 30 to 730",
                        1,
                        days(kept),
                    )
                    .at(&["properties.retentionInDays"]),
            );
        }
        fields
    },
    build: |_, filled: &Filled| {
        let own = filled.text("keeps") == OWN;
        Ok(ingestion::Command::SetRetention {
            workspace: filled.workspace(),
            table: filled.text("table").into(),
            retention: filled.days("retention").filter(|_| own),
        }
        .into())
    },
    word: no_word,
    notes: |asking, command, would| {
        let Some(asked) = asked(command).filter(|_| would) else {
            return Vec::new();
        };
        let world = asking.world;
        let Some(workspace) = world.workspaces.get(asked.workspace) else {
            return Vec::new();
        };
        let table = world.logs.table(asked.workspace, asked.table);
        let before = tables::retention(workspace, table);
        let after = asked.retention.unwrap_or(workspace.retention);
        let (mut gone, mut rows) = (0, 0);
        for segment in table.into_iter().flat_map(|t| world.logs.segments_of(t)) {
            if segment.ingested_at + after <= asking.now {
                (gone, rows) = (gone + 1, rows + segment.rows);
            }
        }
        let mut notes = Vec::new();
        if after != before {
            notes.push(note(format!("It keeps its data for {before} now.")));
        }
        if gone > 0 {
            let records = crate::console::text::count(rows);
            notes.push(warn(format!(
                "{} with {records} records would be purged at once; nothing brings them back.",
                counted(gone as u64, "segment", "segments")
            )));
        }
        notes
    },
};
