//! Where data of a workspace goes as it arrives, and what is there (`domain.md` c.13). The log store and the
//! throughput model ask here; nobody else decides it.

pub mod builtin;
pub mod route;
pub mod schema;
pub mod segment;
