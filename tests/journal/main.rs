//! The journal and the host on it: durable, chained, shared by two processes, exact in time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod clock;
mod crash;
mod customer_storage;
mod damage;
#[path = "../support/keyed.rs"]
mod keyed;
mod keys;
mod keystore;
mod kill;
mod logs;
mod outbox;
mod past;
mod query;
mod rotation;
mod sharing;
mod stage;
mod threads;
#[path = "../support/tiny.rs"]
#[allow(dead_code, reason = "shared with benches")]
mod tiny;
