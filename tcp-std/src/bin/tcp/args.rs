//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tcp_std::Cidr;

use crate::http::Url;

/// A TCP of our own, on a TUN device
#[derive(Debug, Parser)]
#[command(name = "tcp", version, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show it: the kernel's TCP and ours exchange files in a network of their own
    Demo(DemoArgs),
    /// Serve echo, discard, chargen and files
    Serve(ServeArgs),
    /// Fetch a file by HTTP
    Fetch(FetchArgs),
    /// List the connections of a running `tcp serve`
    Ss(SsArgs),
}

/// The device, and the addresses on it
#[derive(Debug, clap::Args)]
pub(crate) struct LinkArgs {
    /// TUN device: attached as it is if it exists, created otherwise
    #[arg(long, value_name = "NAME")]
    pub(crate) tun: String,
    /// Our address with its prefix length (once for IPv4, once for IPv6)
    #[arg(long, value_name = "CIDR", required = true)]
    pub(crate) addr: Vec<Cidr>,
    /// The kernel's address on a device that is created [default: the next host after ours]
    #[arg(long, value_name = "ADDR")]
    pub(crate) peer: Vec<IpAddr>,
    /// Largest packet in octets [default: the device's, 1500 if it is created]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(68..))]
    pub(crate) mtu: Option<u16>,
    /// Record every packet as pcapng
    #[arg(long, value_name = "FILE")]
    pub(crate) pcap: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) link: LinkArgs,
    /// Send back what is received (RFC 862)
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) echo: Option<u16>,
    /// Receive and forget (RFC 863)
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) discard: Option<u16>,
    /// Send characters without end (RFC 864)
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) chargen: Option<u16>,
    /// Serve the files below a directory by HTTP
    #[arg(long, value_name = "PORT=DIR", value_parser = parse_http)]
    pub(crate) http: Option<HttpArg>,
}

/// Where HTTP listens, and what it serves.
#[derive(Clone, Debug)]
pub(crate) struct HttpArg {
    pub(crate) port: u16,
    pub(crate) directory: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FetchArgs {
    /// Such as http://10.0.0.2:8080/file
    pub(crate) url: Url,
    #[command(flatten)]
    pub(crate) link: LinkArgs,
    /// Where it goes [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SsArgs {
    /// Control socket of the `tcp serve` [default: the only one that runs]
    #[arg(long, value_name = "PATH", conflicts_with = "tun")]
    pub(crate) socket: Option<PathBuf>,
    /// TUN device of the `tcp serve`
    #[arg(long, value_name = "NAME")]
    pub(crate) tun: Option<String>,
    /// Round-trip times, windows, retransmissions and more
    #[arg(short, long)]
    pub(crate) info: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Size of the file that goes each way, in MiB
    #[arg(long, value_name = "N", default_value_t = 64)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) mebibytes: u32,
    /// Where the packets are recorded: the first 16 MiB and the last 4 MiB of them
    #[arg(long, value_name = "FILE", default_value = "demo.pcapng")]
    pub(crate) pcap: PathBuf,
}

fn parse_http(text: &str) -> Result<HttpArg, String> {
    let wanted = "expected PORT=DIR, like 8080=/srv/files";
    let (port, directory) = text.split_once('=').ok_or(wanted)?;
    let port = port.parse().ok().filter(|port| *port != 0).ok_or(wanted)?;
    let directory = PathBuf::from(directory);
    if !directory.is_dir() {
        return Err(format!("{} is not a directory", directory.display()));
    }
    Ok(HttpArg { port, directory })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_description_of_the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_bad_cidr_is_an_error_that_shows_a_good_one() {
        let line = [
            "tcp", "serve", "--tun", "t0", "--addr", "10.0.0.1", "--echo", "7",
        ];
        let error = Args::try_parse_from(line).expect_err("there is no prefix length");
        assert!(error.to_string().contains("like 10.0.0.1/24"), "{error}");
    }
}
