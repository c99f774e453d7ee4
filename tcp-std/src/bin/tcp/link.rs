//! From the command line's device and addresses to a running network.

use std::net::IpAddr;

use tcp_std::{Buffers, Capture, CaptureLimit, Cidr, Net, Origin, Tun};

use crate::args::LinkArgs;
use crate::failure::{Context, Failure};

/// A running network, and what there is to say about it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) net: Net,
    pub(crate) description: String,
}

impl Link {
    pub(crate) fn open(args: &LinkArgs, buffers: Buffers) -> Result<Self, Failure> {
        let kernel = kernel_addresses(&args.addr, &args.peer)?;
        let mut builder = Tun::builder(&args.tun);
        for cidr in &kernel {
            builder = builder.kernel_address(*cidr);
        }
        if let Some(mtu) = args.mtu {
            builder = builder.mtu(mtu);
        }
        let tun = builder.open()?;
        let description = describe(&tun, &args.addr, &kernel);
        if !tun.is_up()? {
            eprintln!(
                "tcp: warning: {0} is down, so no packet passes: `ip link set {0} up`",
                tun.name()
            );
        }
        let mut net = Net::builder().buffers(buffers);
        for cidr in &args.addr {
            net = net.address(*cidr);
        }
        if let Some(path) = &args.pcap {
            let capture = Capture::create(path, tun.name(), CaptureLimit::NONE);
            net = net.observer(capture.context(format_args!("cannot write {}", path.display()))?);
        }
        Ok(Self {
            net: net.start(tun).context("the network could not be started")?,
            description,
        })
    }
}

/// The kernel's addresses: the ones given, and the neighbours of those of ours that none of them
/// is a neighbour of.
fn kernel_addresses(ours: &[Cidr], peers: &[IpAddr]) -> Result<Vec<Cidr>, Failure> {
    if let Some(stray) = peers
        .iter()
        .find(|peer| !ours.iter().any(|our| our.contains(**peer)))
    {
        return Err(Failure::Failed(format!(
            "--peer {stray} is in no network of --addr: choose one inside, or a shorter prefix"
        )));
    }
    ours.iter()
        .map(|our| {
            let peer = peers.iter().find(|peer| our.contains(**peer));
            let kernel = match peer {
                Some(peer) => Cidr::new(*peer, our.prefix()),
                None => our.neighbour(),
            };
            kernel.filter(|kernel| kernel.address() != our.address()).ok_or_else(|| {
                Failure::Failed(format!(
                    "--addr {our} leaves the kernel no address of its own: give a shorter prefix, \
                     like {}/24, or another --peer",
                    our.address()
                ))
            })
        })
        .collect()
}

fn describe(tun: &Tun, ours: &[Cidr], kernel: &[Cidr]) -> String {
    let list = |cidrs: &[Cidr]| {
        let texts: Vec<String> = cidrs.iter().map(ToString::to_string).collect();
        texts.join(", ")
    };
    let device = format!("{} (MTU {})", tun.name(), tun.mtu());
    match tun.origin() {
        Origin::Created => {
            format!(
                "{} on {device}, created; the kernel is {}",
                list(ours),
                list(kernel)
            )
        }
        Origin::Attached => format!("{} on {device}, attached as it is", list(ours)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ours: &[&str], peers: &[&str]) -> Result<String, Failure> {
        let ours: Vec<Cidr> = ours.iter().map(|text| text.parse().unwrap()).collect();
        let peers: Vec<IpAddr> = peers.iter().map(|text| text.parse().unwrap()).collect();
        let texts = kernel_addresses(&ours, &peers)?;
        Ok(texts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "))
    }

    #[test]
    fn the_kernel_gets_the_peer_or_the_next_host() {
        assert_eq!(addresses(&["10.0.0.1/24"], &[]).unwrap(), "10.0.0.2/24");
        assert_eq!(
            addresses(&["10.0.0.1/24"], &["10.0.0.9"]).unwrap(),
            "10.0.0.9/24"
        );
        let both = addresses(&["10.0.0.1/24", "fd00::1/64"], &["fd00::7"]).unwrap();
        assert_eq!(both, "10.0.0.2/24 fd00::7/64");
    }

    #[test]
    fn what_cannot_work_is_refused_with_a_way_out() {
        for (ours, peers) in [
            ("10.0.0.1/32", &[][..]),
            ("10.0.0.1/24", &["10.0.0.1"][..]),
            ("10.0.0.1/24", &["10.0.1.1"][..]),
        ] {
            let text = addresses(&[ours], peers).unwrap_err().to_string();
            assert!(text.contains("prefix"), "{text}");
        }
    }
}
