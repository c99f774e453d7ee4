//! A MAC, the link layer and a stack, for a super-loop.
//!
//! ```text
//!   frames in -> link -> stack      what is due      stack -> link -> frames out
//!   at most BUDGET a call           advance          at most BUDGET a call
//! ```
//!
//! There is one buffer for one frame: a received packet is used up before the next one is read or
//! written. While the cable is pulled nothing is written, and timers run on.

mod configure;

use core::net::{IpAddr, Ipv4Addr};

use tcp_core::{Duration, Firmware, Instant, Memory, Misuse, Packet, Profile, Stack, StackConfig};

use crate::link::{HEADER, Hop, Inside, Ipv4Cidr, Link, LinkDropped, Outgoing};
use crate::mac::{Error as _, ErrorKind, LinkState, Mac};
use crate::resources::Parts;

/// Frames in each direction that one call of [`Runner::poll`] handles at most, so that a device
/// that always has another frame does not keep the super-loop.
const BUDGET: usize = 16;
/// How soon to look again at a device that had an error, no slot, or no link: an interrupt may be
/// missed.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Later than every deadline.
const NEVER: Instant = Instant::from_micros(u64::MAX);
//= https://www.rfc-editor.org/rfc/rfc1122#section-3.3.2
//# EMTU_R MUST be greater
//# than or equal to 576
/// A device of smaller packets is refused, so nothing that is derived from the MTU gets small.
const SMALLEST_MTU: u16 = 576;

/// What a host is told once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Host {
    /// 128 secret bits, fresh at every boot; see [`StackConfig::secret`].
    pub secret: [u8; 16],
    /// The address, and which others are on the link.
    pub address: Ipv4Cidr,
    /// Who takes what is not on the link.
    pub gateway: Option<Ipv4Addr>,
}

/// Why a runner cannot be set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SetupError {
    /// The longest frame of the device cannot carry an IP packet of 576 octets.
    FrameTooShort,
    /// The buffer does not hold the longest frame of the device.
    BufferTooShort,
    /// The stack refused the address.
    Address(Misuse),
}

impl core::fmt::Display for SetupError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::FrameTooShort => f.write_str("the device's frames are too short for IP"),
            Self::BufferTooShort => f.write_str("the frame buffer is shorter than a frame"),
            Self::Address(misuse) => write!(f, "address refused: {misuse}"),
        }
    }
}

impl core::error::Error for SetupError {}

/// When [`Runner::poll`] is to be called again. A frame that arrives and every call on the stack
/// are reasons to call it at once in any case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[must_use]
pub enum NextWake {
    /// At once: the work was cut short.
    Now,
    /// At this moment.
    At(Instant),
    /// When a frame arrives.
    Frame,
}

/// A device, the link layer, and a stack.
///
/// ```
/// use core::net::Ipv4Addr;
/// use tcp_core::Instant;
/// use tcp_embedded::{Cable, Host, Ipv4Cidr, NextWake, Resources, Runner};
///
/// let cable = Cable::<4>::new();
/// let (mac, _) = cable.ends();
/// let mut resources = Resources::<2, 1_024, 1_024, 16>::new();
/// let host = Host {
///     secret: *b"of a true random",
///     address: Ipv4Cidr::new(Ipv4Addr::new(192, 0, 2, 1), 24).unwrap(),
///     gateway: None,
/// };
/// let mut runner = Runner::new(mac, host, resources.lend()).unwrap();
/// let now = Instant::ZERO;
/// // runner.stack().listen(...), and then for ever:
/// match runner.poll(now) {
///     NextWake::Now => { /* call again */ }
///     NextWake::At(_) => { /* sleep until then or until an interrupt */ }
///     NextWake::Frame => { /* sleep until an interrupt */ }
/// }
/// while let Some(_event) = runner.stack().poll_event() {}
/// ```
#[derive(Debug)]
pub struct Runner<'a, D: Mac, M: Memory<'a>, P: Profile = Firmware> {
    mac: D,
    link: Link<'a>,
    stack: Stack<'a, P, M>,
    frame: &'a mut [u8],
    /// The IPv4 address that the stack knows.
    address: Option<Ipv4Addr>,
    errors: u32,
    /// Errors before the last look at the device.
    was_errors: u32,
    /// That look ended before the device was empty.
    cut_short: bool,
    last_error: Option<ErrorKind>,
    #[cfg(any(feature = "dhcp", feature = "ipv6"))]
    carried: LinkState,
}

impl<'a, D: Mac, M: Memory<'a>, P: Profile> Runner<'a, D, M, P> {
    /// Sets up a host on a device.
    ///
    /// # Errors
    /// [`SetupError`] says what does not fit.
    pub fn new(mac: D, host: Host, parts: Parts<'a, M, P>) -> Result<Self, SetupError> {
        // What is made here is large: it is completed where it lies.
        let mut made = Self::without_address(mac, host.secret, parts);
        if let Ok(runner) = &mut made
            && let Err(misuse) = runner.begin(host.address, host.gateway)
        {
            return Err(SetupError::Address(misuse));
        }
        made
    }

    fn begin(&mut self, address: Ipv4Cidr, gateway: Option<Ipv4Addr>) -> Result<(), Misuse> {
        let own = address.address();
        self.stack.add_address(IpAddr::V4(own), address.prefix())?;
        self.address = Some(own);
        self.link.set_ipv4(Some(address), gateway);
        Ok(())
    }

    /// Sets up a host that gets its addresses later: by [`set_ipv4`](Self::set_ipv4), from a
    /// server, from a router. The secret is that of [`Host`].
    ///
    /// # Errors
    /// [`SetupError`] says what does not fit.
    pub fn without_address(
        mac: D,
        secret: [u8; 16],
        parts: Parts<'a, M, P>,
    ) -> Result<Self, SetupError> {
        let capabilities = mac.capabilities();
        let mtu = fitting_mtu(capabilities.max_frame, parts.frame)?;
        let config = StackConfig {
            secret,
            mtu,
            any_address: false,
            answer_echo: true,
            tx_checksum: capabilities.tx_checksum,
            ephemeral_ports: (49_152, 65_535),
            time_wait_ms: 60_000,
        };
        Ok(Self {
            link: Link::new(mac.address(), parts.neighbors, secret),
            mac,
            stack: Stack::new(config, parts.tables, parts.memory),
            frame: parts.frame,
            address: None,
            errors: 0,
            was_errors: 0,
            cut_short: false,
            last_error: None,
            #[cfg(any(feature = "dhcp", feature = "ipv6"))]
            carried: LinkState::Up,
        })
    }

    /// The stack: for every call of a user, and for its events. Call [`poll`](Self::poll) after
    /// calls that may send.
    pub fn stack(&mut self) -> &mut Stack<'a, P, M> {
        &mut self.stack
    }

    /// The device.
    pub fn mac(&mut self) -> &mut D {
        &mut self.mac
    }

    /// Takes frames from the device, does what is due, and hands frames to the device: a bounded
    /// number of each.
    pub fn poll(&mut self, now: Instant) -> NextWake {
        self.collect(now);
        self.flush(now)
    }

    /// The first half of [`poll`](Self::poll): takes frames from the device, and sends nothing. A
    /// main loop that handles the events before it calls [`flush`](Self::flush) answers with fewer
    /// segments: acknowledgments go along with data, and offer the room that was just made.
    pub fn collect(&mut self, now: Instant) {
        self.was_errors = self.errors;
        self.cut_short = self.receive(now) == BUDGET;
    }

    /// The second half of [`poll`](Self::poll): does what is due, hands frames to the device, and
    /// says when to call again.
    pub fn flush(&mut self, now: Instant) -> NextWake {
        self.configure(now);
        self.stack.advance(now);
        let carries = self.mac.link();
        self.note_link(now, carries);
        let sent = match carries {
            LinkState::Up => self.transmit(now),
            LinkState::Down => Sent::Blocked,
        };
        if self.cut_short || sent == Sent::Budget {
            return NextWake::Now;
        }
        let mut wake = self.next_deadline();
        if wake <= now {
            // What waits for the device is not to be looked for before the device is.
            if sent != Sent::Blocked {
                return NextWake::Now;
            }
            wake = NEVER;
        }
        if sent == Sent::Blocked || self.errors != self.was_errors {
            wake = wake.min(now + LOOK_AGAIN);
        }
        if wake == NEVER {
            NextWake::Frame
        } else {
            NextWake::At(wake)
        }
    }

    /// Frames and packets that the link layer dropped for this reason.
    pub fn dropped(&self, reason: LinkDropped) -> u32 {
        self.link.dropped(reason)
    }

    /// Errors of the device since the start, and the last one.
    pub fn errors(&self) -> (u32, Option<ErrorKind>) {
        (self.errors, self.last_error)
    }

    /// How many frames were taken.
    fn receive(&mut self, now: Instant) -> usize {
        for count in 0..BUDGET {
            match self.mac.receive(self.frame) {
                Ok(Some(len)) => self.arrive(now, len),
                Ok(None) => return count,
                Err(error) => {
                    self.note(error.kind());
                    return count;
                }
            }
        }
        BUDGET
    }

    fn arrive(&mut self, now: Instant, len: usize) {
        let Some(frame) = self.frame.get(..len) else {
            self.link.count(LinkDropped::Overlong);
            return;
        };
        match self.link.receive(now, frame) {
            Ok(Inside::Packet(octets, link)) => {
                let packet = Packet {
                    octets,
                    // Asked each time, so that what a device always says can be built in.
                    checksum: self.mac.capabilities().rx_checksum,
                    segment_size: None,
                    link,
                };
                let received = self.stack.receive(now, packet);
                self.link.take(now, received);
            }
            Ok(Inside::Nothing) => {}
            Err(reason) => self.link.count(reason),
        }
    }

    fn transmit(&mut self, now: Instant) -> Sent {
        for _ in 0..BUDGET {
            if !self.mac.can_transmit() {
                return Sent::Blocked;
            }
            let stack = &self.stack;
            let live = |hop: Hop| stack.has_connection_to(hop);
            let len = match self.link.pay(now, self.frame, &live) {
                Some(len) => Some(len),
                None => match self.packet(now) {
                    Some(len) => len,
                    None => return Sent::All,
                },
            };
            if let Some(frame) = len.and_then(|len| self.frame.get(..len))
                && let Err(error) = self.mac.transmit(frame)
            {
                self.note(error.kind());
            }
        }
        Sent::Budget
    }

    /// The next packet of the stack as a frame: `None` when it has none, `Some(None)` when the
    /// packet cannot leave because its neighbour is not resolved.
    fn packet(&mut self, now: Instant) -> Option<Option<usize>> {
        let room = self.frame.get_mut(HEADER..)?;
        let transmit = self.stack.transmit(now, room)?;
        let packet = Outgoing {
            destination: transmit.destination,
            len: transmit.len,
        };
        let stack = &self.stack;
        let live = |hop: Hop| stack.has_connection_to(hop);
        Some(self.link.send(now, packet, self.frame, &live))
    }

    fn note(&mut self, kind: ErrorKind) {
        self.errors = self.errors.wrapping_add(1);
        self.last_error = Some(kind);
    }
}

/// The longest IP packet that frames carry, if they and the buffer for them are long enough.
fn fitting_mtu(max_frame: u16, buffer: &[u8]) -> Result<u16, SetupError> {
    let header = u16::try_from(HEADER).unwrap_or(u16::MAX);
    let mtu = max_frame.saturating_sub(header);
    if mtu < SMALLEST_MTU {
        Err(SetupError::FrameTooShort)
    } else if buffer.len() < usize::from(max_frame) {
        Err(SetupError::BufferTooShort)
    } else {
        Ok(mtu)
    }
}

/// How sending ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sent {
    /// Nothing is left.
    All,
    /// The device takes no more.
    Blocked,
    /// The budget is used up.
    Budget,
}

#[cfg(test)]
mod tests;
