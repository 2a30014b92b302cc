//! Everything a person can do, once: name, what it does, keys, where it works, how dangerous it is, and why
//! it cannot be done now. Key bar, help, palette and mouse read this table and nothing else.

use super::app::dialog::Question;
use super::app::travel::{Asked, At, Travel};
use super::app::update::RATES;
use super::app::{App, Ctx, Effect, Modal, Tempo, Typed};
use super::blades::query::Focus;
use super::blades::{Blade, Of, ingestion, opens, overview};
use super::forms::{self, cluster, key, table, vault, workspace};
use super::rows::ItemId;
use crate::engine::ingestion::ledger;
use crate::engine::lockbox::request::Operation;
use crate::engine::lockbox::{grant, request};
use crate::engine::{Command, decide, digest, due};
use crate::runtime::{Look, Only};

/// Where a key means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Global,
    /// Also over what lies on top and while text is typed.
    Always,
    /// Anything that moves: lists, pages, the help.
    Move,
    List,
    /// Where the cursor or page has a ticket, request or grant.
    Item,
    Request,
    Grant,
    Activity,
    /// Where the cursor, page or list is about a thing of this kind.
    Vault,
    Key,
    Policy,
    Cluster,
    Workspace,
    Operation,
    Storage,
    Saved,
    Table,
    /// The blocks of a segment.
    Blocks,
    /// The chart of what comes in.
    Ingestion,
    /// The events of the record.
    History,
    /// The ways to cut a key and back.
    Revocation,
    /// The text of a query.
    Query,
    /// The answer to a query.
    Answer,
    /// Where the cursor or page has a workspace with its log data.
    Logs,
    /// What the vendor's support does for a customer; works everywhere.
    Support,
    /// A page with links.
    Links,
    Help,
    Menu,
    /// The menu of a list's columns.
    Columns,
    /// The menu of themes.
    Themes,
    /// The menu of bookmarks.
    Bookmarks,
    Filter,
    Dialog,
    Form,
}

impl Scope {
    /// Where the forms about a thing mean something.
    pub fn of_a_thing(thing: &ItemId) -> Option<Scope> {
        Some(match thing {
            ItemId::Vault(_) => Scope::Vault,
            ItemId::Key(..) | ItemId::KeyVersion(_) => Scope::Key,
            ItemId::Policy(..) => Scope::Policy,
            ItemId::Cluster(_) => Scope::Cluster,
            ItemId::Workspace(_) => Scope::Workspace,
            ItemId::Operation(_) => Scope::Operation,
            ItemId::StorageAccount(_) => Scope::Storage,
            ItemId::Saved(..) => Scope::Saved,
            ItemId::Table(..) => Scope::Table,
            _ => return None,
        })
    }

    /// What a list of things is about, also when it is empty.
    pub fn of_a_list(blade: &Blade) -> Option<Scope> {
        Some(match blade {
            Blade::Vaults => Scope::Vault,
            Blade::Clusters => Scope::Cluster,
            Blade::Workspaces => Scope::Workspace,
            Blade::Operations => Scope::Operation,
            Blade::Storage => Scope::Storage,
            Blade::Tables(_) => Scope::Table,
            _ => return None,
        })
    }

    /// Whether its actions open forms.
    pub const fn has_forms(self) -> bool {
        use Scope::*;
        matches!(
            self,
            Vault
                | Key
                | Policy
                | Cluster
                | Workspace
                | Operation
                | Storage
                | Saved
                | Table
                | Support
        )
    }

    /// Whether it depends on the blade that is open.
    pub fn is_of_a_blade(self) -> bool {
        use Scope::*;
        matches!(
            self,
            List | Item
                | Request
                | Grant
                | Activity
                | Links
                | Logs
                | Blocks
                | Ingestion
                | History
                | Revocation
                | Query
                | Answer
        ) || self.has_forms()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    Safe,
    /// Changes how the simulation runs or whom one acts as, or opens a form that takes nothing away.
    Careful,
    /// Changes the world for good; asks first.
    Final,
}

pub struct Action {
    pub name: &'static str,
    /// One line for help and palette.
    pub doc: &'static str,
    /// A word for the key bar; empty when it does not stand there.
    pub short: &'static str,
    pub keys: &'static [&'static str],
    pub scope: Scope,
    pub danger: Danger,
    /// Runs also when it is disabled, because what it opens says why.
    pub explains_itself: bool,
    pub why_disabled: fn(&App, &Ctx) -> Option<String>,
    pub run: fn(&mut App, &Ctx) -> Vec<Effect>,
}

const NONE: Vec<Effect> = Vec::new();

impl App {
    /// Why an action cannot be done now.
    pub fn why_not(&self, action: &Action, ctx: &Ctx) -> Option<String> {
        // Whom one acts as changes nothing.
        if self.readonly && action.danger != Danger::Safe && action.name != "app.persona" {
            return Some(READ_ONLY.to_owned());
        }
        (action.why_disabled)(self, ctx)
    }
}

/// What is said where nothing is to be changed.
pub const READ_ONLY: &str = "This console only reads (--readonly); nothing is changed.";

fn why_time_stands(app: &App, _: &Ctx) -> Option<String> {
    (app.at.past.is_some()).then(|| "Time stands in the past; > and } go on, g e goes back.".into())
}

fn never(_: &App, _: &Ctx) -> Option<String> {
    None
}

/// The world's own answer to a command, in words.
fn refused(app: &App, ctx: &Ctx, command: impl Into<Command>) -> Option<String> {
    decide(ctx.world, ctx.now, &app.actor, &command.into())
        .err()
        .map(|refusal| refusal.to_string())
}

fn why_not_decide(app: &App, ctx: &Ctx, approve: bool) -> Option<String> {
    // Of what is marked, the question says what can be decided.
    if app
        .page()
        .marks
        .iter()
        .any(|id| matches!(id, ItemId::Request(_)))
    {
        return None;
    }
    let Some(request) = app.related(ctx).request else {
        return Some("There is no request here.".into());
    };
    let command = request::Command::Decide {
        request,
        approve,
        reason: "".into(),
    };
    refused(app, ctx, command)
}

fn decision(
    app: &mut App,
    ctx: &Ctx,
    question: fn(crate::engine::ids::RequestId) -> Question,
) -> Vec<Effect> {
    match app.related(ctx).request {
        Some(request) => app.ask_question(question(request)),
        None => app.say("There is no request here.", super::theme::Token::ToastWarn),
    }
    NONE
}

fn why_not_revoke(app: &App, ctx: &Ctx) -> Option<String> {
    if app
        .page()
        .marks
        .iter()
        .any(|id| matches!(id, ItemId::Grant(_)))
    {
        return None;
    }
    let Some(grant) = app.related(ctx).grant else {
        return Some("There is no grant here.".into());
    };
    let command = grant::Command::Revoke {
        grant,
        reason: "".into(),
    };
    refused(app, ctx, command)
}

fn revoke(app: &mut App, ctx: &Ctx) -> Vec<Effect> {
    match app.related(ctx).grant {
        Some(grant) => app.ask_question(Question::Revoke(grant)),
        None => app.say("There is no grant here.", super::theme::Token::ToastWarn),
    }
    NONE
}

/// Room for what a row is about, in hundredths of the list's.
const DETAIL: u16 = 45;

fn why_no_columns(app: &App, _: &Ctx) -> Option<String> {
    let plain = app.page().blade.columns().is_empty();
    plain.then(|| "This list has no columns.".to_owned())
}

fn why_no_row_to_mark(app: &App, _: &Ctx) -> Option<String> {
    let none = app.page().cursor.is_none() || app.page().blade.columns().is_empty();
    none.then(|| "There is no row to mark.".to_owned())
}

fn why_no_detail(app: &App, _: &Ctx) -> Option<String> {
    let own = [Blade::Overview, Blade::Pending].contains(&app.page().blade)
        || matches!(app.page().blade, Blade::Ingestion(_) | Blade::Revocation(_));
    own.then(|| "This blade has a lower part of its own.".to_owned())
}

/// Why one cannot go to the ticket, request or grant of what the cursor is on.
fn why_no_way(app: &App, blade: Option<Blade>, what: &str) -> Option<String> {
    match blade {
        None => Some(format!("There is no {what} here.")),
        Some(blade) if blade == app.page().blade => Some(format!("This is the {what}.")),
        Some(_) => None,
    }
}

fn ticket(app: &App, ctx: &Ctx) -> Option<Blade> {
    app.related(ctx).ticket.map(Blade::Ticket)
}

fn request(app: &App, ctx: &Ctx) -> Option<Blade> {
    app.related(ctx).request.map(Blade::Request)
}

fn grant(app: &App, ctx: &Ctx) -> Option<Blade> {
    app.related(ctx).grant.map(Blade::Grant)
}

fn near_cluster(app: &App, ctx: &Ctx) -> Option<crate::engine::ids::ResourceId> {
    app.related(ctx).cluster
}

fn near_workspace(app: &App, ctx: &Ctx) -> Option<crate::engine::ids::ResourceId> {
    app.related(ctx).workspace
}

fn ask_query(app: &mut App, ctx: &Ctx) -> Vec<Effect> {
    let Blade::Query(workspace) = app.page().blade.clone() else {
        return NONE;
    };
    let remember = (ctx.world.workspaces.get(&workspace)).is_none_or(|w| w.keeps_query_history());
    app.asked += 1;
    let run = app.asked;
    let actor = app.actor.clone();
    let Some(desk) = app.desk() else { return NONE };
    let before = desk.running().map(Effect::CancelQuery);
    match desk.ask(&workspace, run, remember) {
        Some(ask) => before
            .into_iter()
            .chain([Effect::Ask { actor, ask, run }])
            .collect(),
        None => {
            app.say("Write a query first.", super::theme::Token::ToastWarn);
            NONE
        }
    }
}

fn toggle_partial(app: &mut App) {
    let mut partial = false;
    if let Some(desk) = app.desk() {
        desk.partial = !desk.partial;
        partial = desk.partial;
    }
    let says = if partial {
        "What can be read is taken, if not all can; the answer says what is left out."
    } else {
        "A query fails when a part of its data cannot be read."
    };
    app.say(says, super::theme::Token::ToastInfo);
}

fn complete_query(app: &mut App, ctx: &Ctx) -> Vec<Effect> {
    let Blade::Query(workspace) = app.page().blade.clone() else {
        return NONE;
    };
    let tables = crate::runtime::Tables {
        world: ctx.world,
        workspace: &workspace,
    };
    if let Some(desk) = app.desk() {
        desk.complete(&tables);
    }
    NONE
}

fn why_no_history(app: &App, ctx: &Ctx) -> Option<String> {
    let Blade::Query(workspace) = &app.page().blade else {
        return None;
    };
    let found = ctx.world.workspaces.get(workspace)?;
    (!found.keeps_query_history()).then(|| {
        "No history is kept: a storage account is linked for queries (R-BYOS-07).".to_owned()
    })
}

fn recall(app: &mut App, older: bool) -> Vec<Effect> {
    if !app.desk().is_some_and(|desk| desk.recall(older)) {
        app.say("There is no such text.", super::theme::Token::ToastInfo);
    }
    NONE
}

/// Esc: what runs is cancelled; from the text to the answer if there is one, and from there back.
fn leave_query(app: &mut App, _: &Ctx) -> Vec<Effect> {
    if let Some(desk) = app.desk() {
        if desk.popup.take().is_some() || desk.detail.take().is_some() {
            return NONE;
        }
        if let Some(run) = desk.running() {
            return vec![Effect::CancelQuery(run)];
        }
        if desk.focus == Focus::Editor && desk.answer().is_some_and(|s| s.rows > 0) {
            desk.focus = Focus::Answer;
            return NONE;
        }
    }
    app.back();
    NONE
}

fn why_no_answer(app: &App, _: &Ctx) -> Option<String> {
    app.desks_answer()
        .is_none()
        .then(|| "There is no answer.".to_owned())
}

fn why_no_row(app: &App, _: &Ctx) -> Option<String> {
    let none = app.desks_answer().is_none_or(|s| s.rows == 0);
    none.then(|| "There is no row.".to_owned())
}

/// The simulated time as a part of a file's name.
fn stamp(ctx: &Ctx) -> String {
    ctx.now.to_seconds().replace([' ', ':'], "-")
}

fn export(app: &mut App, ctx: &Ctx, json: bool) -> Vec<Effect> {
    let Blade::Query(workspace) = app.page().blade.clone() else {
        return NONE;
    };
    let at = stamp(ctx);
    let name: String = workspace
        .name()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let name = format!("lockbox-{name}-{at}.{}", if json { "json" } else { "csv" });
    let text = app.desk().and_then(|desk| desk.export(json, ctx.now));
    text.map(|text| Effect::Export { name, text })
        .into_iter()
        .collect()
}

fn of_cluster(id: crate::engine::ids::ResourceId) -> Blade {
    Blade::Ingestion(ledger::Scope::Cluster(id))
}

fn of_workspace(id: crate::engine::ids::ResourceId) -> Blade {
    Blade::Ingestion(ledger::Scope::Workspace(id))
}

/// Only what the cursor is on; from there to its page.
fn narrow(app: &mut App, ctx: &Ctx) -> Vec<Effect> {
    let scope = app.item().as_ref().and_then(ingestion::rows::scope);
    match scope.map(Blade::Ingestion) {
        Some(blade) if blade != app.page().blade => app.open(blade),
        _ => app.open_item(ctx),
    }
    NONE
}

fn blocks_here(app: &App) -> Option<Blade> {
    match app.item() {
        Some(ItemId::Segment(id)) => Some(Blade::Blocks(id)),
        _ => None,
    }
}

fn turn_block(app: &mut App, forward: bool) -> Vec<Effect> {
    if let Blade::Blocks(segment) = app.page().blade {
        app.blocks.turn(segment, forward);
        app.page_mut().first = 0;
    }
    NONE
}

fn go(app: &mut App, blade: Option<Blade>) -> Vec<Effect> {
    if let Some(blade) = blade {
        app.open(blade);
    }
    NONE
}

macro_rules! actions {
    (forms { $($fkeys:tt $fscope:ident $fshort:literal $blank:path;)* }
     $($name:literal $keys:tt $scope:ident $danger:ident $short:literal $doc:literal, $why:expr, $run:expr;)*) => {
        pub const ACTIONS: &[Action] = &[$(Action {
            name: $blank.name,
            doc: $blank.title,
            short: $fshort,
            keys: &$fkeys,
            scope: Scope::$fscope,
            danger: if $blank.asks { Danger::Final } else { Danger::Careful },
            explains_itself: true,
            why_disabled: |app, ctx| forms::why_not(app, ctx, &$blank, Scope::$fscope),
            run: |app, ctx| forms::open(app, ctx, &$blank, Scope::$fscope),
        },)* $(Action {
            name: $name,
            doc: $doc,
            short: $short,
            keys: &$keys,
            scope: Scope::$scope,
            danger: Danger::$danger,
            explains_itself: matches!(Danger::$danger, Danger::Final),
            why_disabled: $why,
            run: $run,
        }),*];
    };
}

actions! {
    forms {
        ["c"] Vault "create" vault::CREATE;
        ["K"] Vault "key" key::CREATE;
        ["u"] Vault "protect" vault::UPDATE;
        ["A"] Vault "policy" vault::POLICY_SET;
        ["D"] Vault "delete" vault::DELETE;
        ["R"] Vault "" vault::RECOVER;
        ["X"] Vault "" vault::PURGE;
        ["F"] Vault "" vault::FAULT_INJECT;
        ["E"] Vault "" vault::FAULT_CLEAR;
        ["v"] Key "new version" key::NEW_VERSION;
        ["x"] Key "on/off" key::SET_ENABLED;
        ["w"] Key "validity" key::SET_WINDOW;
        ["D"] Key "delete" key::DELETE;
        ["R"] Key "" key::RECOVER;
        ["X"] Key "" key::PURGE;
        ["u"] Policy "change" vault::POLICY_CHANGE;
        ["D"] Policy "delete" vault::POLICY_DELETE;
        ["c"] Cluster "create" cluster::CREATE;
        ["A"] Cluster "policy" vault::POLICY_GRANT;
        ["K"] Cluster "set key" cluster::SET_KEY;
        ["L"] Cluster "link" cluster::LINK_HERE;
        ["C"] Cluster "" cluster::SET_CAPACITY;
        ["B"] Cluster "" cluster::SET_BILLING;
        ["D"] Cluster "delete" cluster::DELETE;
        ["M"] Cluster "" cluster::MOVE;
        ["c"] Workspace "create" workspace::CREATE;
        ["u"] Workspace "change" workspace::UPDATE;
        ["L"] Workspace "link" cluster::LINK;
        ["U"] Workspace "unlink" cluster::UNLINK;
        ["S"] Workspace "" workspace::SEARCH_SAVE;
        ["B"] Workspace "" workspace::STORAGE_LINK;
        ["b"] Workspace "" workspace::STORAGE_UNLINK;
        ["D"] Workspace "delete" workspace::DELETE;
        ["R"] Workspace "" workspace::RECOVER;
        ["F"] Operation "fail" cluster::FAIL;
        ["K"] Storage "set key" workspace::STORAGE_SET_KEY;
        ["L"] Storage "link" workspace::STORAGE_LINK_HERE;
        ["u"] Saved "change" workspace::SEARCH_UPDATE;
        ["D"] Saved "delete" workspace::SEARCH_DELETE;
        ["u"] Table "retention" table::SET_RETENTION;
        ["W a"] Support "" cluster::ALLOW;
        ["W c"] Support "" cluster::RAISE;
        ["W r"] Support "" cluster::RECOVER;
    }
    "cluster.ingestion" ["I"] Cluster Safe "ingestion" "What comes to the cluster, and what becomes of it",
        |app, ctx| why_no_way(app, near_cluster(app, ctx).map(of_cluster), "ingestion of a cluster"),
        |app, ctx| { let to = near_cluster(app, ctx).map(of_cluster); go(app, to) };
    "cluster.revocation" ["R"] Cluster Safe "revoke" "The chain from vault to data, the ways to cut the key, and the way back",
        |app, ctx| why_no_way(app, near_cluster(app, ctx).map(Blade::Revocation), "revocation of a cluster"),
        |app, ctx| { let to = near_cluster(app, ctx).map(Blade::Revocation); go(app, to) };
    "revocation.do" ["enter"] Revocation Final "preview" "Do what the cursor is on; shows what follows and asks first",
        |app, _| app.why_not_cut(), |app, ctx| { app.cut(ctx); NONE };
    "revocation.next" ["tab"] Revocation Safe "next part" "To the next part of the blade",
        never, |app, _| { app.turn_pane(true); NONE };
    "revocation.previous" ["shift-tab"] Revocation Safe "" "To the part before",
        never, |app, _| { app.turn_pane(false); NONE };
    "logs.ingestion" ["I"] Logs Safe "" "What the workspace sends, and where it goes",
        |app, ctx| why_no_way(app, near_workspace(app, ctx).map(of_workspace), "ingestion of a workspace"),
        |app, ctx| { let to = near_workspace(app, ctx).map(of_workspace); go(app, to) };
    "logs.tables" ["T"] Logs Safe "tables" "Tables of the workspace: what each keeps, for how long, and what was lost",
        |app, ctx| why_no_way(app, near_workspace(app, ctx).map(Blade::Tables), "list of its tables"),
        |app, ctx| { let to = near_workspace(app, ctx).map(Blade::Tables); go(app, to) };
    "logs.query" ["Q"] Logs Safe "query" "Ask the workspace in the Kusto Query Language",
        |app, ctx| why_no_way(app, near_workspace(app, ctx).map(Blade::Query), "query of it"),
        |app, ctx| { let to = near_workspace(app, ctx).map(Blade::Query); go(app, to) };
    "saved.run" ["r"] Saved Safe "run" "Take the saved query to where it can be run",
        |app, _| match app.item() { Some(ItemId::Saved(..)) => None, _ => Some("There is no saved query here.".into()) },
        |app, _| match app.item() {
            Some(ItemId::Saved(workspace, kind, name)) => vec![Effect::SavedText {
                actor: app.actor.clone(), workspace, kind, name: name.to_string(),
            }],
            _ => NONE,
        };
    "query.run" ["f5", "ctrl-r", "alt-enter"] Query Safe "ask" "Ask",
        never, ask_query;
    "query.complete" ["tab"] Query Safe "complete" "Complete the word; again for the next",
        never, complete_query;
    "query.older" ["ctrl-p"] Query Safe "older" "The text asked before",
        why_no_history, |app, _| recall(app, true);
    "query.newer" ["ctrl-n"] Query Safe "" "The text asked after it",
        why_no_history, |app, _| recall(app, false);
    "query.partial" ["f7"] Query Safe "partial" "Whether to take what can be read, if not all can",
        never, |app, _| { toggle_partial(app); NONE };
    "query.anew" ["ctrl-u"] Query Safe "" "Begin a new text; ctrl-p brings back what was asked",
        never, |app, _| { if let Some(desk) = app.desk() { desk.set_text(""); } NONE };
    "query.help" ["f1"] Query Safe "help" "Everything that can be done here",
        never, |app, _| { app.modal = Some(Modal::Help { first: 0 }); NONE };
    "query.leave" ["esc", "ctrl-c"] Query Safe "" "Cancel what runs; else to the answer, or back",
        never, leave_query;
    "answer.run" ["f5", "ctrl-r"] Answer Safe "ask again" "Ask again",
        never, ask_query;
    "answer.row" ["enter"] Answer Safe "whole row" "The row with all its columns, or the rows again",
        why_no_row,
        |app, _| { if let Some(desk) = app.desk() { desk.detail = match desk.detail { None => Some(0), _ => None }; } NONE };
    "answer.edit" ["e", "tab"] Answer Safe "edit" "Back to the text",
        never, |app, _| { if let Some(desk) = app.desk() { desk.focus = Focus::Editor; } NONE };
    "answer.right" ["right", "l"] Answer Safe "column" "To the next column",
        never, |app, _| { if let Some(desk) = app.desk() { desk.move_column(true); } NONE };
    "answer.left" ["left", "h"] Answer Safe "" "To the column before",
        never, |app, _| { if let Some(desk) = app.desk() { desk.move_column(false); } NONE };
    "answer.sort" ["s"] Answer Safe "sort" "Sort by the marked column; again the other way",
        never, |app, _| { if let Some(desk) = app.desk() { desk.sort(); } NONE };
    "answer.chart" ["c"] Answer Safe "chart" "Chart or table, where the query says render",
        |app, _| match app.desks_answer() {
            Some(shown) if shown.render.is_some() => None,
            _ => Some("The query does not end in render.".into()),
        },
        |app, _| { if let Some(desk) = app.desk() { desk.chart = !desk.chart; } NONE };
    "answer.partial" ["p", "f7"] Answer Safe "partial" "Ask for what can be read, if not all can",
        never, |app, ctx| {
            if let Some(desk) = app.desk() { desk.partial = !desk.partial; }
            ask_query(app, ctx)
        };
    "answer.copy" ["y"] Answer Safe "copy" "Copy the cell",
        why_no_row,
        |app, _| {
            let text = app.desk().and_then(|desk| desk.cell_text());
            text.map(Effect::Copy).into_iter().collect()
        };
    "answer.copy-row" ["Y"] Answer Safe "" "Copy the row, a column a line",
        why_no_row,
        |app, _| {
            let text = app.desk().and_then(|desk| desk.row_text());
            text.map(Effect::Copy).into_iter().collect()
        };
    "answer.csv" ["x"] Answer Safe "csv" "Write the answer to a CSV file",
        why_no_answer, |app, ctx| export(app, ctx, false);
    "answer.json" ["X"] Answer Safe "" "Write the answer to a JSON file",
        why_no_answer, |app, ctx| export(app, ctx, true);
    "answer.leave" ["esc", "ctrl-c"] Answer Safe "" "Cancel what runs; else go back",
        never, leave_query;
    "logs.blocks" ["H"] Logs Safe "blocks" "Blocks of the segment, as they lie on disk and as they open",
        |app, _| why_no_way(app, blocks_here(app), "segment"),
        |app, _| { let to = blocks_here(app); go(app, to) };
    "blocks.next" ["right", "l", "tab"] Blocks Safe "next block" "To the next block of the segment",
        never, |app, _| turn_block(app, true);
    "blocks.previous" ["left", "h", "shift-tab"] Blocks Safe "block before" "To the block before",
        never, |app, _| turn_block(app, false);
    "ingestion.narrow" ["enter"] Ingestion Safe "only this" "Only what the cursor is on; again for its page",
        |app, _| match app.item() { Some(_) => None, None => Some("Nothing is selected.".into()) }, narrow;
    "ingestion.closer" ["z"] Ingestion Safe "closer" "A shorter window",
        never, |app, _| { app.ingestion.zoom_by(true); NONE };
    "ingestion.wider" ["Z"] Ingestion Safe "wider" "A longer window, up to 90 days",
        never, |app, _| { app.ingestion.zoom_by(false); NONE };
    "ingestion.earlier" ["h", "left"] Ingestion Safe "earlier" "Move the window back",
        never, |app, ctx| { app.ingestion.pan(ctx.now, true); NONE };
    "ingestion.later" ["l", "right"] Ingestion Safe "" "Move the window on",
        never, |app, ctx| { app.ingestion.pan(ctx.now, false); NONE };
    "ingestion.read-earlier" [","] Ingestion Safe "read" "Read the figures of the column before",
        never, |app, ctx| { app.ingestion.step(ctx.now, true); NONE };
    "ingestion.read-later" ["."] Ingestion Safe "" "Read the figures of the next column",
        never, |app, ctx| { app.ingestion.step(ctx.now, false); NONE };
    "ingestion.leave" ["esc"] Ingestion Safe "" "Read no column any more; else go back",
        never, |app, _| { if !app.ingestion.release() { app.back(); } NONE };
    "ingestion.pause" ["p"] Ingestion Safe "freeze" "Freeze the picture while the world goes on; again to follow",
        never, |app, ctx| {
            match app.ingestion.paused() {
                Some(_) => app.ingestion.follow(),
                None => app.ingestion.pause(ctx.world, ctx.now),
            }
            NONE
        };
    "ingestion.follow" ["f"] Ingestion Safe "follow" "Follow the present again",
        never, |app, _| { app.ingestion.follow(); NONE };
    "ingestion.legend" ["y"] Ingestion Safe "" "Show or hide the legend and the figures",
        never, |app, _| { app.ingestion.no_legend = !app.ingestion.no_legend; NONE };
    "ingestion.marks" ["m"] Ingestion Safe "" "Show or hide thresholds and events",
        never, |app, _| { app.ingestion.unmarked = !app.ingestion.unmarked; NONE };
    "ingestion.drawing" ["V"] Ingestion Safe "" "Draw with the next kind of characters",
        never, |app, _| { app.ingestion.rendering = app.ingestion.rendering.next(); NONE };
    "request.approve" ["a"] Request Final "approve" "Approve the request; asks first",
        |app, ctx| why_not_decide(app, ctx, true), |app, ctx| decision(app, ctx, Question::Approve);
    "request.deny" ["d"] Request Final "deny" "Deny the request; asks first",
        |app, ctx| why_not_decide(app, ctx, false), |app, ctx| decision(app, ctx, Question::Deny);
    "grant.revoke" ["R"] Grant Final "revoke" "Revoke the access early (extension); asks first",
        why_not_revoke, revoke;
    "activity.all" ["0"] Activity Safe "all" "Show all operations",
        never, |app, _| { app.filter_operation(None); NONE };
    "activity.create" ["1"] Activity Safe "create" "Show only Create Lockbox Request",
        never, |app, _| { app.filter_operation(Some(Operation::Create)); NONE };
    "activity.approve" ["2"] Activity Safe "approve" "Show only Approve Lockbox Request",
        never, |app, _| { app.filter_operation(Some(Operation::Approve)); NONE };
    "activity.deny" ["3"] Activity Safe "deny" "Show only Deny Lockbox Request",
        never, |app, _| { app.filter_operation(Some(Operation::Deny)); NONE };
    "activity.expiry" ["4"] Activity Safe "expiry" "Show only Lockbox Request Expiry",
        never, |app, _| { app.filter_operation(Some(Operation::Expire)); NONE };
    "list.open" ["enter", "l", "right"] List Safe "open" "Open what the cursor is on",
        |app, ctx| match app.item().and_then(|id| opens(ctx.world, &id)) {
            Some(_) => None,
            None => Some("There is nothing to open.".into()),
        },
        |app, ctx| { app.open_item(ctx); NONE };
    "link.open" ["enter", "l", "right"] Links Safe "open" "Open the link the cursor is on",
        |app, ctx| match app.page().cursor.as_ref().map(|id| opens(ctx.world, id)) {
            Some(Some(_)) => None,
            Some(None) => Some("There is nothing to open.".into()),
            None => Some("The cursor is on no link; tab goes to the next one.".into()),
        },
        |app, ctx| { app.open_item(ctx); NONE };
    "link.next" ["tab", "]"] Links Safe "next link" "To the next link of the page",
        never, |app, _| { app.page_mut().next_link(true); NONE };
    "link.previous" ["shift-tab", "["] Links Safe "" "To the link before",
        never, |app, _| { app.page_mut().next_link(false); NONE };
    "cluster.checklist" ["g k"] Cluster Safe "checklist" "Steps of the cluster's way to its key, and what is missing",
        |app, ctx| why_no_way(app, near_cluster(app, ctx).map(Blade::Checklist), "checklist of a cluster"),
        |app, ctx| { let to = near_cluster(app, ctx).map(Blade::Checklist); go(app, to) };
    "cluster.preflight" ["g f"] Cluster Safe "pre-flight" "Everything that stands in the way of a key or a link, at once",
        |app, ctx| why_no_way(app, near_cluster(app, ctx).map(Blade::Preflight), "check of a cluster"),
        |app, ctx| { let to = near_cluster(app, ctx).map(Blade::Preflight); go(app, to) };
    "app.back" ["esc", "h", "left"] Global Safe "" "Go back, always",
        never, |app, _| { app.back(); NONE };
    "app.help" ["?", "f1"] Global Safe "help" "Everything that can be done here",
        never, |app, _| { app.modal = Some(Modal::Help { first: 0 }); NONE };
    "clock.pause" ["space"] Global Careful "time" "Stop or start the simulated clock",
        why_time_stands, |_, ctx| vec![Effect::Clock(if ctx.clock.paused { Tempo::Resume } else { Tempo::Pause })];
    "clock.next" ["n"] Global Careful "next event" "Go to the next instant at which something happens",
        // What a drill does next, the world does not know.
        |app, ctx| match due(ctx.world) {
            None if app.cue == Default::default() => Some("Nothing is going to happen by itself.".into()),
            _ => None,
        },
        |app, ctx| {
            if let Some(what) = overview::rows::at_next(app.eye(ctx)) {
                app.say(what, super::theme::Token::ToastInfo);
            }
            vec![Effect::Clock(Tempo::Next)]
        };
    "clock.faster" ["+", "="] Global Careful "" "Let time run faster",
        |_, ctx| (RATES.last() == Some(&ctx.clock.rate)).then(|| "Time cannot run faster.".into()),
        |app, ctx| vec![Effect::Clock(app.tempo(ctx, true))];
    "clock.slower" ["-", "_"] Global Careful "" "Let time run slower",
        |_, ctx| (RATES[0] == ctx.clock.rate).then(|| "Time cannot run slower; space stops it.".into()),
        |app, ctx| vec![Effect::Clock(app.tempo(ctx, false))];
    "app.palette" [":"] Global Safe "go to" "Run a command or go somewhere by name",
        never, |app, _| { app.modal = Some(Modal::Palette { typed: Typed::default(), cursor: 0 }); NONE };
    "app.persona" ["P"] Global Careful "act as" "Act as somebody else, or only look",
        never, |app, _| { app.modal = Some(Modal::People { typed: Typed::default(), cursor: 0, first: 0 }); NONE };
    "item.ticket" ["t"] Item Safe "ticket" "Go to the support ticket",
        |app, ctx| why_no_way(app, ticket(app, ctx), "ticket"), |app, ctx| { let to = ticket(app, ctx); go(app, to) };
    "item.request" ["r"] Item Safe "request" "Go to the Lockbox request",
        |app, ctx| why_no_way(app, request(app, ctx), "request"), |app, ctx| { let to = request(app, ctx); go(app, to) };
    "item.grant" ["e"] Item Safe "grant" "Go to the access grant",
        |app, ctx| why_no_way(app, grant(app, ctx), "grant"), |app, ctx| { let to = grant(app, ctx); go(app, to) };
    "list.filter" ["/"] List Safe "filter" "Show only some rows: words, field:value, !not, rate>100, left<2h, age>2d",
        never, |app, _| { app.filtering = true; NONE };
    "list.sort" ["s"] List Safe "" "Sort by the next column; a click on a title sorts by it",
        why_no_columns, |app, _| { app.sort_on(); NONE };
    "list.sort-turn" ["S"] List Safe "" "Sort the other way round",
        |app, _| (app.page().view.sort.is_none()).then(|| "Nothing is sorted by; s sorts.".into()),
        |app, _| { app.turn_sort(); NONE };
    "list.columns" ["|"] List Safe "" "Which columns are shown, and in which order",
        why_no_columns, |app, _| { app.modal = Some(Modal::Columns { cursor: 0 }); NONE };
    "list.right" ["shift-right"] List Safe "" "Scroll the columns after the first to the left",
        why_no_columns, |app, _| { app.scroll_across(true); NONE };
    "list.left" ["shift-left"] List Safe "" "Scroll the columns back",
        why_no_columns, |app, _| { app.scroll_across(false); NONE };
    "list.undo" ["U"] List Safe "" "Take the last change of a view back: sort, columns, filter",
        never, |app, _| { app.undo_view(); NONE };
    "list.mark" ["m"] List Safe "" "Mark the row, or unmark it; what is marked is decided together",
        why_no_row_to_mark, |app, ctx| { app.mark(ctx); NONE };
    "list.mark-all" ["M"] List Safe "" "Mark every row of the list, or none",
        why_no_row_to_mark, |app, _| { app.mark_all(); NONE };
    "list.follow" ["f"] List Safe "" "The cursor follows what is new, until it is moved",
        why_no_columns, |app, _| {
            app.page_mut().follow ^= true;
            let says = if app.page().follow { "The cursor follows what is new." } else { "The cursor stays." };
            app.say(says, super::theme::Token::ToastInfo);
            NONE
        };
    "list.detail" ["tab"] List Safe "" "Show what the row is about beside the list, or below it; or the list alone",
        why_no_detail, |app, _| {
            app.detail = match app.detail { Some(_) => None, None => Some(DETAIL) };
            NONE
        };
    "list.detail-wider" ["]"] List Safe "" "More room for what the row is about",
        why_no_detail, |app, _| { app.detail = Some((app.detail.unwrap_or(DETAIL - 5) + 5).min(80)); NONE };
    "list.detail-narrower" ["["] List Safe "" "Less room for what the row is about",
        why_no_detail, |app, _| { app.detail = Some(app.detail.unwrap_or(DETAIL + 5).saturating_sub(5).max(20)); NONE };
    "list.export" ["ctrl-e"] List Safe "" "Write the list as it is shown to a file: CSV, JSON or Markdown",
        why_no_columns, |app, ctx| {
            let name = app.file_name(ctx);
            app.modal = Some(Modal::Prompt { asked: Asked::File, typed: Typed(name) });
            NONE
        };
    "columns.toggle" ["space", "enter", "x"] Columns Safe "show or not" "Show the column, or put it away",
        never, |app, _| { app.toggle_column(); NONE };
    "columns.sort" ["s"] Columns Safe "sort" "Sort by the column; again the other way round, and then not",
        never, |app, _| { app.sort_by_column(); NONE };
    "columns.down" ["J"] Columns Safe "move" "Move the column to the right",
        never, |app, _| { app.move_column(true); NONE };
    "columns.up" ["K"] Columns Safe "" "Move the column to the left",
        never, |app, _| { app.move_column(false); NONE };
    "columns.reset" ["d"] Columns Safe "default" "All columns, in the order of the list",
        never, |app, _| {
            app.change_view(|view| { view.order.clear(); view.hidden.clear(); view.across = 0; });
            NONE
        };
    "columns.close" ["esc", "q", "|", "ctrl-c"] Columns Safe "close" "Close",
        never, |app, _| { app.modal = None; NONE };
    "past.before" ["<"] Global Safe "" "Rewind to the event before, and look around",
        never, |app, ctx| app.step_in_time(ctx, true, Only::Everything);
    "past.next" [">"] Global Safe "" "Go on to the next event of the record",
        |app, _| app.why_not_on(), |app, ctx| app.step_in_time(ctx, false, Only::Everything);
    "past.consequence-before" ["{"] Global Safe "rewind" "Rewind to the consequence before: a loss, a decision, a change of state",
        never, |app, ctx| app.step_in_time(ctx, true, Only::Consequences);
    "past.consequence-next" ["}"] Global Safe "" "Go on to the next consequence, in the past or in time that comes",
        never, |app, ctx| match app.at.past {
            Some(_) => app.step_in_time(ctx, false, Only::Consequences),
            None => vec![Effect::Clock(Tempo::NextConsequence)],
        };
    "past.go" ["@"] Global Safe "" "Go to a time or an event",
        never, |app, _| app.ask_line(Asked::Moment);
    "past.live" ["g e"] Global Safe "live" "Back to the present; out of a branch back to the live world",
        |app, _| (app.at == At::default()).then(|| "This is the live edge.".into()),
        |_, _| vec![Effect::Travel(Travel::Back)];
    "past.digest" ["g ="] Global Safe "" "The digest of the whole state: two runs are the same when theirs are",
        never, |app, ctx| {
            let short = super::text::digest(&digest(ctx.world));
            let told = format!("Digest {short} at {}.", ctx.world.revision);
            app.say(told, super::theme::Token::ToastInfo);
            NONE
        };
    "past.history" ["g h"] Global Safe "" "The record, event by event; Enter rewinds to one",
        never, |_, _| vec![Effect::Travel(Travel::History)];
    "past.open" ["enter"] History Safe "rewind here" "Rewind to the event the cursor is on",
        |app, _| match app.item() { Some(ItemId::Event(_)) => None, _ => Some("There is no event here.".into()) },
        |app, _| match app.item() {
            Some(ItemId::Event(revision)) => vec![Effect::Travel(Travel::Look(Look::Revision(revision)))],
            _ => NONE,
        };
    "branch.begin" ["g b"] Global Safe "branch" "Begin a what-if world here; the live one stays as it is",
        |app, _| (app.at.branch.is_some()).then(|| "This is a branch already; g e leaves it.".into()),
        |_, _| vec![Effect::Travel(Travel::Branch)];
    "branch.compare" ["g x"] Global Safe "compare" "The branch and the live world side by side",
        |app, _| (app.at.branch.is_none()).then(|| "There is no branch; g b begins one.".into()),
        |_, _| vec![Effect::Travel(Travel::Compare)];
    "branch.save" ["g S"] Global Safe "" "Write the branch down as a state directory of its own",
        |app, _| (app.at.branch.is_none()).then(|| "There is no branch; g b begins one.".into()),
        |app, _| app.ask_line(Asked::Directory);
    "item.why" ["Y"] Global Safe "why" "Why this is so: back along the causes to the command and the person",
        |app, _| match app.about() { Some(_) => None, None => Some("There is nothing here to ask about.".into()) },
        |app, _| app.about().map(|about| Effect::Travel(Travel::Why(about))).into_iter().collect();
    "app.present" ["f3"] Global Safe "" "Captions for people who watch, on or off",
        never, |app, _| { app.present(); NONE };
    "go.overview" ["g o"] Global Safe "" "Overview",
        never, |app, _| { app.stack.truncate(1); NONE };
    "go.pending" ["g p"] Global Safe "" "Requests that wait for a decision",
        never, |app, _| { app.jump(Blade::Pending); NONE };
    "go.requests" ["g r"] Global Safe "" "All requests there ever were",
        never, |app, _| { app.jump(Blade::Requests); NONE };
    "go.tickets" ["g t"] Global Safe "" "Support tickets",
        never, |app, _| { app.jump(Blade::Tickets); NONE };
    "go.grants" ["g a"] Global Safe "" "Access grants",
        never, |app, _| { app.jump(Blade::Grants); NONE };
    "go.activity" ["g l"] Global Safe "" "Activity log",
        never, |app, _| { app.jump(Blade::Activity); NONE };
    "go.mail" ["g m"] Global Safe "" "Mail to approvers",
        never, |app, _| { app.jump(Blade::Mails); NONE };
    "go.rules" ["g u"] Global Safe "" "Rules of this world",
        never, |app, _| { app.jump(Blade::Rules); NONE };
    "go.vaults" ["g v"] Global Safe "" "Key vaults",
        never, |app, _| { app.jump(Blade::Vaults); NONE };
    "go.clusters" ["g c"] Global Safe "" "Dedicated clusters",
        never, |app, _| { app.jump(Blade::Clusters); NONE };
    "go.workspaces" ["g w"] Global Safe "" "Log Analytics workspaces",
        never, |app, _| { app.jump(Blade::Workspaces); NONE };
    "go.operations" ["g i"] Global Safe "" "Operations in progress and done",
        never, |app, _| { app.jump(Blade::Operations); NONE };
    "go.storage" ["g s"] Global Safe "" "Storage accounts",
        never, |app, _| { app.jump(Blade::Storage); NONE };
    "go.ingestion" ["g n"] Global Safe "" "Ingestion: how much comes, and where it goes",
        never, |app, _| { app.jump(Blade::Ingestion(ledger::Scope::All)); NONE };
    "go.revocation" ["g q"] Global Safe "" "Revocation: the chain from a vault to the data of a cluster, and how to cut it",
        |app, ctx| match app.revocation_of(ctx) { Some(_) => None, None => Some("There is no cluster you may see.".into()) },
        |app, ctx| { let to = app.revocation_of(ctx); go(app, to) };
    "go.segments" ["g d"] Global Safe "" "Sealed segments of log data",
        never, |app, _| { app.jump(Blade::Segments(Of::All)); NONE };
    "move.down" ["j", "down"] Move Safe "" "Down",
        never, |app, ctx| { app.shift(ctx, 1); NONE };
    "move.up" ["k", "up"] Move Safe "" "Up",
        never, |app, ctx| { app.shift(ctx, -1); NONE };
    "move.page-down" ["pgdn", "ctrl-f"] Move Safe "" "A screen down",
        never, |app, ctx| { let by = app.screenful(); app.shift(ctx, by); NONE };
    "move.page-up" ["pgup"] Move Safe "" "A screen up",
        never, |app, ctx| { let by = app.screenful(); app.shift(ctx, -by); NONE };
    "move.half-down" ["ctrl-d"] Move Safe "" "Half a screen down",
        never, |app, ctx| { let by = app.screenful() / 2; app.shift(ctx, by.max(1)); NONE };
    "move.half-up" ["ctrl-u"] Move Safe "" "Half a screen up",
        never, |app, ctx| { let by = app.screenful() / 2; app.shift(ctx, -by.max(1)); NONE };
    "move.top" ["g g", "home"] Move Safe "" "To the top",
        never, |app, ctx| { app.shift(ctx, isize::MIN / 2); NONE };
    "move.bottom" ["G", "end"] Move Safe "" "To the bottom",
        never, |app, ctx| { app.shift(ctx, isize::MAX / 2); NONE };
    "app.screenshot" ["f8"] Always Safe "" "Write what the screen shows into files: text, ANSI and SVG",
        never, |_, ctx| vec![Effect::Picture { stem: format!("lockbox-{}", stamp(ctx)) }];
    "app.again" ["."] Global Safe "" "Once more what was done last, on what the cursor is on now",
        never, |app, ctx| app.run_again(ctx);
    "app.earlier" ["alt-left", "backspace"] Global Safe "" "Back to the place before, as in a browser",
        never, |app, _| { app.walk(true); NONE };
    "app.later" ["alt-right"] Global Safe "" "On to the place after",
        never, |app, _| { app.walk(false); NONE };
    "app.bookmark" ["b", "g '"] Global Safe "" "Put a bookmark on this blade, or take it off",
        never, |app, _| { app.turn_bookmark(); NONE };
    "app.bookmarks" ["'"] Global Safe "" "Bookmarks, to go to",
        |app, _| app.places.marks.is_empty().then(|| "There is no bookmark; b puts one.".into()),
        |app, _| { app.modal = Some(Modal::Bookmarks { cursor: 0 }); NONE };
    "bookmarks.open" ["enter"] Bookmarks Safe "go" "Go there",
        never, |app, ctx| app.open_bookmark(ctx);
    "bookmarks.drop" ["d", "delete"] Bookmarks Safe "drop" "Take the bookmark off",
        never, |app, _| { app.drop_bookmark(); NONE };
    "bookmarks.close" ["esc", "q", "'", "ctrl-c"] Bookmarks Safe "close" "Close",
        never, |app, _| { app.modal = None; NONE };
    "app.notices" ["g !"] Global Safe "" "What was said, the newest first",
        never, |app, _| { app.open_notices(); NONE };
    "app.theme" ["g y"] Global Safe "" "Choose a theme; each is tried while the cursor is on it",
        |app, _| app.telling.themes.is_empty().then(|| "Without colour there is one theme.".into()),
        |app, _| { app.open_themes(); NONE };
    "app.mouse" ["f2"] Global Safe "" "Whether the mouse is the console's, or selects text",
        never, |app, _| app.turn_mouse();
    "app.pace" ["f12"] Global Safe "" "Show how quick the console is, or not",
        never, |app, _| {
            app.telling.pace = match app.telling.pace { Some(_) => None, None => Some(Default::default()) };
            NONE
        };
    "item.copy" ["y"] Item Safe "" "Copy the id of what the cursor is on, or of all that is marked",
        never, |app, _| app.copy_ids();
    "themes.keep" ["enter"] Themes Safe "keep" "Keep the theme",
        never, |app, _| app.end_themes(true);
    "themes.close" ["esc", "q", "ctrl-c"] Themes Safe "back" "Back to the theme before",
        never, |app, _| app.end_themes(false);
    "app.repaint" ["ctrl-r"] Global Safe "" "Paint the screen anew",
        never, |_, _| vec![Effect::Repaint];
    "app.suspend" ["ctrl-z"] Global Safe "" "Back to the shell; fg returns",
        never, |_, _| vec![Effect::Suspend];
    "app.quit" ["q", "ctrl-c"] Global Safe "quit" "Leave; the world stays as it is",
        never, |_, _| vec![Effect::Quit];
    "help.close" ["esc", "q", "?", "f1", "ctrl-c"] Help Safe "close" "Close the help",
        never, |app, _| { app.modal = None; NONE };
    "menu.choose" ["enter"] Menu Safe "choose" "Choose",
        never, |app, ctx| app.choose(ctx);
    "menu.up" ["up", "ctrl-p", "shift-tab"] Menu Safe "" "Up",
        never, |app, ctx| { app.shift(ctx, -1); NONE };
    "menu.down" ["down", "ctrl-n", "tab"] Menu Safe "" "Down",
        never, |app, ctx| { app.shift(ctx, 1); NONE };
    "menu.page-up" ["pgup"] Menu Safe "" "A screen up",
        never, |app, ctx| { app.shift(ctx, -8); NONE };
    "menu.page-down" ["pgdn"] Menu Safe "" "A screen down",
        never, |app, ctx| { app.shift(ctx, 8); NONE };
    "menu.close" ["esc", "ctrl-c"] Menu Safe "close" "Close",
        never, |app, _| { app.modal = None; NONE };
    "filter.keep" ["enter", "down"] Filter Safe "keep" "Keep the filter",
        never, |app, _| { app.keep_filter(); NONE };
    "filter.recall" ["up", "ctrl-p"] Filter Safe "one before" "The filter this kind of list had before",
        never, |app, _| { app.recall_filter(); NONE };
    "filter.drop" ["esc", "ctrl-c"] Filter Safe "drop" "Drop the filter",
        never, |app, _| { app.back(); NONE };
    "dialog.next" ["tab"] Dialog Safe "next field" "Next field",
        never, |app, ctx| { turn(app, ctx, true); NONE };
    "dialog.previous" ["shift-tab"] Dialog Safe "" "Previous field",
        never, |app, ctx| { turn(app, ctx, false); NONE };
    "dialog.press" ["enter"] Dialog Safe "press" "Press the button, or go to the next field",
        never, |app, ctx| app.press(ctx);
    "dialog.newline" ["alt-enter"] Dialog Safe "" "A new line in the reason",
        never, |app, _| { if let Some(Modal::Dialog(d)) = &mut app.modal { d.newline(); } NONE };
    "dialog.close" ["esc", "ctrl-c"] Dialog Safe "go back" "Go back, nothing is done",
        never, |app, _| { app.modal = None; NONE };
    "form.next" ["tab", "down"] Form Safe "next" "Next field",
        never, |app, _| { if let Some(form) = app.form() { form.turn(true); } NONE };
    "form.previous" ["shift-tab", "up"] Form Safe "" "Previous field",
        never, |app, _| { if let Some(form) = app.form() { form.turn(false); } NONE };
    "form.press" ["enter"] Form Safe "press" "Press the button, or go to the next field",
        never, |app, ctx| app.press_form(ctx);
    "form.newline" ["alt-enter"] Form Safe "" "A new line in a long text",
        never, |app, _| { if let Some(form) = app.form() { form.newline(); } NONE };
    "form.page-down" ["pgdn"] Form Safe "" "Scroll down",
        never, |app, ctx| { app.shift(ctx, 6); NONE };
    "form.page-up" ["pgup"] Form Safe "" "Scroll up",
        never, |app, ctx| { app.shift(ctx, -6); NONE };
    "form.close" ["esc", "ctrl-c"] Form Safe "close" "Close the form, nothing is done",
        never, |app, _| { app.modal = None; NONE };
}

fn turn(app: &mut App, ctx: &Ctx, forward: bool) {
    let actor = app.actor.clone();
    if let Some(Modal::Dialog(dialog)) = &mut app.modal {
        let refused = dialog.refusal(ctx, &actor).is_some();
        dialog.turn(refused, forward);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own_a_line_and_a_key() {
        for (i, action) in ACTIONS.iter().enumerate() {
            assert!(action.name.contains('.'), "{}", action.name);
            assert!(!action.doc.is_empty() && !action.keys.is_empty());
            assert!(ACTIONS[i + 1..].iter().all(|a| a.name != action.name));
        }
    }

    #[test]
    fn what_cannot_be_undone_asks_first() {
        for action in ACTIONS.iter().filter(|a| a.danger == Danger::Final) {
            assert!(action.doc.contains("asks first"), "{}", action.name);
        }
    }
}
