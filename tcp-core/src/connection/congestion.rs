//! Congestion control: sees octets, time and RTT samples, never a segment.
use core::fmt::Debug;
use core::hash::Hash;
/// TODO
pub trait CongestionControl: Clone + Debug + PartialEq + Eq + Hash + 'static {}
/// TODO
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NewReno;
impl CongestionControl for NewReno {}
