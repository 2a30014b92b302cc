//! The blades: what each one lists, its columns, its rows, its page. Data only; `view.rs` files paint what is
//! not a list or a page.

pub mod activity;
pub mod grant;
pub mod grants;
pub mod mail;
pub mod mails;
pub mod overview;
pub mod pending;
pub mod people;
pub mod request;
pub mod requests;
pub mod rule;
pub mod rules;
pub mod shared;
pub mod ticket;
pub mod tickets;

use super::doc::Doc;
use super::rows::{Column, ItemId, Row};
use crate::engine::ids::{GrantId, MailId, RequestId, TicketId};
use crate::engine::lockbox::request::Operation;
use crate::engine::projections::activity_log::Subject;
use crate::engine::words::{did_you_mean, nearest};
use crate::engine::{Actor, Refusal, SimTime, World, errors};

/// One screen of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blade {
    Overview,
    Pending,
    Requests,
    Request(RequestId),
    Tickets,
    Ticket(TicketId),
    Grants,
    Grant(GrantId),
    Activity,
    Mails,
    Mail(MailId),
    Rules,
    Rule(&'static str),
}

/// What is looked at, by whom, when.
#[derive(Clone, Copy)]
pub struct Eye<'a> {
    pub world: &'a World,
    pub now: SimTime,
    pub actor: &'a Actor,
}

/// Words of the blades that stand alone.
pub const WORDS: &[(&str, Blade)] = &[
    ("overview", Blade::Overview),
    ("pending", Blade::Pending),
    ("requests", Blade::Requests),
    ("tickets", Blade::Tickets),
    ("grants", Blade::Grants),
    ("activity", Blade::Activity),
    ("mail", Blade::Mails),
    ("rules", Blade::Rules),
];

impl Blade {
    /// A blade by its word, or `request/LB-000042`, `ticket/…`, `grant/…`, `mail/…`, `rules/R-LOCK-19`.
    pub fn parse(text: &str) -> Result<Blade, Refusal> {
        let unknown = || {
            let names = WORDS.iter().map(|(w, _)| *w);
            let near = nearest(text, names.clone().chain(["request", "ticket", "grant"]));
            let all = names.collect::<Vec<_>>().join(", ");
            errors::SIM_03
                .says(format!(
                    "There is no blade {}.",
                    crate::engine::text::scrub(text)
                ))
                .target("blade")
                .remedy(did_you_mean(
                    near,
                    &format!(
                        "Blades are {all}; request/ID, ticket/ID, grant/ID, mail/ID, rules/ID."
                    ),
                ))
        };
        let Some((word, id)) = text.split_once('/') else {
            return WORDS
                .iter()
                .find(|(w, _)| *w == text || *w == format!("{text}s"))
                .map(|(_, b)| b.clone())
                .or((text == "mails").then_some(Blade::Mails))
                .ok_or_else(unknown);
        };
        let bad = |e: crate::engine::ids::IdError| errors::LB_01.says(format!("{e}.")).target("id");
        match word {
            "request" | "requests" => id.parse().map(Blade::Request).map_err(bad),
            "ticket" | "tickets" => id.parse().map(Blade::Ticket).map_err(bad),
            "grant" | "grants" => id.parse().map(Blade::Grant).map_err(bad),
            "mail" | "mails" => id.parse().map(Blade::Mail).map_err(bad),
            "rule" | "rules" => rule::find(id).map(Blade::Rule).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }

    /// For breadcrumbs and titles.
    pub fn title(&self) -> String {
        match self {
            Blade::Overview => "Overview".into(),
            Blade::Pending => "Pending requests".into(),
            Blade::Requests => "All requests".into(),
            Blade::Request(id) => id.to_string(),
            Blade::Tickets => "Tickets".into(),
            Blade::Ticket(id) => format!("Ticket {id}"),
            Blade::Grants => "Access grants".into(),
            Blade::Grant(id) => id.to_string(),
            Blade::Activity => "Activity log".into(),
            Blade::Mails => "Mail".into(),
            Blade::Mail(id) => id.to_string(),
            Blade::Rules => "Rules".into(),
            Blade::Rule(id) => (*id).into(),
        }
    }

    /// Whether it is a list with a cursor; a page otherwise.
    pub fn is_list(&self) -> bool {
        !matches!(
            self,
            Blade::Request(_)
                | Blade::Ticket(_)
                | Blade::Grant(_)
                | Blade::Mail(_)
                | Blade::Rule(_)
        )
    }

    /// The thing a page is about.
    pub fn subject(&self) -> Option<ItemId> {
        match self {
            Blade::Request(id) => Some(ItemId::Request(*id)),
            Blade::Ticket(id) => Some(ItemId::Ticket(*id)),
            Blade::Grant(id) => Some(ItemId::Grant(*id)),
            Blade::Mail(id) => Some(ItemId::Mail(*id)),
            Blade::Rule(id) => Some(ItemId::Rule(id)),
            _ => None,
        }
    }

    pub fn columns(&self) -> &'static [Column] {
        match self {
            Blade::Overview => overview::rows::COLUMNS,
            Blade::Pending => pending::rows::COLUMNS,
            Blade::Requests => requests::rows::COLUMNS,
            Blade::Tickets => tickets::rows::COLUMNS,
            Blade::Grants => grants::rows::COLUMNS,
            Blade::Activity => activity::rows::COLUMNS,
            Blade::Mails => mails::rows::COLUMNS,
            Blade::Rules => rules::rows::COLUMNS,
            _ => &[],
        }
    }

    /// What a list holds, in its order.
    pub fn ids(&self, eye: Eye, operation: Option<Operation>) -> Result<Vec<ItemId>, Refusal> {
        match self {
            Blade::Overview => overview::rows::ids(eye),
            Blade::Pending => pending::rows::ids(eye),
            Blade::Requests => requests::rows::ids(eye),
            Blade::Tickets => tickets::rows::ids(eye),
            Blade::Grants => grants::rows::ids(eye),
            Blade::Activity => activity::rows::ids(eye, operation),
            Blade::Mails => mails::rows::ids(eye),
            Blade::Rules => Ok(rules::rows::ids()),
            _ => Ok(Vec::new()),
        }
    }

    /// One row of a list.
    pub fn row(&self, eye: Eye, id: &ItemId) -> Option<Row> {
        match self {
            Blade::Overview => overview::rows::row(eye, id),
            Blade::Pending => pending::rows::row(eye, id),
            Blade::Requests => requests::rows::row(eye, id),
            Blade::Tickets => tickets::rows::row(eye, id),
            Blade::Grants => grants::rows::row(eye, id),
            Blade::Activity => activity::rows::row(eye, id),
            Blade::Mails => mails::rows::row(eye, id),
            Blade::Rules => rules::rows::row(eye, id),
            _ => None,
        }
    }

    /// A page; the refusal says why it may not be seen.
    pub fn doc(&self, eye: Eye) -> Result<Doc, Refusal> {
        match self {
            Blade::Request(id) => request::rows::doc(eye, *id),
            Blade::Ticket(id) => ticket::rows::doc(eye, *id),
            Blade::Grant(id) => grant::rows::doc(eye, *id),
            Blade::Mail(id) => mail::rows::doc(eye, *id),
            Blade::Rule(id) => Ok(rule::doc(eye, id)),
            _ => Ok(Doc::default()),
        }
    }

    /// What an empty list says, and what to do about it.
    pub fn emptiness(&self) -> (&'static str, &'static str) {
        match self {
            Blade::Overview => (
                "Nothing needs you now.",
                "New requests appear here by themselves. Press n to go to the next event.",
            ),
            Blade::Pending => (
                "No request waits for a decision.",
                "New requests appear here by themselves. Press n to go to the next event, g r for all requests.",
            ),
            Blade::Requests => (
                "There has been no Lockbox request yet.",
                "A request begins when an engineer needs customer data for a ticket.",
            ),
            Blade::Tickets => (
                "There is no support ticket.",
                "Open one with: lockbox ticket open",
            ),
            Blade::Grants => (
                "Nobody has or had access.",
                "A grant begins when a request is approved.",
            ),
            Blade::Activity => (
                "The activity log has no such entry in the last 90 days.",
                "Press 0 to see all operations.",
            ),
            Blade::Mails => (
                "No mail for you.",
                "Each Owner of a subscription gets one mail when a request starts. Press P to act as somebody else.",
            ),
            _ => ("Nothing here.", ""),
        }
    }
}

/// The ticket, request and grant a thing belongs to, as far as there are any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Related {
    pub ticket: Option<TicketId>,
    pub request: Option<RequestId>,
    pub grant: Option<GrantId>,
}

pub fn related(world: &World, id: &ItemId) -> Related {
    let of_request = |id: RequestId| {
        let request = world.lockbox.requests.get(&id);
        Related {
            request: Some(id),
            ticket: request.map(|r| r.ticket),
            grant: request.and_then(|r| r.grant),
        }
    };
    match id {
        ItemId::Request(id) => of_request(*id),
        ItemId::Grant(id) => {
            let grant = world.lockbox.grants.get(id);
            Related {
                request: grant.and_then(|g| g.request),
                ticket: grant.map(|g| g.ticket),
                grant: Some(*id),
            }
        }
        ItemId::Ticket(id) => {
            let jits = world.lockbox.tickets.get(id).map(|t| &t.jits);
            let latest = jits.and_then(|jits| {
                jits.iter()
                    .rev()
                    .filter_map(|j| world.lockbox.jits.get(j))
                    .find(|j| j.request.is_some() || j.grant.is_some())
            });
            Related {
                ticket: Some(*id),
                request: latest.and_then(|j| j.request),
                grant: latest.and_then(|j| j.grant),
            }
        }
        ItemId::Mail(id) => world
            .lockbox
            .mail(*id)
            .map(|m| of_request(m.request))
            .unwrap_or_default(),
        ItemId::Activity(revision) => activity::rows::entry(world, *revision)
            .and_then(|a| match a.subject {
                Subject::Lockbox { request, .. } => Some(of_request(request)),
                Subject::Administrative { .. } => None,
            })
            .unwrap_or_default(),
        _ => Related::default(),
    }
}

/// The page Enter opens.
pub fn opens(world: &World, id: &ItemId) -> Option<Blade> {
    Some(match id {
        ItemId::Request(id) => Blade::Request(*id),
        ItemId::Ticket(id) => Blade::Ticket(*id),
        ItemId::Grant(id) => Blade::Grant(*id),
        ItemId::Mail(id) => Blade::Mail(*id),
        ItemId::Activity(_) => Blade::Request(related(world, id).request?),
        ItemId::Number(id) | ItemId::Rule(id) => Blade::Rule(id),
        _ => return None,
    })
}
