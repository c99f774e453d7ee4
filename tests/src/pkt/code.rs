//! The assertions between `%{` and `}%`.

/// A program, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    text: String,
}

/// Why a program stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeError {
    /// An assertion does not hold; its text, the values in it, and its message.
    Failed(String),
    /// A name that nobody knows.
    Unknown(String),
    /// A statement or an operator beyond this small language.
    Unsupported(String),
}

impl Code {
    /// Runs the program; `names` gives the values of the fields and constants. Returns the lines
    /// that it printed.
    ///
    /// # Errors
    /// See [`CodeError`].
    pub fn run(
        &self,
        names: &mut dyn FnMut(&str) -> Option<i64>,
    ) -> Result<Vec<String>, CodeError> {
        let _ = names;
        Err(CodeError::Unsupported(self.text.clone()))
    }
}
