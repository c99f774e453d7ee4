//! The account for people: `tests/requirements/REPORT.md`, and lines for a terminal.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::account::{Account, Entry, Verdict};
use super::exceptions::Kind;
use crate::cross;

/// Where the report stands.
#[must_use]
pub fn path() -> PathBuf {
    cross::workspace().join("tests/requirements/REPORT.md")
}

/// How many requirements of a document came to what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Code and test.
    pub met: usize,
    /// Accounted for where another document says the same.
    pub repeated: usize,
    /// Other exceptions.
    pub excepted: usize,
    /// Unaccounted for.
    pub missing: usize,
}

impl Counts {
    /// Of these entries.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut counts = Self::default();
        for entry in entries {
            let count = match &entry.verdict {
                Verdict::Met => &mut counts.met,
                Verdict::Excepted(exception) if matches!(exception.kind, Kind::As(_)) => {
                    &mut counts.repeated
                }
                Verdict::Excepted(_) => &mut counts.excepted,
                Verdict::Missing(_) => &mut counts.missing,
            };
            *count += 1;
        }
        counts
    }
}

const HEADER: &str = "\
# Requirements

Written by `cargo run -p tcp-tests --bin requirements -- --markdown`; `cargo suite` checks it.

Each requirement is quoted beside the code that meets it and before a test that shows it, or it is
excepted; the reasons are here and in [EXCEPTIONS.md](EXCEPTIONS.md). \"As\" names a requirement
that says the same and is accounted for there. RFC 9293 names its requirements; those of the other
documents are their sentences with a word of RFC 2119, by section and place in it.

";

/// The report.
#[must_use]
pub fn markdown(account: &Account) -> String {
    let mut text = HEADER.to_owned();
    text.push_str("| document | requirements | code and test | as | excepted | missing |\n");
    text.push_str("|---|--:|--:|--:|--:|--:|\n");
    for (number, all, it) in counts(account) {
        let (met, repeated, excepted, missing) = (it.met, it.repeated, it.excepted, it.missing);
        let _ = writeln!(
            text,
            "| RFC {number} | {all} | {met} | {repeated} | {excepted} | {missing} |"
        );
    }
    for (number, entries) in &account.documents {
        let _ = writeln!(text, "\n## RFC {number}\n");
        text.push_str("| requirement | section | words | code | test |\n|---|---|---|---|---|\n");
        for entry in entries {
            text.push_str(&row(entry));
        }
    }
    text
}

fn row(entry: &Entry) -> String {
    let requirement = &entry.requirement;
    let words = requirement
        .sentence
        .replace('|', "\\|")
        .replace('<', "&lt;");
    let (code, tests) = match &entry.verdict {
        Verdict::Met => (codes(entry), tests(entry)),
        Verdict::Missing(what) => (codes(entry), format!("**missing: {what}**")),
        Verdict::Excepted(exception) => {
            let kind = match &exception.kind {
                Kind::NotTaken => "not taken".to_owned(),
                Kind::NotOurs => "not ours".to_owned(),
                Kind::Deviates => "deviates".to_owned(),
                Kind::As(others) => format!("as {}", others.join(", ")),
            };
            (kind, exception.reason.replace('|', "\\|"))
        }
    };
    let (id, section) = (&requirement.id, &requirement.section);
    format!("| {id} | {section} | {words} | {code} | {tests} |\n")
}

fn codes(entry: &Entry) -> String {
    let paths = entry.code.iter().map(|path| format!("`{path}`"));
    paths.collect::<Vec<_>>().join(" ")
}

fn tests(entry: &Entry) -> String {
    let names = entry
        .tests
        .iter()
        .map(|(path, name)| format!("`{path}` {name}"));
    names.collect::<Vec<_>>().join("; ")
}

/// A table of numbers for a terminal.
#[must_use]
pub fn summary(account: &Account) -> String {
    let mut text = String::from("document   all  code+test    as  excepted  missing\n");
    for (number, all, it) in counts(account) {
        let (met, repeated, excepted, missing) = (it.met, it.repeated, it.excepted, it.missing);
        let _ = writeln!(
            text,
            "RFC {number:5} {all:4} {met:10} {repeated:5} {excepted:9} {missing:8}"
        );
    }
    text
}

/// Each document, how many requirements it has, and what they came to.
fn counts(account: &Account) -> impl Iterator<Item = (&str, usize, Counts)> {
    let documents = account.documents.iter();
    documents.map(|(number, entries)| (*number, entries.len(), Counts::of(entries)))
}

/// What is missing, a line each.
#[must_use]
pub fn missing(account: &Account) -> String {
    let mut text = String::new();
    for entry in account.entries() {
        if let Verdict::Missing(what) = &entry.verdict {
            let requirement = &entry.requirement;
            let (id, words) = (&requirement.id, &requirement.sentence);
            let _ = writeln!(text, "{id}: no {what}: {words}");
        }
    }
    text
}
