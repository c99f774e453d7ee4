//! Handshakes, and ways into each of the eleven states.

use tcp_core::{ListenAt, State};

use super::{Peer, Seg, Setup, Stamps, ack, fin, rst, syn, syn_ack};
use crate::packet::SYN;

impl Peer {
    /// A stack that listens.
    ///
    /// # Panics
    /// When the stack refuses.
    #[must_use]
    pub fn listening(setup: Setup) -> Self {
        let mut peer = Self::new(setup);
        let at = ListenAt {
            config: peer.setup.config,
            ..ListenAt::new(super::PORT)
        };
        peer.listener = Some(peer.stack.listen(at).expect("the port is free"));
        peer
    }

    /// A connection that we opened: the stack listened.
    #[must_use]
    #[track_caller]
    pub fn passive(setup: Setup) -> Self {
        let mut peer = Self::listening(setup);
        peer.open();
        peer
    }

    /// Opens a connection to the listening stack.
    #[track_caller]
    pub fn open(&mut self) {
        let base = self.setup.bases.0;
        self.send(self.setup.offer.clone());
        self.expect(syn_ack().ack(base.wrapping_add(1)));
        self.send(ack());
        self.accept();
        self.expect_nothing();
    }

    /// The user accepts.
    ///
    /// # Panics
    /// When there is nothing to accept.
    #[track_caller]
    pub fn accept(&mut self) {
        let listener = self.listener.expect("it listens");
        let accepted = self.stack.accept(listener).expect("a live listener");
        self.handle = Some(accepted.expect("a connection waits to be accepted"));
        self.begin_streams();
        self.user_called();
    }

    /// The user stops listening.
    ///
    /// # Panics
    /// When the stack does not listen.
    #[track_caller]
    pub fn unlisten(&mut self) {
        let listener = self.listener.take().expect("it listens");
        let closed = self.stack.unlisten(self.now, listener);
        closed.expect("a live listener");
        self.user_called();
    }

    /// Whether a connection waits to be accepted; it is accepted.
    ///
    /// # Panics
    /// When the stack does not listen.
    pub fn try_accept(&mut self) -> bool {
        let listener = self.listener.expect("it listens");
        let accepted = self.stack.accept(listener).expect("a live listener");
        self.user_called();
        accepted.is_some()
    }

    /// A connection that the stack opens: its SYN has left.
    #[must_use]
    #[track_caller]
    pub fn connecting(setup: Setup) -> Self {
        let mut peer = Self::new(setup);
        peer.connect();
        let base = peer.setup.bases.1;
        peer.expect(syn().seq(base));
        peer
    }

    /// The user connects.
    ///
    /// # Panics
    /// When the stack refuses.
    pub fn connect(&mut self) {
        let (stack, ours) = self.ends();
        let config = self.setup.config;
        let opened = self.stack.connect(self.now, Some(stack), ours, config);
        self.handle = Some(opened.expect("there is room for a connection"));
        self.begin_streams();
        self.user_called();
    }

    /// A connection that the stack opened.
    #[must_use]
    #[track_caller]
    pub fn active(setup: Setup) -> Self {
        let mut peer = Self::connecting(setup);
        let offer = peer.answer_to_syn();
        peer.send(offer);
        let next = peer.nxt;
        peer.expect(ack().ack(next));
        peer
    }

    /// Our SYN-ACK, with what our SYN would offer.
    pub fn answer_to_syn(&self) -> Seg {
        let mut offer = self.setup.offer.clone();
        offer.flags = syn_ack().flags;
        if self.offered_stamps().is_some() {
            offer.timestamps = Stamps::Exact(self.stamp(), self.echo.unwrap_or(0));
        }
        offer
    }

    /// A stack of which a connection (or a listener) is in `state`; all that it sent on the way is
    /// taken.
    #[must_use]
    #[track_caller]
    pub fn in_state(state: State, setup: Setup) -> Self {
        let mut peer = match state {
            State::Closed | State::Listen | State::SynReceived => Self::listening(setup),
            State::SynSent => Self::connecting(setup),
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => Self::passive(setup),
        };
        peer.steer(state);
        assert_eq!(peer.state(), state);
        peer.take();
        peer
    }

    #[track_caller]
    fn steer(&mut self, state: State) {
        match state {
            State::Listen | State::SynSent | State::Established => {}
            State::Closed => {
                self.open();
                self.send(rst());
            }
            State::SynReceived => {
                self.send(self.setup.offer.clone());
                self.expect(syn_ack());
            }
            State::FinWait1 => self.shutdown(),
            State::FinWait2 => {
                self.shutdown();
                self.send(ack());
            }
            State::CloseWait => {
                self.send(fin());
            }
            State::Closing => {
                let before = self.rcv;
                self.shutdown();
                self.send(fin().ack(before));
            }
            State::LastAck => {
                self.send(fin());
                self.shutdown();
            }
            State::TimeWait => {
                self.shutdown();
                self.send(ack());
                self.send(fin());
            }
        }
    }

    /// Both SYNs crossed: the stack is in SYN-RECEIVED on a connection that its user has.
    #[must_use]
    #[track_caller]
    pub fn crossed(setup: Setup) -> Self {
        let mut peer = Self::connecting(setup);
        let offer = peer.setup.offer.clone();
        assert_eq!(offer.flags, SYN);
        peer.send(offer);
        peer.expect(syn_ack());
        assert_eq!(peer.state(), State::SynReceived);
        peer
    }
}
