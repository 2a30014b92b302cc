//! lockbox: a terminal operations console that rehearses Customer Lockbox on a deterministic simulation.
//!
//! The house; a file imports only from its own room or from floors below, and rooms on one floor do not
//! import each other (`tests/engine/floors.rs` holds this):
//!
//! ```text
//! floor 6   cli/  main.rs          parse, choose a mode, print, exit code
//! floor 5   console/               keys + screen
//!           drill/                 rehearsed courses of events, with what is expected of them
//! floor 4   runtime/               the only home of wall clocks, threads, signals: submit, elapse, publish
//! floor 3   logs/                  sealed segments, hot cache, queries
//! floor 2   store/  world_file/    durable journal · worlds as TOML
//!           keystore/              the door between the world and the real keys
//! floor 1   engine/                THE WORLD: pure and deterministic
//! floor 0   crypto/                a sealed key box and envelope encryption; knows no rule
//!           sharing.rs             what is decoded and equal, once in memory
//! ```

pub mod cli;
pub mod console;
pub mod crypto;
pub mod drill;
pub mod engine;
pub mod keystore;
pub mod logs;
pub mod runtime;
pub mod sharing;
pub mod store;
pub mod world_file;
