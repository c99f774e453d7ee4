//! The text files of the repository.

use std::fs;
use std::path::Path;

/// What rules apply to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Rust that ships, or that the tests stand on.
    Production,
    /// Rust that only tests.
    Test,
    /// Anything else that is text.
    Text,
}

/// A file of the repository.
#[derive(Debug)]
pub struct File {
    /// Relative to the top, with `/` between its parts.
    pub path: String,
    /// What rules apply to it.
    pub kind: Kind,
    /// All of it.
    pub text: String,
}

impl File {
    /// A file of that content, told by its path what it is.
    #[must_use]
    pub fn new(path: &str, text: String) -> Self {
        Self {
            path: path.into(),
            kind: kind(path),
            text,
        }
    }
}

/// Every file below `root` that is text, in the order of their paths.
#[must_use]
pub fn files(root: &Path) -> Vec<File> {
    let mut files = Vec::new();
    collect(root, "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(directory: &Path, prefix: &str, files: &mut Vec<File>) {
    let entries = fs::read_dir(directory).expect("a directory that can be read");
    for entry in entries {
        let entry = entry.expect("an entry that can be read");
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() && !is_made(&path) {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if kind.is_file() && !is_made(&path) {
            // What is not text has no lines to judge.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push(File::new(&path, text));
            }
        }
    }
}

/// Whether a path is made by programs and not by people.
fn is_made(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ignored = ["fuzz/corpus", "fuzz/artifacts", "demo-out", "demo.pcapng"];
    matches!(name, "target" | ".git" | "Cargo.lock") || ignored.contains(&path)
}

/// The package `tests` ships nothing, but what its tests stand on is held to the same rules.
fn kind(path: &str) -> Kind {
    if !path.ends_with(".rs") {
        return Kind::Text;
    }
    let path = path.strip_prefix("tests/src/").unwrap_or(path);
    let mut parts = path.split('/').rev();
    let file = parts.next();
    if file == Some("tests.rs") || parts.any(|part| part == "tests") {
        Kind::Test
    } else {
        Kind::Production
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, is_made, kind};

    #[test]
    fn files_are_told_apart_by_their_paths() {
        assert_eq!(kind("tcp-core/src/seq.rs"), Kind::Production);
        assert_eq!(kind("tcp-core/src/wire/emit/tests.rs"), Kind::Test);
        assert_eq!(kind("tcp-core/src/stack/tests/mod.rs"), Kind::Test);
        assert_eq!(kind("tests/src/world.rs"), Kind::Production);
        assert_eq!(kind("tests/src/oracle/tests.rs"), Kind::Test);
        assert_eq!(kind("tests/tests/transfer.rs"), Kind::Test);
        assert_eq!(kind("README.md"), Kind::Text);
    }

    #[test]
    fn what_programs_make_is_not_judged() {
        assert!(is_made("target"));
        assert!(is_made("tcp-embedded/firmware/minimal/target"));
        assert!(is_made("fuzz/corpus"));
        assert!(!is_made(".ci"));
        assert!(!is_made("tcp-core/src/lib.rs"));
    }
}
