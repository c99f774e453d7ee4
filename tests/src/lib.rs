//! What the tests of this workspace stand on.

pub mod cross;
pub mod not_run;
