//! Captures in the pcapng format, which Wireshark and its relatives read.
//!
//! A file is one section with one interface of link type RAW: packets begin with the IP header.
//! Every packet carries its direction. What a capture may occupy is bounded: after the first
//! octets of [`CaptureLimit`] only the last ones are kept (in memory, until the capture ends).
//! Blocks reach the file whole, so that a process may be killed and leave a readable file.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::observe::{Direction, Observer, Sighting};

/// Octets gathered before they are given to the file.
const BUFFER: usize = 256 << 10;
const LINKTYPE_RAW: u16 = 101;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

const END_OF_OPTIONS: u16 = 0;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const EPB_FLAGS: u16 = 2;
const ISB_IFRECV: u16 = 4;
const ISB_USRDELIV: u16 = 8;

/// How many octets of packets a capture keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CaptureLimit {
    /// From the beginning.
    pub first: u64,
    /// Up to the end.
    pub last: usize,
}

impl CaptureLimit {
    /// Everything.
    pub const NONE: Self = Self {
        first: u64::MAX,
        last: 0,
    };
}

/// Writes the packets that it is shown as pcapng.
#[derive(Debug)]
pub struct Capture<W> {
    file: W,
    limit: CaptureLimit,
    buffer: Vec<u8>,
    tail: VecDeque<Vec<u8>>,
    tail_octets: usize,
    seen: u64,
    written: u64,
    latest_micros: u64,
    failed: Option<io::Error>,
}

impl Capture<File> {
    /// Captures into a file, which is overwritten.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create(path: &Path, interface: &str, limit: CaptureLimit) -> io::Result<Self> {
        Ok(Self::new(File::create(path)?, interface, limit))
    }
}

impl<W: Write> Capture<W> {
    /// Captures into `file`.
    pub fn new(file: W, interface: &str, limit: CaptureLimit) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER + (128 << 10));
        write_section_header(&mut buffer);
        write_interface(&mut buffer, interface);
        Self {
            file,
            limit,
            buffer,
            tail: VecDeque::new(),
            tail_octets: 0,
            seen: 0,
            written: 0,
            latest_micros: 0,
            failed: None,
        }
    }

    /// Adds a packet.
    pub fn add(&mut self, direction: Direction, wall_micros: u64, octets: &[u8]) {
        self.seen += 1;
        self.latest_micros = wall_micros;
        if let Some(left) = self.limit.first.checked_sub(octets.len() as u64) {
            if self.limit.first != u64::MAX {
                self.limit.first = left;
            }
            self.written += 1;
            write_packet(&mut self.buffer, direction, wall_micros, octets);
            if self.buffer.len() >= BUFFER {
                self.flush();
            }
        } else {
            // A smaller packet that would still fit shall not come before a larger one.
            self.limit.first = 0;
            self.add_to_tail(direction, wall_micros, octets);
        }
    }

    fn add_to_tail(&mut self, direction: Direction, wall_micros: u64, octets: &[u8]) {
        let mut block = Vec::new();
        while self.tail_octets + octets.len() > self.limit.last {
            let Some(oldest) = self.tail.pop_front() else {
                return;
            };
            self.tail_octets -= captured_len(&oldest);
            block = oldest;
        }
        block.clear();
        write_packet(&mut block, direction, wall_micros, octets);
        self.tail_octets += octets.len();
        self.tail.push_back(block);
    }

    fn flush(&mut self) {
        if self.failed.is_none() {
            let result = self
                .file
                .write_all(&self.buffer)
                .and_then(|()| self.file.flush());
            self.failed = result.err();
        }
        self.buffer.clear();
    }

    fn end(&mut self) -> io::Result<()> {
        for block in std::mem::take(&mut self.tail) {
            self.written += 1;
            self.buffer.extend_from_slice(&block);
        }
        self.tail_octets = 0;
        write_statistics(
            &mut self.buffer,
            self.latest_micros,
            self.seen,
            self.written,
        );
        self.flush();
        self.failed.take().map_or(Ok(()), Err)
    }
}

impl<W: Write + Send> Observer for Capture<W> {
    fn packet(&mut self, sighting: &Sighting<'_>) {
        self.add(sighting.direction, sighting.wall_micros, sighting.octets);
    }

    fn idle(&mut self) {
        if !self.buffer.is_empty() {
            self.flush();
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.end()
    }
}

/// Where the captured length stands in an enhanced packet block.
fn captured_len(block: &[u8]) -> usize {
    let field = block.get(20..24).and_then(|field| field.try_into().ok());
    field.map_or(0, |field| u32::from_le_bytes(field) as usize)
}

/// Writes a block: its type, its length before and after, and what `body` writes between.
fn write_block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    body(out);
    let len = u32::try_from(out.len() - start + 4)
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    if let Some(field) = out.get_mut(start + 4..start + 8) {
        field.copy_from_slice(&len);
    }
    out.extend_from_slice(&len);
}

fn pad(out: &mut Vec<u8>, len: usize) {
    out.extend(std::iter::repeat_n(0, len.next_multiple_of(4) - len));
}

fn write_option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    // Option values are cut to what their length field can say.
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    out.extend_from_slice(value);
    pad(out, value.len());
}

fn write_time(out: &mut Vec<u8>, micros: u64) {
    out.extend_from_slice(&((micros >> 32) as u32).to_le_bytes());
    out.extend_from_slice(&(micros as u32).to_le_bytes());
}

fn write_section_header(out: &mut Vec<u8>) {
    write_block(out, SECTION_HEADER, |out| {
        out.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        out.extend_from_slice(&1_u16.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        // The section's length is not known in advance.
        out.extend_from_slice(&(-1_i64).to_le_bytes());
        let application = concat!("tcp-std ", env!("CARGO_PKG_VERSION"));
        write_option(out, SHB_USERAPPL, application.as_bytes());
        write_option(out, END_OF_OPTIONS, &[]);
    });
}

fn write_interface(out: &mut Vec<u8>, name: &str) {
    write_block(out, INTERFACE_DESCRIPTION, |out| {
        out.extend_from_slice(&LINKTYPE_RAW.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        // No limit on the length of a packet.
        out.extend_from_slice(&0_u32.to_le_bytes());
        write_option(out, IF_NAME, name.as_bytes());
        // Powers of ten: microseconds.
        write_option(out, IF_TSRESOL, &[6]);
        write_option(out, END_OF_OPTIONS, &[]);
    });
}

fn write_packet(out: &mut Vec<u8>, direction: Direction, wall_micros: u64, octets: &[u8]) {
    let flags: u32 = match direction {
        Direction::In => 1,
        Direction::Out => 2,
    };
    let len = u32::try_from(octets.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    write_block(out, ENHANCED_PACKET, |out| {
        out.extend_from_slice(&0_u32.to_le_bytes());
        write_time(out, wall_micros);
        out.extend_from_slice(&len);
        out.extend_from_slice(&len);
        out.extend_from_slice(octets);
        pad(out, octets.len());
        write_option(out, EPB_FLAGS, &flags.to_le_bytes());
        write_option(out, END_OF_OPTIONS, &[]);
    });
}

fn write_statistics(out: &mut Vec<u8>, wall_micros: u64, seen: u64, written: u64) {
    write_block(out, INTERFACE_STATISTICS, |out| {
        out.extend_from_slice(&0_u32.to_le_bytes());
        write_time(out, wall_micros);
        write_option(out, ISB_IFRECV, &seen.to_le_bytes());
        write_option(out, ISB_USRDELIV, &written.to_le_bytes());
        write_option(out, END_OF_OPTIONS, &[]);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The types and bodies of the blocks of a file; both lengths of each must agree.
    fn blocks(mut file: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let mut blocks = Vec::new();
        while !file.is_empty() {
            let kind = u32::from_le_bytes(file[..4].try_into().unwrap());
            let len = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
            assert_eq!(len % 4, 0);
            assert_eq!(file[4..8], file[len - 4..len]);
            blocks.push((kind, file[8..len - 4].to_vec()));
            file = &file[len..];
        }
        blocks
    }

    #[test]
    fn a_packet_stands_in_its_block_with_time_length_and_direction() {
        let mut file = Vec::new();
        let mut capture = Capture::new(&mut file, "tun7", CaptureLimit::NONE);
        capture.add(Direction::Out, (5 << 32) + 7, &[0x45, 1, 2, 3, 4]);
        capture.end().unwrap();
        let blocks = blocks(&file);
        let kinds: Vec<u32> = blocks.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(
            kinds,
            [SECTION_HEADER, INTERFACE_DESCRIPTION, ENHANCED_PACKET, 5]
        );
        assert_eq!(blocks[1].1[..2], LINKTYPE_RAW.to_le_bytes());
        let packet = &blocks[2].1;
        assert_eq!(packet[4..12], [5, 0, 0, 0, 7, 0, 0, 0]);
        assert_eq!(packet[12..20], [5, 0, 0, 0, 5, 0, 0, 0]);
        assert_eq!(packet[20..28], [0x45, 1, 2, 3, 4, 0, 0, 0]);
        assert_eq!(packet[28..], [2, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn beyond_its_limit_a_capture_keeps_only_the_last_packets() {
        let limit = CaptureLimit {
            first: 25,
            last: 30,
        };
        let mut file = Vec::new();
        let mut capture = Capture::new(&mut file, "tun0", limit);
        for number in 0..100 {
            capture.add(Direction::In, number.into(), &[number; 10]);
            assert!(capture.tail_octets <= limit.last);
        }
        capture.end().unwrap();
        let packets = blocks(&file)
            .into_iter()
            .filter(|(kind, _)| *kind == ENHANCED_PACKET);
        let numbers: Vec<u8> = packets.map(|(_, body)| body[20]).collect();
        assert_eq!(numbers, [0, 1, 97, 98, 99]);
    }

    #[test]
    fn what_went_wrong_with_the_file_is_said_at_the_end() {
        let mut disk = [0_u8; 16];
        let mut capture = Capture::new(&mut disk[..], "tun0", CaptureLimit::NONE);
        capture.add(Direction::In, 0, &[0; 100]);
        assert_eq!(capture.end().unwrap_err().kind(), io::ErrorKind::WriteZero);
    }
}
