//! Frames in.

use embedded_hal::digital::{InputPin, OutputPin};

use super::flavour::{DelayNs, SpiDevice, fns, run};
use super::{HINTED, W5500};
use crate::driver::spi::{Multicast, SpiError, Trust, Waiting, count};
use crate::driver::w5500::config::Groups;
use crate::driver::w5500::frame::{PREFIX, ReceiveState, frame_len};
use crate::driver::w5500::registers::{
    INTERRUPTS, RECEIVE_POINTER, RECEIVE_STATE, command, interrupt,
};
use crate::mac::MacAddress;

/// Readings of the receive registers, which may change while they are read, until two are equal.
const READINGS: u8 = 8;

impl<SPI: SpiDevice, D: DelayNs, INT: InputPin, RST: OutputPin> W5500<SPI, D, INT, RST> {
    fns! {
        /// Moves the oldest received frame to the front of `frame`; `None` when there is none.
        ///
        /// The chip drops what it has no room for, and does not tell. After an error the next call
        /// mends what it can: at worst it sets up the chip from its reset.
        pub fn receive(
            &mut self,
            frame: &mut [u8],
        ) -> Result<Option<usize>, SpiError<SPI::Error>> {
            let result = run!(self.next_frame(frame));
            if let Err(error) = &result {
                self.note(error);
            }
            result
        }

        /// Chooses whether group addresses come through. The chip takes that over when its socket
        /// is opened: what it had received is gone if it changes.
        pub fn set_multicast(
            &mut self,
            groups: Multicast<'_>,
        ) -> Result<(), SpiError<SPI::Error>> {
            run!(self.let_through(Groups::new(groups)))
        }

        /// Receives frames for `group` as well, from here on, and for every other group.
        pub fn join_group(&mut self, group: MacAddress) -> Result<(), SpiError<SPI::Error>> {
            run!(self.set_multicast(Multicast::Only(&[group])))
        }

        fn let_through(&mut self, groups: Groups) -> Result<(), SpiError<SPI::Error>> {
            if self.state.config.groups == groups {
                return Ok(());
            }
            self.state.config.groups = groups;
            if self.state.trust == Trust::None {
                // Whatever sets up the chip writes the mode, too.
                return Ok(());
            }
            let result = run!(self.reopen());
            if let Err(error) = &result {
                self.note(error);
            }
            result
        }

        fn next_frame(
            &mut self,
            frame: &mut [u8],
        ) -> Result<Option<usize>, SpiError<SPI::Error>> {
            run!(self.ensure_up())?;
            if !self.is_due() {
                return Ok(None);
            }
            run!(self.audit())?;
            let mut received = run!(self.received())?;
            if received == 0 {
                run!(self.rest())?;
                // What came meanwhile may have asked before the asking was cleared.
                received = run!(self.received())?;
            }
            if received == 0 {
                self.state.hinted = 0;
                return Ok(None);
            }
            // Where one was, another may be, whatever the line says.
            self.state.hinted = HINTED;
            run!(self.take(frame, received)).map(Some)
        }

        /// Octets in the receive buffer.
        fn received(&mut self) -> Result<u16, SpiError<SPI::Error>> {
            let mut last = None;
            for _ in 0..READINGS {
                let mut octets = [0; 4];
                run!(self.bus.read(RECEIVE_STATE, &mut octets))?;
                let state = ReceiveState::new(octets);
                if last == Some(state) {
                    return if state.agrees_with(self.state.next) {
                        Ok(state.received)
                    } else {
                        Err(SpiError::Corrupt)
                    };
                }
                last = Some(state);
            }
            Err(SpiError::Timeout(Waiting::Stable))
        }

        fn take(
            &mut self,
            frame: &mut [u8],
            received: u16,
        ) -> Result<usize, SpiError<SPI::Error>> {
            let at = self.state.next;
            let mut prefix = [0; 2];
            run!(self.bus.read_buffer(at, &mut prefix))?;
            let len = frame_len(prefix, received).ok_or(SpiError::Corrupt)?;
            let room = frame.get_mut(..usize::from(len));
            let has_room = room.is_some();
            if let Some(room) = room {
                run!(self.bus.read_buffer(at.wrapping_add(PREFIX), room))?;
            }
            let next = at.wrapping_add(PREFIX).wrapping_add(len);
            run!(self.bus.write(RECEIVE_POINTER, &next.to_be_bytes()))?;
            run!(self.command(command::RECEIVE))?;
            self.state.next = next;
            if !has_room {
                count(&mut self.state.counters.bad_frames);
                return Err(SpiError::BadFrame);
            }
            self.state.resyncs = 0;
            count(&mut self.state.counters.received);
            Ok(usize::from(len))
        }

        /// Clears what the chip asks for besides the end of a transmission, which is looked for
        /// there.
        fn rest(&mut self) -> Result<(), SpiError<SPI::Error>> {
            let flags = run!(self.bus.read_octet(INTERRUPTS))?;
            if flags & (interrupt::SENT | interrupt::TIMEOUT) != 0 {
                run!(self.finish(flags))?;
            }
            if flags & interrupt::RECEIVED != 0 {
                run!(self.bus.write(INTERRUPTS, &[interrupt::RECEIVED]))?;
            }
            Ok(())
        }
    }
}
