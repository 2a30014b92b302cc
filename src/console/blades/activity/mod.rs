//! The activity log, newest first, by operation.

pub mod rows;
