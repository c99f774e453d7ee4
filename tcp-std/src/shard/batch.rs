//! Packets read from the device in one go.

use crate::device::{Device, Read};

/// No IP packet without a jumbo payload is larger.
const LARGEST: usize = 65_536;
/// What is read before the stack sees it: about what stays in a second-level cache.
const GATHER: usize = 256 << 10;
/// Packets of one batch at most: it bounds how long the lock is held.
const PACKETS: usize = 256;

/// Packets read and not yet given to the stack.
#[derive(Debug)]
pub(super) struct Batch {
    arena: Box<[u8]>,
    ends: Vec<usize>,
}

/// Why reading ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Filled {
    /// The batch is full; more may be there.
    Full,
    /// The device has no more for the moment.
    Drained,
    /// Reading failed in a way that may pass.
    Failed,
    /// The device is no more.
    Gone,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            arena: vec![0; GATHER + LARGEST].into(),
            ends: Vec::with_capacity(PACKETS),
        }
    }

    /// Replaces the content by what the device has.
    pub(super) fn fill(&mut self, device: &Device) -> Filled {
        self.ends.clear();
        let mut end = 0;
        while self.ends.len() < PACKETS {
            let Some(free) = self
                .arena
                .get_mut(end..)
                .filter(|free| free.len() >= LARGEST)
            else {
                break;
            };
            match device.read(free) {
                Read::Packet(len) => {
                    end += len;
                    self.ends.push(end);
                }
                Read::Nothing => return Filled::Drained,
                Read::Error => return Filled::Failed,
                Read::Gone => return Filled::Gone,
            }
        }
        Filled::Full
    }

    pub(super) fn packets(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .filter_map(|(start, end)| self.arena.get(start..*end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Written;

    #[test]
    fn packets_come_out_as_they_went_in_and_apart() {
        let (one, other) = Device::pair(1_500).unwrap();
        let mut batch = Batch::new();
        assert_eq!(batch.fill(&other), Filled::Drained);
        assert_eq!(batch.packets().count(), 0);
        for packet in [&[1; 20][..], &[2; 1], &[3; 1_500]] {
            assert_eq!(one.write(packet), Written::Packet);
        }
        assert_eq!(batch.fill(&other), Filled::Drained);
        let packets: Vec<&[u8]> = batch.packets().collect();
        assert_eq!(packets, [&[1; 20][..], &[2; 1], &[3; 1_500]]);
        drop(one);
        assert_eq!(batch.fill(&other), Filled::Gone);
    }
}
