//! A saved search or log alert as a page. Its text is somebody's own.

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, ItemId};
use super::super::theme::Token;
use super::{Eye, cmk};
use crate::engine::ids::ResourceId;
use crate::engine::text::scrub;
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{Query, Refusal, ask};

pub fn doc(eye: Eye, workspace: &ResourceId, kind: Kind, name: &str) -> Result<Doc, Refusal> {
    let query = Query::Saved {
        workspace: workspace.clone(),
        kind,
    };
    ask(eye.world, eye.now, eye.actor, &query)?;
    let saved = eye.world.saved(eye.now, workspace, kind, name)?;
    let title = match kind {
        Kind::Search => "saved search",
        Kind::Alert => "log alert",
    };
    let mut links = vec![(
        ItemId::Workspace(workspace.clone()),
        "Workspace",
        cmk::resource(workspace),
    )];
    if let Some(account) = &saved.kept_in {
        links.push((
            ItemId::StorageAccount(account.clone()),
            "Kept in",
            cmk::resource(account),
        ));
    }
    let mut facts = Vec::new();
    if saved.kept_in.is_none() {
        let words = "the workspace, under the Microsoft key";
        facts.push(("Kept in", Cell::new(words).tone(Token::Muted)));
    }
    facts.extend([
        ("Category", Cell::untrusted(&saved.category)),
        ("Title", Cell::untrusted(&saved.display_name)),
        ("Saved", cmk::instant(saved.at)),
    ]);
    Ok(Doc {
        main: vec![
            Block::Heading(format!("{} · {title}", scrub(name))),
            cmk::link_facts(links),
            Block::Facts(facts),
            Block::Gap,
            Block::Stranger {
                label: "query".into(),
                text: saved.query.clone(),
            },
        ],
        side: Vec::new(),
        about: vec![ItemId::Saved(workspace.clone(), kind, name.into())],
    })
}
