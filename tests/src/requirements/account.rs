//! Every requirement, and what became of it.

use std::collections::BTreeMap;
use std::io;

use super::citation::{self, Citation, Place};
use super::exceptions::{self, Exception, Exceptions, Kind};
use super::register::{self, Requirement};
use super::{DOCUMENTS, tree};
use crate::cross;

/// What became of a requirement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Code does it, and a test shows that.
    Met,
    /// Excepted, with the reason.
    Excepted(Exception),
    /// Neither: what is missing.
    Missing(&'static str),
}

/// A requirement, who quotes it, and what became of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The requirement.
    pub requirement: Requirement,
    /// Where code quotes it.
    pub code: Vec<String>,
    /// Where tests do: file and name.
    pub tests: Vec<(String, String)>,
    /// What became of it.
    pub verdict: Verdict,
}

/// All documents.
#[derive(Debug)]
pub struct Account {
    /// Each document with its requirements.
    pub documents: Vec<(&'static str, Vec<Entry>)>,
    /// What is wrong with quotations or exceptions themselves.
    pub findings: Vec<String>,
}

impl Account {
    /// Of the repository as it is.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn of_the_repository() -> io::Result<Self> {
        let files = tree::files(cross::workspace());
        let (citations, findings) = citation::citations(&files);
        let registers = DOCUMENTS
            .into_iter()
            .map(|number| Ok((number, register::read(number)?)))
            .collect::<io::Result<Vec<_>>>()?;
        let mut account = Self::new(registers, &citations, &exceptions::read()?);
        account.findings.extend(findings);
        Ok(account)
    }

    /// Of these requirements, quotations and exceptions.
    #[must_use]
    pub fn new(
        registers: Vec<(&'static str, Vec<Requirement>)>,
        citations: &[Citation],
        exceptions: &Exceptions,
    ) -> Self {
        let mut findings = Vec::new();
        let documents: Vec<(&str, Vec<Entry>)> = registers
            .into_iter()
            .map(|(number, requirements)| {
                let entries = requirements.into_iter().map(|requirement| {
                    let listed = exceptions.get(&requirement.id);
                    let (entry, finding) = judge(number, requirement, citations, listed);
                    findings.extend(finding);
                    entry
                });
                (number, entries.collect())
            })
            .collect();
        let mut account = Self {
            documents,
            findings,
        };
        account.check_names(exceptions);
        account.follow();
        account
    }

    /// All requirements of all documents.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.documents.iter().flat_map(|(_, entries)| entries)
    }

    /// Exceptions are about requirements that exist.
    fn check_names(&mut self, exceptions: &Exceptions) {
        for (name, exception) in exceptions {
            let others = match &exception.kind {
                Kind::As(others) => &others[..],
                Kind::NotTaken | Kind::NotOurs | Kind::Deviates => &[],
            };
            for name in others.iter().chain([name]) {
                if !self.entries().any(|entry| entry.requirement.id == *name) {
                    let what = format!("EXCEPTIONS.md: there is no requirement {name}");
                    self.findings.push(what);
                }
            }
        }
    }

    /// What says the same as another requirement is missing where the other is.
    fn follow(&mut self) {
        let verdicts: BTreeMap<String, Verdict> = self
            .entries()
            .map(|entry| (entry.requirement.id.clone(), entry.verdict.clone()))
            .collect();
        let is_settled = |name: &String| match verdicts.get(name) {
            Some(Verdict::Met) => true,
            Some(Verdict::Excepted(exception)) => !matches!(exception.kind, Kind::As(_)),
            Some(Verdict::Missing(_)) | None => false,
        };
        let entries = self.documents.iter_mut().flat_map(|(_, entries)| entries);
        for entry in entries {
            if let Verdict::Excepted(Exception {
                kind: Kind::As(others),
                ..
            }) = &entry.verdict
                && !others.iter().all(is_settled)
            {
                entry.verdict = Verdict::Missing("what it is said to repeat");
            }
        }
    }
}

/// Judges one requirement; also says what is wrong with its exception.
fn judge(
    number: &str,
    requirement: Requirement,
    citations: &[Citation],
    listed: Option<&Exception>,
) -> (Entry, Option<String>) {
    let quoting = quoting(number, &requirement, citations);
    let (mut code, mut tests, mut exception) = (Vec::new(), Vec::new(), None);
    for (citation, _) in &quoting {
        match &citation.place {
            Place::Code { path } => code.push(path.clone()),
            Place::Test { path, name } => tests.push((path.clone(), name.clone())),
            Place::Exception { path, reason } => {
                exception = Some(Exception {
                    kind: Kind::Deviates,
                    reason: format!("{reason} (`{path}`)"),
                });
            }
        }
    }
    code.sort();
    code.dedup();
    tests.sort();
    tests.dedup();
    let is_code = |place: &Place| matches!(place, Place::Code { .. });
    let is_test = |place: &Place| matches!(place, Place::Test { .. });
    let in_code = is_whole(&requirement, &quoting, is_code);
    let in_tests = is_whole(&requirement, &quoting, is_test);
    let mut finding = None;
    let verdict = match (listed.cloned().or(exception), in_code, in_tests) {
        (Some(_), true, true) if listed.is_some() => {
            finding = Some(format!("EXCEPTIONS.md: {} is met", requirement.id));
            Verdict::Met
        }
        (Some(exception), _, _) => Verdict::Excepted(exception),
        (None, true, true) => Verdict::Met,
        (None, true, false) => Verdict::Missing("test"),
        (None, false, true) => Verdict::Missing("code"),
        (None, false, false) => Verdict::Missing("code and test"),
    };
    let entry = Entry {
        requirement,
        code,
        tests,
        verdict,
    };
    (entry, finding)
}

/// Which parts of a requirement a quotation has: by the places of its keywords.
type Parts = Vec<bool>;

/// The quotations of `requirement`, and which of its parts each has.
fn quoting<'c>(
    number: &str,
    requirement: &Requirement,
    citations: &'c [Citation],
) -> Vec<(&'c Citation, Parts)> {
    let document = format!("rfc{number}");
    let of_document = citations.iter().filter(|it| it.document == document);
    let parts = |citation: &Citation| -> Parts {
        if is_marked(requirement) {
            vec![has_mark(&citation.words, &requirement.id)]
        } else if citation.section == requirement.section {
            let windows = requirement.windows().into_iter();
            windows
                .map(|window| citation.words.contains(window))
                .collect()
        } else {
            Vec::new()
        }
    };
    of_document
        .map(|citation| (citation, parts(citation)))
        .filter(|(_, parts)| parts.contains(&true))
        .collect()
}

/// Whether all parts stand in quotations of that kind together.
fn is_whole(
    requirement: &Requirement,
    quoting: &[(&Citation, Parts)],
    is_kind: impl Fn(&Place) -> bool,
) -> bool {
    let count = if is_marked(requirement) {
        1
    } else {
        requirement.windows().len()
    };
    (0..count).all(|part| {
        let mut of_kind = quoting
            .iter()
            .filter(|(citation, _)| is_kind(&citation.place));
        of_kind.any(|(_, parts)| parts.get(part) == Some(&true))
    })
}

/// Whether the sentence bears the name of the requirement: then a quotation has to, as well.
fn is_marked(requirement: &Requirement) -> bool {
    has_mark(&requirement.sentence, &requirement.id)
}

/// Whether `words` have the mark `id`, and not one that begins with it.
fn has_mark(words: &str, id: &str) -> bool {
    words.match_indices(id).any(|(at, _)| {
        let after = words[at + id.len()..].chars().next();
        let before = words[..at].chars().next_back();
        !after.is_some_and(|c| c.is_ascii_digit()) && before == Some('(')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(id: &str, sentence: &str) -> Requirement {
        Requirement {
            id: id.into(),
            section: "2".into(),
            level: "MUST".into(),
            sentence: sentence.into(),
        }
    }

    fn citation(document: &str, words: &str, place: Place) -> Citation {
        Citation {
            document: document.into(),
            section: "2".into(),
            words: words.into(),
            place,
        }
    }

    fn code() -> Place {
        Place::Code {
            path: "a.rs".into(),
        }
    }

    fn test() -> Place {
        let (path, name) = ("b.rs".into(), "it_does".into());
        Place::Test { path, name }
    }

    fn verdict(id: &str, citations: &[Citation], exceptions: &Exceptions) -> Verdict {
        let both = "One MUST do a very great deal of this, and as we all know SHOULD rest.";
        let registers = vec![
            ("9293", vec![requirement("MUST-1", "It MUST (MUST-1).")]),
            ("7", vec![requirement("7:2:1", both)]),
        ];
        let account = Account::new(registers, citations, exceptions);
        let mut entries = account.entries();
        let entry = entries.find(|entry| entry.requirement.id == id);
        entry.expect("an entry").verdict.clone()
    }

    #[test]
    fn a_marked_requirement_is_met_by_its_mark_in_code_and_test() {
        let none = Exceptions::new();
        let quotations = [
            citation("rfc9293", "It MUST (MUST-1).", code()),
            citation("rfc9293", "(MUST-1)", test()),
        ];
        assert_eq!(verdict("MUST-1", &quotations, &none), Verdict::Met);
        assert_eq!(
            verdict("MUST-1", &quotations[..1], &none),
            Verdict::Missing("test")
        );
        let other = [citation("rfc9293", "(MUST-12)", code())];
        assert_eq!(
            verdict("MUST-1", &other, &none),
            Verdict::Missing("code and test")
        );
    }

    #[test]
    fn every_part_of_a_sentence_must_be_quoted() {
        let none = Exceptions::new();
        let first = "One MUST do a very great deal";
        let second = "and as we all know SHOULD rest.";
        let quotations = [
            citation("rfc7", first, code()),
            citation("rfc7", second, code()),
            citation("rfc7", &format!("{first} of this, {second}"), test()),
        ];
        assert_eq!(verdict("7:2:1", &quotations, &none), Verdict::Met);
        assert_eq!(
            verdict("7:2:1", &quotations[1..], &none),
            Verdict::Missing("code")
        );
    }

    #[test]
    fn what_repeats_another_follows_it() {
        let exceptions = Exceptions::from([(
            "7:2:1".to_owned(),
            Exception {
                kind: Kind::As(vec!["MUST-1".into()]),
                reason: String::new(),
            },
        )]);
        let missing = Verdict::Missing("what it is said to repeat");
        assert_eq!(verdict("7:2:1", &[], &exceptions), missing);
        let quotations = [
            citation("rfc9293", "(MUST-1)", code()),
            citation("rfc9293", "(MUST-1)", test()),
        ];
        let judged = verdict("7:2:1", &quotations, &exceptions);
        assert!(matches!(judged, Verdict::Excepted(_)), "{judged:?}");
    }

    #[test]
    fn exceptions_of_what_is_met_or_does_not_exist_are_found() {
        let exception = Exception {
            kind: Kind::Deviates,
            reason: "because it is better so".into(),
        };
        let exceptions = Exceptions::from([
            ("MUST-1".to_owned(), exception.clone()),
            ("MUST-2".to_owned(), exception),
        ]);
        let quotations = [
            citation("rfc9293", "(MUST-1)", code()),
            citation("rfc9293", "(MUST-1)", test()),
        ];
        let registers = vec![("9293", vec![requirement("MUST-1", "It MUST (MUST-1).")])];
        let account = Account::new(registers, &quotations, &exceptions);
        assert_eq!(account.findings.len(), 2, "{:?}", account.findings);
    }
}
