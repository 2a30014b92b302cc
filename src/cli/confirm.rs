//! Acts that cannot be undone: what they cost is said first, and done is only what somebody was sure of, by
//! `--yes` or by typing the name on a terminal.

use std::io::{BufRead, IsTerminal};

use clap::Args;

use super::context::Context;
use super::failure::Failure;
use super::print;

#[derive(Debug, Clone, Copy, Args)]
pub struct Sure {
    /// Do it without asking, although it cannot be undone
    #[arg(long)]
    pub yes: bool,
}

/// What somebody is about to do.
pub struct Irreversible<'a> {
    /// As in `purge the vault kv-claims`.
    pub act: String,
    /// What is typed to be sure.
    pub name: &'a str,
    /// What it costs, a line each.
    pub cost: Vec<String>,
}

impl Sure {
    pub fn about(self, context: &Context, what: &Irreversible<'_>) -> Result<(), Failure> {
        let refused = |code, message: String| {
            let mut no = Failure::bad_input(
                code,
                "yes",
                message,
                "Add --yes if that is what you want, or --dry-run to see what would happen.",
            );
            if let Failure::BadInput { details, .. } = &mut no {
                *details = what.cost.iter().cloned().map(Into::into).collect();
            }
            no
        };
        if self.yes || context.global.dry_run {
            tell(&what.cost);
            return Ok(());
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Err(refused(
                "ConfirmationNeeded",
                format!("Confirmation is needed to {}.", what.act),
            ));
        }
        print::say(&format!("You are about to {}.", what.act));
        tell(&what.cost);
        print::prompt(&format!("Type {} to do it:", what.name));
        let mut typed = String::new();
        std::io::stdin().lock().read_line(&mut typed)?;
        if typed.trim() == what.name {
            return Ok(());
        }
        Err(refused(
            "NotConfirmed",
            format!("What was typed is not {}; nothing was done.", what.name),
        ))
    }
}

fn tell(cost: &[String]) {
    for line in cost {
        print::say(&format!("warning: {line}"));
    }
}
