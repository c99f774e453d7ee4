//! Images for chips of the STM32 family, below `tcp-embedded/firmware`, and what runs them without
//! a board.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cross;

/// What all of these chips are compiled for.
pub const TARGET: &str = "thumbv7em-none-eabihf";
/// The Python package that executes the processor's instructions.
pub const UNICORN: &str = "unicorn==2.1.4";

/// An image: a package, and the features that choose the chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Image {
    /// The directory below `tcp-embedded/firmware`, and the program in it.
    package: &'static str,
    features: &'static str,
}

impl Image {
    /// On-chip Ethernet, Cortex-M4F.
    pub const F429: Self = Self::new("nucleo", "f429zi");
    /// On-chip Ethernet, Cortex-M7.
    pub const F767: Self = Self::new("nucleo", "f767zi");
    /// On-chip Ethernet, Cortex-M7, memory that the DMA does not reach.
    pub const H743: Self = Self::new("nucleo", "h743zi");
    /// An ENC28J60 behind SPI, Cortex-M4F.
    pub const F407_ENC28J60: Self = Self::new("spi", "enc28j60");
    /// A W5500 behind SPI, Cortex-M4F.
    pub const F407_W5500: Self = Self::new("spi", "w5500");
    /// A serial line, Cortex-M4F.
    pub const F405: Self = Self::new("slip", "");
    /// The same for QEMU, whose timers count faster.
    pub const F405_QEMU: Self = Self::new("slip", "qemu");
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::F429,
        Self::F767,
        Self::H743,
        Self::F407_ENC28J60,
        Self::F407_W5500,
        Self::F405,
        Self::F405_QEMU,
    ];

    const fn new(package: &'static str, features: &'static str) -> Self {
        Self { package, features }
    }

    /// Builds it for the addresses that it has by default, and gives it a name of its own: images
    /// of one package take each other's place.
    ///
    /// # Errors
    /// What the compiler or the linker said.
    ///
    /// # Panics
    /// When the directory of build products cannot be written.
    pub fn build(self) -> Result<PathBuf, String> {
        let mut cargo = cross::cargo(TARGET).ok_or_else(|| {
            let packages = cross::DEBIAN_PACKAGES.join(" ");
            format!("no compiler for {TARGET}: on Debian `apt-get install {packages}`")
        })?;
        let manifest = format!("tcp-embedded/firmware/{}/Cargo.toml", self.package);
        cargo
            .args(["build", "--release", "--locked", "--quiet"])
            .args(["--manifest-path", &manifest, "--features", self.features])
            .env_remove("TCP_ADDRESS")
            .env_remove("TCP_GATEWAY");
        fs::create_dir_all(cross::target_directory()).expect("a directory of ours");
        let lock = cross::target_directory().join("stm32.lock");
        let lock = fs::File::create(lock).expect("a file of ours");
        lock.lock().expect("others end at some time");
        let output = cargo.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let directory = cross::target_directory().join(TARGET).join("release");
        let kept = directory.join(format!("{self}.elf"));
        fs::copy(directory.join(self.package), &kept).expect("what was built can be copied");
        Ok(kept)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.package, self.features)
    }
}

/// Where the suite installs what Python needs.
#[must_use]
pub fn python_environment() -> PathBuf {
    cross::workspace().join("target/python")
}

/// A Python that knows unicorn: the suite's own, or the machine's.
#[must_use]
pub fn python() -> Option<PathBuf> {
    let own = python_environment().join("bin/python");
    [own.as_path(), Path::new("python3")]
        .into_iter()
        .find(|python| {
            let mut import = Command::new(python);
            let output = import.args(["-c", "import unicorn"]).output();
            output.is_ok_and(|output| output.status.success())
        })
        .map(Path::to_path_buf)
}
