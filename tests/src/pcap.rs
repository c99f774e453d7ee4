//! A capture in memory, in the classic pcap format with link type RAW (IP packets).

use std::collections::VecDeque;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use tcp_core::Instant;

use crate::packet::Segment;

/// Packets with the time at which they left.
#[derive(Clone, Debug)]
pub struct Pcap {
    octets: Vec<u8>,
    /// Where each of the last packets begins.
    last: VecDeque<usize>,
}

/// Packets that [`Pcap::tail`] can show.
const REMEMBERED: usize = 200;

/// Magic number of little-endian files with microseconds.
const MAGIC: u32 = 0xa1b2_c3d4;
/// Packets begin with the IP header.
const LINKTYPE_RAW: u32 = 101;
const SNAP_LENGTH: u32 = 65_535;

impl Default for Pcap {
    fn default() -> Self {
        let mut octets = Vec::new();
        octets.extend(MAGIC.to_le_bytes());
        octets.extend(2u16.to_le_bytes());
        octets.extend(4u16.to_le_bytes());
        octets.extend([0; 8]);
        octets.extend(SNAP_LENGTH.to_le_bytes());
        octets.extend(LINKTYPE_RAW.to_le_bytes());
        Self {
            octets,
            last: VecDeque::new(),
        }
    }
}

impl Pcap {
    /// Adds a packet.
    ///
    /// # Panics
    /// When the simulated clock passed the year 2106, or the packet is longer than any.
    pub fn add(&mut self, now: Instant, packet: &[u8]) {
        let length = u32::try_from(packet.len()).expect("a packet is short");
        let seconds = u32::try_from(now.as_micros() / 1_000_000).expect("before 2106");
        let micros = u32::try_from(now.as_micros() % 1_000_000).expect("below a million");
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(self.octets.len());
        for word in [seconds, micros, length, length] {
            self.octets.extend(word.to_le_bytes());
        }
        self.octets.extend(packet);
    }

    /// The file's content.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The last `count` packets, a line each.
    #[must_use]
    pub fn tail(&self, count: usize) -> String {
        let mut lines = String::new();
        let skip = self.last.len().saturating_sub(count);
        for &start in self.last.iter().skip(skip) {
            let word = |at: usize| {
                let octets = &self.octets[start + at..start + at + 4];
                u32::from_le_bytes(octets.try_into().expect("four octets"))
            };
            let packet = &self.octets[start + 16..][..word(8) as usize];
            let (seconds, micros) = (word(0), word(4));
            let shown = match Segment::decode(packet) {
                Ok(segment) => segment.to_string(),
                Err(fault) => format!("{fault:?}: {packet:02x?}"),
            };
            writeln!(lines, "{seconds}.{micros:06} {shown}").expect("a string takes it");
        }
        lines
    }

    /// Writes `NAME.pcap` below the build's directory, for a look at what failed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, name: &str) -> io::Result<PathBuf> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/pcap");
        fs::create_dir_all(&directory)?;
        let path = directory.join(format!("{name}.pcap"));
        fs::write(&path, &self.octets)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_of_a_capture() {
        let mut pcap = Pcap::default();
        assert_eq!(pcap.octets().len(), 24);
        pcap.add(Instant::from_micros(3_000_007), &[0x45, 1, 2]);
        let record = &pcap.octets()[24..];
        assert_eq!(record[..4], [3, 0, 0, 0]);
        assert_eq!(record[4..8], [7, 0, 0, 0]);
        assert_eq!(record[8..16], [3, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(record[16..], [0x45, 1, 2]);
    }
}
