//! Support tickets, newest first.

pub mod rows;
