//! System controls: by name, what each changes.

use tcp_core::{BlindAttacks, Ecn, MtuProbing};

use super::{Tuning, reserve, switch};

/// Controls that choose among mechanisms, or between sizes, which make no difference to what a
/// script can see here.
const WITHOUT_EFFECT: [&str; 43] = [
    "tcp_adv_win_scale",
    "tcp_app_win",
    "tcp_autocorking",
    "tcp_available_congestion_control",
    "tcp_backlog_ack_defer",
    "tcp_challenge_ack_limit",
    "tcp_collapse_max_bytes",
    "tcp_congestion_control",
    "tcp_dma_copybreak",
    "tcp_early_retrans",
    "tcp_fack",
    "tcp_fwmark_accept",
    "tcp_invalid_ratelimit",
    "tcp_l3mdev_accept",
    "tcp_limit_output_bytes",
    "tcp_max_orphans",
    "tcp_max_reordering",
    "tcp_max_syn_backlog",
    "tcp_max_tw_buckets",
    "tcp_mem",
    "tcp_migrate_req",
    "tcp_min_rtt_wlen",
    "tcp_min_snd_mss",
    "tcp_min_tso_segs",
    "tcp_moderate_rcvbuf",
    "tcp_mtu_probe_floor",
    "tcp_no_metrics_save",
    "tcp_notsent_lowat",
    "tcp_orphan_retries",
    "tcp_pacing_ca_ratio",
    "tcp_pacing_ss_ratio",
    "tcp_plb_enabled",
    "tcp_probe_interval",
    "tcp_probe_threshold",
    "tcp_recovery",
    "tcp_reflect_tos",
    "tcp_reordering",
    "tcp_retrans_collapse",
    "tcp_thin_linear_timeouts",
    "tcp_tso_rtt_log",
    "tcp_tso_win_divisor",
    "tcp_wmem",
    "tcp_workaround_signed_windows",
];

/// Those of FreeBSD.
const WITHOUT_EFFECT_THERE: [&str; 52] = [
    "ack_war_cnt",
    "ack_war_timewindow",
    "blackhole",
    "blackhole_local",
    "cc.algorithm",
    "do_lrd",
    "do_prr",
    "do_prr_conservative",
    "do_tcpdrain",
    "functions_default",
    "icmp_may_rst",
    "isn_reseed_interval",
    "log_debug",
    "log_in_vain",
    "map_limit",
    "maxpersistidle",
    "maxtcptw",
    "newcwd",
    "path_mtu_discovery",
    "per_cpu_timers",
    "persmax",
    "persmin",
    "pmtud_blackhole_detection",
    "pmtud_blackhole_mss",
    "recvbuf_auto",
    "recvbuf_inc",
    "recvbuf_max",
    "require_unique_port",
    "retries",
    "rexmit_drop_options",
    "rfc3042",
    "rfc3390",
    "sack.globalmaxholes",
    "sack.lrd",
    "sack.maxholes",
    "sack.rescue",
    "sack.revised",
    "sack.tso",
    "sendbuf_auto",
    "sendbuf_auto_lowat",
    "sendbuf_inc",
    "sendbuf_max",
    "soreceive_stream",
    "split_limit",
    "syncache.see_other",
    "syncookies",
    "syncookies_only",
    "tolerate_missing_ts",
    "ts_offset_per_conn",
    "tso",
    "v6mssdflt",
    "v6pmtud_blackhole_mss",
];

/// Families of such controls there: what comes of them is not to be seen in a script, or not built.
const FAMILIES_THERE: [&str; 7] = [
    "bb.",
    "cc.",
    "hostcache.",
    "hpts.",
    "lro.",
    "rack.",
    "reass.",
];

/// Sets the control `name`.
pub(super) fn set(tuning: &mut Tuning, name: &str, value: &str) -> Result<(), String> {
    let unknown = || format!("sysctl {name}={value}");
    if let Some(name) = name
        .strip_prefix("net.ipv4.")
        .or_else(|| name.strip_prefix("net.ipv6."))
        .or_else(|| name.strip_prefix("net.core."))
    {
        of_linux(tuning, name, value).ok_or_else(unknown)
    } else if let Some(name) = name.strip_prefix("net.inet.tcp.") {
        of_freebsd(tuning, name, value).ok_or_else(unknown)
    } else if name.starts_with("kern.") || name.starts_with("net.inet.") {
        Ok(())
    } else {
        Err(unknown())
    }
}

/// The numbers of a value: three for `tcp_rmem`.
fn numbers(value: &str) -> Option<Vec<i64>> {
    let words = value
        .split([' ', '\t', ','])
        .filter(|word| !word.is_empty());
    words.map(|word| word.parse().ok()).collect()
}

fn of_linux(tuning: &mut Tuning, name: &str, value: &str) -> Option<()> {
    if WITHOUT_EFFECT.contains(&name) {
        return Some(());
    }
    let numbers = numbers(value)?;
    let number = *numbers.first()?;
    let config = tuning.config;
    tuning.config = match name {
        "tcp_ecn" => config.ecn(match number {
            0 => Ecn::Off,
            1 => Ecn::Request,
            2 => Ecn::Accept,
            _ => return None,
        }),
        "tcp_mtu_probing" => config.mtu_probing(match number {
            0 => MtuProbing::Off,
            1 => MtuProbing::OnBlackHole,
            2 => MtuProbing::Always,
            _ => return None,
        }),
        "tcp_timestamps" => config.timestamps(switch(number)),
        "tcp_dsack" => config.duplicate_sack(switch(number)),
        "tcp_sack" => config.sack(switch(number)),
        "tcp_window_scaling" => config.window_scaling(switch(number)),
        "tcp_syn_retries" => config.syn_retries(number.try_into().ok()?),
        "tcp_fin_timeout" => config.fin_wait_2_s(number.try_into().ok()?),
        "tcp_retries2" => config.retries(3, number.clamp(1, 255).try_into().ok()?),
        "tcp_retries1" => config,
        "tcp_rto_min_us" => config.rto_min_ms((number / 1_000).try_into().ok()?),
        "tcp_rto_max_ms" => config.rto_max_s((number / 1_000).clamp(1, 255).try_into().ok()?),
        "tcp_delack_ticks" | "tcp_delack_min" => config,
        "tcp_synack_retries" => config.syn_ack_retries(number.clamp(0, 255).try_into().ok()?),
        "tcp_slow_start_after_idle" => config.idle_restart(switch(number)),
        "ip_no_pmtu_disc" => config.path_mtu_discovery(switch(1 - number.clamp(0, 1))),
        "ip_local_port_range" | "ip_forward" | "ip_nonlocal_bind" => config,
        _ if ["icmp_", "route.", "conf.", "neigh."]
            .iter()
            .any(|of| name.starts_with(of)) =>
        {
            config
        }
        "ip_default_ttl" => config.hop_limit(number.try_into().ok()?),
        _ => return of_linux_stack(tuning, name, &numbers),
    };
    Some(())
}

/// Those that are not of one connection.
fn of_linux_stack(tuning: &mut Tuning, name: &str, numbers: &[i64]) -> Option<()> {
    let number = *numbers.first()?;
    match name {
        "tcp_keepalive_time" => tuning.keep_alive.0 = number.try_into().ok()?,
        "tcp_keepalive_intvl" => tuning.keep_alive.1 = number.try_into().ok()?,
        "tcp_keepalive_probes" => tuning.keep_alive.2 = number.try_into().ok()?,
        "tcp_rmem" => take_rmem(tuning, numbers)?,
        // Off, as they are here.
        "tcp_syncookies" | "tcp_frto" | "tcp_abort_on_overflow" | "tcp_low_latency" => {}
        "tcp_ecn_fallback" if number != 0 => {}
        "tcp_fastopen" if number == 0 => {}
        // The search begins with packets of 1,200 octets.
        "tcp_base_mss" if number == 1_160 => {}
        "tcp_syn_linear_timeouts" if number == 0 => {}
        "tcp_tw_reuse"
        | "tcp_rfc1337"
        | "tcp_comp_sack_nr"
        | "tcp_comp_sack_delay_ns"
        | "tcp_comp_sack_slack_ns"
        | "tcp_shrink_window"
        | "tcp_stdurg" => {}
        "somaxconn" | "optmem_max" | "rmem_max" | "wmem_max" | "default_qdisc" => {}
        _ => return None,
    }
    Some(())
}

/// Half of a socket's memory becomes window, which a SYN cannot offer more than 65,535 octets of;
/// the scale serves the largest memory that a socket may have.
fn take_rmem(tuning: &mut Tuning, numbers: &[i64]) -> Option<()> {
    let window = usize::try_from(numbers.get(1)? / 2).ok()?;
    let most = *numbers.get(2)?;
    let scale = (0..14).find(|shift| most >> shift <= 0xffff).unwrap_or(14);
    tuning.config = tuning.config.window_scale(Some(scale));
    tuning.sizes.receive = window.clamp(1_152, 65_535);
    tuning.sizes.reserve = reserve(scale);
    Some(())
}

fn of_freebsd(tuning: &mut Tuning, name: &str, value: &str) -> Option<()> {
    let mut families = FAMILIES_THERE.iter();
    if WITHOUT_EFFECT_THERE.contains(&name) || families.any(|family| name.starts_with(family)) {
        return Some(());
    }
    let number = *numbers(value)?.first()?;
    let config = tuning.config;
    tuning.config = match name {
        "rfc1323" => config
            .timestamps(switch(number))
            .window_scaling(switch(number)),
        "sack.enable" => config.sack(switch(number)),
        "abc_l_var" => config.slow_start_segments(number.clamp(1, 255).try_into().ok()?),
        "syncache.rexmtlimit" => config.syn_ack_retries(number.clamp(0, 255).try_into().ok()?),
        "ecn.enable" => config.ecn(match number {
            0 => Ecn::Off,
            1 => Ecn::Request,
            2 => Ecn::Accept,
            _ => return None,
        }),
        "initcwnd_segments" => config.initial_window(number.clamp(1, 255).try_into().ok()?),
        "insecure_rst" | "insecure_syn" | "insecure_ack" if number != 0 => {
            config.blind_attacks(BlindAttacks::Trusted)
        }
        "rfc5961.enable" if number == 0 => config.blind_attacks(BlindAttacks::Trusted),
        "insecure_rst" | "insecure_syn" | "insecure_ack" | "rfc5961.enable" => {
            config.blind_attacks(BlindAttacks::Challenged)
        }
        "delayed_ack" if number == 0 => config.ack_delay_ms(0),
        "delacktime" => config.ack_delay_ms(number.clamp(0, 200).try_into().ok()?),
        "rexmit_min" => config.rto_min_ms(number.clamp(1, 60_000).try_into().ok()?),
        "rexmit_initial" => config.rto_initial_ms(number.clamp(1, 60_000).try_into().ok()?),
        "finwait2_timeout" => {
            config.fin_wait_2_s((number / 1_000).clamp(1, 65_535).try_into().ok()?)
        }
        "delayed_ack" | "rexmit_slop" | "fast_finwait2_recycle" | "nolocaltimewait" => config,
        "mssdflt" | "minmss" | "drop_synfin" => config,
        _ => {
            match name {
                "recvspace" => tuning.sizes.receive = number.try_into().ok()?,
                "sendspace" => tuning.sizes.send = usize::try_from(number).ok()?,
                "msl" => tuning.time_wait_ms = u32::try_from(2 * number).ok()?,
                "keepidle" => tuning.keep_alive.0 = u32::try_from(number / 1_000).ok()?,
                "keepintvl" => tuning.keep_alive.1 = u32::try_from(number / 1_000).ok()?,
                "keepcnt" => tuning.keep_alive.2 = number.try_into().ok()?,
                "always_keepalive" => tuning.always_keep_alive = number != 0,
                "keepinit" => {}
                "fastopen.server_enable" | "fastopen.client_enable" if number == 0 => {}
                _ => return None,
            }
            config
        }
    };
    Some(())
}
