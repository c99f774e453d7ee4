//! `TCP_INFO` by the names of its fields.

use tcp_core::{CongestionState, Info, State};

/// Constants that assertions name.
#[must_use]
pub(in crate::pkt) fn constant(name: &str) -> Option<i64> {
    Some(match name {
        "TCP_CA_Open" => 0,
        "TCP_CA_Disorder" => 1,
        "TCP_CA_CWR" => 2,
        "TCP_CA_Recovery" => 3,
        "TCP_CA_Loss" => 4,
        "TCP_ESTABLISHED" => 1,
        "TCP_SYN_SENT" => 2,
        "TCP_SYN_RECV" => 3,
        "TCP_FIN_WAIT1" => 4,
        "TCP_FIN_WAIT2" => 5,
        "TCP_TIME_WAIT" => 6,
        "TCP_CLOSE" => 7,
        "TCP_CLOSE_WAIT" => 8,
        "TCP_LAST_ACK" => 9,
        "TCP_LISTEN" => 10,
        "TCP_CLOSING" => 11,
        "TCPI_OPT_TIMESTAMPS" => 1,
        "TCPI_OPT_SACK" => 2,
        "TCPI_OPT_WSCALE" => 4,
        "TCPI_OPT_ECN" => 8,
        "TCPI_OPT_ECN_SEEN" => 16,
        "TCPI_OPT_SYN_DATA" => 32,
        "TCP_INFINITE_SSTHRESH" => 0x7fff_ffff,
        "True" => 1,
        "False" | "None" => 0,
        _ => return None,
    })
}

/// The number of a state.
#[must_use]
pub(super) const fn number(state: State) -> i64 {
    match state {
        State::Established => 1,
        State::SynSent => 2,
        State::SynReceived => 3,
        State::FinWait1 => 4,
        State::FinWait2 => 5,
        State::TimeWait => 6,
        State::Closed => 7,
        State::CloseWait => 8,
        State::LastAck => 9,
        State::Listen => 10,
        State::Closing => 11,
    }
}

/// A field of a connection's snapshot.
#[must_use]
pub(super) fn field(info: &Info, name: &str) -> Option<i64> {
    let field = name.strip_prefix("tcpi_")?;
    let micros = |time: tcp_core::Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let options = 12 * i64::from(info.timestamps);
    Some(match field {
        "state" => number(info.state),
        "snd_cwnd" => i64::from(info.cwnd / u32::from(info.mss.max(1))),
        "snd_ssthresh" if info.ssthresh == u32::MAX => 0x7fff_ffff,
        "snd_ssthresh" => i64::from(info.ssthresh / u32::from(info.mss.max(1))),
        "options" => {
            i64::from(info.timestamps)
                | i64::from(info.sack) << 1
                | i64::from(info.window_scaling) << 2
                | i64::from(info.ecn) << 3
        }
        "unacked" => info.unacked.into(),
        "sacked" => info.sacked.into(),
        "lost" => info.lost.into(),
        "retrans" => info.resent.into(),
        "backoff" => info.backoff.into(),
        "retransmits" => info.attempts.into(),
        "probes" => info.probes.into(),
        "reordering" => info.reordering.into(),
        "reord_seen" | "fackets" | "rwnd_limited" | "busy_time" | "sndbuf_limited" => 0,
        "ca_state" => match info.congestion {
            CongestionState::Open => 0,
            CongestionState::Disorder => 1,
            CongestionState::Reduced => 2,
            CongestionState::Recovery => 3,
            CongestionState::Loss => 4,
        },
        "advmss" => i64::from(info.advertised_mss) - options,
        // The SYN counts as one.
        "delivered" => {
            let each = u64::try_from(i64::from(info.mss) - options).ok()?.max(1);
            i64::try_from(1 + info.octets_acked.div_ceil(each)).ok()?
        }
        "rcv_mss" => info.received_mss.into(),
        "min_rtt" => micros(info.min_rtt.unwrap_or_default()),
        "last_data_recv" => micros(info.last_text?) / 1_000,
        "pmtu" => info.path_mtu.into(),
        "rcv_space" => info.rcv_wnd.into(),
        "total_retrans" => info.retransmissions.into(),
        "rtt" => micros(info.srtt.unwrap_or_default()),
        "rttvar" => micros(info.rttvar),
        "rto" => micros(info.rto),
        "snd_mss" => i64::from(info.mss) - options,
        "snd_wscale" => info.snd_wscale.into(),
        "rcv_wscale" => info.rcv_wscale.into(),
        "rcv_wnd" => info.rcv_wnd.into(),
        "snd_wnd" => info.snd_wnd.into(),
        "notsent_bytes" => info.unsent.into(),
        "bytes_acked" => i64::try_from(info.octets_acked).ok()?,
        "bytes_received" => i64::try_from(info.octets_received).ok()?,
        "segs_out" => info.segments_out.into(),
        "segs_in" => info.segments_in.into(),
        _ => return None,
    })
}
