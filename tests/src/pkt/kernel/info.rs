//! `TCP_INFO` of the kernel, by the names of its fields.

use std::mem::offset_of;

macro_rules! fields {
    ($width:ty: $($name:ident)*) => {
        &[$((stringify!($name), offset_of!(libc::tcp_info, $name), size_of::<$width>())),*]
    };
}

/// A name, where the field lies, and how wide it is, in octets.
type Fields = &'static [(&'static str, usize, usize)];

const OCTETS: Fields = fields! { u8:
    tcpi_state tcpi_ca_state tcpi_retransmits tcpi_probes tcpi_backoff tcpi_options
};

const WORDS: Fields = fields! { u32:
    tcpi_rto tcpi_ato tcpi_snd_mss tcpi_rcv_mss tcpi_unacked tcpi_sacked tcpi_lost tcpi_retrans
    tcpi_fackets tcpi_last_data_sent tcpi_last_ack_sent tcpi_last_data_recv tcpi_last_ack_recv
    tcpi_pmtu tcpi_rcv_ssthresh tcpi_rtt tcpi_rttvar tcpi_snd_ssthresh tcpi_snd_cwnd tcpi_advmss
    tcpi_reordering tcpi_rcv_rtt tcpi_rcv_space tcpi_total_retrans tcpi_segs_out tcpi_segs_in
    tcpi_notsent_bytes tcpi_min_rtt tcpi_data_segs_in tcpi_data_segs_out tcpi_delivered
    tcpi_delivered_ce tcpi_dsack_dups tcpi_reord_seen tcpi_rcv_ooopack tcpi_snd_wnd tcpi_rcv_wnd
    tcpi_rehash
};

const LONG_WORDS: Fields = fields! { u64:
    tcpi_pacing_rate tcpi_max_pacing_rate tcpi_bytes_acked tcpi_bytes_received tcpi_delivery_rate
    tcpi_busy_time tcpi_rwnd_limited tcpi_sndbuf_limited tcpi_bytes_sent tcpi_bytes_retrans
};

/// The value of a field in what the kernel gave; an older kernel gives less.
pub(super) fn field(info: &[u8], name: &str) -> Option<i64> {
    // Four bits each, in one octet.
    let scales = *info.get(offset_of!(libc::tcp_info, tcpi_snd_rcv_wscale))?;
    match name {
        "tcpi_snd_wscale" => return Some(i64::from(scales & 15)),
        "tcpi_rcv_wscale" => return Some(i64::from(scales >> 4)),
        _ => {}
    }
    let mut all = [OCTETS, WORDS, LONG_WORDS].into_iter().flatten();
    let (_, at, width) = all.find(|(known, _, _)| *known == name)?;
    let octets = info.get(*at..at + width)?;
    let mut wide = [0; 8];
    if cfg!(target_endian = "little") {
        wide.get_mut(..*width)?.copy_from_slice(octets);
    } else {
        wide.get_mut(8 - *width..)?.copy_from_slice(octets);
    }
    i64::try_from(u64::from_ne_bytes(wide)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_where_the_kernel_writes_them() {
        let mut info = vec![0; 236];
        info[6] = 0x87;
        info[80..84].copy_from_slice(&10_u32.to_ne_bytes());
        info[168..176].copy_from_slice(&7_000_000_000_u64.to_ne_bytes());
        assert_eq!(field(&info, "tcpi_snd_cwnd"), Some(10));
        assert_eq!(field(&info, "tcpi_snd_wscale"), Some(7));
        assert_eq!(field(&info, "tcpi_rcv_wscale"), Some(8));
        assert_eq!(field(&info, "tcpi_busy_time"), Some(7_000_000_000));
        assert_eq!(field(&info[..100], "tcpi_busy_time"), None);
        assert_eq!(field(&info, "snd_cwnd"), None);
    }
}
