//! Views of the history that people and other systems read: the activity log, the mails, a request's
//! timeline, why something is as it is. Never written by hand beside the events; always derived.

pub mod activity_log;
pub mod mail;
pub mod meaning;
pub mod sentence;
pub mod why;
