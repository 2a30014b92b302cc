//! `lockbox request`: Lockbox requests, their decision, history and approvers.

use clap::Subcommand;
use serde_json::json;

use super::args::{self, RequestArg};
use super::context::Context;
use super::failure::Failure;
use super::jit::SubmitArgs;
use super::print::{Block, List, Page, boxed, col, field, flex, right};
use super::session::Session;
use super::{names, shape, ticket};
use crate::engine::World;
use crate::engine::ask::{Answer, Query};
use crate::engine::ids::RequestId;
use crate::engine::lockbox::approvers::Approver;
use crate::engine::lockbox::request::{Command, Request, Status};
use crate::engine::lockbox::wire;
use crate::engine::text::Untrusted;
use crate::engine::time::SimTime;

#[derive(Debug, Subcommand)]
pub enum RequestCommand {
    /// Start a Lockbox request without a JIT evaluation (extension, for drills; vendor)
    Initiate(SubmitArgs),
    /// List requests, newest first; pending ones soonest expiry first
    List {
        /// Only those in this status
        #[arg(long, conflicts_with_all = ["filter", "pending"], value_parser = args::words!(Status), ignore_case = true)]
        status: Option<Status>,
        /// The REST filter, for example "properties/status eq 'Pending'"
        #[arg(long, value_name = "ODATA", conflicts_with = "pending")]
        filter: Option<String>,
        /// Only those that wait for a decision
        #[arg(long)]
        pending: bool,
    },
    /// Show a request with its ticket, its approvers and what approving will allow
    Show { id: RequestArg },
    /// Approve as an Owner of the subscription
    Approve {
        id: RequestArg,
        #[arg(long, value_parser = args::text)]
        reason: Untrusted,
    },
    /// Deny as an Owner of the subscription
    Deny {
        id: RequestArg,
        #[arg(long, value_parser = args::text)]
        reason: Untrusted,
    },
    /// What happened to a request so far; without an id, every request that is no longer pending
    History { id: Option<RequestArg> },
    /// Who could approve a request now, and why each other person cannot (extension)
    Approvers { id: RequestArg },
}

pub fn run(command: RequestCommand, context: &Context) -> Result<(), Failure> {
    match command {
        RequestCommand::Initiate(args) => {
            let mut session = context.session()?;
            let submit = args.read(session.world())?;
            let done = session.act(&Command::Initiate(submit).into())?;
            let Some((_, request)) = done.world.lockbox.requests.get_max() else {
                return Err(Failure::internal("the new request is not in the world"));
            };
            outcome(context, &done, request, "was initiated (extension)")
        }
        RequestCommand::List {
            status,
            filter,
            pending,
        } => {
            let status = match filter {
                Some(odata) => Some(wire::status_filter(&odata).map_err(Failure::of_form)?),
                None => status,
            };
            let query = if pending {
                Query::Pending
            } else {
                Query::Requests { status }
            };
            list(context, &query, |_| true)
        }
        RequestCommand::Show { id } => show(&id, context),
        RequestCommand::Approve { id, reason } => decide(&id, true, reason, context),
        RequestCommand::Deny { id, reason } => decide(&id, false, reason, context),
        RequestCommand::History { id: None } => {
            list(context, &Query::Requests { status: None }, |r| {
                r.status != Status::Pending && r.status != Status::Initializing
            })
        }
        RequestCommand::History { id: Some(id) } => history(&id, context),
        RequestCommand::Approvers { id } => approvers(&id, context),
    }
}

fn decide(
    id: &RequestArg,
    approve: bool,
    reason: Untrusted,
    context: &Context,
) -> Result<(), Failure> {
    let mut session = context.session()?;
    let request = session.world().find_request(&id.0)?;
    let command = Command::Decide {
        request,
        approve,
        reason,
    };
    let done = session.act(&command.into())?;
    let request = done.world.request(request)?;
    let what = if approve {
        "was approved"
    } else {
        "was denied"
    };
    outcome(context, &done, request, what)
}

fn outcome(
    context: &Context,
    done: &super::session::Done,
    request: &Request,
    what: &str,
) -> Result<(), Failure> {
    let mut head = format!("{} {what} and is {}", request.id, request.status.title());
    match request
        .grant
        .and_then(|g| done.world.lockbox.grants.get(&g))
    {
        Some(grant) => head.push_str(&format!(
            "; grant {} gives {} access until {}",
            grant.id,
            grant.engineer,
            grant.until.to_seconds()
        )),
        None if request.status == Status::Pending => head.push_str(&format!(
            ", expires {}{}",
            request.expires_at.to_seconds(),
            if done.world.nobody_can_approve(request) {
                "; nobody can approve it"
            } else {
                ""
            }
        )),
        None => {}
    }
    context.outcome(done, &head, shape::request(&done.world, request))
}

fn list(context: &Context, query: &Query, keep: impl Fn(&Request) -> bool) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let Answer::Requests(ids) = session.ask(query)? else {
        return Ok(());
    };
    let found: Vec<_> = ids
        .iter()
        .filter_map(|id| world.lockbox.requests.get(id))
        .filter(|r| keep(r))
        .collect();
    let stranded = found
        .iter()
        .filter(|r| world.nobody_can_approve(r))
        .map(|r| format!("warning: nobody can approve {}; it will expire", r.id))
        .collect();
    context.list(&List {
        noun: ("Lockbox request", "Lockbox requests"),
        columns: vec![
            col("ID"),
            col("STATUS"),
            col("CREATED"),
            right("LEFT"),
            col("TICKET"),
            flex("SUBSCRIPTION"),
            flex("ENGINEER"),
            flex("RESOURCES"),
        ],
        csv: &[
            "id",
            "requestId",
            "status",
            "createdDateTime",
            "expirationDateTime",
            "supportRequest",
            "subscription",
            "subscriptionId",
            "engineer",
            "accessLevel",
            "duration",
            "resources",
            "decision.status",
            "decision.by",
            "decision.reason",
            "justification",
        ],
        items: found,
        cells: &|r| {
            vec![
                r.id.to_string(),
                r.status.title().to_owned(),
                r.created_at.to_seconds(),
                left(now, r),
                r.ticket.to_string(),
                r.subscription.to_string(),
                r.engineer.to_string(),
                names::resources(r.resources.iter()),
            ]
        },
        json: &|r| shape::request(world, r),
        own_shape: false,
        notes: stranded,
    })
}

/// The time left to decide.
fn left(now: SimTime, request: &Request) -> String {
    if request.status == Status::Pending {
        now.until(request.expires_at).brief()
    } else {
        String::new()
    }
}

/// A request the actor may see.
fn visible(session: &Session, id: &RequestArg) -> Result<RequestId, Failure> {
    let id = session.world().find_request(&id.0)?;
    session.ask(&Query::Request(id))?;
    Ok(id)
}

fn approvers_of(session: &Session, id: RequestId) -> Result<Vec<Approver>, Failure> {
    match session.ask(&Query::Approvers(id))? {
        Answer::Approvers(list) => Ok(list),
        _ => Ok(Vec::new()),
    }
}

fn show(id: &RequestArg, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let id = visible(&session, id)?;
    let (world, now) = (session.world(), session.now());
    let request = world.request(id)?;
    let approvers = approvers_of(&session, id)?;
    let ticket = world.ticket(request.ticket)?;

    let mut json = shape::request(world, request);
    json["history"] = shape::history(request);
    json["approvers"] = approvers
        .iter()
        .map(|a| shape::approver(world, a))
        .collect();
    json["ticket"] = shape::ticket(world, ticket);
    json["ticket"]["conversation"] = shape::conversation(ticket);

    let mut blocks = vec![
        Block::Fields(fields(world, now, request)),
        allowance(world, now, request),
        Block::Section(
            "Ticket",
            std::iter::once(format!(
                "{} {} ({}, severity {}), opened {} by {}",
                ticket.id,
                ticket.title,
                ticket.phase,
                ticket.severity,
                ticket.opened_at.to_seconds(),
                names::person(world, &ticket.opened_by)
            ))
            .chain(boxed(&ticket.description))
            .collect(),
        ),
    ];
    blocks.extend(ticket::conversation(ticket));
    blocks.push(approver_block(world, request, &approvers));
    blocks.push(Block::Section(
        "History",
        timeline(world, request)
            .into_iter()
            .map(|(at, what)| format!("{}  {what}", at.to_seconds()))
            .collect(),
    ));
    context.page(&Page {
        head: format!("Lockbox request {id}: {}", request.status.title()),
        blocks,
        json,
    })
}

fn fields(world: &World, now: SimTime, request: &Request) -> Vec<(String, Vec<String>)> {
    let mut fields = vec![
        field("request id", world.request_guid(request.id)),
        field("service request id", request.ticket.to_string()),
        field("created", names::when(now, request.created_at)),
        field("expires", names::when(now, request.expires_at)),
        field(
            "subscription",
            names::subscription(world, &request.subscription),
        ),
        field("engineer", names::engineer(world, &request.engineer)),
        field("permission", request.level.to_string()),
        field(
            "duration",
            format!(
                "{} (asked: {})",
                request.duration.span(&world.rules),
                shape::duration(&request.duration, &world.rules)
            ),
        ),
        (
            "resources".to_owned(),
            request
                .resources
                .iter()
                .map(|r| names::resource(world, r))
                .collect(),
        ),
        ("justification".to_owned(), boxed(&request.justification)),
    ];
    if let Some(decision) = &request.decision {
        let what = if decision.approve {
            "approved"
        } else {
            "denied"
        };
        fields.push(field(
            "decision",
            format!(
                "{what} by {} at {}",
                names::person(world, &decision.by),
                decision.at.to_seconds()
            ),
        ));
        fields.push(("reason".to_owned(), boxed(&decision.reason)));
    }
    if let Some(grant) = request.grant.and_then(|g| world.lockbox.grants.get(&g)) {
        fields.push(field(
            "grant",
            format!(
                "{}, {}, {} to {}",
                grant.id,
                grant.status,
                grant.from.to_seconds(),
                grant.until.to_seconds()
            ),
        ));
    }
    fields
}

/// What a yes would allow, or what is the case now.
fn allowance(world: &World, now: SimTime, request: &Request) -> Block {
    let lines = if request.status == Status::Pending {
        let span = request.duration.span(&world.rules);
        let names: Vec<String> = request.resources.iter().map(ToString::to_string).collect();
        vec![
            format!(
                "{} gets {} access for {span} (approved now: until {}),",
                names::person(world, &request.engineer),
                request.level,
                (now + span).to_seconds()
            ),
            format!("to exactly: {}.", names.join(", ")),
            format!(
                "Without a decision it expires at {} and nobody gets access.",
                names::when(now, request.expires_at)
            ),
        ]
    } else {
        vec![format!(
            "Nothing: the request is {} and cannot be decided any more.",
            request.status
        )]
    };
    Block::Section("What approving will allow", lines)
}

fn approver_block(world: &World, request: &Request, approvers: &[Approver]) -> Block {
    let rows = approvers
        .iter()
        .map(|a| {
            vec![
                names::person(world, &a.person),
                if a.why_not.is_none() { "yes" } else { "no" }.to_owned(),
                if a.mailed { "yes" } else { "no" }.to_owned(),
                a.why_not.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let title = if world.nobody_can_approve(request) {
        "Who could approve now (extension): NOBODY"
    } else {
        "Who could approve now (extension)"
    };
    Block::Table(
        title,
        vec![col("PERSON"), col("CAN"), col("MAILED"), flex("WHY NOT")],
        rows,
    )
}

/// Everything on record about a request, in order of time.
fn timeline(world: &World, request: &Request) -> Vec<(SimTime, String)> {
    let mut all: Vec<(SimTime, u64, String)> = Vec::new();
    for change in &request.history {
        let what = match (&request.decision, change.status) {
            (Some(d), Status::Approving | Status::Denying) => format!(
                "{} by {}{}",
                change.status,
                names::person(world, &d.by),
                if d.reason.is_blank() {
                    String::new()
                } else {
                    format!(
                        ", {}",
                        crate::engine::projections::sentence::quote(&d.reason)
                    )
                }
            ),
            (_, status) => status.title().to_owned(),
        };
        all.push((change.at, change.revision.0, what));
    }
    for (id, mail) in world.lockbox.numbered_mails() {
        if mail.request == request.id {
            let what = format!("mail {id} to {}", names::person(world, &mail.to));
            all.push((mail.at, mail.revision.0, what));
        }
    }
    if let Some(grant) = request.grant.and_then(|g| world.lockbox.grants.get(&g)) {
        let until = grant.until.to_seconds();
        all.push((
            grant.from,
            u64::MAX,
            format!("{} begins, until {until}", grant.id),
        ));
        for session in &grant.sessions {
            let what = format!("{} connects to {}", grant.engineer, session.resource);
            all.push((session.opened_at, u64::MAX, what));
            for action in &session.actions {
                let what = crate::engine::projections::sentence::quote(&action.text);
                all.push((
                    action.at,
                    u64::MAX,
                    format!("{} does {what}", grant.engineer),
                ));
            }
            if let Some(at) = session.closed_at {
                let how = if session.forced {
                    "closed by force"
                } else {
                    "closed"
                };
                all.push((
                    at,
                    u64::MAX,
                    format!("session on {} {how}", session.resource),
                ));
            }
        }
        if let Some(at) = grant.ended_at {
            all.push((at, u64::MAX, format!("{} is {}", grant.id, grant.status)));
        }
    }
    all.sort_by_key(|(at, revision, _)| (*at, *revision));
    all.into_iter().map(|(at, _, what)| (at, what)).collect()
}

fn history(id: &RequestArg, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let id = visible(&session, id)?;
    let world = session.world();
    let request = world.request(id)?;
    context.list(&List {
        noun: ("entry", "entries"),
        columns: vec![col("TIME"), flex("WHAT")],
        csv: &["request", "at", "what"],
        items: timeline(world, request),
        cells: &|(at, what)| vec![at.to_seconds(), what.clone()],
        json: &|(at, what)| json!({ "request": id, "at": at, "what": what }),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn approvers(id: &RequestArg, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let id = visible(&session, id)?;
    let world = session.world();
    let request = world.request(id)?;
    let mut notes = vec!["extension: Azure does not show who could approve".to_owned()];
    if world.nobody_can_approve(request) {
        notes.push(format!("warning: nobody can approve {id}; it will expire"));
    }
    let yes_no = |is: bool| if is { "yes" } else { "no" }.to_owned();
    context.list(&List {
        noun: ("person", "people"),
        columns: vec![
            col("PERSON"),
            col("NAME"),
            col("CAN"),
            col("MAILED"),
            flex("WHY NOT"),
        ],
        csv: &["person", "name", "mayApprove", "mailed", "whyNot"],
        items: approvers_of(&session, id)?,
        cells: &|a| {
            let person = world.people.persons.get(&a.person);
            vec![
                a.person.to_string(),
                person.map_or_else(String::new, |p| p.name.to_string()),
                yes_no(a.why_not.is_none()),
                yes_no(a.mailed),
                a.why_not.clone().unwrap_or_default(),
            ]
        },
        json: &|a| shape::approver(world, a),
        own_shape: false,
        notes,
    })
}
