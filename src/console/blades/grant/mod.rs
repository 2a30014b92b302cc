//! One grant: its sessions, what was done in them, and the guests' Windows event logs.

pub mod rows;
