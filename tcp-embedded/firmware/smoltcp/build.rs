//! Names the linker script, which is that of the image to compare with.

fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo names the package");
    println!("cargo:rustc-link-arg-bins=-T{directory}/../minimal/link.x");
    println!("cargo:rerun-if-changed=../minimal/link.x");
}
