//! A TUN device with our TCP at one end and the kernel's at the other.

use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpListener as KernelListener, TcpStream as KernelStream};
use std::time::Duration;

use tcp_std::tcp_core::{Dropped, State};
use tcp_std::{Buffers, Capture, Cidr, Device, Net, TcpStream, Tun};
use tcp_tests::netns::wait_for;
use tempfile::TempDir;

use crate::recording;

/// No single call may wait longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const TUN: &str = "lab0";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    V4,
    V6,
}

/// Who listens; the other one connects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Listens {
    Ours,
    Kernel,
}

pub(crate) const BOTH_ROLES: [Listens; 2] = [Listens::Ours, Listens::Kernel];

/// The device, our network on it, and the recording of what goes over it.
pub(crate) struct Lab {
    pub(crate) net: Net,
    family: Family,
    directory: TempDir,
}

impl Lab {
    pub(crate) fn new(family: Family, mtu: u16) -> Self {
        Self::with_device(family, mtu, |tun| tun)
    }

    /// A lab in which something stands between the TUN device and our network.
    pub(crate) fn with_device(
        family: Family,
        mtu: u16,
        between: impl FnOnce(Device) -> Device,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let tun = Tun::builder(TUN)
            .mtu(mtu)
            .kernel_address(family.kernel())
            .open();
        let tun = tun.unwrap_or_else(|error| panic!("no TUN device: {error}"));
        let path = directory.path().join(recording::NAME);
        let capture = Capture::create(&path, TUN, recording::LIMIT).expect("a recording");
        let net = Net::builder()
            .address(family.ours())
            .buffers(Buffers::default())
            .observer(capture)
            .start(between(tun.into()))
            .expect("a network");
        let lab = Self {
            net,
            family,
            directory,
        };
        lab.await_address();
        lab
    }

    /// An IPv6 address may have to wait until the kernel uses it.
    fn await_address(&self) {
        wait_for("the kernel's address", PATIENCE, || {
            KernelListener::bind((self.kernel(), 0)).ok()
        });
    }

    pub(crate) fn ours(&self) -> IpAddr {
        self.family.ours().address()
    }

    pub(crate) fn kernel(&self) -> IpAddr {
        self.family.kernel().address()
    }

    /// A connection: our end of it and the kernel's.
    pub(crate) fn connect(&self, role: Listens) -> (TcpStream, KernelStream) {
        let (ours, kernel) = match role {
            Listens::Ours => {
                let listener = self.net.listen((self.ours(), 0)).expect("we listen");
                let address = listener.local_addr().expect("an address");
                let kernel = KernelStream::connect(address).expect("the kernel connects");
                let (ours, peer) = listener.accept().expect("we accept");
                assert_eq!(peer, kernel.local_addr().expect("an address"));
                (ours, kernel)
            }
            Listens::Kernel => {
                let listener = KernelListener::bind((self.kernel(), 0)).expect("it listens");
                let address = listener.local_addr().expect("an address");
                let ours = self
                    .net
                    .connect_timeout(&address, PATIENCE)
                    .expect("we connect");
                let (kernel, peer) = listener.accept().expect("the kernel accepts");
                assert_eq!(peer, ours.local_addr().expect("an address"));
                (ours, kernel)
            }
        };
        set_patience(&ours, &kernel);
        (ours, kernel)
    }

    /// How many packets a filter of tshark's finds in the recording so far; `None` without tshark.
    pub(crate) fn count(&self, filter: &str) -> Option<usize> {
        recording::count(self.directory.path(), filter)
    }

    /// The state of our end of a connection to `remote`, unless it is forgotten.
    pub(crate) fn state(&self, remote: SocketAddr) -> Option<State> {
        let rows = self.net.snapshot().rows;
        rows.iter()
            .find(|row| row.tuple.remote() == remote)
            .map(|row| row.state)
    }

    /// Closes the network, which must go in order, and has the recording judged.
    pub(crate) fn finish(self) {
        for reason in [
            Dropped::IpMalformed,
            Dropped::IpChecksum,
            Dropped::TcpMalformed,
            Dropped::TcpChecksum,
            Dropped::OutOfMemory,
            Dropped::BadFlags,
        ] {
            assert_eq!(self.net.dropped(reason), 0, "the kernel sent {reason:?}");
        }
        assert_eq!(self.net.device_losses(), 0, "the device refused packets");
        self.net
            .shutdown(PATIENCE)
            .expect("everything closes in order");
        recording::judge(self.directory.path());
    }
}

fn set_patience(ours: &TcpStream, kernel: &KernelStream) {
    let patience = Some(PATIENCE);
    ours.set_read_timeout(patience).expect("a timeout");
    ours.set_write_timeout(patience).expect("a timeout");
    kernel.set_read_timeout(patience).expect("a timeout");
    kernel.set_write_timeout(patience).expect("a timeout");
}

impl Family {
    fn ours(self) -> Cidr {
        self.cidr("10.99.0.1/24", "fd99::1/64")
    }

    fn kernel(self) -> Cidr {
        self.cidr("10.99.0.2/24", "fd99::2/64")
    }

    fn cidr(self, v4: &str, v6: &str) -> Cidr {
        match self {
            Self::V4 => v4.parse().expect(v4),
            Self::V6 => v6.parse().expect(v6),
        }
    }

    /// The smallest MTU that the kernel gives an interface with addresses of this family, and
    /// the smallest with which everybody must cope.
    pub(crate) const fn smallest_mtu(self) -> u16 {
        match self {
            Self::V4 => 576,
            Self::V6 => 1_280,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}
