//! The requirements as they are kept in the repository: a table for each document.
//!
//! A line has four columns with tabs between them: name, section, level, and the sentence. They are
//! extracted from the texts by `requirements --extract`, never written by hand.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::DOCUMENTS;
use super::normative::{self, keywords};
use super::rfc::Library;
use crate::cross;

/// One requirement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// `MUST-12`, or `5961:3.2:2`.
    pub id: String,
    /// The section that it stands in.
    pub section: String,
    /// RFC 2119's words in it.
    pub level: String,
    /// The sentence, with single spaces.
    pub sentence: String,
}

/// Words on each side of a keyword that a quotation of the sentence has to have, too.
const CONTEXT: usize = 5;

impl Requirement {
    /// Of each keyword the words around it: a quotation in which they stand quotes that part of the
    /// sentence.
    #[must_use]
    pub fn windows(&self) -> Vec<&str> {
        let places = keywords(&self.sentence).into_iter();
        let window = |(at, word): (usize, &str)| {
            let before = self.sentence[..at].trim_end();
            let start = before.rmatch_indices(' ').nth(CONTEXT - 1);
            let after = at + word.len();
            let end = self.sentence[after..].match_indices(' ').nth(CONTEXT);
            let end = end.map_or(self.sentence.len(), |(space, _)| after + space);
            &self.sentence[start.map_or(0, |(space, _)| space + 1)..end]
        };
        places.map(window).collect()
    }
}

/// The table of document `number`.
#[must_use]
pub fn path(number: &str) -> PathBuf {
    cross::workspace().join(format!("tests/requirements/rfc{number}.tsv"))
}

/// Reads the table of document `number`.
///
/// # Errors
/// When it is not there, or not a table.
pub fn read(number: &str) -> io::Result<Vec<Requirement>> {
    let text = fs::read_to_string(path(number))?;
    parse(&text).ok_or_else(|| io::Error::other(format!("rfc{number}.tsv is no table")))
}

fn parse(text: &str) -> Option<Vec<Requirement>> {
    let rows = text.lines().map(|line| {
        let mut cells = line.split('\t').map(str::to_owned);
        let requirement = Requirement {
            id: cells.next()?,
            section: cells.next()?,
            level: cells.next()?,
            sentence: cells.next()?,
        };
        cells.next().is_none().then_some(requirement)
    });
    rows.collect()
}

/// The table as text.
#[must_use]
pub fn table(requirements: &[Requirement]) -> String {
    let rows = requirements.iter().map(|it| {
        let Requirement {
            id,
            section,
            level,
            sentence,
        } = it;
        format!("{id}\t{section}\t{level}\t{sentence}\n")
    });
    rows.collect()
}

/// The table of each document as the texts have it.
///
/// # Errors
/// When a text is missing.
pub fn extract(library: &Library) -> io::Result<Vec<(&'static str, String)>> {
    let tables = DOCUMENTS.into_iter().map(|number| {
        let text = library.read(&format!("rfc{number}"));
        let text = text.ok_or_else(|| io::Error::other(format!("no text of RFC {number}")))?;
        Ok((number, table(&normative::requirements(number, &text))))
    });
    tables.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::not_run;

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let rows = [Requirement {
            id: "1:2:3".into(),
            section: "2".into(),
            level: "MUST".into(),
            sentence: "It MUST.".into(),
        }];
        assert_eq!(parse(&table(&rows)).as_deref(), Some(&rows[..]));
        assert_eq!(parse("too\tfew\n"), None);
    }

    #[test]
    fn a_window_has_five_words_on_each_side() {
        let requirement = Requirement {
            id: String::new(),
            section: String::new(),
            level: String::new(),
            sentence: "a b c d e f MUST NOT g h i j k l, or MAY m".into(),
        };
        let windows = requirement.windows();
        assert_eq!(
            windows,
            ["b c d e f MUST NOT g h i j k", "i j k l, or MAY m"]
        );
    }

    /// Otherwise one quotation would count for two requirements.
    #[test]
    fn no_window_stands_in_two_requirements_of_a_section() {
        for number in DOCUMENTS.into_iter().filter(|number| *number != "9293") {
            let all = read(number).expect("a table");
            for one in &all {
                let others = all.iter().filter(|other| other.section == one.section);
                for other in others.filter(|other| other.id != one.id) {
                    for window in one.windows() {
                        let (id, other_id) = (&one.id, &other.id);
                        assert!(
                            !other.sentence.contains(window),
                            "{id} and {other_id}: {window}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn rfc_9293_has_119_requirements() {
        let all = read("9293").expect("a table");
        for (mark, count) in normative::MARKS {
            let of_kind: Vec<String> = (1..=count)
                .map(|number| format!("{mark}-{number}"))
                .collect();
            let kept: Vec<&String> = all
                .iter()
                .map(|requirement| &requirement.id)
                .filter(|id| id.split('-').next() == Some(mark))
                .collect();
            assert_eq!(kept, of_kind.iter().collect::<Vec<_>>());
        }
        assert_eq!(all.len(), 119);
    }

    #[test]
    fn the_tables_are_what_the_texts_say() {
        let Some(library) = Library::found() else {
            let why = "the RFC texts are not here; TCP_RFC_DIR names their directory";
            not_run::say("the_tables_are_what_the_texts_say", why);
            return;
        };
        for (number, table) in extract(&library).expect("the texts") {
            let kept = fs::read_to_string(path(number)).expect("a table");
            assert!(
                kept == table,
                "rfc{number}.tsv differs: requirements --extract"
            );
        }
    }
}
