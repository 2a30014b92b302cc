//! Equal things kept once. A large world says the same names, addresses and phrases millions of times; what is
//! decoded within [`sharing`] has one copy of each.
//!
//! Only decoding shares, so that deciding and folding stay pure; a shared value differs from another in nothing but
//! the memory it takes.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// Longer texts are hardly ever written twice.
const LONGEST: usize = 400;

#[derive(Default)]
struct Seen {
    texts: HashSet<Arc<str>>,
    /// A `HashSet<Arc<T>>` for each type.
    values: HashMap<TypeId, Box<dyn Any>>,
}

thread_local! {
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// Runs something that decodes; equal things in what it makes are one.
pub fn sharing<T>(decode: impl FnOnce() -> T) -> T {
    let before = SEEN.replace(Some(Seen::default()));
    let made = decode();
    SEEN.set(before);
    made
}

/// A text, which may be one that was seen before.
pub fn share(text: &str) -> Arc<str> {
    if text.len() > LONGEST {
        return text.into();
    }
    SEEN.with_borrow_mut(|seen| {
        let Some(Seen { texts, .. }) = seen else {
            return text.into();
        };
        if let Some(known) = texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        texts.insert(new.clone());
        new
    })
}

/// A value, which may be one that was seen before.
fn one<T: Hash + Eq + 'static>(value: T) -> Arc<T> {
    SEEN.with_borrow_mut(|seen| {
        let values = seen.as_mut().and_then(|seen| {
            let of_type = seen.values.entry(TypeId::of::<T>());
            let empty = || Box::new(HashSet::<Arc<T>>::new());
            of_type
                .or_insert_with(|| empty())
                .downcast_mut::<HashSet<Arc<T>>>()
        });
        let Some(values) = values else {
            return Arc::new(value);
        };
        if let Some(known) = values.get(&value) {
            return known.clone();
        }
        let new = Arc::new(value);
        values.insert(new.clone());
        new
    })
}

/// Decodes a value with [`one`].
pub fn value<'de, D, T>(decoder: D) -> Result<Arc<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Hash + Eq + 'static,
{
    T::deserialize(decoder).map(one)
}

/// Decodes a text with [`share`].
pub fn text<'de, D: Deserializer<'de>>(decoder: D) -> Result<Arc<str>, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = Arc<str>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Arc<str>, E> {
            Ok(share(text))
        }
    }
    decoder.deserialize_string(Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::PersonId;

    #[test]
    fn equal_texts_are_one_within_and_only_there() {
        let read = || serde_json::from_str::<Vec<PersonId>>(r#"["ann", "ann"]"#).unwrap();
        let shared = sharing(read);
        assert!(Arc::ptr_eq(&shared[0].0, &shared[1].0));
        let apart = read();
        assert!(!Arc::ptr_eq(&apart[0].0, &apart[1].0));
        assert_eq!(shared, apart);
    }
}
