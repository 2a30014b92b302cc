//! Values of type dynamic, which are JSON text: taking one apart, and making one.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::kernel::{Cell, LONGEST_STRING, Rows};
use crate::logs::kql::literal;

/// One step into a value.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    /// Below zero from the end.
    Index(i64),
}

/// Reads no more of a value than the way to one member of it.
struct Seek<'a>(&'a [Step<'a>]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = Option<Value>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Value>, D::Error> {
        match self.0 {
            [] => serde::Deserialize::deserialize(deserializer).map(Some),
            [Step::Index(index), rest @ ..] if *index < 0 => {
                let value: Value = serde::Deserialize::deserialize(deserializer)?;
                let Value::Array(items) = value else {
                    return Ok(None);
                };
                let found = usize::try_from(index.unsigned_abs())
                    .ok()
                    .and_then(|back| items.len().checked_sub(back))
                    .and_then(|at| items.into_iter().nth(at));
                Ok(found.and_then(|value| Seek(rest).deserialize(value).ok().flatten()))
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Value>, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.0 {
                [Step::Key(wanted), rest @ ..] if *key == **wanted && found.is_none() => {
                    found = map.next_value_seed(Seek(rest))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<Value>, A::Error> {
        let mut found = None;
        let mut at = 0;
        loop {
            let here = match self.0 {
                [Step::Index(wanted), rest @ ..] if *wanted == at => {
                    match seq.next_element_seed(Seek(rest))? {
                        Some(value) => {
                            found = value;
                            true
                        }
                        None => false,
                    }
                }
                _ => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !here {
                return Ok(found);
            }
            at += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<Value>, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Option<Value>, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Option<Value>, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Option<Value>, E> {
        Ok(None)
    }
    fn visit_str<E>(self, _: &str) -> Result<Option<Value>, E> {
        Ok(None)
    }
    fn visit_unit<E>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }
}

/// The member at the end of the way that the arguments behind the first describe.
pub fn member(rows: &Rows, row: usize, out: &mut String) -> bool {
    let Some(json) = rows.json(0, row) else {
        return false;
    };
    let steps: Option<Vec<Step<'_>>> = (1..rows.arity())
        .map(|column| match rows.get(column, row) {
            Cell::Text(key) => Some(Step::Key(key)),
            Cell::Long(index) => Some(Step::Index(index)),
            _ => None,
        })
        .collect();
    let found = steps.and_then(|steps| {
        Seek(&steps)
            .deserialize(&mut serde_json::Deserializer::from_str(json))
            .ok()
            .flatten()
    });
    put(found, out)
}

/// Writes a value; JSON's null is the null of the language.
fn put(value: Option<Value>, out: &mut String) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(value) => {
            out.push_str(&value.to_string());
            true
        }
    }
}

/// The JSON value of an argument of type dynamic.
fn value(rows: &Rows, column: usize, row: usize) -> Option<Value> {
    serde_json::from_str(rows.json(column, row)?).ok()
}

fn array(rows: &Rows, column: usize, row: usize) -> Option<Vec<Value>> {
    match value(rows, column, row)? {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

/// Text that is JSON as that value, any other text as a JSON string.
pub fn parse(rows: &Rows, row: usize, out: &mut String) -> bool {
    let text = rows.text(0, row);
    if text.is_empty() {
        return false;
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => put(Some(value), out),
        Err(_) => quote(rows, row, out),
    }
}

/// Text as a JSON string.
pub fn quote(rows: &Rows, row: usize, out: &mut String) -> bool {
    put(
        rows.json(0, row).map(|text| Value::String(text.to_owned())),
        out,
    )
}

/// A string without its quotes, anything else as JSON.
pub fn text(rows: &Rows, row: usize, out: &mut String) -> bool {
    let Some(json) = rows.json(0, row) else {
        return false;
    };
    if json.starts_with('"') {
        match serde_json::from_str::<String>(json) {
            Ok(text) => out.push_str(&text),
            Err(_) => return false,
        }
    } else if json != "null" {
        out.push_str(json);
    }
    true
}

pub fn long(rows: &Rows, row: usize) -> Option<i64> {
    match value(rows, 0, row)? {
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().map(|x| x as i64)),
        Value::String(text) => literal::long(&text),
        Value::Bool(flag) => Some(i64::from(flag)),
        _ => None,
    }
}

pub fn real(rows: &Rows, row: usize) -> Option<f64> {
    match value(rows, 0, row)? {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => literal::real(&text),
        Value::Bool(flag) => Some(f64::from(u8::from(flag))),
        _ => None,
    }
}

pub fn flag(rows: &Rows, row: usize) -> Option<bool> {
    match value(rows, 0, row)? {
        Value::Bool(flag) => Some(flag),
        Value::Number(n) => n.as_f64().map(|x| x != 0.0),
        Value::String(text) => literal::boolean(&text),
        _ => None,
    }
}

pub fn array_length(rows: &Rows, row: usize) -> Option<i64> {
    array(rows, 0, row).map(|items| items.len() as i64)
}

pub fn bag_keys(rows: &Rows, row: usize, out: &mut String) -> bool {
    let keys = match value(rows, 0, row) {
        Some(Value::Object(map)) => Some(map.into_iter().map(|(key, _)| key.into()).collect()),
        _ => None,
    };
    put(keys.map(Value::Array), out)
}

/// An array of the arguments, each JSON already.
pub fn pack_array(rows: &Rows, row: usize, out: &mut String) -> bool {
    out.push('[');
    for column in 0..rows.arity() {
        if column > 0 {
            out.push(',');
        }
        out.push_str(rows.json(column, row).unwrap_or("null"));
        if out.len() > LONGEST_STRING {
            break;
        }
    }
    out.push(']');
    true
}

/// An object of keys and values in turn, the values JSON already.
pub fn bag_pack(rows: &Rows, row: usize, out: &mut String) -> bool {
    out.push('{');
    for column in (0..rows.arity()).step_by(2) {
        if column > 0 {
            out.push(',');
        }
        out.push_str(&Value::String(rows.text(column, row).to_owned()).to_string());
        out.push(':');
        out.push_str(rows.json(column + 1, row).unwrap_or("null"));
        if out.len() > LONGEST_STRING {
            break;
        }
    }
    out.push('}');
    true
}

pub fn array_concat(rows: &Rows, row: usize, out: &mut String) -> bool {
    let mut all = Vec::new();
    for column in 0..rows.arity() {
        match array(rows, column, row) {
            Some(items) => all.extend(items),
            None => return false,
        }
    }
    put(Some(Value::Array(all)), out)
}

pub fn array_slice(rows: &Rows, row: usize, out: &mut String) -> bool {
    let sliced = || {
        let items = array(rows, 0, row)?;
        let length = items.len() as i64;
        let place = |at: i64| if at < 0 { at + length } else { at };
        let from = place(rows.long(1, row)?).clamp(0, length);
        let to = (place(rows.long(2, row)?) + 1).clamp(from, length);
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
        Some(Value::Array(
            items.into_iter().take(to).skip(from).collect(),
        ))
    };
    put(sliced(), out)
}

pub fn set_has_element(rows: &Rows, row: usize) -> Option<bool> {
    let wanted = value(rows, 1, row)?;
    Some(array(rows, 0, row)?.contains(&wanted))
}

pub fn array_index_of(rows: &Rows, row: usize) -> Option<i64> {
    let wanted = value(rows, 1, row)?;
    let at = array(rows, 0, row)?.iter().position(|item| *item == wanted);
    Some(at.map_or(-1, |at| at as i64))
}

/// Numbers before strings, each in their order.
fn in_order(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a
            .as_f64()
            .unwrap_or_default()
            .total_cmp(&b.as_f64().unwrap_or_default()),
        (Value::Number(_), _) => std::cmp::Ordering::Less,
        (_, Value::Number(_)) => std::cmp::Ordering::Greater,
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => a.to_string().cmp(&b.to_string()),
    }
}

pub fn array_sort_asc(rows: &Rows, row: usize, out: &mut String) -> bool {
    let sorted = array(rows, 0, row).map(|mut items| {
        items.sort_by(in_order);
        Value::Array(items)
    });
    put(sorted, out)
}

pub fn array_sort_desc(rows: &Rows, row: usize, out: &mut String) -> bool {
    let sorted = array(rows, 0, row).map(|mut items| {
        items.sort_by(|a, b| in_order(b, a));
        Value::Array(items)
    });
    put(sorted, out)
}

/// Text pieces of an array with something between them.
pub fn strcat_array(rows: &Rows, row: usize, out: &mut String) -> bool {
    let Some(items) = array(rows, 0, row) else {
        return false;
    };
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(rows.text(1, row));
        }
        match item {
            Value::String(text) => out.push_str(text),
            Value::Null => {}
            other => out.push_str(&other.to_string()),
        }
        if out.len() > LONGEST_STRING {
            break;
        }
    }
    true
}

/// The pieces between separators, as an array; or the piece with a number.
pub fn split(rows: &Rows, row: usize, out: &mut String) -> bool {
    let (source, separator) = (rows.text(0, row), rows.text(1, row));
    let pieces: Vec<&str> = if separator.is_empty() {
        vec![source]
    } else {
        source.split(separator).collect()
    };
    let pieces = match rows.long(2, row) {
        None => pieces,
        Some(wanted) => usize::try_from(wanted)
            .ok()
            .and_then(|at| pieces.get(at).copied())
            .into_iter()
            .collect(),
    };
    put(Some(Value::from(pieces)), out)
}

/// An array of pieces of JSON that stand between commas, the first so many of them.
pub fn array_of_pieces(rows: &Rows, row: usize, out: &mut String) -> bool {
    put(pieces(rows, row).map(Value::Array), out)
}

/// The same, in order.
pub fn sorted_array(rows: &Rows, row: usize, out: &mut String) -> bool {
    let sorted = pieces(rows, row).map(|mut items| {
        items.sort_by(in_order);
        Value::Array(items)
    });
    put(sorted, out)
}

fn pieces(rows: &Rows, row: usize) -> Option<Vec<Value>> {
    let mut items: Vec<Value> = serde_json::from_str(&format!("[{}]", rows.text(0, row))).ok()?;
    items.truncate(usize::try_from(rows.long(1, row)?).unwrap_or(0));
    Some(items)
}

/// The items of an array, each as JSON; an object is one for each member, a single value is one. None where
/// nothing is said.
pub fn items(json: &str, most: usize) -> Option<Vec<String>> {
    let items = match serde_json::from_str::<Value>(json).ok()? {
        Value::Null => return None,
        Value::Array(items) => items.iter().take(most).map(Value::to_string).collect(),
        Value::Object(members) => members
            .into_iter()
            .take(most)
            .map(|(key, value)| Value::Object([(key, value)].into_iter().collect()).to_string())
            .collect(),
        single => vec![single.to_string()],
    };
    Some(items)
}
