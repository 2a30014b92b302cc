//! The engine through its public door: every rule, every error, the laws, and the shape of the house.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod errors;
mod floors;
mod hostile;
mod ingestion;
mod keys;
mod laws;
mod modelled;
mod registered;
mod rules;
#[allow(dead_code)]
#[path = "../frames/scene.rs"]
mod scene;
mod stage;
mod why;
