//! Names the linker script.

fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo names the package");
    println!("cargo:rustc-link-arg-bins=-T{directory}/link.x");
    println!("cargo:rerun-if-changed=link.x");
}
