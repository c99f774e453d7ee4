//! The firmware in QEMU: how its image is built, and a machine that runs it.
//!
//! * [`image`]: the boards, and the image for each.
//! * [`machine`]: QEMU with an image in it, its console, and its monitor.
//! * [`frames`]: the machine's Ethernet as single frames; [`conversation`]: a connection by hand.

pub mod conversation;
pub mod frames;
pub mod image;
pub mod machine;

pub use conversation::Conversation;
pub use image::{Board, Image, Program};
pub use machine::{Machine, Network, PROGRAM};
