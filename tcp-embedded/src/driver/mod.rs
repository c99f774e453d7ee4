//! Drivers of Ethernet MACs, each behind a feature of its name.

#[cfg(feature = "lan9118")]
pub mod lan9118;
