//! Why a TUN device could not be had, in words that say what to do.

use std::fmt;
use std::io;

use rustix::io::Errno;

/// Why a TUN device could not be had.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TunError {
    /// No interface can have this name.
    Name(String),
    /// There is no `/dev/net/tun`.
    NoDriver,
    /// `/dev/net/tun` may not be opened.
    NotAllowedToOpen,
    /// The device may not be created.
    NotAllowedToCreate(String),
    /// The device belongs to another user.
    NotAllowedToAttach(String),
    /// Another process holds the device.
    Held(String),
    /// An interface of this name exists that is no TUN device.
    NotTun(String),
    /// The device was had but not set up; what failed, and how.
    SetUp(String, &'static str, Errno),
    /// Something else.
    Other(Errno),
}

impl TunError {
    pub(super) const fn of_open(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NODEV | Errno::NXIO => Self::NoDriver,
            Errno::ACCESS | Errno::PERM => Self::NotAllowedToOpen,
            errno => Self::Other(errno),
        }
    }

    pub(super) fn of_attach(name: &str, errno: Errno) -> Self {
        match errno {
            Errno::BUSY => Self::Held(name.to_owned()),
            Errno::PERM | Errno::ACCESS => Self::NotAllowedToAttach(name.to_owned()),
            Errno::INVAL => Self::NotTun(name.to_owned()),
            errno => Self::Other(errno),
        }
    }

    pub(super) fn of_create(name: &str, errno: Errno) -> Self {
        match errno {
            Errno::PERM | Errno::ACCESS => Self::NotAllowedToCreate(name.to_owned()),
            errno => Self::of_attach(name, errno),
        }
    }

    /// The kind that [`io::Error`] has for it.
    #[must_use]
    pub const fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Name(_) => io::ErrorKind::InvalidInput,
            Self::NoDriver => io::ErrorKind::NotFound,
            Self::NotAllowedToOpen | Self::NotAllowedToCreate(_) | Self::NotAllowedToAttach(_) => {
                io::ErrorKind::PermissionDenied
            }
            Self::Held(_) => io::ErrorKind::ResourceBusy,
            Self::NotTun(_) => io::ErrorKind::AlreadyExists,
            Self::SetUp(..) | Self::Other(_) => io::ErrorKind::Other,
        }
    }
}

impl fmt::Display for TunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "{name:?} cannot be the name of an interface: \
                 use 1 to 15 printable characters without '/', '%' and white space"
            ),
            Self::NoDriver => f.write_str(
                "there is no /dev/net/tun: load the driver with `modprobe tun`; in a container, \
                 pass the device in (for example `--device /dev/net/tun`)",
            ),
            Self::NotAllowedToOpen => f.write_str(
                "/dev/net/tun may not be opened by this user: run as root, or allow it with \
                 `chmod 0666 /dev/net/tun`",
            ),
            Self::NotAllowedToCreate(name) => write!(
                f,
                "the TUN device {name} does not exist and this user may not create it: run as \
                 root, or let root create it once with `ip tuntap add dev {name} mode tun user \
                 $USER` and give it an address"
            ),
            Self::NotAllowedToAttach(name) => write!(
                f,
                "the TUN device {name} belongs to another user: run as that user or as root"
            ),
            Self::Held(name) => write!(
                f,
                "the TUN device {name} is held by another process: stop that process, or choose \
                 another name"
            ),
            Self::NotTun(name) => write!(
                f,
                "the interface {name} exists and is not a TUN device: choose another name"
            ),
            Self::SetUp(name, what, errno) => write!(f, "TUN device {name}: {what} ({errno})"),
            Self::Other(errno) => write!(f, "no TUN device can be had: {errno}"),
        }
    }
}

impl std::error::Error for TunError {}

impl From<TunError> for io::Error {
    fn from(error: TunError) -> Self {
        Self::new(error.kind(), error)
    }
}
