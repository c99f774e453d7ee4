//! The chip's memory for the linker.

use std::env;
use std::fs;
use std::path::PathBuf;

/// The memory without the part that only the processor reaches.
const MEMORY: &str = "MEMORY\n{\n  FLASH : ORIGIN = 0x08000000, LENGTH = 1M\n  \
                      RAM : ORIGIN = 0x20000000, LENGTH = 128K\n}\n";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a directory"));
    fs::write(out.join("memory.x"), MEMORY).expect("the directory is ours");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    // Sections are not rounded up to the pages of machines that have an MMU.
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rerun-if-changed=build.rs");
}
