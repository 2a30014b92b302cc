//! Requests that wait for the customer, soonest expiry first: the triage list.

pub mod rows;
pub mod view;
