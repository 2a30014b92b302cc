//! One request: what is asked, by whom and why, who could decide, and what a yes would allow.

pub mod rows;
