//! Real keys and envelope encryption.
//!
//! Knows no rule: who may use a key, when, and what a key
//! version or a storage account is, is not its business. All mathematics is aws-lc-rs; nothing here is
//! home-made but file layouts.

pub mod envelope;

pub use envelope::{CryptoError, Secret};

/// Bytes as lower-case hexadecimal digits.
#[cfg(test)]
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
