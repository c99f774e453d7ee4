//! A cable between two MACs in memory, for tests of what stands on a [`Mac`].

use core::cell::{Cell, RefCell};

use heapless::{Deque, Vec};

use crate::mac::{Capabilities, ErrorKind, LinkState, Mac, MacAddress};

/// Longest frame that the cable carries.
const FRAME: usize = 1_514;

type Queue<const FRAMES: usize> = RefCell<Deque<Vec<u8, FRAME>, FRAMES>>;

/// The cable: up to `FRAMES` frames are under way in each direction.
///
/// ```
/// use tcp_embedded::{Cable, Mac};
/// let cable = Cable::<4>::new();
/// let (mut here, mut there) = cable.ends();
/// here.transmit(&[0xab; 60]).unwrap();
/// let mut frame = [0; 1_514];
/// assert_eq!(there.receive(&mut frame), Ok(Some(60)));
/// assert_eq!(there.receive(&mut frame), Ok(None));
/// ```
#[derive(Debug)]
pub struct Cable<const FRAMES: usize> {
    queues: [Queue<FRAMES>; 2],
    state: Cell<LinkState>,
    /// Of 65,536 frames so many are lost.
    loss: Cell<u32>,
    random: Cell<u64>,
    lost: Cell<u32>,
    #[cfg(feature = "async")]
    wakers: [crate::net::WakerCell; 2],
}

impl<const FRAMES: usize> Cable<FRAMES> {
    /// A cable that is plugged in and loses nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            queues: [const { RefCell::new(Deque::new()) }; 2],
            state: Cell::new(LinkState::Up),
            loss: Cell::new(0),
            random: Cell::new(1),
            lost: Cell::new(0),
            #[cfg(feature = "async")]
            wakers: [const { crate::net::WakerCell::new() }; 2],
        }
    }

    /// Loses so many frames of 65,536 from here on; which ones, `seed` decides.
    pub fn lose(&self, of_65536: u32, seed: u64) {
        self.loss.set(of_65536);
        self.random.set(seed | 1);
    }

    /// Pulls it out or plugs it in. Frames under way are lost when it is pulled.
    pub fn plug(&self, state: LinkState) {
        self.state.set(state);
        if state == LinkState::Down {
            for queue in &self.queues {
                queue.borrow_mut().clear();
            }
        }
        #[cfg(feature = "async")]
        for waker in &self.wakers {
            waker.wake();
        }
    }

    /// Frames lost so far because of [`lose`](Self::lose).
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.lost.get()
    }

    /// Whether no frame is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queues.iter().all(|queue| queue.borrow().is_empty())
    }

    /// Both ends. Their addresses differ in the last octet.
    #[must_use]
    pub fn ends(&self) -> (End<'_, FRAMES>, End<'_, FRAMES>) {
        let [a, b] = &self.queues;
        let end = |last, from, to| End {
            cable: self,
            address: MacAddress([2, 0, 0, 0, 0, last]),
            from,
            to,
            #[cfg(feature = "async")]
            side: usize::from(last) - 1,
        };
        (end(1, b, a), end(2, a, b))
    }

    /// Whether this frame is lost (xorshift64*).
    fn loses(&self) -> bool {
        let mut x = self.random.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.random.set(x);
        let sample = x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 48;
        let is_lost = sample < self.loss.get().into();
        self.lost.set(self.lost.get() + u32::from(is_lost));
        is_lost
    }
}

impl<const FRAMES: usize> Default for Cable<FRAMES> {
    fn default() -> Self {
        Self::new()
    }
}

/// One end of a [`Cable`].
#[derive(Debug)]
pub struct End<'c, const FRAMES: usize> {
    cable: &'c Cable<FRAMES>,
    address: MacAddress,
    from: &'c Queue<FRAMES>,
    to: &'c Queue<FRAMES>,
    #[cfg(feature = "async")]
    side: usize,
}

#[cfg(feature = "async")]
impl<const FRAMES: usize> End<'_, FRAMES> {
    /// Something changed for the other end.
    fn wake_other(&self) {
        if let Some(waker) = self.cable.wakers.get(self.side ^ 1) {
            waker.wake();
        }
    }
}

#[cfg(feature = "async")]
impl<const FRAMES: usize> crate::net::WakingMac for End<'_, FRAMES> {
    fn register(&mut self, waker: &core::task::Waker) {
        if let Some(place) = self.cable.wakers.get(self.side) {
            place.register(waker);
        }
    }
}

impl<const FRAMES: usize> Mac for End<'_, FRAMES> {
    type Error = ErrorKind;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, ErrorKind> {
        let Some(received) = self.from.borrow_mut().pop_front() else {
            return Ok(None);
        };
        #[cfg(feature = "async")]
        self.wake_other();
        let space = frame.get_mut(..received.len()).ok_or(ErrorKind::BadFrame)?;
        space.copy_from_slice(&received);
        Ok(Some(received.len()))
    }

    fn can_transmit(&mut self) -> bool {
        !self.to.borrow().is_full()
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), ErrorKind> {
        if self.cable.state.get() == LinkState::Down {
            return Ok(());
        }
        let frame = Vec::from_slice(frame).map_err(|_| ErrorKind::TooLong)?;
        if !self.cable.loses() {
            let sent = self.to.borrow_mut().push_back(frame);
            sent.map_err(|_| ErrorKind::Other)?;
            #[cfg(feature = "async")]
            self.wake_other();
        }
        Ok(())
    }

    fn link(&mut self) -> LinkState {
        self.cable.state.get()
    }

    fn address(&self) -> MacAddress {
        self.address
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::ETHERNET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_in_order_and_only_at_the_other_end() {
        let cable = Cable::<2>::new();
        let (mut a, mut b) = cable.ends();
        a.transmit(&[1; 60]).unwrap();
        a.transmit(&[2; 61]).unwrap();
        assert!(!a.can_transmit() && b.can_transmit());
        assert_eq!(a.transmit(&[3; 62]), Err(ErrorKind::Other));
        let mut frame = [0; FRAME];
        assert_eq!(a.receive(&mut frame), Ok(None));
        assert_eq!(b.receive(&mut frame), Ok(Some(60)));
        assert_eq!(b.receive(&mut frame), Ok(Some(61)));
        assert_eq!(frame[..61], [2; 61]);
    }

    #[test]
    fn e10_a_frame_that_does_not_fit_is_taken_and_reported() {
        let cable = Cable::<2>::new();
        let (mut a, mut b) = cable.ends();
        a.transmit(&[1; 100]).unwrap();
        assert_eq!(b.receive(&mut [0; 99]), Err(ErrorKind::BadFrame));
        assert_eq!(b.receive(&mut [0; 99]), Ok(None));
        assert_eq!(a.transmit(&[1; FRAME + 1]), Err(ErrorKind::TooLong));
    }

    #[test]
    fn the_asked_share_of_frames_is_lost() {
        let cable = Cable::<2>::new();
        cable.lose(6_554, 7);
        let (mut a, mut b) = cable.ends();
        let mut arrived = 0;
        for _ in 0..10_000 {
            a.transmit(&[0; 60]).unwrap();
            arrived += u32::from(b.receive(&mut [0; 60]).unwrap().is_some());
        }
        assert_eq!(arrived + cable.lost(), 10_000);
        assert!((900..1_100).contains(&cable.lost()), "{}", cable.lost());
    }

    #[test]
    fn a_pulled_cable_carries_nothing() {
        let cable = Cable::<2>::new();
        let (mut a, mut b) = cable.ends();
        a.transmit(&[0; 60]).unwrap();
        cable.plug(LinkState::Down);
        a.transmit(&[0; 60]).unwrap();
        assert_eq!(a.link(), LinkState::Down);
        assert_eq!(b.receive(&mut [0; 60]), Ok(None));
    }
}
