//! IP over a serial line: the framing of RFC 1055 (SLIP), and a device that uses it.
//!
//! ```text
//!   octets of the line                         packets
//!   END p a ESC ESC_END k e t END    <->    p a END k e t
//! ```
//!
//! The encoder begins each packet with an END, too, so that noise before it is a frame of its own.
//! The decoder is somewhere within a frame, or skips to the next END after what cannot be right;
//! each way of losing a frame has a counter. Both do a bounded amount of work for each octet.

mod line;

pub use line::{Serial, Slip};

/// Ends a packet.
const END: u8 = 0o300;
const ESC: u8 = 0o333;
/// Behind an ESC: an END that is data.
const ESC_END: u8 = 0o334;
/// Behind an ESC: an ESC that is data.
const ESC_ESC: u8 = 0o335;

/// Why a frame was dropped. One counter each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SlipDropped {
    /// An ESC with neither of the two octets behind it that may be there.
    Malformed,
    /// Longer than the buffer.
    Overlong,
    /// The line lost or damaged octets of it, as it says.
    Damaged,
}

impl SlipDropped {
    const COUNT: usize = 3;

    const fn index(self) -> usize {
        match self {
            Self::Malformed => 0,
            Self::Overlong => 1,
            Self::Damaged => 2,
        }
    }
}

/// Makes packets of what a line carries.
///
/// ```
/// use tcp_embedded::SlipDecoder;
/// let mut decoder = SlipDecoder::new();
/// let mut packet = [0; 8];
/// let line = [0o300, 1, 0o333, 0o334, 2, 0o300];
/// let ends: Vec<_> = line.iter().map(|octet| decoder.push(*octet, &mut packet)).collect();
/// assert_eq!(ends, [None, None, None, None, None, Some(3)]);
/// assert_eq!(packet[..3], [1, 0o300, 2]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct SlipDecoder {
    len: usize,
    place: Place,
    dropped: [u32; SlipDropped::COUNT],
}

/// Where in a frame the next octet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Place {
    #[default]
    Inside,
    /// Behind an ESC.
    Escaped,
    /// In a frame that is dropped.
    Skipping,
}

impl SlipDecoder {
    /// At the begin of a frame.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            len: 0,
            place: Place::Inside,
            dropped: [0; SlipDropped::COUNT],
        }
    }

    /// Takes one octet of the line; the length of the packet in `packet` when it is complete. The
    /// caller passes the same buffer each time, and uses the packet before the next octet.
    pub fn push(&mut self, octet: u8, packet: &mut [u8]) -> Option<usize> {
        //= https://www.rfc-editor.org/rfc/rfc1055
        //# When the last byte in the packet has been
        //# sent, an END character is then transmitted.
        match (self.place, octet) {
            (Place::Inside, END) => {
                let len = core::mem::take(&mut self.len);
                // Between two packets there may be more than one END.
                return (len > 0).then_some(len);
            }
            (Place::Skipping, END) => self.restart(),
            (Place::Skipping, _) => {}
            (Place::Inside, ESC) => self.place = Place::Escaped,
            (Place::Inside, octet) => self.keep(octet, packet),
            (Place::Escaped, ESC_END) => self.keep(END, packet),
            (Place::Escaped, ESC_ESC) => self.keep(ESC, packet),
            (Place::Escaped, END) => {
                self.count(SlipDropped::Malformed);
                self.restart();
            }
            (Place::Escaped, _) => self.drop_rest(SlipDropped::Malformed),
        }
        None
    }

    /// The line lost or damaged octets here: whatever is arriving is dropped.
    pub fn spoil(&mut self) {
        if self.place != Place::Skipping {
            self.drop_rest(SlipDropped::Damaged);
        }
    }

    /// Frames that were dropped for this reason.
    #[must_use]
    pub fn dropped(&self, reason: SlipDropped) -> u32 {
        self.dropped.get(reason.index()).copied().unwrap_or(0)
    }

    fn keep(&mut self, octet: u8, packet: &mut [u8]) {
        match packet.get_mut(self.len) {
            Some(place) => {
                *place = octet;
                self.len += 1;
                self.place = Place::Inside;
            }
            None => self.drop_rest(SlipDropped::Overlong),
        }
    }

    fn drop_rest(&mut self, reason: SlipDropped) {
        self.count(reason);
        self.len = 0;
        self.place = Place::Skipping;
    }

    const fn restart(&mut self) {
        self.len = 0;
        self.place = Place::Inside;
    }

    fn count(&mut self, reason: SlipDropped) {
        if let Some(count) = self.dropped.get_mut(reason.index()) {
            *count = count.wrapping_add(1);
        }
    }
}

/// Makes octets for a line of one packet.
///
/// ```
/// use tcp_embedded::SlipEncoder;
/// let packet = [1, 0o300, 2];
/// let mut encoder = SlipEncoder::new();
/// let line: Vec<_> = core::iter::from_fn(|| encoder.next(&packet)).collect();
/// assert_eq!(line, [0o300, 1, 0o333, 0o334, 2, 0o300]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct SlipEncoder {
    step: Step,
    at: usize,
}

/// What the line carries next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Step {
    /// The END that flushes noise.
    #[default]
    Begin,
    /// The packet from `at` on.
    Data,
    /// What stands behind an ESC.
    Escaped(u8),
    Done,
}

impl SlipEncoder {
    /// At the begin of a packet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            step: Step::Begin,
            at: 0,
        }
    }

    /// The next octet for the line; `None` when the packet is through. The caller passes the same
    /// packet each time.
    pub fn next(&mut self, packet: &[u8]) -> Option<u8> {
        let (octet, following) = match self.step {
            Step::Begin => (END, Step::Data),
            Step::Escaped(octet) => (octet, Step::Data),
            Step::Done => return None,
            Step::Data => {
                let octet = packet.get(self.at).copied();
                self.at += usize::from(octet.is_some());
                //= https://www.rfc-editor.org/rfc/rfc1055
                //# If a data byte is the same
                //# code as END character, a two byte sequence of ESC and octal 334
                //# (decimal 220) is sent instead.
                match octet {
                    Some(END) => (ESC, Step::Escaped(ESC_END)),
                    Some(ESC) => (ESC, Step::Escaped(ESC_ESC)),
                    Some(octet) => (octet, Step::Data),
                    None => (END, Step::Done),
                }
            }
        };
        self.step = following;
        Some(octet)
    }
}

#[cfg(test)]
mod tests;
