//! Mail to designated approvers.

pub mod rows;
