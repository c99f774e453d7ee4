//! How the command fails: what it says, and its exit code.

use std::fmt;
use std::io;
use std::process::ExitCode;

use tcp_std::TunError;

/// Why the command failed. Bad usage exits with 2 before it comes to this.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something went wrong. Exit code 1.
    Failed(String),
    /// This machine or user has no TUN device or namespaces to give. Exit code 3.
    Forbidden(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Forbidden(_) => ExitCode::from(3),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) | Self::Forbidden(text) => f.write_str(text),
        }
    }
}

impl From<TunError> for Failure {
    fn from(error: TunError) -> Self {
        match error {
            TunError::NoDriver
            | TunError::NotAllowedToOpen
            | TunError::NotAllowedToCreate(_)
            | TunError::NotAllowedToAttach(_) => Self::Forbidden(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

/// Says what was being done when an error came.
pub(crate) trait Context<T> {
    fn context(self, doing: impl fmt::Display) -> Result<T, Failure>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, doing: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::Failed(format!("{doing}: {error}")))
    }
}
