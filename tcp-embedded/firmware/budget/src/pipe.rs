//! A cable of one direction, in memory that is not on the stack.

/// Frames that are under way at most.
const FRAMES: usize = 8;
/// Longest frame of an ordinary Ethernet, rounded up to whole words.
const FRAME: usize = 1_516;

/// Frames on their way from one host to the other. They start at whole words, as in the program
/// that it is compared with.
#[derive(Debug)]
#[repr(C, align(4))]
pub struct Pipe {
    frames: [[u8; FRAME]; FRAMES],
    lens: [usize; FRAMES],
    first: usize,
    count: usize,
}

impl Pipe {
    /// A pipe with nothing in it.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            frames: [[0; FRAME]; FRAMES],
            lens: [0; FRAMES],
            first: 0,
            count: 0,
        }
    }

    /// Whether no frame is under way.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether another frame has room.
    pub fn has_room(&self) -> bool {
        self.count < FRAMES
    }

    /// Lets `write` fill a frame of `len` octets and sends it. There must be room.
    pub fn put<R>(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> R) -> R {
        let at = (self.first + self.count) % FRAMES;
        self.lens[at] = len;
        self.count += 1;
        write(&mut self.frames[at][..len])
    }

    /// Lets `read` look at the oldest frame and removes it. There must be one.
    pub fn take<R>(&mut self, read: impl FnOnce(&[u8]) -> R) -> R {
        let at = self.first;
        self.first = (at + 1) % FRAMES;
        self.count -= 1;
        read(&self.frames[at][..self.lens[at]])
    }
}

impl Default for Pipe {
    fn default() -> Self {
        Self::new()
    }
}
