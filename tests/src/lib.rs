//! What the tests of this workspace stand on.

pub mod cross;
pub mod link;
pub mod memory;
pub mod not_run;
pub mod packet;
pub mod pcap;
pub mod rng;
pub mod stream;
