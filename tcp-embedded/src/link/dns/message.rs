//! DNS messages (RFC 1035 section 4): a question out, an answer in.
//!
//! Names are walked in bounds: a compression pointer leads only backwards, so that every walk
//! ends, and labels count against the longest name. Nothing is copied out of a message but
//! addresses.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use heapless::Vec;

use super::{ADDRESSES, DnsError, RecordType};

/// Longest name on the wire.
const NAME: usize = 255;
const LABEL: usize = 63;
const HEADER: usize = 12;
/// Aliases that are followed.
const ALIASES: usize = 8;

const INTERNET: u16 = 1;
const ALIAS: u16 = 5;

/// Response; and the bits that say what kind of query it answers.
const RESPONSE: u8 = 0x80;
const OPERATION: u8 = 0x78;
const TRUNCATED: u8 = 0x02;
const RECURSION_DESIRED: u8 = 0x01;

const NO_SUCH_NAME: u8 = 3;

/// A name in the form that it has on the wire: labels, each behind its length, and a zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Name(Vec<u8, NAME>);

impl Name {
    pub(super) const NONE: Self = Self(Vec::new());

    /// Reads a name as people write it, with or without the last dot.
    pub(super) fn new(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let mut name = Vec::new();
        for label in text.as_bytes().split(|octet| *octet == b'.') {
            let len = u8::try_from(label.len()).ok()?;
            let is_label = (1..=LABEL).contains(&label.len());
            if !is_label || !label.iter().all(u8::is_ascii_graphic) {
                return None;
            }
            name.push(len).ok()?;
            name.extend_from_slice(label).ok()?;
        }
        name.push(0).ok()?;
        Some(Self(name))
    }
}

/// Writes a question to the start of `out`; its length.
pub(super) fn ask(out: &mut [u8], id: u16, name: &Name, kind: RecordType) -> Option<usize> {
    let (header, rest) = out.split_first_chunk_mut::<HEADER>()?;
    let [i0, i1] = id.to_be_bytes();
    *header = [i0, i1, RECURSION_DESIRED, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let len = name.0.len();
    let (question, rest) = rest.split_at_mut_checked(len)?;
    question.copy_from_slice(&name.0);
    let [k0, k1] = kind.number().to_be_bytes();
    *rest.first_chunk_mut()? = [k0, k1, 0, 1];
    Some(HEADER + len + 4)
}

/// What a message is to who asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// Not the answer to this question.
    Other,
    /// This server cannot help; another may.
    TryAnother,
    /// The end of it.
    Final(Result<Vec<IpAddr, ADDRESSES>, DnsError>),
}

/// Reads the answer to a question.
pub(super) fn read(message: &[u8], id: u16, name: &Name, kind: RecordType) -> Answer {
    let Some(header) = message.first_chunk::<HEADER>() else {
        return Answer::Other;
    };
    let [i0, i1, flags, code, q0, q1, a0, a1, ..] = *header;
    let is_answer = [i0, i1] == id.to_be_bytes()
        && flags & (RESPONSE | OPERATION) == RESPONSE
        && [q0, q1] == [0, 1];
    if !is_answer {
        return Answer::Other;
    }
    let question_end = name.0.len() + HEADER;
    let Some(asked) = message
        .get(question_end..)
        .and_then(|rest| rest.first_chunk())
    else {
        return Answer::Other;
    };
    let [k0, k1] = kind.number().to_be_bytes();
    let same = message
        .get(HEADER..question_end)
        .is_some_and(|question| question.eq_ignore_ascii_case(&name.0));
    if !same || *asked != [k0, k1, 0, 1] {
        return Answer::Other;
    }
    match code & 0x0f {
        0 if flags & TRUNCATED != 0 => Answer::Final(Err(DnsError::Truncated)),
        0 => {
            let records = Records {
                message,
                at: question_end + 4,
                left: u16::from_be_bytes([a0, a1]),
            };
            Answer::Final(addresses(records, kind))
        }
        NO_SUCH_NAME => Answer::Final(Err(DnsError::NoSuchName)),
        _ => Answer::TryAnother,
    }
}

/// The addresses of the name that was asked for, or of what it is an alias of.
fn addresses(records: Records<'_>, kind: RecordType) -> Result<Vec<IpAddr, ADDRESSES>, DnsError> {
    let message = records.message;
    let mut owner = HEADER;
    for _ in 0..ALIASES {
        let mut found = Vec::new();
        let mut alias = None;
        for record in records.clone() {
            if record.class != INTERNET || !same_name(message, record.owner, owner) {
                continue;
            }
            if record.kind == ALIAS {
                alias = alias.or(Some(record.at));
            } else if record.kind == kind.number()
                && let Some(address) = kind.address(record.data)
            {
                // More than there is room for are not needed.
                let _ = found.push(address);
            }
        }
        match alias {
            _ if !found.is_empty() => return Ok(found),
            Some(at) => owner = at,
            None => break,
        }
    }
    Err(DnsError::NoAddress)
}

impl RecordType {
    const fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
        }
    }

    fn address(self, data: &[u8]) -> Option<IpAddr> {
        match self {
            Self::A => Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?))),
            Self::Aaaa => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?))),
        }
    }
}

/// One resource record.
struct Record<'m> {
    /// Where its owner's name stands.
    owner: usize,
    kind: u16,
    class: u16,
    /// Where its data stands.
    at: usize,
    data: &'m [u8],
}

/// The records of a section; ends at the first that is malformed. Each has eleven octets at least.
#[derive(Clone)]
struct Records<'m> {
    message: &'m [u8],
    at: usize,
    left: u16,
}

impl<'m> Iterator for Records<'m> {
    type Item = Record<'m>;

    fn next(&mut self) -> Option<Record<'m>> {
        self.left = self.left.checked_sub(1)?;
        let owner = self.at;
        let fixed = after_name(self.message, owner)?;
        let [k0, k1, c0, c1, _, _, _, _, l0, l1] = *self.message.get(fixed..)?.first_chunk()?;
        let at = fixed + 10;
        let end = at + usize::from(u16::from_be_bytes([l0, l1]));
        let data = self.message.get(at..end)?;
        self.at = end;
        Some(Record {
            owner,
            kind: u16::from_be_bytes([k0, k1]),
            class: u16::from_be_bytes([c0, c1]),
            at,
            data,
        })
    }
}

/// Where a name ends that stands at `at`.
fn after_name(message: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    for _ in 0..NAME {
        let len = *message.get(at)?;
        match len {
            0 => return Some(at + 1),
            0xc0.. => return Some(at + 2),
            1..=0x3f => at += 1 + usize::from(len),
            _ => return None,
        }
    }
    None
}

/// A walk along a name, label by label.
struct Labels<'m> {
    message: &'m [u8],
    at: usize,
    /// Octets that the name may still have.
    left: usize,
}

impl<'m> Labels<'m> {
    const fn new(message: &'m [u8], at: usize) -> Self {
        Self {
            message,
            at,
            left: NAME,
        }
    }

    /// The next label, empty at the end; `None` for what is no name.
    fn next(&mut self) -> Option<&'m [u8]> {
        // Each step counts against the longest name.
        loop {
            let len = *self.message.get(self.at)?;
            if len < 0xc0 {
                let label = self.message.get(self.at + 1..)?.get(..usize::from(len))?;
                self.left = self.left.checked_sub(label.len() + 1)?;
                self.at += 1 + label.len();
                return (len <= 0x3f).then_some(label);
            }
            let low = *self.message.get(self.at + 1)?;
            let to = usize::from(u16::from_be_bytes([len & 0x3f, low]));
            if to >= self.at {
                return None;
            }
            self.left = self.left.checked_sub(2)?;
            self.at = to;
        }
    }
}

/// Whether the names at two places of a message are the same.
fn same_name(message: &[u8], one: usize, other: usize) -> bool {
    if one == other {
        return true;
    }
    let (mut one, mut other) = (Labels::new(message, one), Labels::new(message, other));
    loop {
        match (one.next(), other.next()) {
            (Some([]), Some([])) => return true,
            (Some(a), Some(b)) if !a.is_empty() && a.eq_ignore_ascii_case(b) => {}
            _ => return false,
        }
    }
}
