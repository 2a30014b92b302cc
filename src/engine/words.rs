//! Closed vocabularies: an enum, its words in files and on the command line, and the nearest known word for
//! one that is not known.

/// An enum whose every variant has one word. Gives `ALL`, `word`, `Display`, `FromStr`, and serde by word
/// (by number in snapshots). The order of the variants is their `Ord`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::engine::words::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $name::ALL
                    .iter()
                    .copied()
                    .find(|v| v.word().eq_ignore_ascii_case(text))
                    .ok_or_else(|| $crate::engine::words::UnknownWord::new(
                        text, $name::ALL.iter().map(|v| v.word())))
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() {
                    s.serialize_str(self.word())
                } else {
                    s.serialize_u8(*self as u8)
                }
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                use serde::de::Error as _;
                if d.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    let n = u8::deserialize(d)?;
                    $name::ALL.get(usize::from(n)).copied().ok_or_else(|| {
                        D::Error::custom(concat!("no such ", stringify!($name)))
                    })
                }
            }
        }
    };
}
pub(crate) use words;

/// A word that is in no vocabulary, with the nearest one that is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not known{}; known are {known}", nearest.as_ref().map(|n| format!(", did you mean {n:?}?")).unwrap_or_default())]
pub struct UnknownWord {
    pub word: String,
    pub nearest: Option<String>,
    pub known: String,
}

impl UnknownWord {
    pub fn new<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        UnknownWord {
            word: super::text::scrub(word).into_owned(),
            nearest: nearest(word, known.clone()).map(str::to_owned),
            known: known.collect::<Vec<_>>().join(", "),
        }
    }
}

/// The known word most like the one given, if any is like it at all.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let tolerance = (length / 3).max(2);
    known
        .map(|k| (k.to_lowercase(), k))
        // A distance is at least the difference of the lengths; a long text costs nothing.
        .filter(|(lower, _)| {
            lower.chars().count().abs_diff(length) <= tolerance || lower.starts_with(&word)
        })
        .map(|(lower, k)| (strsim::damerau_levenshtein(&word, &lower), lower, k))
        .filter(|(distance, lower, _)| *distance <= tolerance || lower.starts_with(&word))
        .min_by_key(|(distance, ..)| *distance)
        .map(|(.., k)| k)
}

/// A remedy that names the nearest word.
pub fn did_you_mean(nearest: Option<&str>, otherwise: &str) -> String {
    match nearest {
        Some(word) => format!("Did you mean {}? {otherwise}", super::text::scrub(word)),
        None => otherwise.to_owned(),
    }
}
