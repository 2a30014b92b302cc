//! Where data of a workspace goes as it arrives (`domain.md` c.13). The log store and the throughput model ask
//! here; nobody else decides it.

pub mod route;
