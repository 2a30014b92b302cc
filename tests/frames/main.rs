//! The console without a terminal: frames as text, journeys by keys, and a storm of both.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
#[path = "../engine/stage.rs"]
mod stage;

mod every;
mod forms;
mod frames;
mod hostile;
mod ingestion;
mod journey;
mod journeys;
mod keys;
mod logs;
mod query;
mod revocation;
mod scene;
mod storm;
mod travel;
mod views;
