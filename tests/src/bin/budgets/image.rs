//! Builds what is measured.

use std::path::PathBuf;

use tcp_tests::cross;

/// A Cortex-M4F.
pub(crate) const TARGET: &str = "thumbv7em-none-eabihf";

/// One image in Rust.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    /// What its figures are called.
    pub(crate) section: &'static str,
    /// The directory below `tcp-embedded/firmware`.
    package: &'static str,
    binary: &'static str,
    features: &'static str,
}

impl Image {
    /// Of this TCP: one connection without a stack; an echo service over IP, over Ethernet, the
    /// same of the profile `Small`, both over Ethernet with both families, and one with everything
    /// that the link layer offers.
    pub(crate) const OURS: [Self; 7] = [
        Self::minimal("tcp-core.connection", "connection"),
        Self::minimal("tcp-core.echo", ""),
        Self::minimal("tcp-core.ethernet", "ethernet"),
        Self::minimal("tcp-core.small", "ethernet,small"),
        Self::minimal("tcp-core.dual", "dual"),
        Self::minimal("tcp-core.small-dual", "dual,small"),
        Self::minimal("tcp-core.link", "link"),
    ];
    /// Of smoltcp: the echo service over Ethernet with one family and with both.
    pub(crate) const SMOLTCP: [Self; 2] = [
        Self::smoltcp("smoltcp.ethernet", ""),
        Self::smoltcp("smoltcp.dual", "ipv6"),
    ];

    const fn minimal(section: &'static str, features: &'static str) -> Self {
        Self {
            section,
            package: "minimal",
            binary: "minimal",
            features,
        }
    }

    const fn smoltcp(section: &'static str, features: &'static str) -> Self {
        Self {
            section,
            package: "smoltcp",
            binary: "smoltcp-echo",
            features,
        }
    }

    /// A program that counts: `ours` or `peer`.
    pub(crate) fn program(name: &str) -> Self {
        let (binary, features) = match name {
            "ours" => ("ours", ""),
            _ => ("peer", "smoltcp"),
        };
        Self {
            section: "run",
            package: "budget",
            binary,
            features,
        }
    }

    /// Links it; `None` when no compiler here builds for [`TARGET`].
    pub(crate) fn build(self) -> Result<Option<PathBuf>, String> {
        let Some(mut cargo) = cross::cargo(TARGET) else {
            return Ok(None);
        };
        let manifest = format!("tcp-embedded/firmware/{}/Cargo.toml", self.package);
        cargo
            .args(["build", "--release", "--locked", "--bin", self.binary])
            .args(["--manifest-path", &manifest, "--features", self.features]);
        let output = cargo.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let errors = text.find("error").map_or(&*text, |at| &text[at..]);
            return Err(format!("{} does not build:\n{errors}", self.section));
        }
        let built = cross::target_directory()
            .join(TARGET)
            .join("release")
            .join(self.binary);
        // The next image of the same package overwrites it.
        let kept = built.with_file_name(format!("budgets-{}-{}.elf", self.section, self.binary));
        std::fs::copy(&built, &kept).map_err(|error| format!("{}: {error}", built.display()))?;
        Ok(Some(kept))
    }
}
