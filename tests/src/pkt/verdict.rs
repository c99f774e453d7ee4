//! How a script ended.

/// Lines are the script's; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    /// An event did not happen as the script says.
    Failed {
        line: usize,
        message: String,
    },
    /// The script needs something that the runner does not have.
    Unsupported {
        line: usize,
        what: String,
    },
}
