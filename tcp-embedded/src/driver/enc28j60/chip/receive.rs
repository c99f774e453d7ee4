//! Frames in, and what the chip has to say when there are none.

use embedded_hal::digital::{InputPin, OutputPin};

use super::flavour::{DelayNs, SpiDevice, fns, run};
use super::send::Patience;
use super::{Enc28j60, HINTED, Line};
use crate::driver::enc28j60::frame::{Groups, Header, Integrity, read_pointer};
use crate::driver::enc28j60::registers::{
    ECON1, ECON2, EIE, EIR, EPKTCNT, ERDPT, ERXFCON, ERXRDPT, ESTAT, HASH_TABLE, control, control2,
    filter, interrupt, status,
};
use crate::driver::spi::{Multicast, SpiError, Trust, count};
use crate::mac::MacAddress;

impl<SPI: SpiDevice, D: DelayNs, INT: InputPin, RST: OutputPin> Enc28j60<SPI, D, INT, RST> {
    fns! {
        /// Moves the oldest received frame to the front of `frame`; `None` when there is none.
        ///
        /// An overrun is reported once the frames before it were taken. After any other error the
        /// next call mends what it can: at worst it sets up the chip from its reset.
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

        /// Chooses which group addresses come through.
        pub fn set_multicast(
            &mut self,
            groups: Multicast<'_>,
        ) -> Result<(), SpiError<SPI::Error>> {
            run!(self.let_through(Groups::new(groups)))
        }

        /// Receives frames for `group` as well, from here on.
        pub fn join_group(&mut self, group: MacAddress) -> Result<(), SpiError<SPI::Error>> {
            run!(self.let_through(self.state.config.groups.with(group)))
        }

        fn let_through(&mut self, groups: Groups) -> Result<(), SpiError<SPI::Error>> {
            self.state.config.groups = groups;
            if self.state.trust != Trust::Full {
                // Whatever sets up the chip writes the filter, too.
                self.distrust(Trust::None);
                return Ok(());
            }
            let result = run!(self.change_filter());
            if let Err(error) = &result {
                self.note(error);
                // Half a filter is written.
                self.distrust(Trust::None);
            }
            result
        }

        /// Keeps the chip from driving its interrupt line, until
        /// [`unmask_interrupt`](Self::unmask_interrupt): for a handler that only notes that the
        /// chip asked.
        pub fn mask_interrupt(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.line = Line::Masked;
            run!(self.drive_line())
        }

        /// Lets the chip drive its interrupt line: if it still asks, that makes another edge.
        pub fn unmask_interrupt(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.line = Line::Driven;
            run!(self.drive_line())
        }

        fn drive_line(&mut self) -> Result<(), SpiError<SPI::Error>> {
            let result = match self.state.line {
                Line::Masked => run!(self.bus.clear(EIE, interrupt::LINE)),
                Line::Driven => run!(self.bus.set(EIE, interrupt::LINE)),
            };
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
            if run!(self.bus.read(EPKTCNT))? == 0 {
                run!(self.rest())?;
                return Ok(None);
            }
            // Where one was, another may be, whatever the line says.
            self.state.hinted = HINTED;
            run!(self.take(frame)).map(Some)
        }

        fn take(&mut self, frame: &mut [u8]) -> Result<usize, SpiError<SPI::Error>> {
            run!(self.bus.write_pair(ERDPT, self.state.next))?;
            let mut octets = [0; 6];
            run!(self.bus.read_memory(&mut octets))?;
            let header = Header::parse(octets, self.state.next).ok_or(SpiError::Corrupt)?;
            let len = usize::from(header.len);
            let room = frame.get_mut(..len);
            if let (Integrity::Intact, Some(room)) = (header.integrity, room) {
                run!(self.bus.read_memory(room))?;
                run!(self.free(header.next))?;
                self.state.resyncs = 0;
                count(&mut self.state.counters.received);
                return Ok(len);
            }
            run!(self.free(header.next))?;
            count(&mut self.state.counters.bad_frames);
            Err(SpiError::BadFrame)
        }

        /// Gives the room before `next` back to the chip, and tells it that a frame was taken.
        fn free(&mut self, next: u16) -> Result<(), SpiError<SPI::Error>> {
            run!(self.bus.write_pair(ERXRDPT, read_pointer(next)))?;
            run!(self.bus.set(ECON2, control2::FRAME_TAKEN))?;
            self.state.next = next;
            Ok(())
        }

        /// Answers everything for which the chip may ask besides frames. The line is taken back
        /// meanwhile, so that a cause that remains makes another edge.
        fn rest(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.hinted = 0;
            run!(self.bus.clear(EIE, interrupt::LINE))?;
            let flags = run!(self.bus.read(EIR))?;
            if flags & interrupt::LINK != 0 {
                run!(self.read_link())?;
            }
            if flags & (interrupt::SENT | interrupt::SEND_ERROR) != 0 {
                run!(self.progress(Patience::None))?;
            }
            let is_overrun = flags & interrupt::RECEIVE_ERROR != 0;
            if is_overrun {
                run!(self.bus.clear(EIR, interrupt::RECEIVE_ERROR))?;
                run!(self.bus.clear(ESTAT, status::BUFFER_ERROR))?;
                count(&mut self.state.counters.overruns);
            }
            if self.state.line == Line::Driven {
                run!(self.bus.set(EIE, interrupt::LINE))?;
            }
            if is_overrun {
                return Err(SpiError::Overrun);
            }
            Ok(())
        }

        fn change_filter(&mut self) -> Result<(), SpiError<SPI::Error>> {
            run!(self.bus.clear(ECON1, control::RECEIVE))?;
            run!(self.write_filter())?;
            run!(self.bus.set(ECON1, control::RECEIVE))
        }

        pub(super) fn write_filter(&mut self) -> Result<(), SpiError<SPI::Error>> {
            if let Groups::Hashed(table) = self.state.config.groups {
                for (register, octet) in HASH_TABLE.into_iter().zip(table) {
                    run!(self.bus.write(register, octet))?;
                }
            }
            run!(self.bus.write(ERXFCON, self.filter()))
        }
    }

    /// ERXFCON.
    pub(super) const fn filter(&self) -> u8 {
        let always = filter::OURS | filter::INTACT | filter::BROADCAST;
        match self.state.config.groups {
            Groups::Blocked => always,
            Groups::Hashed(_) => always | filter::HASH,
            Groups::All => always | filter::GROUPS,
        }
    }
}
