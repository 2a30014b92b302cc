//! What the words on the command line mean: ids, spans and texts, read before any world is opened.

use std::str::FromStr;

use crate::engine::ids::RequestId;
use crate::engine::lockbox::request::Operation;
use crate::engine::text::Untrusted;

/// A Lockbox request in one of the forms people have it: `LB-000042`, `42`, its GUID, `LockboxRequest_{guid}`.
/// Which request it is, only a world knows.
#[derive(Debug, Clone)]
pub struct RequestArg(pub String);

impl FromStr for RequestArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix("LockboxRequest_").unwrap_or(text);
        if is_guid(bare) {
            return Ok(RequestArg(text.to_owned()));
        }
        text.parse::<RequestId>()
            .map(|_| RequestArg(text.to_owned()))
            .map_err(|e| format!("{e}, or give its GUID"))
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// An operation of the activity log, by word, label or wire name.
pub fn operation(text: &str) -> Result<Operation, String> {
    Operation::parse(text).map_err(|e| e.to_string())
}

/// A closed vocabulary: known words complete in the shell, and an unknown one gets the nearest.
macro_rules! words {
    ($type:ty) => {
        clap::builder::TypedValueParser::try_map(
            clap::builder::PossibleValuesParser::new(<$type>::ALL.iter().map(|w| w.word())),
            |word| word.parse::<$type>(),
        )
    };
}
pub(super) use words;

/// Simulated seconds per second; whether time can run so fast, the clock says.
pub fn rate(text: &str) -> Result<u32, String> {
    text.strip_suffix('x')
        .unwrap_or(text)
        .parse()
        .map_err(|_| "write a whole number from 0 (standing) to 86400 (a day in a second)".into())
}

/// A text that says something.
pub fn text(text: &str) -> Result<Untrusted, String> {
    let text = Untrusted::from(text);
    if text.is_blank() {
        return Err("it is empty".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_in_four_forms_and_no_other() {
        let guid = "0f0f0f0f-1234-4abc-8def-0123456789ab";
        for text in ["LB-000042", "42", guid, &format!("LockboxRequest_{guid}")] {
            assert!(text.parse::<RequestArg>().is_ok(), "{text}");
        }
        for text in [
            "",
            "GR-000042",
            "0f0f0f0f-1234",
            "LockboxRequest_42x",
            "LB-",
        ] {
            assert!(text.parse::<RequestArg>().is_err(), "{text}");
        }
    }
}
