//! JSON objects, by simd-json: one record after the other, nothing allocated for each.

use simd_json::{Buffers, ErrorType, INPUT_PADDING, Node, StaticNode, Tape, fill_tape_padded};

use super::columns::{write_json, write_json_text};
use super::limits;
use super::reject::Fault;
use super::values::Value;

pub(super) struct Json {
    /// The record, which the parser unescapes in place, and the room behind it that the parser may look at.
    record: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
    /// An object or array within, written out again.
    nested: Vec<u8>,
}

impl Json {
    pub fn new() -> Json {
        Json {
            record: Vec::new(),
            buffers: Buffers::with_max_depth(limits::BLOCK, limits::DEPTH),
            tape: Tape(Vec::new()),
            nested: Vec::new(),
        }
    }

    /// Shows every field of the object with its number, name and value, in order.
    #[inline]
    pub fn fields(
        &mut self,
        record: &[u8],
        mut show: impl FnMut(usize, &str, Value<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.record.clear();
        self.record.extend_from_slice(record);
        self.record.resize(record.len() + INPUT_PADDING, b' ');
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let parsed = fill_tape_padded(&mut self.record, record.len(), &mut self.buffers, &mut tape);
        let shown = match parsed {
            Ok(()) => each(&tape.0, &mut self.nested, &mut show),
            Err(error) => Err(Fault::record(malformed(&error))),
        };
        self.tape = tape.reset();
        shown
    }
}

fn each(
    nodes: &[Node<'_>],
    nested: &mut Vec<u8>,
    show: &mut impl FnMut(usize, &str, Value<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let Some(Node::Object { len, .. }) = nodes.first() else {
        return Err(Fault::record("the record is no JSON object"));
    };
    let mut at = 1;
    for n in 0..*len {
        let (Some(Node::String(name)), Some(node)) = (nodes.get(at), nodes.get(at + 1)) else {
            return Err(Fault::record("the record is no JSON object"));
        };
        at += 1;
        match node {
            Node::String(text) => {
                at += 1;
                show(n, name, Value::Text(text))?;
            }
            Node::Static(scalar) => {
                at += 1;
                show(n, name, value(scalar))?;
            }
            Node::Object { .. } | Node::Array { .. } => {
                nested.clear();
                at = write(nodes, at, nested);
                // It came from UTF-8; this only says so.
                match std::str::from_utf8(nested) {
                    Ok(json) => show(n, name, Value::Nested(json))?,
                    Err(_) => return Err(Fault::field(name, "the value is not UTF-8")),
                }
            }
        }
    }
    Ok(())
}

#[inline]
fn value(scalar: &StaticNode) -> Value<'static> {
    match scalar {
        StaticNode::I64(n) => Value::Long(*n),
        StaticNode::U64(n) => i64::try_from(*n).map_or(Value::Huge(*n), Value::Long),
        StaticNode::F64(n) => Value::Real(*n),
        StaticNode::Bool(b) => Value::Bool(*b),
        StaticNode::Null => Value::Missing,
    }
}

/// Writes the value at `at` as compact JSON and returns where the next one stands. The parser has bounded how
/// deep it goes.
fn write(nodes: &[Node<'_>], at: usize, into: &mut Vec<u8>) -> usize {
    match nodes.get(at) {
        None => at,
        Some(Node::String(text)) => {
            write_json_text(into, text);
            at + 1
        }
        Some(Node::Static(scalar)) => {
            write_json(into, value(scalar));
            at + 1
        }
        Some(Node::Object { len, .. }) => {
            let mut next = at + 1;
            into.push(b'{');
            for n in 0..*len {
                if n > 0 {
                    into.push(b',');
                }
                next = write(nodes, next, into);
                into.push(b':');
                next = write(nodes, next, into);
            }
            into.push(b'}');
            next
        }
        Some(Node::Array { len, .. }) => {
            let mut next = at + 1;
            into.push(b'[');
            for n in 0..*len {
                if n > 0 {
                    into.push(b',');
                }
                next = write(nodes, next, into);
            }
            into.push(b']');
            next
        }
    }
}

#[cold]
fn malformed(error: &simd_json::Error) -> String {
    let at = error.index() + 1;
    match error.error() {
        ErrorType::InvalidUtf8 => "the record is not UTF-8".to_owned(),
        ErrorType::DepthLimitExceeded => {
            format!("the record is nested more than {} deep", limits::DEPTH)
        }
        ErrorType::InvalidNumber | ErrorType::InvalidExponent | ErrorType::Overflow => {
            format!("malformed JSON at byte {at}: a number that cannot be read")
        }
        ErrorType::TrailingData => format!("malformed JSON at byte {at}: text after the object"),
        ErrorType::InvalidEscape
        | ErrorType::InvalidUnicodeEscape
        | ErrorType::InvalidUnicodeCodepoint => {
            format!("malformed JSON at byte {at}: an escape that means nothing")
        }
        ErrorType::UnterminatedString | ErrorType::Eof | ErrorType::Syntax => {
            "malformed JSON: it ends too early".to_owned()
        }
        _ => format!("malformed JSON at byte {at}"),
    }
}
