//! Forms of workspaces, their saved queries, and the customer's own storage they are linked with.

use super::vault::{note, warn};
use super::{Asking, Blank, By, Field, Filled, no_notes, no_word};
use crate::console::doc::Block;
use crate::console::rows::Cell;
use crate::console::theme::Token;
use crate::engine::foresight::counted;
use crate::engine::ids::ResourceId;
use crate::engine::text::{Untrusted, scrub};
use crate::engine::workspace::linked_storage::{self, DataSource};
use crate::engine::workspace::saved_search::{self, Kind, Saved};
use crate::engine::workspace::{self, Sku, Workspace};
use crate::engine::{Command, Span, World};

const TIER: &[&str] = &["sku.name"];
const RETENTION: &[&str] = &["properties.retentionInDays"];

fn tier(asking: &Asking, now: Sku) -> Field {
    asking
        .word(
            "sku",
            "Pricing tier",
            "while it is linked to a cluster a workspace is LACluster",
            Sku::ALL.iter().map(|s| s.word()),
            now.word(),
        )
        .at(TIER)
}

fn retention(asking: &Asking, now: Span) -> Field {
    let days = u64::try_from(now.0 / Span::days(1).0).unwrap_or(0);
    asking
        .number(
            "retention",
            "Retention, days",
            "how long data is kept: 30 to 730",
            1,
            days,
        )
        .at(RETENTION)
}

pub const CREATE: Blank = Blank {
    name: "workspace.create",
    title: "Create a workspace",
    yes: "Create",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let subscription = asking.subscription();
        let group = asking.group(&subscription.value);
        let region = asking.region(&subscription.value);
        vec![
            asking.text(
                "name",
                "Name",
                "4 to 63 letters, digits and hyphens; unique in the subscription",
                "",
            ),
            subscription,
            group,
            region,
            tier(asking, Sku::PerGb2018),
            retention(asking, asking.world.rules.retention),
        ]
    },
    build: |_, filled| {
        Ok(workspace::Command::Put {
            subscription: filled.subscription(),
            group: filled.text("group").into(),
            name: filled.text("name").into(),
            location: Some(filled.text("location").into()),
            sku: filled.text("sku").parse().ok(),
            retention: filled.days("retention"),
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

/// The workspace of a form, if it may be looked at.
fn found<'a>(asking: &Asking<'a>, field: &Field) -> Option<&'a Workspace> {
    asking.open_workspace(&ResourceId::from(field.value.as_str()))
}

pub const UPDATE: Blank = Blank {
    name: "workspace.update",
    title: "Change the workspace's tier or retention",
    yes: "Change",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let workspace = asking.workspace(false);
        let found = found(asking, &workspace);
        let sku = found.map_or(Sku::PerGb2018, Workspace::effective_sku);
        let kept = found.map_or(asking.world.rules.retention, |w| w.retention);
        // The retention is what one comes to change.
        vec![workspace, retention(asking, kept), tier(asking, sku)]
    },
    build: |_, filled| {
        let id = filled.workspace();
        let (subscription, group, name) = id.parts();
        Ok(workspace::Command::Put {
            subscription,
            group: group.into(),
            name: name.into(),
            location: None,
            sku: filled.text("sku").parse().ok(),
            retention: filled.days("retention"),
        }
        .into())
    },
    word: no_word,
    notes: |asking, command, would| match command {
        Command::Workspace(workspace::Command::Put {
            subscription,
            group,
            name,
            retention: Some(kept),
            ..
        }) if would => {
            let id = crate::engine::resources::Resource::id_for(subscription, group, name);
            let before = asking.world.workspaces.get(&id).map(|w| w.retention);
            match before {
                Some(before) if *kept < before => vec![warn(format!(
                    "Data older than {kept} goes; {before} are kept now."
                ))],
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    },
};

pub const DELETE: Blank = Blank {
    name: "workspace.delete",
    title: "Delete the workspace; asks first",
    yes: "Delete",
    by: By::Person,
    asks: true,
    fields: |asking| {
        vec![
            asking.workspace(false),
            asking.yes_no(
                "force",
                "By force",
                "at once and for good; otherwise it can be recovered for 14 days",
                false,
            ),
        ]
    },
    build: |_, filled| {
        Ok(workspace::Command::Delete {
            workspace: filled.workspace(),
            force: filled.yes("force"),
        }
        .into())
    },
    word: |_, command| match command {
        Command::Workspace(workspace::Command::Delete {
            workspace,
            force: true,
        }) => Some(scrub(workspace.name()).into_owned()),
        _ => None,
    },
    notes: |asking, command, would| match command {
        Command::Workspace(workspace::Command::Delete { workspace, force }) if would => {
            let queries = asking
                .world
                .workspaces
                .get(workspace)
                .map_or(0, |w| w.queries.len());
            let mut notes = vec![note(format!(
                "Its data goes with it, and {}.",
                counted(queries as u64, "saved query", "saved queries")
            ))];
            if *force {
                notes.push(warn("By force: nobody can recover it."));
            }
            notes
        }
        _ => Vec::new(),
    },
};

pub const RECOVER: Blank = Blank {
    name: "workspace.recover",
    title: "Recover a deleted workspace",
    yes: "Recover",
    by: By::Person,
    asks: false,
    fields: |asking| vec![asking.workspace(true)],
    build: |_, filled| {
        Ok(workspace::Command::Recover {
            workspace: filled.workspace(),
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

fn kind(asking: &Asking, now: Kind) -> Field {
    asking.word(
        "kind",
        "Kind",
        "search: looked up by people; alert: run by the service",
        Kind::ALL.iter().map(|k| k.word()),
        now.word(),
    )
}

/// The fields of a saved query, with what is saved now.
fn query_fields(asking: &Asking, saved: Option<&Saved>) -> Vec<Field> {
    let raw = |text: fn(&Saved) -> &Untrusted| saved.map_or("", |s| text(s).raw());
    let workspace = asking.workspace(false);
    let name = asking.text(
        "name",
        "Name",
        "letters, digits, hyphens, dots and underscores",
        saved.map_or("", |s| &s.name),
    );
    let kind = kind(asking, saved.map_or(Kind::Search, |s| s.kind));
    let title = asking
        .text(
            "title",
            "Title",
            "what people see in the list",
            raw(|s| &s.display_name),
        )
        .at(&["displayName"]);
    let category = asking.text("category", "Category", "", raw(|s| &s.category));
    let query = asking.long_text(
        "query",
        "Query",
        "what it asks; alt-enter begins a new line",
        raw(|s| &s.query),
    );
    vec![workspace, name, kind, title, category, query]
}

fn save(_: &Asking, filled: &Filled) -> Result<Command, crate::engine::Refusal> {
    Ok(saved_search::Command::Save {
        workspace: filled.workspace(),
        kind: filled.text("kind").parse().unwrap_or(Kind::Search),
        name: filled.text("name").into(),
        category: filled.text("category").into(),
        display_name: filled.text("title").into(),
        query: filled.text("query").into(),
    }
    .into())
}

/// What stands there now, in the words of whoever wrote it.
fn as_it_is(saved: &Saved) -> Block {
    Block::Stranger {
        label: format!("the {} as it is saved now", saved.kind),
        text: saved.query.clone(),
    }
}

pub const SEARCH_SAVE: Blank = Blank {
    name: "search.save",
    title: "Save a search or alert query",
    yes: "Save",
    by: By::Person,
    asks: false,
    fields: |asking| query_fields(asking, None),
    build: save,
    word: no_word,
    notes: |asking, command, _| match command {
        Command::Search(saved_search::Command::Save {
            workspace,
            kind,
            name,
            ..
        }) => match asking.saved(workspace, *kind, name) {
            Some(saved) => vec![
                warn(format!("A {kind} of this name exists; this replaces it.")),
                as_it_is(&saved),
            ],
            None => Vec::new(),
        },
        _ => Vec::new(),
    },
};

pub const SEARCH_UPDATE: Blank = Blank {
    name: "search.update",
    title: "Change the saved search or alert query",
    yes: "Save",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let mut fields = query_fields(asking, asking.saved_here().as_deref());
        for field in &mut fields[..3] {
            field.subject = true;
        }
        fields
    },
    build: save,
    word: no_word,
    notes: |asking, _, _| {
        let saved = asking.saved_here();
        saved.as_deref().map(as_it_is).into_iter().collect()
    },
};

pub const SEARCH_DELETE: Blank = Blank {
    name: "search.delete",
    title: "Delete the saved search or alert query; asks first",
    yes: "Delete",
    by: By::Person,
    asks: true,
    fields: |asking| {
        let workspace = asking.workspace(false);
        let saved = asking.saved_here();
        let kind = kind(asking, saved.as_ref().map_or(Kind::Search, |s| s.kind)).subject();
        let chosen: Kind = kind.value.parse().unwrap_or(Kind::Search);
        let own = saved.filter(|s| s.kind == chosen);
        let names = || -> Vec<super::Choice> {
            let all = asking.all_saved(&workspace.value.as_str().into(), chosen);
            all.iter().map(|s| super::Choice::plain(&s.name)).collect()
        };
        let name = asking
            .one(
                "name",
                "Name",
                "the saved query",
                own.map(|s| super::Choice::plain(&s.name)),
                names,
            )
            .subject();
        vec![workspace, kind, name]
    },
    build: |_, filled| {
        Ok(saved_search::Command::Delete {
            workspace: filled.workspace(),
            kind: filled.text("kind").parse().unwrap_or(Kind::Search),
            name: filled.text("name").into(),
        }
        .into())
    },
    word: no_word,
    notes: |asking, command, would| match command {
        Command::Search(saved_search::Command::Delete {
            workspace,
            kind,
            name,
        }) if would => {
            let saved = asking.saved(workspace, *kind, name);
            saved.as_deref().map(as_it_is).into_iter().collect()
        }
        _ => Vec::new(),
    },
};

fn source(asking: &Asking) -> Field {
    asking
        .word(
            "source",
            "Kind of data",
            "Query and Alerts take one account; the other kinds any number",
            DataSource::ALL.iter().map(|s| s.word()),
            DataSource::Query.word(),
        )
        .at(&["dataSourceType"])
}

/// The kind of data of a form; the choice holds one of the words.
fn data_source(filled: &Filled) -> DataSource {
    filled.text("source").parse().unwrap_or(DataSource::Query)
}

fn wiped(world: &World, command: &Command) -> Vec<std::sync::Arc<Saved>> {
    match command {
        Command::Storage(linked_storage::Command::Link {
            workspace,
            source: DataSource::Query,
            ..
        }) => world.wiped_by(workspace),
        _ => Vec::new(),
    }
}

/// Saved searches named in a warning.
const LISTED: usize = 4;

pub const STORAGE_LINK: Blank = Blank {
    name: "storage.link",
    title: "Link the customer's storage to a workspace; asks first",
    yes: "Link",
    by: By::Person,
    asks: true,
    fields: |asking| {
        let own = asking.account_here();
        let workspace = asking.workspace(false);
        let source = source(asking);
        let here = own.map(|id| id.as_str().to_owned());
        let linked = found(asking, &workspace)
            .zip(source.value.parse::<DataSource>().ok())
            .and_then(|(w, source)| w.storage.get(&source))
            .map(|ids| ids.iter().map(|id| id.as_str().to_owned()).collect());
        let chosen: Vec<String> = here.map(|id| vec![id]).or(linked).unwrap_or_default();
        let accounts = asking
            .several(
                "accounts",
                "Accounts",
                "space turns one on or off; replaces what is linked for this kind",
                &chosen,
                asking.accounts(),
            )
            .at(&["storageAccountIds"]);
        vec![workspace, source, accounts]
    },
    build: |_, filled| {
        Ok(linked_storage::Command::Link {
            workspace: filled.workspace(),
            source: data_source(filled),
            accounts: filled.several("accounts").map(ResourceId::from).collect(),
        }
        .into())
    },
    word: |world, command| match command {
        Command::Storage(linked_storage::Command::Link { workspace, .. }) => {
            (!wiped(world, command).is_empty()).then(|| scrub(workspace.name()).into_owned())
        }
        _ => None,
    },
    notes: |asking, command, would| {
        if !would {
            return Vec::new();
        }
        let lost = wiped(asking.world, command);
        if lost.is_empty() {
            return Vec::new();
        }
        let mut notes = vec![warn(format!(
            "The workspace loses {}; nothing brings them back:",
            counted(lost.len() as u64, "saved search", "saved searches")
        ))];
        for saved in lost.iter().take(LISTED) {
            notes.push(Block::Stranger {
                label: scrub(&saved.name).into_owned(),
                text: saved.query.clone(),
            });
        }
        if lost.len() > LISTED {
            let rest: Vec<_> = lost[LISTED..].iter().map(|s| scrub(&s.name)).collect();
            let text = format!("and {}", rest.join(", "));
            notes.push(Block::Text(Cell::new(text).tone(Token::Text)));
        }
        notes
    },
};

/// The same, from the storage account.
pub const STORAGE_LINK_HERE: Blank = Blank {
    name: "storage.link-here",
    title: "Link this storage account to a workspace; asks first",
    ..STORAGE_LINK
};

pub const STORAGE_UNLINK: Blank = Blank {
    name: "storage.unlink",
    title: "Unlink the customer's storage from a workspace; asks first",
    yes: "Unlink",
    by: By::Person,
    asks: true,
    fields: |asking| vec![asking.workspace(false), source(asking)],
    build: |_, filled| {
        Ok(linked_storage::Command::Unlink {
            workspace: filled.workspace(),
            source: data_source(filled),
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

const CUSTOMER: &str = "the customer's key";
const MICROSOFT: &str = "the Microsoft key";

pub const STORAGE_SET_KEY: Blank = Blank {
    name: "storage.set-key",
    title: "Put the storage account under a key",
    yes: "Set the key",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let account = asking.account();
        let under = asking.word(
            "under",
            "Encrypted by",
            "a key version of yours, or the key the service manages",
            [CUSTOMER, MICROSOFT],
            CUSTOMER,
        );
        let mut fields = vec![account, under];
        if fields[1].value == CUSTOMER {
            fields.extend(asking.key_identifier(None));
        }
        fields
    },
    build: |_, filled| {
        let key = (filled.text("under") == CUSTOMER).then(|| filled.key_identifier());
        Ok(linked_storage::Command::SetKey {
            account: filled.text("account").into(),
            key,
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};
