//! Builds the images.

use std::fmt;
use std::path::PathBuf;
use std::process::Output;

use tcp_tests::cross;

const MANIFEST: &str = "tcp-embedded/firmware/minimal/Cargo.toml";
/// The symbol that the panic handler calls and nobody defines.
const UNDEFINED: &str = "panic_is_reachable";

/// One target and set of features.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) target: &'static str,
    pub(crate) name: &'static str,
    features: &'static str,
}

impl Image {
    /// All that are measured: one connection without a stack; an echo service with and without
    /// IPv6, over Ethernet, of the profile `Small`, with all of the link layer, and by shared
    /// sockets; one that makes every call of the interface; drivers of SPI MACs without a stack.
    pub(crate) const ALL: [Self; 19] = [
        Self::new("thumbv7em-none-eabihf", "connection", "connection"),
        Self::new(
            "thumbv7em-none-eabihf",
            "connection-small",
            "connection,small",
        ),
        Self::new("thumbv7em-none-eabihf", "echo", ""),
        Self::new("thumbv7em-none-eabihf", "echo-ipv6", "ipv6"),
        Self::new("thumbv7em-none-eabihf", "ethernet", "ethernet"),
        Self::new("thumbv7em-none-eabihf", "ethernet-small", "ethernet,small"),
        Self::new("thumbv7em-none-eabihf", "link", "link"),
        Self::new("thumbv7em-none-eabihf", "shared", "shared"),
        Self::new("thumbv7em-none-eabihf", "every-call", "ipv6,every-call"),
        Self::new("thumbv7em-none-eabihf", "enc28j60", "enc28j60"),
        Self::new("thumbv7em-none-eabihf", "w5500", "w5500"),
        Self::new("thumbv6m-none-eabi", "connection", "connection"),
        Self::new("thumbv6m-none-eabi", "connection-small", "connection,small"),
        Self::new("thumbv6m-none-eabi", "echo", ""),
        Self::new("thumbv6m-none-eabi", "echo-ipv6", "ipv6"),
        Self::new("thumbv6m-none-eabi", "ethernet", "ethernet"),
        Self::new("thumbv6m-none-eabi", "every-call", "ipv6,every-call"),
        Self::new("thumbv6m-none-eabi", "enc28j60", "enc28j60"),
        Self::new("thumbv6m-none-eabi", "w5500", "w5500"),
    ];

    const fn new(target: &'static str, name: &'static str, features: &'static str) -> Self {
        Self {
            target,
            name,
            features,
        }
    }

    /// Those whose name or target is in `names`; all of them when there are none.
    pub(crate) fn named(names: &[String]) -> Vec<Self> {
        let meant = |image: &Self| {
            let called = |name: &String| name == image.name || name == image.target;
            names.is_empty() || names.iter().any(called)
        };
        Self::ALL.into_iter().filter(meant).collect()
    }

    /// Links the image; when only the missing panic symbol is in the way, links it once more with
    /// that symbol and with its relocations.
    pub(crate) fn build(self) -> Result<Build, String> {
        let Some(output) = self.cargo(&[])? else {
            return Ok(Build::NoCompiler);
        };
        if output.status.success() {
            return self.keep("elf").map(Build::Linked);
        }
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if !text.contains(UNDEFINED) {
            return Err(format!("{self} does not build:\n{}", errors(&text)));
        }
        let symbol = format!("link-arg=--defsym={UNDEFINED}=0");
        let arguments = ["-C", "link-arg=--emit-relocs", "-C", symbol.as_str()];
        match self.cargo(&arguments)? {
            Some(output) if output.status.success() => self.keep("panics.elf").map(Build::Panics),
            Some(output) => Err(errors(&String::from_utf8_lossy(&output.stderr)).to_owned()),
            None => Ok(Build::NoCompiler),
        }
    }

    fn cargo(self, rustc: &[&str]) -> Result<Option<Output>, String> {
        let Some(mut cargo) = cross::cargo(self.target) else {
            return Ok(None);
        };
        cargo
            .args([
                "rustc",
                "--release",
                "--locked",
                "--manifest-path",
                MANIFEST,
            ])
            .args(["--features", self.features, "--"])
            .args(rustc);
        cargo.output().map(Some).map_err(|error| error.to_string())
    }

    /// Moves the image to a name of its own, so that the next one does not overwrite it.
    fn keep(self, extension: &str) -> Result<PathBuf, String> {
        let built = cross::target_directory()
            .join(self.target)
            .join("release/minimal");
        let kept = built.with_file_name(format!("minimal-{}.{extension}", self.name));
        std::fs::copy(&built, &kept).map_err(|error| format!("{}: {error}", built.display()))?;
        Ok(kept)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.target, self.name)
    }
}

/// What a compiler said without its warnings.
fn errors(text: &str) -> &str {
    text.find("error").map_or(text, |at| &text[at..])
}

/// What became of an image.
pub(crate) enum Build {
    /// It links: nothing in it can panic.
    Linked(PathBuf),
    /// It links only with the panic symbol defined; relocations are kept.
    Panics(PathBuf),
    /// No compiler here builds for that target.
    NoCompiler,
}
