//! The console: keys and screen over one world.
//!
//! ```text
//! terminal ─▶ input (keys, scopes) ─▶ actions ─▶ app::update (pure) ─▶ effects ─▶ driver ─▶ runtime
//!                                                     │
//!                          blades (rows and pages as data) ─▶ paint (theme) ─▶ one buffered write
//! ```
//! Only `terminal/` and the driver name the terminal library, read a clock or do anything; `app/` and the
//! rows of the blades are plain data.

pub mod actions;
pub mod app;
pub mod blades;
pub mod cast;
pub mod doc;
pub mod driver;
pub mod forms;
pub mod input;
pub mod once;
pub mod pacer;
pub mod paint;
pub mod picture;
pub mod plain;
pub mod programs;
pub mod reference;
pub mod rows;
pub mod settings;
pub mod sieve;
pub mod terminal;
pub mod text;
pub mod theme;

pub use driver::{Color, ConsoleError, Options, run};
pub use once::{Format, once};
