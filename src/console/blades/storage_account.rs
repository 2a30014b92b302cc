//! A storage account as a page: its key, and the queries workspaces keep in it.

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, Column, ItemId, Mark, col, flex};
use super::super::theme::Token;
use super::{Eye, cmk, shared, storage};
use crate::engine::ids::ResourceId;
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{Answer, Query, Refusal, ask};

const LINKED: &[Column] = &[
    flex("workspace", "WORKSPACE", 14, 2, 0),
    col("source", "FOR", 11, 0),
];

const QUERIES: &[Column] = &[
    flex("name", "NAME", 14, 2, 0),
    col("kind", "KIND", 6, 1),
    flex("workspace", "WORKSPACE", 12, 2, 0),
];

pub fn doc(eye: Eye, id: &ResourceId) -> Result<Doc, Refusal> {
    let query = Query::StorageAccount(id.clone());
    ask(eye.world, eye.now, eye.actor, &query)?;
    let account = eye.world.storage_account(id)?;
    let mut main = vec![Block::Heading(format!(
        "{} · storage account",
        shared::resource_name(id)
    ))];
    let mut facts = Vec::new();
    match &account.key {
        Some(key) => {
            main.push(cmk::link_facts(vec![(
                ItemId::KeyVersion(key.clone()),
                "Key",
                cmk::key(key),
            )]));
            facts.push((
                "Opens",
                match eye.world.storage_opens(eye.now, id) {
                    Ok(()) => storage::opens(eye, account),
                    Err(no) => Cell::new(no.message).mark(Mark::Bad).tone(Token::Danger),
                },
            ));
        }
        None => facts.push(("Key", Cell::new("Microsoft key").tone(Token::Muted))),
    }
    facts.extend([
        ("Region", Cell::named(&account.location)),
        (
            "Subscription",
            shared::subscription(eye.world, &id.subscription()),
        ),
        ("Group", Cell::named(id.parts().1)),
        ("Identity", Cell::new(account.identity.to_string())),
    ]);
    main.push(Block::Facts(facts));
    let linked = storage::linked(eye, id);
    let rows = linked
        .iter()
        .map(|(workspace, source)| {
            (
                Some(ItemId::Workspace(workspace.clone())),
                vec![
                    cmk::resource(workspace).tone(Token::Link),
                    Cell::new(source.word()),
                ],
            )
        })
        .collect();
    cmk::section(
        &mut main,
        "Linked by".to_owned(),
        LINKED,
        rows,
        "No workspace keeps anything here.",
    );
    let mut side = Vec::new();
    let queries = queries(
        eye,
        id,
        &linked.into_iter().map(|(w, _)| w).collect::<Vec<_>>(),
    );
    cmk::section(
        &mut side,
        format!("Queries kept here ({})", queries.len()),
        QUERIES,
        queries,
        "None, or none that can be read.",
    );
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::StorageAccount(id.clone())],
    })
}

fn queries(
    eye: Eye,
    id: &ResourceId,
    workspaces: &[ResourceId],
) -> Vec<(Option<ItemId>, Vec<Cell>)> {
    let mut seen: Vec<&ResourceId> = workspaces.iter().collect();
    seen.dedup();
    let mut rows = Vec::new();
    for workspace in seen {
        for kind in Kind::ALL {
            let query = Query::Saved {
                workspace: workspace.clone(),
                kind: *kind,
            };
            let Ok(Answer::Saved(found)) = ask(eye.world, eye.now, eye.actor, &query) else {
                continue;
            };
            for saved in found.iter().filter(|s| s.kept_in.as_ref() == Some(id)) {
                rows.push((
                    Some(ItemId::Saved(workspace.clone(), *kind, saved.name.clone())),
                    vec![
                        Cell::named(&saved.name).tone(Token::Link),
                        Cell::new(kind.word()),
                        cmk::resource(workspace),
                    ],
                ));
            }
        }
    }
    rows
}
