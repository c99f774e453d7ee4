//! One source, two flavours: what makes a driver blocking or asynchronous.
//!
//! The functions of a driver that reach its bus are written once. They stand in `fns! { .. }`,
//! which makes them `async` in the asynchronous flavour, and call each other and the bus through
//! `run!(..)`, which there awaits. The files of a driver are loaded twice, below two modules that
//! each name one of the two as `flavour`; everything that reaches no bus is outside of them.

/// Functions as they are written.
macro_rules! blocking_fns {
    ($($functions:tt)*) => { $($functions)* };
}

/// A call as it is written.
macro_rules! blocking_run {
    ($call:expr) => {
        $call
    };
}

pub(crate) mod blocking {
    //! Calls return when the bus has done its work.

    pub(crate) use super::{blocking_fns as fns, blocking_run as run};
    pub(crate) use embedded_hal::delay::DelayNs;
    pub(crate) use embedded_hal::spi::SpiDevice;
}

/// Functions, each with `async` in front of it.
#[cfg(feature = "async")]
macro_rules! async_fns {
    ($(
        $(#[$attribute:meta])*
        $visible:vis fn $name:ident $inputs:tt -> $output:ty $body:block
    )*) => {
        $($(#[$attribute])* $visible async fn $name $inputs -> $output $body)*
    };
}

/// A call whose result is waited for.
#[cfg(feature = "async")]
macro_rules! async_run {
    ($call:expr) => {
        $call.await
    };
}

#[cfg(feature = "async")]
pub(crate) mod asynchronous {
    //! Calls are futures; the bus wakes them.

    pub(crate) use super::{async_fns as fns, async_run as run};
    pub(crate) use embedded_hal_async::delay::DelayNs;
    pub(crate) use embedded_hal_async::spi::SpiDevice;
}

pub(crate) use {blocking_fns, blocking_run};

#[cfg(feature = "async")]
pub(crate) use {async_fns, async_run};
