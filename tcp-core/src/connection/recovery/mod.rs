//! What is in flight, how long a round trip takes, and what is deemed lost.
//!
//! These parts say what is lost; what to do about it is decided by [`plan`](super::send::plan)
//! and paid for by [`transmit`](super::transmit).

mod loss;
mod rtt;
mod sent;
mod usage;

pub(super) use loss::{AckEffect, DUPLICATE_THRESHOLD, Loss, LossPhase};
pub(super) use rtt::Rtt;
pub use sent::SentRecord;
pub(super) use sent::{Acknowledged, Pushed, Sent};
pub(super) use usage::Usage;
