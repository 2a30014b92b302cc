//! One support ticket with its conversation.

pub mod rows;
