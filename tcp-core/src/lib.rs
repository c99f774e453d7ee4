//! A `no_std`, allocation-free, sans-IO TCP.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod connection;
mod profile;
mod ring;
mod seq;
mod stack;
mod time;
pub mod wire;

pub use connection::{
    AckSample, Arrival, CloseReason, Config, CongestionControl, Connection, Events, HalfOpen, Info,
    Island, KeepAlive, Misuse, NewReno, Opening, Priority, ResetReply, SentRecord, State, Switch,
    TimeWaitSeed, Timeout, Timer, Tuple, Unreachable,
};
pub use profile::{Firmware, Host, Memory, Profile, Storage};
pub use ring::Ring;
pub use seq::{SeqLen, SeqNum, SeqRange};
pub use stack::{
    AnyAddress, ChecksumState, Dropped, Event, FragmentSlot, Handle, LinkDestination, ListenAt,
    ListenerHandle, LocalAddress, OwnAddress, Packet, Received, Row, RxChecksum, Stack,
    StackConfig, Tables, TablesStorage, Transmit, TxChecksum,
};
pub use time::{Duration, Instant};
