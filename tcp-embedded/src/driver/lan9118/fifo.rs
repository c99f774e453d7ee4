//! Frames through the FIFOs: word by word, a status for each.

use super::chip::{IN_SERVICE, count};
use super::registers::{interrupt, mac, rx_cfg, status};
use super::{Error, LONGEST, Lan9118, Register, Registers, Step, Wait};

/// Octets that a received frame has beyond what is handed on: its check sequence.
const CHECK_SEQUENCE: usize = 4;
/// Octets that both commands of a frame to send take.
const COMMANDS: usize = 8;
/// The data words of a frame begin and end its only buffer.
const ONLY_BUFFER: u32 = 1 << 13 | 1 << 12;

/// Ticks of `FREE_RUN` in which a frame has arrived: 2 ms, of which it needs 1.2 at 10 Mbit/s.
const ARRIVING: u32 = 50_000;

/// Octets that a frame takes in the transmitter.
pub(super) const fn needed(len: usize) -> usize {
    COMMANDS + len.next_multiple_of(4)
}

impl<R: Registers> Lan9118<R> {
    /// The oldest received frame.
    pub(super) fn take_frame(&mut self, frame: &mut [u8]) -> Result<Option<usize>, Error> {
        let mut waiting = self.read(Register::RxFifoInf);
        if statuses(waiting) == 0 {
            // The line falls, and is raised by a frame that arrives after this; one that arrived
            // before is seen by the second look.
            self.write(Register::IntSts, interrupt::RX_LEVEL);
            waiting = self.read(Register::RxFifoInf);
            if statuses(waiting) == 0 {
                return self.idle(octets(waiting));
            }
        }
        let status = self.read(Register::RxStatus);
        let len = (status >> 16 & 0x3fff) as usize;
        if len > octets(waiting) {
            return self.resync();
        }
        let octets = len.saturating_sub(CHECK_SEQUENCE);
        let wrong = status & (status::ERROR | status::FILTERED) != 0;
        let space = frame.get_mut(..octets);
        let space = space.filter(|space| !wrong && !space.is_empty());
        let words = len.div_ceil(4);
        let Some(space) = space else {
            self.discard(words);
            count(&mut self.counters, |counters| &mut counters.bad_frames);
            return Err(Error::BadFrame);
        };
        self.read_words(space);
        self.discard(words.saturating_sub(octets.div_ceil(4)));
        count(&mut self.counters, |counters| &mut counters.received);
        Ok(Some(octets))
    }

    /// There is no frame. Octets without one belong to a frame that is arriving, or, when that
    /// takes longer than any frame can, to one that was not taken in full: all that follow would
    /// be shifted.
    fn idle(&mut self, held: usize) -> Result<Option<usize>, Error> {
        if held == 0 {
            self.remnant = None;
            return Ok(None);
        }
        let now = self.free_run();
        let since = *self.remnant.get_or_insert(now);
        if now.wrapping_sub(since) < ARRIVING {
            return Ok(None);
        }
        self.remnant = None;
        self.resync()
    }

    /// Hands a frame to the transmitter.
    pub(super) fn put_frame(&mut self, frame: &[u8]) -> Result<(), Error> {
        let len = match u16::try_from(frame.len()) {
            Ok(len @ 1..=LONGEST) => u32::from(len),
            _ => return Err(Error::BadLength),
        };
        if self.step == Step::Out || self.room() < needed(frame.len()) {
            count(&mut self.counters, |counters| &mut counters.no_room);
            return Err(Error::NoRoom);
        }
        self.write(Register::TxData, ONLY_BUFFER | len);
        self.write(Register::TxData, len);
        let (words, rest) = frame.as_chunks();
        for word in words {
            self.write(Register::TxData, u32::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut word = [0; 4];
            for (to, from) in word.iter_mut().zip(rest) {
                *to = *from;
            }
            self.write(Register::TxData, u32::from_le_bytes(word));
        }
        count(&mut self.counters, |counters| &mut counters.transmitted);
        Ok(())
    }

    /// Octets that are free in the transmitter; takes the statuses of what was sent.
    pub(super) fn room(&mut self) -> usize {
        let info = self.read(Register::TxFifoInf);
        for _ in 0..statuses(info) {
            if self.read(Register::TxStatus) & status::ERROR != 0 {
                count(&mut self.counters, |counters| &mut counters.transmit_errors);
            }
        }
        octets(info)
    }

    fn read_words(&mut self, space: &mut [u8]) {
        let (words, rest) = space.as_chunks_mut();
        for word in words {
            *word = self.read(Register::RxData).to_le_bytes();
        }
        if !rest.is_empty() {
            let word = self.read(Register::RxData).to_le_bytes();
            for (to, from) in rest.iter_mut().zip(word) {
                *to = from;
            }
        }
    }

    fn discard(&mut self, words: usize) {
        for _ in 0..words {
            self.read(Register::RxData);
        }
    }

    /// Processor and receiver disagree about where a frame begins: empties the receiver.
    fn resync(&mut self) -> Result<Option<usize>, Error> {
        count(&mut self.counters, |counters| &mut counters.resyncs);
        if self.empty_receiver().is_err() {
            self.step = Step::Out;
        }
        Err(Error::OutOfStep)
    }

    /// The receiver has to stand still while it is emptied.
    fn empty_receiver(&mut self) -> Result<(), Error> {
        self.write(Register::IntSts, interrupt::RX_STOPPED);
        self.write_mac(mac::CONTROL, self.control & !mac::RX_ON)?;
        let stopped = |read| read & interrupt::RX_STOPPED != 0;
        self.wait(Wait::Receiver, IN_SERVICE, Register::IntSts, stopped)?;
        self.write(Register::RxCfg, rx_cfg::DUMP);
        let empty = |read| read & rx_cfg::DUMP == 0;
        self.wait(Wait::Receiver, IN_SERVICE, Register::RxCfg, empty)?;
        self.write(Register::IntSts, interrupt::RX_STOPPED);
        self.write_mac(mac::CONTROL, self.control)
    }
}

/// Statuses that wait, in either direction.
const fn statuses(info: u32) -> u32 {
    info >> 16 & 0xff
}

/// Octets that wait, or that are free.
const fn octets(info: u32) -> usize {
    (info & 0xffff) as usize
}
