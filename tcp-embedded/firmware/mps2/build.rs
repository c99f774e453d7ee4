//! The board's memory for the linker, and the host's addresses for the code.

use std::env;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// What the user network of QEMU expects.
const ADDRESS: &str = "10.0.2.15/24";
const GATEWAY: &str = "10.0.2.2";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a directory"));
    fs::write(out.join("memory.x"), memory()).expect("the directory is ours");
    fs::write(out.join("host.rs"), host()).expect("the directory is ours");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    if env::var_os("CARGO_FEATURE_DEFMT").is_some() {
        println!("cargo:rustc-link-arg-bins=-Tdefmt.x");
    }
    // Sections are not rounded up to the pages of machines that have an MMU.
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rerun-if-changed=build.rs");
}

/// Flash, memory, and the last 16 octets of it, in which the starter leaves a secret.
fn memory() -> String {
    let boards = ["AN385", "AN500", "AN547"];
    let chosen = boards.map(|board| env::var_os(format!("CARGO_FEATURE_{board}")).is_some());
    assert!(
        chosen.iter().filter(|is_chosen| **is_chosen).count() <= 1,
        "an image is for one board: {boards:?}"
    );
    let (flash, ram) = match chosen {
        [_, _, true] => (512 << 10, 512 << 10),
        _ => (4 << 20, 4 << 20),
    };
    let start = 0x2000_0000;
    let secret = start + ram - 16;
    format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = 0, LENGTH = {flash}\n  \
         RAM : ORIGIN = {start:#x}, LENGTH = {ram} - 16\n}}\n_secret = {secret:#x};\n"
    )
}

/// `TCP_ADDRESS` (with the length of its prefix) and `TCP_GATEWAY` (`none` for none), or what suits
/// the user network of QEMU.
fn host() -> String {
    let address = variable("TCP_ADDRESS", ADDRESS);
    let cidr = address.split_once('/');
    let cidr = cidr.and_then(|(address, prefix)| {
        let address: Ipv4Addr = address.parse().ok()?;
        Some((
            address,
            prefix.parse::<u8>().ok().filter(|prefix| *prefix <= 32)?,
        ))
    });
    let Some((address, prefix)) = cidr else {
        panic!("TCP_ADDRESS is to be like {ADDRESS}, and is {address:?}");
    };
    let gateway = variable("TCP_GATEWAY", GATEWAY);
    let gateway: Option<Ipv4Addr> = match gateway.as_str() {
        "none" => None,
        text => match text.parse() {
            Ok(gateway) => Some(gateway),
            Err(error) => panic!("TCP_GATEWAY {text:?}: {error}"),
        },
    };
    let address = code(address);
    let gateway = gateway.map_or("None".to_owned(), |gateway| {
        format!("Some({})", code(gateway))
    });
    format!(
        "const ADDRESS: Ipv4Addr = {address};\nconst PREFIX: u8 = {prefix};\n\
         const GATEWAY: Option<Ipv4Addr> = {gateway};\n"
    )
}

fn variable(name: &str, default: &str) -> String {
    println!("cargo:rerun-if-env-changed={name}");
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn code(address: Ipv4Addr) -> String {
    format!("Ipv4Addr::from_bits({:#x})", address.to_bits())
}
