//! Access that was given, newest first, with how long it still lasts.

pub mod rows;
