//! How the command line says no: one value for every way it can end badly, its exit code, and its one shape
//! for people (stderr) and for programs (stdout).

use std::io;

use serde_json::{Value, json};

use super::print::{self, Format};
use crate::engine::Refusal;
use crate::engine::rules::STATEMENTS;
use crate::engine::text::scrub;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// The world says no: exit 1, or 3 when the thing does not exist.
    Refused(Box<Refusal>),
    /// What was given cannot be read: exit 2.
    BadInput {
        refusal: Box<Refusal>,
        details: Vec<Detail>,
    },
    /// The state directory cannot be used, a damaged journal for example: exit 2.
    Broken(Box<Refusal>),
    /// Something is broken here, not in what was asked: exit 2.
    Internal(color_eyre::eyre::Report),
    /// Nobody reads stdout any more: exit 0.
    Closed,
    /// What was asked for is printed and is bad news; only the exit code is left.
    Told(u8),
}

/// One of several things that are wrong.
#[derive(Debug)]
pub struct Detail {
    /// For people.
    pub lines: Vec<String>,
    /// For programs: an object.
    pub json: Value,
}

impl From<String> for Detail {
    fn from(message: String) -> Detail {
        Detail {
            json: json!({ "message": message }),
            lines: vec![message],
        }
    }
}

/// HTTP status of "there is nothing to do", which is no failure.
const NO_CONTENT: u16 = 204;

pub const DONE: u8 = 0;
pub const REFUSED: u8 = 1;
pub const USAGE: u8 = 2;
pub const NOT_FOUND: u8 = 3;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(Box::new(refusal))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::Closed
        } else {
            Failure::Internal(error.into())
        }
    }
}

impl Failure {
    pub fn internal(message: impl Into<String>) -> Failure {
        Failure::Internal(color_eyre::eyre::eyre!(message.into()))
    }

    /// Input of our own command line that cannot be read.
    pub fn bad_input(
        code: &str,
        target: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Failure {
        let refusal = form(code, message, remedy).target(target);
        Failure::BadInput {
            refusal: Box::new(refusal),
            details: Vec::new(),
        }
    }

    /// The state directory cannot be used; the message says what to do.
    pub fn broken(code: &str, message: &str) -> Failure {
        Failure::Broken(Box::new(Refusal {
            id: "E-CLI-02".to_owned(),
            status: 500,
            ..form(code, message, "")
        }))
    }

    /// A refusal of the parse layer: what does not read is bad input, what does not exist is not found.
    pub fn of_form(refusal: Refusal) -> Failure {
        if refusal.status == 400 {
            Failure::BadInput {
                refusal: Box::new(refusal),
                details: Vec::new(),
            }
        } else {
            refusal.into()
        }
    }

    /// Nobody can say when this would be over, or it took too long; the world itself has nothing against it.
    pub fn waited(code: &str, status: u16, message: String, remedy: String) -> Failure {
        Failure::Refused(Box::new(Refusal {
            id: "E-CLI-03".to_owned(),
            status,
            ..form(code, message, remedy)
        }))
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Refused(refusal) if refusal.status == NO_CONTENT => DONE,
            Failure::Refused(refusal) if refusal.status == 404 => NOT_FOUND,
            Failure::Refused(_) => REFUSED,
            Failure::BadInput { .. } | Failure::Broken(_) | Failure::Internal(_) => USAGE,
            Failure::Closed => DONE,
            Failure::Told(code) => *code,
        }
    }

    /// Tells it, and gives the exit code.
    pub fn report(self, format: Format) -> u8 {
        let code = self.exit_code();
        let word = match (&self, code) {
            (Failure::Refused(_), NOT_FOUND) => "not found",
            (Failure::Refused(_), DONE) => "nothing",
            (Failure::Refused(_), _) => "refused",
            (Failure::BadInput { .. }, _) => "bad input",
            _ => "error",
        };
        match &self {
            Failure::Refused(refusal) | Failure::Broken(refusal) => {
                tell(format, word, refusal, &[]);
            }
            Failure::BadInput { refusal, details } => tell(format, word, refusal, details),
            Failure::Internal(report) => {
                for line in format!("error: {report:?}").lines() {
                    print::say(line);
                }
            }
            Failure::Closed | Failure::Told(_) => {}
        }
        code
    }
}

fn tell(format: Format, word: &str, refusal: &Refusal, details: &[Detail]) {
    if format == Format::Json {
        let mut body = error_body(refusal);
        if !details.is_empty() {
            body["error"]["details"] = details.iter().map(|d| d.json.clone()).collect();
        }
        // A reader that is gone needs no error either.
        let _ = print::document(&body);
        return;
    }
    for line in lines(word, refusal) {
        print::say(&line);
    }
    for line in details.iter().flat_map(|detail| &detail.lines) {
        print::say(line);
    }
}

/// The refusal of something that cannot be read.
pub fn form(code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Refusal {
    Refusal {
        id: "E-CLI-01".to_owned(),
        status: 400,
        code: code.to_owned(),
        message: message.into(),
        target: None,
        rule: String::new(),
        remedy: remedy.into(),
        allowed_from: None,
        current_status: None,
        inner: None,
    }
}

/// A refusal for people: what, why, what to do, when, and its codes.
pub fn lines(word: &str, refusal: &Refusal) -> Vec<String> {
    let label = |label: &str, text: &str| format!("{:<11}{}", format!("{label}:"), scrub(text));
    let mut lines = vec![label(word, &refusal.message)];
    // What does not exist is not there because of a rule.
    // Nor is a value out of range wrong because somebody lacks a right.
    let of_rights = refusal.rule == "R-PERM-08" && refusal.status != 403;
    if !refusal.rule.is_empty() && refusal.status != 404 && !of_rights {
        let statement = STATEMENTS.iter().find(|s| s.id == refusal.rule);
        lines.push(label(
            "why",
            &match statement {
                Some(s) => format!("{} {}", s.id, s.statement),
                None => refusal.rule.clone(),
            },
        ));
    }
    if !refusal.remedy.is_empty() {
        lines.push(label("to do", &refusal.remedy));
    }
    if let Some(at) = refusal.allowed_from {
        lines.push(label("from", &at.to_string()));
    }
    let mut codes = format!("{} {} {}", refusal.id, refusal.status, refusal.code);
    if let Some(target) = &refusal.target {
        codes.push_str(&format!(", at {target}"));
    }
    if let Some(status) = &refusal.current_status {
        codes.push_str(&format!(", status {status}"));
    }
    lines.push(label("code", &codes));
    lines
}

/// A refusal for programs, in the shape of Azure Resource Manager with our own fields beside; `innererror` as
/// Key Vault has it. That there was nothing to do is said in the same words, but is no error.
pub fn error_body(refusal: &Refusal) -> Value {
    let mut error = json!({
        "code": refusal.code,
        "message": refusal.message,
        "target": refusal.target,
        "status": refusal.status,
        "id": refusal.id,
        "rule": refusal.rule,
        "remedy": refusal.remedy,
        "allowedFrom": print::opt(refusal.allowed_from),
        "simulation": true,
    });
    if let Some(inner) = &refusal.inner {
        error["innererror"] = json!({ "code": inner });
    }
    if refusal.status == NO_CONTENT {
        return error;
    }
    if let (Some(status), Some(map)) = (&refusal.current_status, error.as_object_mut()) {
        map.insert(
            "additionalInfo".to_owned(),
            json!([{ "type": "RequestStatus", "info": { "currentStatus": status } }]),
        );
    }
    json!({ "error": error })
}
