//! The forms, one for every command a person can give about vaults, keys, clusters, workspaces and storage:
//! which fields it has, what it builds, what that would cost, and what has to be typed before it is done.
//! Plain data and functions; `app::form` holds what is being filled in, `paint::form` puts it on the screen.
//!
//! Nothing here decides whether something may be done: that is `engine::decide` on what a form builds.

pub mod choices;
pub mod cluster;
pub mod key;
pub mod table;
pub mod vault;
pub mod workspace;

use std::collections::BTreeMap;

use super::actions::Scope;
use super::app::{App, Ctx, Effect};
use super::doc::Block;
use super::rows::ItemId;
use crate::engine::{Actor, Command, Refusal, SimTime, Span, World, decide};

/// A blank form.
pub struct Blank {
    /// The action that opens it.
    pub name: &'static str,
    /// What it does; the title of the form and the line in help and palette.
    pub title: &'static str,
    /// The word on its button.
    pub yes: &'static str,
    pub by: By,
    /// It takes something away; the cursor begins on No.
    pub asks: bool,
    pub fields: fn(&Asking) -> Vec<Field>,
    /// The command, or what is wrong with the form of what was typed.
    pub build: fn(&Asking, &Filled) -> Result<Command, Refusal>,
    /// What has to be typed before it is done, for what nobody can undo.
    pub word: fn(&World, &Command) -> Option<String>,
    /// What one should know before: what is lost, what stands in the way. The flag says whether the world
    /// would do it.
    pub notes: fn(&Asking, &Command, bool) -> Vec<Block>,
}

/// Whose act it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The person one acts as.
    Person,
    /// Nobody in the world does it: the simulator makes a fault.
    Simulator,
}

/// All of them.
pub const FORMS: &[&Blank] = &[
    &vault::CREATE,
    &vault::UPDATE,
    &vault::DELETE,
    &vault::RECOVER,
    &vault::PURGE,
    &vault::POLICY_SET,
    &vault::POLICY_GRANT,
    &vault::POLICY_CHANGE,
    &vault::POLICY_DELETE,
    &vault::FAULT_INJECT,
    &vault::FAULT_CLEAR,
    &key::CREATE,
    &key::NEW_VERSION,
    &key::SET_ENABLED,
    &key::SET_WINDOW,
    &key::DELETE,
    &key::RECOVER,
    &key::PURGE,
    &cluster::CREATE,
    &cluster::SET_KEY,
    &cluster::SET_CAPACITY,
    &cluster::SET_BILLING,
    &cluster::DELETE,
    &cluster::MOVE,
    &cluster::LINK,
    &cluster::LINK_HERE,
    &cluster::UNLINK,
    &cluster::FAIL,
    &cluster::ALLOW,
    &cluster::RAISE,
    &cluster::RECOVER,
    &workspace::CREATE,
    &workspace::UPDATE,
    &workspace::DELETE,
    &workspace::RECOVER,
    &workspace::SEARCH_SAVE,
    &workspace::SEARCH_UPDATE,
    &workspace::SEARCH_DELETE,
    &workspace::STORAGE_LINK,
    &workspace::STORAGE_LINK_HERE,
    &workspace::STORAGE_UNLINK,
    &workspace::STORAGE_SET_KEY,
    &table::SET_RETENTION,
];

/// What was typed or chosen so far, by the name of the field.
pub type Given = BTreeMap<&'static str, String>;

/// What a form is filled in from.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub world: &'a World,
    pub now: SimTime,
    pub actor: &'a Actor,
    /// The thing the cursor was on when the form was opened.
    pub item: Option<&'a ItemId>,
    pub given: &'a Given,
    /// Only what stands in the fields at first matters: lists that are not needed for that stay empty.
    pub brief: bool,
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the form is given.
    pub key: String,
    /// What is shown, scrubbed.
    pub text: String,
}

impl Choice {
    pub fn new(key: impl Into<String>, text: impl Into<String>) -> Choice {
        Choice {
            key: key.into(),
            text: text.into(),
        }
    }

    /// Shown as it is.
    pub fn plain(key: &str) -> Choice {
        Choice::new(key, crate::engine::text::scrub(key))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Text {
        /// Several lines.
        long: bool,
    },
    /// Digits; left and right go by this much.
    Number { step: u64 },
    /// One of these.
    One(Vec<Choice>),
    /// Any number of these; the value is their keys, one a line.
    Several(Vec<Choice>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub kind: Kind,
    /// What it holds; raw.
    pub value: String,
    /// What the form is about, taken from the cursor; seldom changed.
    pub subject: bool,
    /// What refusals call it.
    targets: &'static [&'static str],
}

impl Field {
    /// Also answers to these targets of refusals.
    pub fn at(mut self, targets: &'static [&'static str]) -> Field {
        self.targets = targets;
        self
    }

    pub fn subject(mut self) -> Field {
        self.subject = true;
        self
    }

    fn answers_to(&self, target: &str) -> bool {
        self.name == target || self.targets.contains(&target)
    }

    /// Whether there is nothing to choose from.
    pub fn is_barren(&self) -> bool {
        matches!(&self.kind, Kind::One(options) if options.is_empty())
    }
}

/// The field a refusal is about, if the form has it.
pub fn at_fault(fields: &[Field], refusal: &Refusal) -> Option<usize> {
    let target = refusal.target.as_deref()?;
    fields.iter().position(|f| f.answers_to(target))
}

impl Asking<'_> {
    fn field(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        kind: Kind,
        value: String,
    ) -> Field {
        Field {
            name,
            label,
            hint,
            kind,
            value,
            subject: false,
            targets: &[],
        }
    }

    fn given_or(&self, name: &'static str, otherwise: impl Into<String>) -> String {
        match self.given.get(name) {
            Some(given) => given.clone(),
            None => otherwise.into(),
        }
    }

    pub fn text(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        otherwise: impl Into<String>,
    ) -> Field {
        let value = self.given_or(name, otherwise);
        self.field(name, label, hint, Kind::Text { long: false }, value)
    }

    pub fn long_text(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        otherwise: impl Into<String>,
    ) -> Field {
        let value = self.given_or(name, otherwise);
        self.field(name, label, hint, Kind::Text { long: true }, value)
    }

    pub fn number(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        step: u64,
        otherwise: u64,
    ) -> Field {
        let value = self.given_or(name, otherwise.to_string());
        self.field(name, label, hint, Kind::Number { step }, value)
    }

    /// A choice. What the form would hold by itself is among the options, also when the list lacks it: then
    /// the world says what is wrong with it.
    pub fn one(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        otherwise: Option<Choice>,
        options: impl FnOnce() -> Vec<Choice>,
    ) -> Field {
        let mut options = match &otherwise {
            Some(_) if self.brief => Vec::new(),
            _ => options(),
        };
        if let Some(own) = &otherwise
            && !options.iter().any(|o| o.key == own.key)
        {
            options.insert(0, own.clone());
        }
        let given = self
            .given
            .get(name)
            .filter(|given| options.iter().any(|o| o.key == **given));
        let value = match (given, otherwise) {
            (Some(given), _) => given.clone(),
            (None, Some(own)) => own.key,
            (None, None) => options.first().map(|o| o.key.clone()).unwrap_or_default(),
        };
        self.field(name, label, hint, Kind::One(options), value)
    }

    /// A choice among fixed words.
    pub fn word(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        words: impl IntoIterator<Item = &'static str>,
        otherwise: &'static str,
    ) -> Field {
        let all = || words.into_iter().map(Choice::plain).collect();
        self.one(name, label, hint, Some(Choice::plain(otherwise)), all)
    }

    pub fn yes_no(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        otherwise: bool,
    ) -> Field {
        let otherwise = if otherwise { YES } else { NO };
        self.word(name, label, hint, [YES, NO], otherwise)
    }

    pub fn several(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        otherwise: &[String],
        options: Vec<Choice>,
    ) -> Field {
        let value = self.given_or(name, otherwise.join("\n"));
        // What is no longer on offer is no longer chosen.
        let kept: Vec<&str> = value
            .lines()
            .filter(|key| options.iter().any(|o| o.key == *key))
            .collect();
        let value = kept.join("\n");
        self.field(name, label, hint, Kind::Several(options), value)
    }
}

const YES: &str = "yes";
const NO: &str = "no";

/// The fields as they are filled in.
pub struct Filled<'a>(pub &'a [Field]);

impl Filled<'_> {
    /// As typed, without blanks around it; empty for a field the form does not have.
    pub fn text(&self, name: &str) -> &str {
        let field = self.0.iter().find(|f| f.name == name);
        field.map_or("", |f| f.value.trim())
    }

    pub fn yes(&self, name: &str) -> bool {
        self.text(name) == YES
    }

    /// None where nothing was typed.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }

    pub fn days(&self, name: &str) -> Option<Span> {
        let days = self.number(name)?;
        Some(Span::days(i64::try_from(days).unwrap_or(i64::MAX)))
    }

    pub fn several(&self, name: &str) -> impl Iterator<Item = &str> {
        self.text(name).lines()
    }
}

/// Nothing has to be typed.
fn no_word(_: &World, _: &Command) -> Option<String> {
    None
}

/// Nothing to know but what the world says.
fn no_notes(_: &Asking, _: &Command, _: bool) -> Vec<Block> {
    Vec::new()
}

/// Who does what the form says.
pub fn doer(blank: &Blank, actor: &Actor) -> Actor {
    match blank.by {
        By::Person => actor.clone(),
        By::Simulator => Actor::Simulator,
    }
}

/// What it is about must exist before anything can be decided.
pub fn build(blank: &Blank, asking: &Asking, fields: &[Field]) -> Result<Command, Refusal> {
    if let Some(barren) = fields.iter().find(|f| f.is_barren()) {
        return Err(crate::engine::errors::ARM_04
            .says(format!(
                "There is no {} to choose that you may see.",
                barren.label.to_lowercase()
            ))
            .target(barren.name)
            .remedy("Create one first, or act as somebody who sees one."));
    }
    (blank.build)(asking, &Filled(fields))
}

/// What a form is about: the cursor's thing or the page's, whichever the scope of its action is for.
fn about(app: &App, scope: Scope) -> Option<ItemId> {
    let page = app.page();
    if page.refusal.is_some() {
        return None;
    }
    let things = [page.cursor.clone(), page.blade.subject()];
    let fits = |thing: &ItemId| Scope::of_a_thing(thing) == Some(scope);
    things
        .into_iter()
        .flatten()
        .find(fits)
        .or_else(|| app.item())
}

/// Why the world says no to a form as it opens. What can still be typed is no reason.
pub fn why_not(app: &App, ctx: &Ctx, blank: &Blank, scope: Scope) -> Option<String> {
    let item = about(app, scope);
    let asking = Asking {
        world: ctx.world,
        now: ctx.now,
        actor: &app.actor,
        item: item.as_ref(),
        given: &Given::new(),
        brief: true,
    };
    let fields = (blank.fields)(&asking);
    let refusal = match build(blank, &asking, &fields) {
        Err(refusal) => refusal,
        Ok(command) => {
            let doer = doer(blank, &app.actor);
            decide(ctx.world, ctx.now, &doer, &command).err()?
        }
    };
    // A role one lacks is lacking, even if another resource group would do.
    let curable = refusal.target.as_deref() != Some("scope")
        && at_fault(&fields, &refusal).is_some_and(|i| !fields[i].subject);
    (!curable).then(|| refusal.to_string())
}

/// Opens a form on what it is about.
pub fn open(app: &mut App, ctx: &Ctx, blank: &'static Blank, scope: Scope) -> Vec<Effect> {
    let item = about(app, scope);
    app.fill_in(ctx, blank, item);
    Vec::new()
}
