//! The command line: parse, choose a mode, print, exit code. One file a subcommand.
//!
//! Data goes to stdout, talk to stderr. Exit codes: 0 done, 1 refused, 2 usage, bad input or a journal that
//! cannot be used, 3 not found. Nothing here decides anything: it asks the world and prints the answer.

mod activity;
mod args;
mod branch;
mod chart;
mod check;
mod clock;
mod cluster;
mod confirm;
mod context;
mod drill;
mod failure;
mod fault;
mod find;
mod grant;
mod ingest;
mod input;
mod jit;
mod journal;
mod key;
mod ledger;
mod link;
mod log;
mod looks;
mod mail;
mod meter;
mod names;
mod once;
mod op;
mod paths;
mod policy;
mod print;
mod query;
mod replay;
mod request;
mod rules;
mod search;
mod segments;
mod session;
mod shape;
mod shell;
mod storage;
mod support;
mod tables;
mod ticket;
mod vault;
mod why;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use context::{Context, Global};
use failure::{DONE, Failure, USAGE};

/// A terminal operations console that rehearses Customer Lockbox and customer-managed keys on a deterministic
/// simulation. Without a command it opens the console
#[derive(Debug, Parser)]
#[command(name = "lockbox", version, max_term_width = 100, after_help = AFTER)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER: &str = "\
Examples:
  lockbox request list --pending
  lockbox request approve LB-000042 --reason \"Needed for the incident.\"
  lockbox --dry-run grant revoke 7 --reason \"Enough.\"
  lockbox cluster preflight lacluster01 --group contoso-prod/rg-monitor --location koreacentral --capacity 1000
  lockbox cluster set-key lacluster01 --vault kv-logs --key logs-kek
  lockbox op wait OP-000001 --advance
  lockbox ingest --workspace law-1 --table AppRequests requests.ndjson
  lockbox query --workspace law-1 'AppRequests | summarize count() by ResultCode'
  lockbox clock advance 4d
  lockbox drill run demo-data/drills

Exit codes: 0 done, 1 refused, 2 usage or bad input, 3 not found. Everything here is a simulation.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Support tickets
    #[command(subcommand)]
    Ticket(ticket::TicketCommand),
    /// Just-in-time access requests inside the vendor
    #[command(subcommand)]
    Jit(jit::JitCommand),
    /// Lockbox requests
    #[command(subcommand)]
    Request(request::RequestCommand),
    /// Access in force and the engineer's sessions
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    /// Mails to designated approvers
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Key vaults
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    /// Keys of a vault and their versions
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Access policies: who may do what with the keys of a vault
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Log Analytics dedicated clusters
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Log Analytics workspaces
    #[command(subcommand)]
    Workspace(workspace::WorkspaceCommand),
    /// Links of workspaces to clusters
    #[command(subcommand)]
    Link(link::LinkCommand),
    /// Storage accounts of your own for what workspaces keep
    #[command(subcommand)]
    Storage(storage::StorageCommand),
    /// Saved searches and log alert queries
    #[command(subcommand)]
    Search(search::SearchCommand),
    /// Send a file of log records to a table of a workspace
    Ingest(ingest::IngestArgs),
    /// Ask a workspace a question in the Kusto Query Language
    Query(query::QueryArgs),
    /// Tables of a workspace: their columns, what came to them, how long it is kept
    #[command(subcommand)]
    Tables(tables::TablesCommand),
    /// The sealed files log records lie in
    #[command(subcommand)]
    Segments(segments::SegmentsCommand),
    /// Asynchronous operations
    #[command(subcommand)]
    Op(op::OpCommand),
    /// What only the vendor can do for a customer
    #[command(subcommand)]
    Support(support::SupportCommand),
    /// Faults for rehearsal (simulator only)
    #[command(subcommand)]
    Fault(fault::FaultCommand),
    /// The activity log
    #[command(subcommand)]
    Activity(activity::ActivityCommand),
    /// Simulated time
    #[command(subcommand)]
    Clock(clock::Clock),
    /// The record of everything
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// What-if worlds that begin at --at: write one down, or compare it with the present
    #[command(subcommand)]
    Branch(branch::BranchCommand),
    /// Rehearsed courses of events with what is expected of them
    #[command(subcommand)]
    Drill(drill::DrillCommand),
    /// Why something is so: back along its causes to whoever gave the command, with the rules
    Why {
        /// An event (r123), a request, an operation, a cluster or a workspace
        thing: String,
    },
    /// Print a blade of the console once, as data
    Once {
        /// overview, pending, requests, tickets, grants, activity, mail, rules, vaults, clusters, workspaces,
        /// operations, storage, or a thing by its id: request/42, ticket/ID, grant/7, mail/3, rules/R-LOCK-19,
        /// vault/NAME, key/VAULT/KEY, version/VAULT/KEY/ID, cluster/NAME, checklist/CLUSTER, preflight/CLUSTER,
        /// workspace/NAME, search/WORKSPACE/NAME, alert/WORKSPACE/NAME, operation/7, storage/NAME
        #[arg(default_value = "overview")]
        blade: String,
    },
    /// Play a recording of the console on the terminal: Space pauses, q stops
    Replay(replay::ReplayArgs),
    /// The rules and their numbers, or one of them
    Rules { id: Option<String> },
    /// Check a file without using it
    #[command(subcommand)]
    Check(check::CheckCommand),
    /// Where the state of this machine is kept
    Paths,
    /// Every action of the console with its keys, yours too
    Keys {
        /// As tables for a page
        #[arg(long)]
        markdown: bool,
    },
    /// Print a completion script
    Completions { shell: clap_complete::Shell },
    /// Print the manual page of lockbox or of a command
    Man { command: Vec<String> },
}

/// Runs lockbox with the words of the command line.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Without its hooks an internal error is still told, only less well.
    let _ = color_eyre::config::HookBuilder::default()
        .theme(color_eyre::config::Theme::new())
        .install();
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(usage(&error)),
    };
    let format = cli.global.format;
    let outcome = log::start(cli.global.log_file.as_deref()).and_then(|()| run(cli));
    ExitCode::from(match outcome {
        Ok(()) => DONE,
        Err(failure) => failure.report(format),
    })
}

/// What clap has to say: help as it is, errors scrubbed, since they repeat what was given.
fn usage(error: &clap::Error) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that is gone has read enough.
            let _ = error.print();
            DONE
        }
        _ => {
            for line in error.render().to_string().lines() {
                print::say(line);
            }
            USAGE
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let context = Context { global: cli.global };
    tracing::info!(command = ?cli.command, "start");
    let presents = |c: &Command| {
        use drill::DrillCommand::{Join, Present};
        matches!(c, Command::Drill(Present { .. } | Join(_)))
    };
    if context.global.readonly && cli.command.is_some() {
        return Err(Failure::bad_input(
            "ConsoleOnly",
            "readonly",
            "Only the console reads and changes nothing on request, and this command does not open it.",
            "Leave --readonly out, or the command; a command says what it would do with --dry-run.",
        ));
    }
    if context.global.record.is_some() && !cli.command.as_ref().is_none_or(presents) {
        return Err(Failure::bad_input(
            "NothingToRecord",
            "record",
            "Only the console is recorded, and this command does not open it.",
            "Leave --record out, or the command: lockbox --record FILE.",
        ));
    }
    let Some(command) = cli.command else {
        return once::console(&context);
    };
    match command {
        Command::Ticket(command) => ticket::run(command, &context),
        Command::Jit(command) => jit::run(command, &context),
        Command::Request(command) => request::run(command, &context),
        Command::Grant(command) => grant::run(command, &context),
        Command::Mail(command) => mail::run(command, &context),
        Command::Vault(command) => vault::run(command, &context),
        Command::Key(command) => key::run(command, &context),
        Command::Policy(command) => policy::run(command, &context),
        Command::Cluster(command) => cluster::run(command, &context),
        Command::Workspace(command) => workspace::run(command, &context),
        Command::Link(command) => link::run(command, &context),
        Command::Storage(command) => storage::run(command, &context),
        Command::Search(command) => search::run(command, &context),
        Command::Ingest(args) => ingest::run(args, &context),
        Command::Query(args) => query::run(args, &context),
        Command::Tables(command) => tables::run(command, &context),
        Command::Segments(command) => segments::run(command, &context),
        Command::Op(command) => op::run(command, &context),
        Command::Support(command) => support::run(command, &context),
        Command::Fault(command) => fault::run(command, &context),
        Command::Activity(command) => activity::run(command, &context),
        Command::Clock(command) => clock::run(command, &context),
        Command::Journal(command) => journal::run(command, &context),
        Command::Branch(command) => branch::run(command, &context),
        Command::Drill(command) => drill::run(command, &context),
        Command::Why { thing } => why::run(&thing, &context),
        Command::Once { blade } => once::once(&blade, &context),
        Command::Replay(args) => replay::run(&args),
        Command::Rules { id } => rules::run(id.as_deref(), &context),
        Command::Check(command) => check::run(command, &context),
        Command::Paths => paths::run(&context),
        Command::Keys { markdown } => looks::list_keys(markdown, &context),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { command } => shell::man(&command),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_of_the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
