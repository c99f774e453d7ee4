//! The image `tcp-embedded/firmware/mps2`, for each board.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cross;

/// What runs on the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// `tcp-embedded/firmware/mps2`.
    Ours,
    /// The same with its feature `defmt`: it speaks through semihosting.
    OursWithDefmt,
    /// The same with smoltcp, for one board, to compare with.
    Smoltcp,
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Ours | Self::OursWithDefmt => "mps2",
            Self::Smoltcp => "mps2-smoltcp",
        }
    }

    const fn features(self) -> &'static [&'static str] {
        match self {
            Self::Ours | Self::Smoltcp => &[],
            Self::OursWithDefmt => &["--features", "defmt"],
        }
    }
}

/// A board that QEMU has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Board {
    /// Cortex-M3.
    An385,
    /// Cortex-M4F.
    An386,
    /// Cortex-M7.
    An500,
    /// Cortex-M55.
    An547,
}

impl Board {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::An385, Self::An386, Self::An500, Self::An547];

    /// As QEMU names it.
    #[must_use]
    pub const fn machine(self) -> &'static str {
        match self {
            Self::An385 => "mps2-an385",
            Self::An386 => "mps2-an386",
            Self::An500 => "mps2-an500",
            Self::An547 => "mps3-an547",
        }
    }

    /// The board of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|board| board.machine() == name)
    }

    /// What its image is compiled for.
    #[must_use]
    pub const fn target(self) -> &'static str {
        match self {
            Self::An385 => "thumbv7m-none-eabi",
            Self::An386 | Self::An500 => "thumbv7em-none-eabihf",
            Self::An547 => "thumbv8m.main-none-eabihf",
        }
    }

    /// Where its firmware looks for the 16 octets that must not be guessed: at the end of memory.
    #[must_use]
    pub const fn secret(self) -> u32 {
        let memory = match self {
            Self::An385 | Self::An386 | Self::An500 => 4 << 20,
            Self::An547 => 512 << 10,
        };
        0x2000_0000 + memory - 16
    }

    const fn features(self) -> &'static str {
        match self {
            Self::An385 => "an385",
            Self::An386 => "",
            Self::An500 => "an500",
            Self::An547 => "an547",
        }
    }

    /// Builds the image for the addresses that QEMU's own network expects.
    ///
    /// # Errors
    /// When it does not build, or not for this target on this machine.
    pub fn build(self) -> Result<Image, BuildError> {
        self.build_program(Program::Ours, &[])
    }

    /// Builds a program, with these variables in the environment of its build.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_program(
        self,
        program: Program,
        variables: &[(&str, &str)],
    ) -> Result<Image, BuildError> {
        let name = program.name();
        let mut cargo = cross::cargo(self.target()).ok_or(BuildError::NoCompiler(self))?;
        cargo
            .args(["build", "--release", "--locked", "--quiet"])
            .arg("--manifest-path")
            .arg(format!("tcp-embedded/firmware/{name}/Cargo.toml"))
            .args(["--features", self.features()])
            .args(program.features())
            .env_remove("TCP_ADDRESS")
            .env_remove("TCP_GATEWAY")
            .env("DEFMT_LOG", "info")
            .envs(variables.iter().copied());
        let _alone = alone().map_err(failed)?;
        run(&mut cargo)?;
        // One for other addresses is not to be taken for the usual one.
        let elsewhere = if variables.is_empty() {
            ""
        } else {
            "-elsewhere"
        };
        let defmt = program.features().first().map_or("", |_| "-defmt");
        let kept = format!("{name}-{self}{elsewhere}{defmt}");
        let path = self.keep(name, &kept).map_err(failed)?;
        Ok(Image {
            board: self,
            program,
            path,
        })
    }

    /// Copies the image to a name of its own: boards that share a target take each other's place.
    /// A machine that is just starting from it sees the whole old one or the whole new one.
    fn keep(self, name: &str, kept: &str) -> io::Result<PathBuf> {
        let directory = cross::target_directory()
            .join(self.target())
            .join("release");
        let fresh = directory.join(format!("{kept}.fresh"));
        let kept = directory.join(format!("{kept}.elf"));
        fs::copy(directory.join(name), &fresh)?;
        fs::rename(fresh, &kept)?;
        Ok(kept)
    }
}

/// Keeps other processes from building an image until what it returns is dropped.
fn alone() -> io::Result<fs::File> {
    fs::create_dir_all(cross::target_directory())?;
    let lock = fs::File::create(cross::target_directory().join("mps2.lock"))?;
    lock.lock()?;
    Ok(lock)
}

fn failed(error: io::Error) -> BuildError {
    BuildError::Failed(error.to_string())
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.machine())
    }
}

/// A built image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    board: Board,
    program: Program,
    path: PathBuf,
}

impl Image {
    /// What it is for.
    #[must_use]
    pub const fn board(&self) -> Board {
        self.board
    }

    /// What runs.
    #[must_use]
    pub const fn program(&self) -> Program {
        self.program
    }

    /// The ELF file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Why there is no image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BuildError {
    /// No compiler here builds for the board.
    NoCompiler(Board),
    /// What the compiler said.
    Failed(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCompiler(board) => {
                let target = board.target();
                write!(
                    f,
                    "no compiler for {target}: `rustup target add {target}`, or on Debian \
                     `apt-get install {}`",
                    cross::DEBIAN_PACKAGES.join(" ")
                )
            }
            Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for BuildError {}

fn run(cargo: &mut Command) -> Result<(), BuildError> {
    let output = cargo
        .output()
        .map_err(|error| BuildError::Failed(format!("{cargo:?}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(BuildError::Failed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_are_found_by_the_names_that_qemu_gives_them() {
        for board in Board::ALL {
            assert_eq!(Board::named(board.machine()), Some(board));
        }
        assert_eq!(Board::named("an386"), None);
    }
}
