//! A wire between two stacks of one process: a ring of packet buffers, the same for both.

/// The IP packets that fit.
pub(crate) const MTU: usize = 1_500;
const SLOTS: usize = 64;

/// One direction.
pub(crate) struct Wire {
    slots: Box<[[u8; MTU]; SLOTS]>,
    lengths: [usize; SLOTS],
    first: usize,
    count: usize,
    /// Packets of full size that were sent.
    pub(crate) full: usize,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self {
            slots: Box::new([[0; MTU]; SLOTS]),
            lengths: [0; SLOTS],
            first: 0,
            count: 0,
            full: 0,
        }
    }

    /// A free slot, if there is one; fill it and call [`commit`](Self::commit).
    pub(crate) fn slot(&mut self) -> Option<&mut [u8; MTU]> {
        if self.count == SLOTS {
            return None;
        }
        let index = (self.first + self.count) % SLOTS;
        Some(&mut self.slots[index])
    }

    /// Sends `len` octets of the slot.
    pub(crate) fn commit(&mut self, len: usize) {
        let index = (self.first + self.count) % SLOTS;
        self.lengths[index] = len;
        self.count += 1;
        self.full += usize::from(len == MTU);
    }

    /// The oldest packet; [`consume`](Self::consume) it afterwards.
    pub(crate) fn packet(&self) -> Option<&[u8]> {
        (self.count > 0).then(|| &self.slots[self.first][..self.lengths[self.first]])
    }

    /// Drops the oldest packet.
    pub(crate) fn consume(&mut self) {
        self.first = (self.first + 1) % SLOTS;
        self.count -= 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }
}
