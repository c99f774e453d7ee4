//! ICMP errors by the names that scripts give them.

use super::ast::Icmp;

/// Type, code, and the second word of the header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numbers {
    pub kind: u8,
    pub code: u8,
    pub rest: u32,
}

/// ICMPv4 or ICMPv6.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    V4,
    V6,
}

const UNREACHABLE_V4: [(&[&str], u8); 14] = [
    (&["net", "net_unreachable"], 0),
    (&["host", "host_unreachable"], 1),
    (&["protocol", "proto", "protocol_unreachable"], 2),
    (&["port", "port_unreachable"], 3),
    (&["frag_needed"], 4),
    (
        &["source_route_failed", "src_route_failed", "route_failed"],
        5,
    ),
    (&["net_unknown"], 6),
    (&["host_unknown"], 7),
    (&["source_host_isolated", "host_isolated"], 8),
    (&["net_prohibited"], 9),
    (&["host_prohibited"], 10),
    (&["net_unreachable_for_tos", "net_tos"], 11),
    (&["host_unreachable_for_tos", "host_tos"], 12),
    (
        &[
            "packet_filtered",
            "admin_prohibited",
            "communication_prohibited",
        ],
        13,
    ),
];

const UNREACHABLE_V6: [(&[&str], u8); 5] = [
    (&["no_route", "noroute", "net", "net_unreachable"], 0),
    (
        &["admin_prohibited", "adm_prohibited", "packet_filtered"],
        1,
    ),
    (&["not_neighbour", "beyond_scope"], 2),
    (
        &[
            "address",
            "addr",
            "address_unreachable",
            "host",
            "host_unreachable",
        ],
        3,
    ),
    (&["port", "port_unreachable"], 4),
];

/// What a script's words mean.
///
/// # Errors
/// The word that is not known.
pub fn numbers(icmp: &Icmp, family: Family) -> Result<Numbers, String> {
    let kind = icmp.kind.as_str();
    let code = icmp.code.as_deref();
    let mtu = icmp.mtu.unwrap_or(0);
    let unknown = || format!("icmp {kind} {}", code.unwrap_or_default());
    if let Ok(kind) = kind.trim_start_matches("type").trim().parse() {
        let code = code.unwrap_or("0").parse().map_err(|_| unknown())?;
        return Ok(Numbers {
            kind,
            code,
            rest: mtu,
        });
    }
    let (kind, codes): (u8, &[(&[&str], u8)]) = match (family, kind) {
        (Family::V4, "unreachable") => (3, &UNREACHABLE_V4),
        (Family::V4, "source_quench") => (4, &[]),
        (Family::V4, "redirect") => (5, &[]),
        (Family::V4, "time_exceeded") => (11, &[]),
        (Family::V4, "parameter_problem") => (12, &[]),
        (Family::V6, "unreachable") => (1, &UNREACHABLE_V6),
        (Family::V6, "packet_too_big") => (2, &[]),
        (Family::V6, "time_exceeded") => (3, &[]),
        (Family::V6, "parameter_problem") => (4, &[]),
        _ => return Err(unknown()),
    };
    let code = match code {
        None => 0,
        Some(word) => {
            let named = codes.iter().find(|(names, _)| names.contains(&word));
            let plain = || word.parse().map_err(|_| unknown());
            named.map_or_else(plain, |(_, code)| Ok(*code))?
        }
    };
    Ok(Numbers {
        kind,
        code,
        rest: mtu,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, code: Option<&str>, family: Family) -> Result<(u8, u8), String> {
        let icmp = Icmp {
            kind: kind.into(),
            code: code.map(Into::into),
            mtu: None,
            id: None,
            quoted: None,
        };
        numbers(&icmp, family).map(|numbers| (numbers.kind, numbers.code))
    }

    #[test]
    fn names_and_numbers_mean_the_same() {
        let v4 = Family::V4;
        assert_eq!(of("unreachable", Some("frag_needed"), v4), Ok((3, 4)));
        assert_eq!(of("unreachable", Some("4"), v4), Ok((3, 4)));
        assert_eq!(of("3", Some("4"), v4), Ok((3, 4)));
        assert_eq!(of("packet_too_big", None, Family::V6), Ok((2, 0)));
        assert!(of("packet_too_big", None, v4).is_err());
        assert!(of("unreachable", Some("nowhere"), v4).is_err());
    }
}
