//! One mail as its reader sees it.

pub mod rows;
