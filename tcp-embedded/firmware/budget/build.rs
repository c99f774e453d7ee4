//! Names the linker script and where its memory map lies.

fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo names the package");
    println!("cargo:rustc-link-search={directory}");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=memory.x");
}
