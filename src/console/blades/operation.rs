//! An asynchronous operation as a page, with what its address answers on the wire.

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, ItemId};
use super::super::theme::Token;
use super::{Eye, cmk};
use crate::engine::cluster::wire;
use crate::engine::ids::OperationId;
use crate::engine::{Query, Refusal, ask};

pub fn doc(eye: Eye, id: OperationId) -> Result<Doc, Refusal> {
    ask(eye.world, eye.now, eye.actor, &Query::Operation(id))?;
    let operation = eye.world.operation(id)?;
    let mut links = Vec::new();
    if let Some(workspace) = &operation.workspace {
        links.push((
            ItemId::Workspace(workspace.clone()),
            "Workspace",
            cmk::resource(workspace),
        ));
    }
    links.push((
        ItemId::Cluster(operation.cluster.clone()),
        "Cluster",
        cmk::resource(&operation.cluster),
    ));
    if let Some(key) = &operation.key {
        links.push((ItemId::KeyVersion(key.clone()), "Key", cmk::key(key)));
    }
    let mut facts = vec![
        ("Status", cmk::operation_status(operation.status)),
        ("Progress", cmk::progress(eye.now, operation, 30)),
        ("Started", cmk::instant(operation.started_at)),
        (
            if operation.ended_at.is_some() {
                "Ended"
            } else {
                "Expected end"
            },
            cmk::end(eye.now, operation),
        ),
    ];
    if let Some(error) = &operation.error {
        facts.push((
            "Error",
            Cell::named(&format!("{}: {}", error.code, error.message)).tone(Token::Danger),
        ));
    }
    let wire = wire::operation(eye.world, operation);
    let text = serde_json::to_string_pretty(&wire).unwrap_or_default();
    let mut side = vec![
        Block::Heading("On the wire".into()),
        Block::Text(Cell::named(&eye.world.operation_path(operation)).tone(Token::Muted)),
        Block::Gap,
    ];
    side.extend(text.lines().map(|line| Block::Text(Cell::named(line))));
    Ok(Doc {
        main: vec![
            Block::Heading(format!("{id} · {}", operation.kind)),
            cmk::link_facts(links),
            Block::Facts(facts),
        ],
        side,
        about: vec![ItemId::Operation(id)],
    })
}
