//! What `:` finds: actions, the things the actor may see, and people to act as. What one may not see is neither offered
//! nor hinted at: things come from the lists one sees.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::{App, Ctx};
use crate::console::actions::ACTIONS;
use crate::console::blades::{Blade, people};
use crate::console::rows::ItemId;

/// Lists whose things are found by any part of their name. Requests, tickets and the like come by the hundred
/// thousand and are found by their id alone.
const NAMED: [Blade; 5] = [
    Blade::Vaults,
    Blade::Clusters,
    Blade::Workspaces,
    Blade::Storage,
    Blade::Operations,
];
/// Things of a list that are looked at.
const MOST: usize = 5_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// A place in the action table.
    Action(usize),
    Thing(ItemId),
    /// Somebody to act as.
    Person(ItemId),
}

/// An offer as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub offer: Offer,
    pub name: String,
    pub says: String,
    /// Which letters of the name were meant, as places of characters.
    pub hits: Vec<u32>,
}

/// How well something fits; the smaller the better.
type Rank = (u8, std::cmp::Reverse<u32>, usize);

struct Finder {
    needle: String,
    pattern: Pattern,
    matcher: Matcher,
    found: Vec<(Rank, Offered)>,
}

impl Finder {
    /// Takes what fits by its name, or, less well, by what it says.
    fn add(&mut self, offer: Offer, name: String, says: String, disabled: bool) {
        let lower = name.to_lowercase();
        let mut tails = lower.split(['.', '/']);
        let exact = lower == self.needle || tails.clone().any(|tail| tail == self.needle);
        let begins =
            lower.starts_with(&self.needle) || tails.any(|tail| tail.starts_with(&self.needle));
        let mut hits = Vec::new();
        let mut buffer = Vec::new();
        let by_name = self.pattern.indices(
            Utf32Str::new(&name, &mut buffer),
            &mut self.matcher,
            &mut hits,
        );
        let (tier, score) = match by_name {
            Some(score) if exact => (0, score),
            Some(score) if begins => (1, score),
            Some(score) if lower.contains(&self.needle) => (2, score),
            Some(score) => (4, score),
            None => {
                // A word of what it says, whole: letters scattered over a sentence mean nothing.
                if !says.to_lowercase().contains(&self.needle) {
                    return;
                }
                (3, 0)
            }
        };
        hits.sort_unstable();
        hits.dedup();
        let tier = tier * 2 + u8::from(disabled);
        let rank = (tier, std::cmp::Reverse(score), self.found.len());
        let offered = Offered {
            offer,
            name,
            says,
            hits,
        };
        self.found.push((rank, offered));
    }
}

impl App {
    /// What the palette offers for what was typed, best first.
    pub fn offers(&self, ctx: &Ctx, typed: &str) -> Vec<Offered> {
        let typed = typed.trim();
        let mut finder = Finder {
            needle: typed.to_lowercase(),
            pattern: Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart),
            matcher: Matcher::new(Config::DEFAULT),
            found: Vec::new(),
        };
        let scopes = self.blade_scopes();
        for (n, action) in ACTIONS.iter().enumerate() {
            // Forms can be filled in from anywhere by their name.
            let near =
                scopes.contains(&action.scope) || (action.scope.has_forms() && !typed.is_empty());
            if near && action.name != "app.palette" {
                let disabled = !typed.is_empty() && self.why_not(action, ctx).is_some();
                finder.add(
                    Offer::Action(n),
                    action.name.to_owned(),
                    action.doc.to_owned(),
                    disabled,
                );
            }
        }
        if typed.chars().count() > 1 {
            self.things(ctx, typed, &mut finder);
        }
        let mut found = finder.found;
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, offered)| offered).collect()
    }

    fn things(&self, ctx: &Ctx, typed: &str, finder: &mut Finder) {
        let eye = self.eye(ctx);
        for (id, what) in by_id(typed) {
            let blade = crate::console::blades::opens(ctx.world, &id);
            if blade.is_some_and(|blade| blade.doc(eye).is_ok()) {
                let name = id.name();
                finder.needle = name.to_lowercase();
                let rank = (0, std::cmp::Reverse(u32::MAX), 0);
                let offered = Offered {
                    offer: Offer::Thing(id),
                    name,
                    says: what.to_owned(),
                    hits: Vec::new(),
                };
                finder.found.push((rank, offered));
            }
        }
        finder.needle = typed.to_lowercase();
        for blade in NAMED {
            let ids = blade.ids(eye, None).unwrap_or_default();
            let says = blade.title();
            for id in ids.into_iter().take(MOST) {
                let whole = id.name();
                let name = whole.rsplit('/').next().unwrap_or(&whole).to_owned();
                finder.add(Offer::Thing(id), name, format!("{says}: {whole}"), false);
            }
        }
        for id in people::ids(eye, typed).into_iter().take(20) {
            let name = match &id {
                ItemId::Observer => "observer".to_owned(),
                id => id.name(),
            };
            let says =
                people::row(eye, &id).and_then(|row| Some(row.cells.first()?.text.to_string()));
            let says = format!("Act as {}", says.unwrap_or_default());
            finder.add(Offer::Person(id), name, says, self.readonly);
        }
    }
}

/// Ids of things that are numbered, as people write them: `LB-000042`, `lb42`, `gr-7`, a ticket's number.
fn by_id(typed: &str) -> Vec<(ItemId, &'static str)> {
    let upper = typed.to_uppercase();
    let split = upper
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(upper.len());
    let (letters, digits) = upper.split_at(split);
    let written = format!("{}-{digits}", letters.trim_end_matches('-'));
    let mut ids = Vec::new();
    ids.extend(
        written
            .parse()
            .ok()
            .map(|id| (ItemId::Request(id), "Lockbox request")),
    );
    ids.extend(
        written
            .parse()
            .ok()
            .map(|id| (ItemId::Grant(id), "Access grant")),
    );
    ids.extend(written.parse().ok().map(|id| (ItemId::Mail(id), "Mail")));
    ids.extend(
        typed
            .parse()
            .ok()
            .map(|id| (ItemId::Ticket(id), "Support ticket")),
    );
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_understood_as_people_write_them() {
        for typed in ["LB-000042", "lb-42", "lb42"] {
            let found = by_id(typed);
            assert_eq!(found.len(), 1, "{typed}: {found:?}");
            assert_eq!(found[0].0.name(), "LB-000042");
        }
        assert_eq!(by_id("gr7")[0].1, "Access grant");
        assert!(by_id("laClaimsJp").is_empty());
    }
}
