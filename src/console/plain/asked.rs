//! What the screen asks in dialogs and forms, as questions: the answers go into the same dialog or form, which
//! decides what comes of them.

use std::io;

use super::{Plain, told};
use crate::console::app::dialog::{self, Dialog};
use crate::console::app::form::{self, Form};
use crate::console::app::travel::Asked;
use crate::console::app::{Input, Modal, Typed};
use crate::console::blades::{Blade, people};
use crate::console::forms::{Choice, Kind};
use crate::console::input::{Code, Key};
use crate::console::paint;
use crate::engine::Refusal;
use crate::engine::text::scrub;

/// Choices that are listed; the others are found by their words.
const LISTED: usize = 20;
/// Leaves a form.
const LEAVE: &str = ".";
/// Empties a field.
const EMPTY: &str = "-";

const BACK: &str = "or press Enter to go back: ";

impl Plain {
    /// Asks until nothing lies over the blade.
    pub(super) async fn questions(&mut self) -> io::Result<()> {
        while !self.leaving {
            match &self.core.app.modal {
                Some(Modal::Dialog(_)) => self.decide().await?,
                Some(Modal::Form(_)) => self.fill_in().await?,
                Some(Modal::People { .. }) => self.become_somebody().await?,
                Some(Modal::Prompt { asked, .. }) => self.line(*asked).await?,
                Some(
                    Modal::Help { .. }
                    | Modal::Palette { .. }
                    | Modal::Columns { .. }
                    | Modal::Notices { .. }
                    | Modal::Bookmarks { .. }
                    | Modal::Themes { .. },
                ) => {
                    self.core.app.modal = None;
                }
                None => break,
            }
        }
        Ok(())
    }

    fn dialog(&mut self) -> Option<&mut Dialog> {
        match &mut self.core.app.modal {
            Some(Modal::Dialog(dialog)) => Some(dialog),
            _ => None,
        }
    }

    /// Text into what is open.
    fn paste(&mut self, text: &str) {
        self.with(|app, ctx| app.update(ctx, Input::Paste(text.to_owned())));
    }

    /// Enter in what is open, and what comes of it.
    async fn enter(&mut self) -> io::Result<()> {
        let effects = self.with(|app, ctx| match &app.modal {
            Some(Modal::Dialog(_)) => app.press(ctx),
            Some(Modal::Form(_)) => app.press_form(ctx),
            _ => app.choose(ctx),
        });
        self.perform(effects)?;
        self.settle().await
    }

    /// Says what was said in passing while questions are still open.
    fn toast(&mut self) -> io::Result<()> {
        match self.core.app.toast.take() {
            Some(toast) => self.say(&toast.text),
            None => Ok(()),
        }
    }

    /// Whether the world says no to the dialog by now; then it is said and the dialog is over.
    fn over(&mut self) -> io::Result<bool> {
        let no: Option<Refusal> = self.with(|app, ctx| match &app.modal {
            Some(Modal::Dialog(dialog)) => dialog.refusal(ctx, &app.actor),
            _ => None,
        });
        if let Some(no) = no {
            self.core.app.modal = None;
            self.say_all(told::refusal(&no))?;
        }
        Ok(self.core.app.modal.is_none())
    }

    async fn decide(&mut self) -> io::Result<()> {
        if self.over()? {
            return Ok(());
        }
        let asked = self.with(|app, ctx| match &app.modal {
            Some(Modal::Dialog(dialog)) => {
                let said = paint::dialog::said(app, ctx, dialog);
                let said = told::blocks(&said, &|_| None);
                let title = paint::dialog::title(dialog, false);
                Some((said, title, dialog.verb(), dialog.wanted(ctx.world)))
            }
            _ => None,
        });
        let Some((said, title, verb, wanted)) = asked else {
            return Ok(());
        };
        self.say_all(said)?;
        let question = match &wanted {
            Some(wanted) => {
                let question = format!("{title} Type the code {wanted} to {verb}, {BACK}");
                loop {
                    let Some(code) = self.answer(&question).await? else {
                        return self.go_back(dialog::Focus::No).await;
                    };
                    if let Some(dialog) = self.dialog() {
                        (dialog.focus, dialog.code) = (dialog::Focus::Code, Typed::default());
                    }
                    self.paste(&code);
                    if code.eq_ignore_ascii_case(wanted) {
                        break;
                    }
                    self.say(&format!("That is not {wanted}."))?;
                }
                format!("Reason, for the record, {BACK}")
            }
            None => format!("{title} Reason, for the record, {BACK}"),
        };
        let Some(reason) = self.answer(&question).await? else {
            return self.go_back(dialog::Focus::No).await;
        };
        // The world went on while somebody typed.
        if self.over()? {
            return Ok(());
        }
        if let Some(dialog) = self.dialog() {
            dialog.focus = dialog::Focus::Reason;
        }
        self.paste(&reason);
        if let Some(dialog) = self.dialog() {
            dialog.focus = dialog::Focus::Yes;
        }
        self.enter().await?;
        // It came to nothing after all.
        if self.dialog().is_some() && !self.over()? {
            self.toast()?;
            self.core.app.modal = None;
        }
        Ok(())
    }

    async fn go_back(&mut self, no: dialog::Focus) -> io::Result<()> {
        if let Some(dialog) = self.dialog() {
            dialog.focus = no;
        }
        self.enter().await
    }

    /// An answer that says something.
    async fn answer(&mut self, question: &str) -> io::Result<Option<String>> {
        let line = self.read(question, false).await?;
        Ok(line.filter(|line| !line.is_empty()))
    }

    /// Field by field, then what would happen.
    async fn fill_in(&mut self) -> io::Result<()> {
        let Some(form) = self.core.app.form() else {
            return Ok(());
        };
        let title = form.blank.title;
        let title = title.split_once(';').map_or(title, |(head, _)| head);
        let filled = !matches!(form.focus, form::Focus::Field(_));
        self.say(&format!("{title}."))?;
        if !filled {
            self.say("Enter keeps what stands in brackets, - empties a field, . goes back.")?;
            let mut field = 0;
            while self.field(field).await? {
                field += 1;
            }
        }
        while self.core.app.form().is_some() && !self.leaving {
            let Some(no) = self.verdict() else {
                return self.agree().await;
            };
            self.say_all(told::refusal(&no))?;
            let fault = self.core.app.form().and_then(|form| form.fault());
            match fault {
                Some(field) if !filled => {
                    self.field(field).await?;
                }
                _ => {
                    let notes = self.said();
                    self.say_all(notes)?;
                    return self.leave_form();
                }
            }
        }
        Ok(())
    }

    fn leave_form(&mut self) -> io::Result<()> {
        self.core.app.modal = None;
        self.say("Nothing was done.")
    }

    /// Why the world says no to the form as it stands.
    fn verdict(&mut self) -> Option<Refusal> {
        self.with(|app, ctx| app.refresh(ctx));
        let form = self.core.app.form()?;
        form.verdict.as_ref().err().cloned()
    }

    fn said(&mut self) -> Vec<String> {
        let form = self.core.app.form();
        form.map_or_else(Vec::new, |form| told::blocks(form.said(), &|_| None))
    }

    /// Asks for a field; whether there was one and the form is still open.
    async fn field(&mut self, at: usize) -> io::Result<bool> {
        let Some(form) = self.core.app.form() else {
            return Ok(false);
        };
        let Some(field) = form.fields.get(at) else {
            return Ok(false);
        };
        let (kind, question) = (field.kind.clone(), question(field));
        let hint = field.hint;
        form.go(form::Focus::Field(at));
        if !hint.is_empty() {
            self.say(hint)?;
        }
        if let Kind::One(options) | Kind::Several(options) = &kind {
            for (n, option) in options.iter().take(LISTED).enumerate() {
                self.say(&format!("{}. {}", n + 1, option.text))?;
            }
            if options.len() > LISTED {
                let more = options.len() - LISTED;
                self.say(&format!("and {more} more; type a part of the name."))?;
            }
        }
        loop {
            let Some(line) = self.read(&question, false).await? else {
                return Ok(false);
            };
            let taken = match line.as_str() {
                "" => Ok(()),
                LEAVE => {
                    self.leave_form()?;
                    return Ok(false);
                }
                line => self.give(at, &kind, line),
            };
            match taken {
                Ok(()) => return Ok(true),
                Err(why) => self.say(&why)?,
            }
        }
    }

    /// Puts an answer into a field, or says what is wrong with it.
    fn give(&mut self, at: usize, kind: &Kind, line: &str) -> Result<(), String> {
        let clear = Input::Key(Key {
            ctrl: true,
            ..Key::plain(Code::Char('u'))
        });
        match kind {
            Kind::Number { .. } if line != EMPTY && !line.chars().all(|c| c.is_ascii_digit()) => {
                return Err("Type digits.".to_owned());
            }
            Kind::Text { .. } | Kind::Number { .. } => {
                self.with(|app, ctx| app.update(ctx, clear));
                if line != EMPTY {
                    self.paste(line);
                }
            }
            Kind::One(options) => {
                let key = options[choice(options, line)?].key.clone();
                self.paste(&key);
            }
            Kind::Several(options) => {
                let mut wanted = vec![false; options.len()];
                for part in line
                    .split([',', ' '])
                    .filter(|p| !p.is_empty() && *p != EMPTY)
                {
                    wanted[choice(options, part)?] = true;
                }
                for (i, (option, wanted)) in options.iter().zip(wanted).enumerate() {
                    self.with(|app, ctx| {
                        if let Some(form) = app.form()
                            && chosen(form, at, option) != wanted
                        {
                            form.toggle(at, i);
                        }
                        app.refresh(ctx);
                    });
                }
            }
        }
        Ok(())
    }

    /// What would happen, and whether it is to be.
    async fn agree(&mut self) -> io::Result<()> {
        let said = self.said();
        self.say_all(said)?;
        let Some(form) = self.core.app.form() else {
            return Ok(());
        };
        let yes = form.blank.yes.to_lowercase();
        if let Some(wanted) = form.wanted().map(str::to_owned) {
            form.word = Typed::default();
            form.go(form::Focus::Word);
            let question = format!("Type {} to {yes}, {BACK}", scrub(&wanted));
            match self.answer(&question).await? {
                Some(word) if word == wanted => self.paste(&word),
                _ => return self.leave_form(),
            }
        } else {
            let sure = self.answer("Do it? [y/N] ").await?;
            let sure = sure.is_some_and(|s| ["y", "yes"].contains(&s.to_lowercase().as_str()));
            if !sure {
                return self.leave_form();
            }
        }
        if let Some(form) = self.core.app.form() {
            form.go(form::Focus::Yes);
        }
        self.enter().await?;
        if self.core.app.form().is_some() {
            // The world went on, and says no after all.
            if let Some(no) = self.verdict() {
                self.say_all(told::refusal(&no))?;
            }
            self.toast()?;
            return self.leave_form();
        }
        Ok(())
    }

    /// Whom to act as.
    async fn become_somebody(&mut self) -> io::Result<()> {
        let question = format!("Act as whom? A name, a position or an id, {BACK}");
        let mut offered = Vec::new();
        loop {
            let Some(line) = self.answer(&question).await? else {
                self.core.app.modal = None;
                return Ok(());
            };
            let number = line.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            let by_number = number.and_then(|n| offered.get(n).cloned());
            let found = match by_number {
                Some(one) => vec![one],
                None => self.with(|app, ctx| app.personas(ctx, &line)),
            };
            let rows: Vec<_> = self.with(|app, ctx| {
                let row = |id| people::row(app.eye(ctx), id);
                found.iter().filter_map(row).collect()
            });
            let exact = rows
                .iter()
                .position(|row| row.cells[2].text == line.as_str());
            match (exact, found.as_slice()) {
                (_, []) => self.say("Nobody is called that.")?,
                (None, [_, _, ..]) => {
                    for (n, row) in rows.iter().take(LISTED).enumerate() {
                        let who = told::pairs(people::COLUMNS, &row.cells);
                        self.say(&format!("{}. {who}", n + 1))?;
                    }
                    if found.len() > LISTED {
                        self.say(&format!("and {} more.", found.len() - LISTED))?;
                    }
                    offered = found;
                }
                (place, _) => {
                    let id = found[place.unwrap_or(0)].clone();
                    let all = self.with(|app, ctx| app.personas(ctx, ""));
                    let cursor = all.iter().position(|i| *i == id).unwrap_or(0);
                    self.core.app.modal = Some(Modal::People {
                        typed: Typed::default(),
                        cursor,
                        first: 0,
                    });
                    return self.enter().await;
                }
            }
        }
    }

    /// One line that is asked for.
    async fn line(&mut self, asked: Asked) -> io::Result<()> {
        let (title, _, how) = paint::menu::words(asked);
        let question = format!("{title}: {how}, {BACK}");
        let Some(line) = self.answer(&question).await? else {
            self.core.app.modal = None;
            return Ok(());
        };
        let typed = Typed::default();
        self.core.app.modal = Some(Modal::Prompt { asked, typed });
        self.paste(&line);
        self.enter().await?;
        if self.core.app.modal.is_some() {
            self.toast()?;
        }
        Ok(())
    }

    /// The text of a query; whether there is one.
    pub(super) async fn write_query(&mut self) -> io::Result<bool> {
        let Blade::Query(_) = self.core.app.page().blade else {
            return Ok(false);
        };
        let question = format!("Query, on one line, {BACK}");
        let Some(text) = self.answer(&question).await? else {
            return Ok(false);
        };
        if let Some(desk) = self.core.app.desk() {
            desk.set_text(&text);
        }
        Ok(true)
    }
}

/// `Location [koreacentral]: `
fn question(field: &crate::console::forms::Field) -> String {
    let shown = match &field.kind {
        Kind::Text { .. } | Kind::Number { .. } => scrub(&field.value).into_owned(),
        Kind::One(options) | Kind::Several(options) => {
            let on = options
                .iter()
                .filter(|o| field.value.lines().any(|k| k == o.key));
            let on: Vec<&str> = on.map(|o| o.text.as_str()).collect();
            on.join(", ")
        }
    };
    format!("{} [{shown}]: ", field.label)
}

fn chosen(form: &Form, at: usize, option: &Choice) -> bool {
    let field = form.fields.get(at);
    field.is_some_and(|field| field.value.lines().any(|key| key == option.key))
}

/// The choice somebody means: by its number, its name, or a part of the name that no other has.
fn choice(options: &[Choice], said: &str) -> Result<usize, String> {
    if let Some(n) = said.parse::<usize>().ok().and_then(|n| n.checked_sub(1))
        && n < options.len()
    {
        return Ok(n);
    }
    let lower = said.to_lowercase();
    let is = |o: &Choice| o.key.to_lowercase() == lower || o.text.to_lowercase() == lower;
    if let Some(exact) = options.iter().position(is) {
        return Ok(exact);
    }
    let has = |(i, o): (usize, &Choice)| o.text.to_lowercase().contains(&lower).then_some(i);
    let found: Vec<usize> = options.iter().enumerate().filter_map(has).collect();
    let said = scrub(said);
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("There is no choice {said:?}.")),
        several => {
            let names: Vec<&str> = several.iter().map(|i| options[*i].text.as_str()).collect();
            Err(format!("{said:?} can be {}.", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_meant_by_number_name_or_a_part_only_it_has() {
        let options = ["get", "getRotationPolicy", "wrapKey"].map(Choice::plain);
        assert_eq!(choice(&options, "3"), Ok(2));
        assert_eq!(choice(&options, "GET"), Ok(0));
        assert_eq!(choice(&options, "wrap"), Ok(2));
        assert!(
            choice(&options, "t")
                .unwrap_err()
                .contains("getRotationPolicy")
        );
        assert!(choice(&options, "4").is_err());
    }
}
