//! `tcp demo`: the kernel's TCP and ours exchange files, in a network of their own.
//!
//! ```text
//!     this process, in its own user and network namespace
//!    +--------------------------+            +---------------------------+
//!    |  tcp-core    10.77.0.1   |--- tcp0 ---|  10.77.0.2   the kernel   |
//!    +--------------------------+            +---------------------------+
//! ```

mod conversation;
mod namespace;
mod trace;
mod transfer;

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use tcp_std::{Buffers, Capture, CaptureLimit, Cidr, Net, Tun, loopback_up};

use crate::args::DemoArgs;
use crate::failure::{Context, Failure};
use crate::table::{self, Detail};
use trace::Trace;

const OURS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const KERNELS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const PREFIX: u8 = 24;
const TUN: &str = "tcp0";
/// What the recording keeps: both ends of it, whole packets.
const RECORDED: CaptureLimit = CaptureLimit {
    first: 16 << 20,
    last: 4 << 20,
};
/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    // First of all: a process with several threads cannot change its user namespace.
    let how = namespace::enter()?;
    let trace = Trace::default();
    let net = start(&args.pcap, &trace)?;
    println!("In {how}, joined by the TUN device {TUN}:");
    println!("  tcp-core is {OURS}, the kernel is {KERNELS}.");

    println!("\n1. One connection, segment by segment (sequence numbers are relative)\n");
    conversation::hold(&net, &trace)?;

    let directory = tempfile::tempdir().context("no temporary directory")?;
    let file = transfer::make_file(directory.path(), args.mebibytes)?;
    println!(
        "\n2. The kernel's TCP fetches {} MiB from tcp-core",
        args.mebibytes
    );
    println!("   {}", transfer::from_us(&net, directory.path(), &file)?);
    println!(
        "\n3. tcp-core fetches {} MiB from the kernel's TCP",
        args.mebibytes
    );
    println!(
        "   {}",
        transfer::from_kernel(&net, directory.path(), &file)?
    );

    println!("\n4. tcp-core's connections, as `tcp ss` shows them\n");
    print!("{}", table::render(&net.snapshot(), Detail::Line));

    net.shutdown(PATIENCE)
        .context("the network could not be closed in order")?;
    let path = args.pcap.display();
    println!("\n5. The packets are in {path}: `tshark -r {path}`, or open it in Wireshark.");
    println!("\nSHA-256 is right both ways.");
    Ok(())
}

fn start(pcap: &Path, trace: &Trace) -> Result<Net, Failure> {
    loopback_up().context("the loopback interface could not be brought up")?;
    let address = |address: Ipv4Addr| {
        Cidr::new(address.into(), PREFIX).ok_or_else(|| Failure::Failed("no network".to_owned()))
    };
    let tun = Tun::builder(TUN).kernel_address(address(KERNELS)?).open()?;
    let capture = Capture::create(pcap, TUN, RECORDED);
    let net = Net::builder()
        .address(address(OURS)?)
        .buffers(Buffers::default())
        .observer(capture.context(format_args!("cannot write {}", pcap.display()))?)
        .observer(trace.observer())
        .start(tun);
    net.context("the network could not be started")
}
