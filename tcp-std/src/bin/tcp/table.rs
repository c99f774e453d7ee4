//! Connections in the way of `ss`.

use std::fmt::Write;

use tcp_std::Snapshot;
use tcp_std::tcp_core::{Info, Row, State, Timer};

/// How much is said of each connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Detail {
    /// One line.
    Line,
    /// A second line with what the connection knows of its path.
    Info,
}

const HEADER: [&str; 6] = [
    "State",
    "Recv-Q",
    "Send-Q",
    "Local Address:Port",
    "Peer Address:Port",
    "Timer",
];

/// The table, listeners first and otherwise in the stack's order.
pub(crate) fn render(snapshot: &Snapshot, detail: Detail) -> String {
    let mut rows: Vec<&Row> = snapshot.rows.iter().collect();
    rows.sort_by_key(|row| row.state != State::Listen);
    let cells: Vec<[String; 6]> = std::iter::once(HEADER.map(str::to_owned))
        .chain(rows.iter().map(|row| cells(snapshot, row)))
        .collect();
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let lengths = cells
            .iter()
            .filter_map(|line| line.get(column))
            .map(String::len);
        lengths.max().unwrap_or(0)
    });
    let infos = std::iter::once(None).chain(rows.iter().map(|row| row.info));
    let mut text = String::new();
    for (line, info) in cells.iter().zip(infos) {
        let mut rendered = String::new();
        for (cell, width) in line.iter().zip(widths) {
            // Writing to a string does not fail.
            let _ = write!(rendered, "{cell:width$}  ");
        }
        text.push_str(rendered.trim_end());
        text.push('\n');
        if let (Detail::Info, Some(info)) = (detail, info) {
            text.push_str(&info_line(&info));
        }
    }
    text
}

fn cells(snapshot: &Snapshot, row: &Row) -> [String; 6] {
    let (receive, send) = row
        .info
        .map_or((0, 0), |info| (info.receive_queue, info.send_queue));
    let peer = match row.state {
        State::Listen => "*:*".to_owned(),
        _ => row.tuple.remote().to_string(),
    };
    let timer = row
        .timer
        .map_or_else(String::new, |(at, timer)| match timer {
            Timer::Transmit => "now".to_owned(),
            timer => format!("{timer} {}", seconds((at - snapshot.now).as_micros())),
        });
    [
        row.state.to_string(),
        receive.to_string(),
        send.to_string(),
        row.tuple.local().to_string(),
        peer,
        timer,
    ]
}

fn seconds(micros: u64) -> String {
    if micros < 1_000_000 {
        format!("{}ms", micros / 1_000)
    } else {
        format!("{}.{}s", micros / 1_000_000, micros % 1_000_000 / 100_000)
    }
}

fn info_line(info: &Info) -> String {
    let mut text = String::from("\t");
    let mut say = |part: String| {
        text.push(' ');
        text.push_str(&part);
    };
    for (name, used) in [("ts", info.timestamps), ("sack", info.sack)] {
        if used {
            say(name.to_owned());
        }
    }
    if info.window_scaling {
        say(format!("wscale:{},{}", info.snd_wscale, info.rcv_wscale));
    }
    say(format!("rto:{}", millis(info.rto.as_micros())));
    if let Some(srtt) = info.srtt {
        let (srtt, rttvar) = (millis(srtt.as_micros()), millis(info.rttvar.as_micros()));
        say(format!("rtt:{srtt}/{rttvar}"));
    }
    say(format!("mss:{} cwnd:{}", info.mss, info.cwnd));
    if info.ssthresh != u32::MAX {
        say(format!("ssthresh:{}", info.ssthresh));
    }
    say(format!(
        "octets_acked:{} octets_received:{}",
        info.octets_acked, info.octets_received
    ));
    say(format!(
        "segs_out:{} segs_in:{}",
        info.segments_out, info.segments_in
    ));
    say(format!("snd_wnd:{} rcv_wnd:{}", info.snd_wnd, info.rcv_wnd));
    for (name, count) in [
        ("in_flight", info.in_flight),
        ("retrans", info.retransmissions),
        ("timeouts", info.timeouts),
        ("backoff", info.backoff.into()),
        ("gaps", info.gaps.into()),
    ] {
        if count != 0 {
            say(format!("{name}:{count}"));
        }
    }
    text.push('\n');
    text
}

fn millis(micros: u64) -> String {
    format!("{}.{:03}", micros / 1_000, micros % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tcp_std::tcp_core::{Duration, Instant, Tuple};

    fn row(state: State, info: Option<Info>, timer: Option<(Instant, Timer)>) -> Row {
        let [local, remote] = ["10.0.0.1:7", "10.0.0.2:40000"].map(|end| end.parse().unwrap());
        let tuple = Tuple::new(local, remote).unwrap();
        Row {
            tuple,
            state,
            info,
            timer,
        }
    }

    #[test]
    fn listeners_come_first_and_timers_say_how_long() {
        let info = Info {
            send_queue: 1_234,
            srtt: Some(Duration::from_micros(1_500)),
            retransmissions: 2,
            ..Info::default()
        };
        let now = Instant::from_millis(5_000);
        let snapshot = Snapshot {
            now,
            rows: vec![
                row(State::Established, Some(info), Some((now, Timer::Transmit))),
                row(
                    State::TimeWait,
                    None,
                    Some((Instant::from_millis(61_540), Timer::TimeWait)),
                ),
                row(State::Listen, None, None),
            ],
        };
        let text = render(&snapshot, Detail::Info);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("State        Recv-Q  Send-Q  Local Address:Port"));
        assert!(lines[1].starts_with("LISTEN") && lines[1].ends_with("*:*"));
        assert!(lines[2].contains("1234") && lines[2].ends_with("now"));
        assert!(lines[3].contains("rtt:1.500/0.000") && lines[3].contains("retrans:2"));
        assert!(lines[4].starts_with("TIME-WAIT") && lines[4].ends_with("TIME-WAIT 56.5s"));
        assert_eq!(lines.len(), 5);
    }
}
