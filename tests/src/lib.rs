//! What the tests of this workspace stand on.
//!
//! * [`world`]: two virtual hosts ([`host`], with the octets of [`memory`] and the users of
//!   [`app`]) and an emulated [`link`] between them, in virtual time.
//! * [`peer`]: one stack, and a peer whose segments are written by hand.
//! * [`oracle`]: what must hold at every step of every test.
//! * [`packet`], [`stream`], [`rng`], [`pcap`]: segments, octets, accidents, captures.
//! * [`pkt`]: conformance scripts.
//! * [`netns`]: tests in namespaces of their own, against the kernel.
//! * [`qemu`]: the firmware in an emulated board.
//! * [`elf`]: how large a firmware image is.
//! * [`stm32`]: images for STM32, and what runs them without a board.
//! * [`requirements`]: what RFCs require, and where the code and the tests quote it.
//! * [`cross`], [`not_run`]: what `cargo suite` and the tests share about this machine.

pub mod app;
pub mod cross;
pub mod elf;
pub mod host;
pub mod link;
pub mod memory;
pub mod netns;
pub mod not_run;
pub mod oracle;
pub mod packet;
pub mod pcap;
pub mod peer;
pub mod pkt;
pub mod qemu;
pub mod requirements;
pub mod rng;
pub mod stm32;
pub mod stream;
pub mod world;
