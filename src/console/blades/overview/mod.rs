//! Where one begins: how much waits, what needs a decision, what will happen next, what is wrong.

pub mod rows;
pub mod view;
