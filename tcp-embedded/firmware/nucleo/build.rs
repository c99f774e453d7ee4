//! The chip's memory for the linker, and the host's addresses for the code.

use std::env;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;

const ADDRESS: &str = "192.168.1.50/24";
const GATEWAY: &str = "none";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a directory"));
    fs::write(out.join("memory.x"), memory()).expect("the directory is ours");
    fs::write(out.join("host.rs"), host()).expect("the directory is ours");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    // Sections are not rounded up to the pages of machines that have an MMU.
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rerun-if-changed=build.rs");
}

/// What the Ethernet DMA reads and writes is not everywhere: on the F4 it does not reach the core
/// coupled memory, which is not used here; on the F7 the DTCM (no cache before it) is the whole
/// memory; on the H7 the DMA does not reach the DTCM, so frames are in SRAM3, which the MPU
/// makes uncached.
fn memory() -> &'static str {
    let boards = ["F429ZI", "F767ZI", "H743ZI"];
    let chosen = boards.map(|board| env::var_os(format!("CARGO_FEATURE_{board}")).is_some());
    match chosen {
        [true, false, false] => {
            "MEMORY\n{\n  FLASH : ORIGIN = 0x08000000, LENGTH = 2M\n  \
             RAM : ORIGIN = 0x20000000, LENGTH = 192K\n}\n"
        }
        [false, true, false] => {
            "MEMORY\n{\n  FLASH : ORIGIN = 0x08000000, LENGTH = 2M\n  \
             RAM : ORIGIN = 0x20000000, LENGTH = 128K\n}\n"
        }
        [false, false, true] => {
            "MEMORY\n{\n  FLASH : ORIGIN = 0x08000000, LENGTH = 2M\n  \
             RAM : ORIGIN = 0x20000000, LENGTH = 128K\n  \
             SRAM3 : ORIGIN = 0x30040000, LENGTH = 32K\n}\n\
             SECTIONS\n{\n  .sram3 (NOLOAD) : ALIGN(8)\n  {\n    *(.sram3 .sram3.*);\n  \
             } > SRAM3\n} INSERT AFTER .bss;\n"
        }
        _ => panic!("an image is for one board: choose one of the features {boards:?}"),
    }
}

/// `TCP_ADDRESS` (with the length of its prefix) and `TCP_GATEWAY` (`none` for none).
fn host() -> String {
    let text = variable("TCP_ADDRESS", ADDRESS);
    let cidr = text.split_once('/').and_then(|(address, prefix)| {
        let address: Ipv4Addr = address.parse().ok()?;
        Some((address, prefix.parse::<u8>().ok()?))
    });
    let Some((address, prefix)) = cidr.filter(|(_, prefix)| *prefix <= 32) else {
        panic!("TCP_ADDRESS is to be like {ADDRESS}, and is {text:?}");
    };
    let gateway = match variable("TCP_GATEWAY", GATEWAY).as_str() {
        "none" => "None".to_owned(),
        text => match text.parse::<Ipv4Addr>() {
            Ok(gateway) => format!("Some(Ipv4Addr::from_bits({:#x}))", gateway.to_bits()),
            Err(error) => panic!("TCP_GATEWAY {text:?}: {error}"),
        },
    };
    format!(
        "const ADDRESS: Ipv4Addr = Ipv4Addr::from_bits({:#x});\nconst PREFIX: u8 = {prefix};\n\
         const GATEWAY: Option<Ipv4Addr> = {gateway};\n",
        address.to_bits()
    )
}

fn variable(name: &str, default: &str) -> String {
    println!("cargo:rerun-if-env-changed={name}");
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
