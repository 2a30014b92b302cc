//! Every Lockbox request there ever was, newest first. History never vanishes.

pub mod rows;
