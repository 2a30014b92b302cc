//! Real keys: a sealed key box that stands for the inside of an HSM, and envelope encryption.
//!
//! Owns the folder `hsm/` of a state directory. Knows no rule: who may use a key, when, and what a key
//! version or a storage account is, is not its business. All mathematics is aws-lc-rs; nothing here is
//! home-made but file layouts and the reading of PEM.

pub mod envelope;
mod error;
pub mod hsm;
mod import;
mod part;
mod shelf;

pub use envelope::{CryptoError, Secret};
pub use error::HsmError;
pub use hsm::{Hsm, KeyKind, PublicKey, WrapAlgorithm};

/// Bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
