//! From keys to actions: our own key type, its one text form, and the keymap with scopes and sequences.

pub mod key;
pub mod keyfile;
pub mod keymap;

pub use key::{Code, Key};
pub use keymap::{Keymap, Resolution};
