//! `lockbox completions` and `lockbox man`: both are generated from the command line's own definition.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::failure::{Failure, form};
use super::print;
use crate::console::input::Keymap;
use crate::console::reference;
use crate::engine::words::{did_you_mean, nearest};

pub fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lockbox", &mut script);
    print::plain(&script)
}

/// The manual page of lockbox, or of a subcommand by its words.
pub fn man(words: &[String]) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    for word in words {
        let Some(found) = command.find_subcommand(word) else {
            let near = nearest(word, command.get_subcommands().map(clap::Command::get_name));
            let refusal = form(
                "UnknownCommand",
                format!("There is no command {word}."),
                did_you_mean(near, "List them: lockbox help."),
            );
            return Err(Failure::of_form(refusal.target("command")));
        };
        command = found.clone();
    }
    let name = std::iter::once("lockbox")
        .chain(words.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join("-");
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .title(name.to_uppercase())
        .render(&mut page)?;
    if words.is_empty() {
        let keymap = Keymap::defaults().map_err(|error| Failure::internal(error.to_string()))?;
        page.extend(reference::roff(&keymap).into_bytes());
    }
    print::plain(&page)
}
