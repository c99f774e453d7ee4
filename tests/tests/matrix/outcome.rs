//! What a segment does, as far as it can be seen from outside.

use std::fmt;

use tcp_core::State;

/// What is sent in answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Reply {
    Nothing,
    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, at once.
    Ack,
    /// The same, at once or within half a second, alone or with data.
    AckSoon,
    /// `<SEQ=SEG.ACK><CTL=RST>`.
    ResetAtAck,
    /// `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>`.
    ResetFromZero,
    /// A reset that the peer of a live connection accepts: its SEQ is SND.NXT.
    ResetAtNext,
    /// `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>`.
    SynAck,
}

/// What became of the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Text {
    /// There was none, or it was not taken.
    Nothing,
    /// So many octets are with the user.
    Delivered(u32),
    /// So many octets wait for those before them.
    Held(u32),
    /// So many octets came with a SYN and wait for the end of the handshake.
    Queued(u32),
}

/// What became of the FIN.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Fin {
    /// There was none, or it was not taken.
    Nothing,
    /// RCV.NXT is beyond it.
    Taken,
    /// It waits for the octets before it.
    Held,
}

/// What the user is told of the end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Told {
    /// Nothing; or there is no user yet.
    Nothing,
    /// "connection reset"
    Reset,
    /// "connection refused"
    Refused,
    /// The connection came to its end.
    Finished,
}

/// What a segment does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Outcome {
    pub(crate) reply: Reply,
    pub(crate) next: State,
    /// SND.UNA afterwards.
    pub(crate) snd_una: u32,
    /// RCV.NXT afterwards.
    pub(crate) rcv_nxt: u32,
    pub(crate) text: Text,
    pub(crate) fin: Fin,
    /// The user hears of urgent data.
    pub(crate) urgent: bool,
    pub(crate) told: Told,
    /// 2 MSL begin anew.
    pub(crate) lingers_anew: bool,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reply = match self.reply {
            Reply::Nothing => "no reply",
            Reply::Ack => "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>",
            Reply::AckSoon => "<ACK=RCV.NXT> within 500 ms",
            Reply::ResetAtAck => "<SEQ=SEG.ACK><CTL=RST>",
            Reply::ResetFromZero => "<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>",
            Reply::ResetAtNext => "<SEQ=SND.NXT><CTL=RST>",
            Reply::SynAck => "<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>",
        };
        write!(f, "{reply}, {}", self.next)?;
        match self.text {
            Text::Nothing => {}
            Text::Delivered(_) => write!(f, ", text delivered")?,
            Text::Held(_) => write!(f, ", text held")?,
            Text::Queued(_) => write!(f, ", text queued")?,
        }
        match self.fin {
            Fin::Nothing => {}
            Fin::Taken => write!(f, ", FIN taken")?,
            Fin::Held => write!(f, ", FIN held")?,
        }
        if self.urgent {
            write!(f, ", urgent")?;
        }
        match self.told {
            Told::Nothing => {}
            Told::Reset => write!(f, ", \"connection reset\"")?,
            Told::Refused => write!(f, ", \"connection refused\"")?,
            Told::Finished => write!(f, ", finished")?,
        }
        if self.lingers_anew {
            write!(f, ", 2 MSL anew")?;
        }
        Ok(())
    }
}
