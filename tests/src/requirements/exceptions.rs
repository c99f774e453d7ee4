//! Requirements that no code or no test answers, and why: `tests/requirements/EXCEPTIONS.md`.
//!
//! Its tables have three columns: one or more names with spaces between them, what kind of
//! exception it is, and the reason. Other lines are for people.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::cross;

/// What kind of exception.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A permission, or one of several ways, that is not used.
    NotTaken,
    /// It speaks to someone else: applications, IP, routers, authors of documents.
    NotOurs,
    /// The code deliberately does otherwise.
    Deviates,
    /// It says what these other requirements say, which are accounted for.
    As(Vec<String>),
}

/// Why a requirement is excepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exception {
    /// What kind.
    pub kind: Kind,
    /// Why, for a reader to judge.
    pub reason: String,
}

/// The exceptions by the names of the requirements.
pub type Exceptions = BTreeMap<String, Exception>;

/// A reason is a sentence at least.
const SHORTEST_REASON: usize = 20;

/// Where the exceptions stand.
#[must_use]
pub fn path() -> PathBuf {
    cross::workspace().join("tests/requirements/EXCEPTIONS.md")
}

/// Reads the exceptions.
///
/// # Errors
/// When the file is not there, or a row is not in the form.
pub fn read() -> io::Result<Exceptions> {
    parse(&fs::read_to_string(path())?).map_err(io::Error::other)
}

fn parse(text: &str) -> Result<Exceptions, String> {
    let mut exceptions = Exceptions::new();
    for (index, line) in text.lines().enumerate() {
        let Some(row) = line.strip_prefix("| ") else {
            continue;
        };
        if row.starts_with("requirement") {
            continue;
        }
        let wrong = |what: &str| format!("EXCEPTIONS.md:{}: {what}", index + 1);
        let cells: Vec<&str> = row
            .trim_end_matches('|')
            .split(" | ")
            .map(str::trim)
            .collect();
        let [names, kind, reason] = cells[..] else {
            return Err(wrong("not three cells"));
        };
        let exception = Exception {
            kind: parse_kind(kind).ok_or_else(|| wrong("no such kind"))?,
            reason: reason.into(),
        };
        if !matches!(exception.kind, Kind::As(_)) && reason.len() < SHORTEST_REASON {
            return Err(wrong("no reason"));
        }
        for name in names.split_whitespace() {
            if exceptions.insert(name.into(), exception.clone()).is_some() {
                return Err(wrong(&format!("{name} stands here twice")));
            }
        }
    }
    Ok(exceptions)
}

fn parse_kind(cell: &str) -> Option<Kind> {
    match cell {
        "not taken" => Some(Kind::NotTaken),
        "not ours" => Some(Kind::NotOurs),
        "deviates" => Some(Kind::Deviates),
        _ => {
            let names = cell.strip_prefix("as ")?;
            Some(Kind::As(
                names.split_whitespace().map(str::to_owned).collect(),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_other_lines_are_not() {
        let text = "# Title\n\n| requirement | kind | reason |\n|---|---|---|\n\
            | A-1 A-2 | deviates | because it is better so |\n| B | as A-1 C | |\nwords\n";
        let all = parse(text).unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(all["A-2"].kind, Kind::Deviates);
        assert_eq!(all["B"].kind, Kind::As(vec!["A-1".into(), "C".into()]));
    }

    #[test]
    fn a_row_without_a_reason_or_a_known_kind_is_refused() {
        for bad in [
            "| A | deviates | |",
            "| A | deviates | short |",
            "| A | wished | because it is better so |",
            "| A | because it is better so |",
            "| A A | deviates | because it is better so |",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
