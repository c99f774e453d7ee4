//! What a script says, as plain data.
//!
//! Nothing is judged here: an option or a protocol that no runner knows is kept by its text
//! ([`TcpOption::Other`], [`Body::Other`]), so that whoever runs the script can name it. Times
//! are microseconds, sequence numbers are the script's.

use super::code::Code;

/// One file.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    pub options: Vec<ScriptOption>,
    /// Shell text before the first event.
    pub init: Vec<Shell>,
    pub events: Vec<Event>,
    /// Shell text after the last event that has no time of its own.
    pub cleanup: Vec<Shell>,
}

/// `--name` or `--name=value`; the value without its quotation marks.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptOption {
    pub name: String,
    pub value: Option<String>,
    pub line: usize,
}

/// Text between backticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Shell {
    pub text: String,
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub line: usize,
    pub time: When,
    pub action: Action,
}

/// When an event takes place: since the start of the script, or since the previous event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// `T`
    At(i64),
    /// `+T`
    After(i64),
    /// `*`
    Any,
    /// `T~T`
    Between(i64, i64),
    /// `+T~+T`
    AfterBetween(i64, i64),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Packet(Packet),
    Call(Call),
    Shell(String),
    Code(Code),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    pub direction: Direction,
    pub ip: IpInfo,
    pub body: Body,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `<`: the script sends it to the stack under test.
    In,
    /// `>`: the stack under test must send it.
    Out,
}

/// What the script states about the IP header; `None` is left to the sender, or unchecked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IpInfo {
    pub ecn: Option<Ecn>,
    /// The whole octet, ECN included.
    pub tos: Option<u8>,
    /// Hop limit of IPv6, too.
    pub ttl: Option<u8>,
    pub flow_label: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ecn {
    /// `noecn`
    NotEct,
    Ect0,
    Ect1,
    /// One of the two, on a packet that must come out.
    Ect01,
    Ce,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Tcp(Tcp),
    Udp(Udp),
    Icmp(Icmp),
    /// A protocol that no runner knows; the text up to the end of its line.
    Other(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Tcp {
    /// Source and destination.
    pub ports: Option<(u16, u16)>,
    pub flags: Flags,
    pub seq: Seq,
    pub ack: Option<u32>,
    pub win: Option<u32>,
    pub urg: Option<u16>,
    /// No list in the script is an empty list.
    pub options: OptionList,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    pub psh: bool,
    pub urg: bool,
    pub ece: bool,
    pub cwr: bool,
    pub ack: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seq {
    /// Each side's initial sequence number is 0.
    Relative(Span),
    /// `start:end(len)!`: as on the wire.
    Absolute(Span),
    /// `...(len)`: any place in sequence space.
    AnyStart { len: u32 },
}

impl Seq {
    /// Octets of payload.
    #[must_use]
    pub fn len(self) -> u32 {
        match self {
            Self::Relative(span) | Self::Absolute(span) => span.len,
            Self::AnyStart { len } => len,
        }
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// `start:end(len)`, as written: the three need not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
    pub len: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum OptionList {
    /// `<...>`
    Any,
    Listed(Vec<TcpOption>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum TcpOption {
    Mss(u16),
    WindowScale(u8),
    SackPermitted,
    /// Left and right edges.
    Sack(Vec<(u32, u32)>),
    Timestamps {
        val: u32,
        ecr: u32,
    },
    Nop,
    Eol,
    Md5,
    FastOpen {
        cookie: Option<Vec<u8>>,
        /// The option with the experimental kind and a magic number.
        experimental: bool,
    },
    /// An option that no runner knows, by its text.
    Other(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Udp {
    pub ports: Option<(u16, u16)>,
    pub len: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Icmp {
    pub kind: String,
    pub code: Option<String>,
    pub mtu: Option<u32>,
    pub id: Option<u16>,
    /// The segment that the error answers.
    pub quoted: Option<Span>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// When a call that blocks must return (`...T`), from the same origin as the event's time.
    pub end: Option<i64>,
    pub name: String,
    pub args: Vec<Expr>,
    pub result: Expr,
    pub errno: Option<String>,
    /// Words in parentheses after the result, without them.
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Int(i64),
    Str(Vec<u8>),
    Name(String),
    /// `A | B | C`
    Or(Vec<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{a=1, b(2)=..., 3}`
    Struct(Vec<Field>),
    /// `f(x)`
    Apply(String, Vec<Expr>),
    /// `...`
    Ellipsis,
}

/// `value`, `name=value` or `name(argument)=value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: Option<String>,
    pub argument: Option<Box<Expr>>,
    pub value: Option<Expr>,
}
