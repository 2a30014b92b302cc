//! What a line at the prompt means: a row, an action by name, word or key, a blade, or nothing known.

use crate::console::actions::{ACTIONS, Action, Scope};
use crate::console::app::{App, Ctx};
use crate::console::blades::Blade;
use crate::console::input::{Keymap, Resolution, key};
use crate::engine::text::scrub;
use crate::engine::words::nearest;

#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    Nothing,
    /// Enter on a row.
    Row(usize),
    /// The blade again.
    Rows,
    /// The next rows of a long list.
    More,
    Help,
    /// What the time is, and who one is.
    Now,
    Filter(String),
    /// A place in the action table, and perhaps the row it is about.
    Action(usize, Option<usize>),
    Go(Blade),
    No(String),
}

/// Words that are no action.
const OWN: [&str; 4] = ["rows", "more", "help", "now"];

/// Whether an action is of use to somebody who hears. The rest is about keys, cursors and pictures.
fn heard(action: &Action) -> bool {
    use Scope::*;
    match action.scope {
        Move | List | Links | Help | Menu | Filter | Dialog | Form => false,
        Ingestion => action.name == "ingestion.narrow",
        Revocation => action.name == "revocation.do",
        Query => matches!(action.name, "query.run" | "query.partial"),
        Answer => matches!(action.name, "answer.csv" | "answer.json"),
        _ => !matches!(
            action.name,
            "app.palette" | "app.help" | "app.repaint" | "app.suspend" | "app.present"
        ),
    }
}

fn tail(action: &Action) -> &'static str {
    action.name.split_once('.').map_or("", |(_, tail)| tail)
}

/// The scopes of the blade. A query is not written key by key here, so all its keys are free.
fn scopes(app: &App) -> Vec<Scope> {
    match app.page().blade {
        Blade::Query(_) => vec![Scope::Query, Scope::Answer, Scope::Global],
        _ => app.blade_scopes(),
    }
}

/// The action a key means on the blade.
pub fn by_key(app: &App, keymap: &Keymap, keys: &str) -> Option<usize> {
    let keys = key::sequence(keys).ok().filter(|keys| !keys.is_empty())?;
    match keymap.resolve(&scopes(app), &keys) {
        Resolution::Action(action) => Some(action),
        _ => None,
    }
}

pub fn meaning(app: &App, ctx: &Ctx, keymap: &Keymap, line: &str) -> Meaning {
    let line = line.trim();
    if let Some(words) = line.strip_prefix('/') {
        return Meaning::Filter(words.trim().to_owned());
    }
    match line {
        "" => return Meaning::Nothing,
        "rows" => return Meaning::Rows,
        "more" => return Meaning::More,
        "help" | "?" => return Meaning::Help,
        "now" => return Meaning::Now,
        _ => {}
    }
    if let Ok(row) = line.parse() {
        return Meaning::Row(row);
    }
    let known = |what: &str| match action(app, keymap, what) {
        Found::One(action) => Some(Ok(action)),
        Found::Several(names) => {
            let names = names.join(", ");
            Some(Err(format!("{what} can be {names}. Say one of these.")))
        }
        Found::None => None,
    };
    let (found, row) = match (known(line), line.rsplit_once(' ')) {
        (None, Some((what, row))) => match row.parse() {
            Ok(row) => (known(what.trim()), Some(row)),
            Err(_) => (None, None),
        },
        (found, _) => (found, None),
    };
    match found {
        Some(Ok(action)) => return Meaning::Action(action, row),
        Some(Err(several)) => return Meaning::No(several),
        None => {}
    }
    match Blade::parse(ctx.world, &app.actor, line) {
        Ok(blade) => Meaning::Go(blade),
        // The refusal knows what of a path is wrong.
        Err(no) if line.contains('/') => Meaning::No(format!("{no} {}", scrub(&no.remedy))),
        Err(_) => Meaning::No(unknown(line)),
    }
}

enum Found {
    One(usize),
    Several(Vec<&'static str>),
    None,
}

/// An action by its name, by a key of the blade, or by the word after its dot: the innermost that has it here,
/// else the only one that can be done from anywhere.
fn action(app: &App, keymap: &Keymap, what: &str) -> Found {
    let all = || ACTIONS.iter().enumerate().filter(|(_, a)| heard(a));
    if let Some((i, _)) = all().find(|(_, a)| a.name == what) {
        return Found::One(i);
    }
    if let Some(i) = by_key(app, keymap, what).filter(|i| heard(&ACTIONS[*i])) {
        return Found::One(i);
    }
    let scopes = scopes(app);
    let place = |action: &Action| scopes.iter().position(|s| *s == action.scope);
    let called = || all().filter(|(_, a)| tail(a) == what);
    let here = called().filter_map(|(i, a)| Some((place(a)?, i))).min();
    if let Some((_, i)) = here {
        return Found::One(i);
    }
    let called: Vec<_> = called().collect();
    match called.as_slice() {
        [] => Found::None,
        [(i, _)] => Found::One(*i),
        several => Found::Several(several.iter().map(|(_, a)| a.name).collect()),
    }
}

fn unknown(line: &str) -> String {
    let names = ACTIONS.iter().filter(|a| heard(a));
    let words = names.flat_map(|a| [tail(a), a.name]).chain(OWN);
    // A letter or two are like everything.
    let near = nearest(line, words).filter(|_| line.chars().count() > 2);
    let near = match near {
        Some(word) => format!(" Did you mean {word}?"),
        None => String::new(),
    };
    let line = scrub(line);
    format!("There is no word {line:?}.{near} help lists what can be done here.")
}

/// Why an action means nothing on this blade.
pub fn out_of_place(app: &App, action: &Action) -> Option<String> {
    let here = scopes(app).contains(&action.scope);
    let bound = action.scope.is_of_a_blade() && !action.scope.has_forms();
    (!here && bound).then(|| format!("{} does nothing on this blade.", action.name))
}

/// What can be done on the blade, and why some of it cannot be done now.
pub fn help(app: &App, ctx: &Ctx) -> Vec<String> {
    let scopes = scopes(app);
    let mut lines = vec![
        "A number opens that row, or does what the row is about. After an action it is the row meant: deny 2."
            .to_owned(),
        "/words shows only rows with these words, / alone all rows. rows tells the blade again, now the time."
            .to_owned(),
        "A thing is opened by its name: request/LB-000011, cluster/NAME, workspace/NAME, vault/NAME.".to_owned(),
    ];
    // What is about this blade comes before what can be done anywhere.
    let place = |a: &Action| scopes.iter().position(|s| *s == a.scope);
    let here = ACTIONS.iter().enumerate().filter(|(_, a)| heard(a));
    let mut here: Vec<_> = here.filter_map(|(n, a)| Some((place(a)?, n, a))).collect();
    here.sort_by_key(|(place, ..)| *place);
    for (_, n, action) in here {
        // A key that is taken further in is no word for it, and a digit is a row.
        let keymap = app.keymap();
        let key = Some(keymap.first_of(n)).filter(|_| keymap.within_reach(n, &scopes));
        let key = key.filter(|key| !key.is_empty() && key.parse::<usize>().is_err());
        let key = key.map_or_else(String::new, |key| format!(" or {key}"));
        let why = app.why_not(action, ctx);
        let why = why.map_or_else(String::new, |why| format!(" Not now: {why}"));
        lines.push(format!("{}{key}: {}.{why}", action.name, action.doc));
    }
    lines
}
