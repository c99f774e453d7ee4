//! Quotations beside the code, in the form that duvet reads, held against the texts.
//!
//! ```text
//! //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4     the target
//! //= type=exception                                            may follow
//! //# words of that section                                     the quotation
//! ```

use super::rfc::{self, Library};

const SITE: &str = "https://www.rfc-editor.org/rfc/";

/// What a quotation is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// The code beside it does what it says.
    Citation,
    /// The test beside it shows that.
    Test,
    /// The code beside it deliberately does otherwise.
    Exception,
}

/// A target, and what is quoted from it.
#[derive(PartialEq, Eq, Debug)]
pub struct Quotation {
    /// The line of its target, counted from one.
    pub line: usize,
    /// The line behind its last.
    pub end: usize,
    /// Where the words are from.
    pub target: String,
    /// What it is there for.
    pub purpose: Purpose,
    /// Why the code does otherwise; empty where none is given.
    pub reason: String,
    /// The words, as they are broken into lines.
    pub text: String,
}

impl Quotation {
    fn new(line: usize, target: &str) -> Self {
        Self {
            line,
            end: line + 1,
            target: target.into(),
            purpose: Purpose::Citation,
            reason: String::new(),
            text: String::new(),
        }
    }

    /// What is quoted and from which section of it: `rfc9293` and `3.8.4`.
    #[must_use]
    pub fn source(&self) -> Option<(&str, Option<&str>)> {
        let document = self.target.strip_prefix(SITE)?;
        let Some((name, fragment)) = document.split_once('#') else {
            return Some((document, None));
        };
        let number = fragment.strip_prefix("section-");
        let number = number.or_else(|| fragment.strip_prefix("appendix-"));
        Some((name, Some(number.unwrap_or(fragment))))
    }
}

/// Quotations in `source` that are not in the section that they name.
#[must_use]
pub fn check(source: &str, library: &Library) -> Vec<(usize, String)> {
    let (quotations, mut findings) = quotations(source);
    for quotation in quotations {
        let read = |name: &str| library.read(name);
        if let Err(what) = verify(&quotation, read) {
            findings.push((quotation.line, what));
        }
    }
    findings
}

/// All quotations, and the places of what is not in the form of one.
#[must_use]
pub fn quotations(source: &str) -> (Vec<Quotation>, Vec<(usize, String)>) {
    let (mut complete, mut findings) = (Vec::new(), Vec::new());
    let mut open: Option<Quotation> = None;
    for (index, line) in source.lines().enumerate() {
        let line = line.trim_start();
        if let Some(text) = line.strip_prefix("//#") {
            match &mut open {
                Some(quotation) => {
                    quotation.text.push_str(text);
                    quotation.text.push('\n');
                    quotation.end = index + 2;
                }
                None => findings.push((index + 1, "a quotation without its source".into())),
            }
        } else if let Some(meta) = line.strip_prefix("//=") {
            let meta = meta.trim();
            match &mut open {
                Some(quotation) if !meta.contains("://") => {
                    if let Err(what) = note(quotation, meta) {
                        findings.push((index + 1, what));
                    }
                }
                _ => complete.extend(open.replace(Quotation::new(index + 1, meta))),
            }
        } else {
            complete.extend(open.take());
        }
    }
    complete.extend(open);
    (complete, findings)
}

/// Takes a line between the target and the words: a type, a reason, or more of a reason.
fn note(quotation: &mut Quotation, meta: &str) -> Result<(), String> {
    if let Some(kind) = meta.strip_prefix("type=") {
        quotation.purpose = match kind {
            "citation" | "implementation" => Purpose::Citation,
            "test" => Purpose::Test,
            "exception" => Purpose::Exception,
            _ => return Err(format!("a quotation of the unknown type {kind}")),
        };
    } else {
        let more = meta.strip_prefix("reason=").unwrap_or(meta);
        if !quotation.reason.is_empty() {
            quotation.reason.push(' ');
        }
        quotation.reason.push_str(more);
    }
    Ok(())
}

fn verify(quotation: &Quotation, read: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    let target = &quotation.target;
    let (name, section) = quotation
        .source()
        .ok_or_else(|| format!("{target} is not below {SITE}"))?;
    let text = read(name).ok_or_else(|| format!("quotes {name}, whose text is not here"))?;
    let words =
        rfc::words_of(&text, section).ok_or_else(|| format!("there is no section {target}"))?;
    let quoted = rfc::words(&quotation.text);
    if words.contains(&quoted) {
        Ok(())
    } else {
        Err(format!("{target} does not say: {quoted}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "1.  Rules\n\n   A TCP MUST\n   wait.\n\n2.  Others\n\n   It may not.\n";

    /// Of snippets with `@` for `//`, because this file is judged as well.
    fn verdicts(source: &str) -> Vec<Result<(), String>> {
        let (quotations, findings) = quotations(&source.replace('@', "//"));
        let lost = findings.into_iter().map(|(_, what)| Err(what));
        let read = |name: &str| (name == "rfc1").then(|| TEXT.to_owned());
        let verified = quotations.iter().map(|quotation| verify(quotation, read));
        verified.chain(lost).collect()
    }

    #[test]
    fn an_exact_quotation_passes_however_it_is_broken() {
        let source = "\
            @= https://www.rfc-editor.org/rfc/rfc1#section-1\n\
            @= type=exception\n\
            @= reason=this one\n\
            @# A TCP\n\
            @# MUST  wait.\n\
            fn f() {}";
        assert_eq!(verdicts(source), [Ok(())]);
    }

    #[test]
    fn type_and_reason_are_read() {
        let source = "@= https://www.rfc-editor.org/rfc/rfc1#section-1\n@= type=exception\n\
            @= reason=one\n@= and more\n@# Words.\n@= https://x/rfc2\n@= type=test\nfn f() {}";
        let (all, findings) = quotations(&source.replace('@', "//"));
        assert_eq!(findings, []);
        assert_eq!(all[0].purpose, Purpose::Exception);
        assert_eq!(all[0].reason, "one and more");
        assert_eq!((all[0].line, all[0].end), (1, 6));
        assert_eq!(all[0].source(), Some(("rfc1", Some("1"))));
        assert_eq!((all[1].purpose, all[1].source()), (Purpose::Test, None));
        let unknown = "//= https://x/rfc2\n//= type=wish\n";
        assert_eq!(quotations(unknown).1.len(), 1);
    }

    #[test]
    fn other_words_fail() {
        let source = "@= https://www.rfc-editor.org/rfc/rfc1#section-1\n@# A TCP SHOULD wait.";
        let [Err(what)] = &verdicts(source)[..] else {
            panic!("the quotation passed");
        };
        assert!(what.contains("does not say: A TCP SHOULD wait."), "{what}");
    }

    #[test]
    fn the_wrong_section_or_document_fails() {
        for target in [
            "rfc/rfc1#section-2",
            "rfc/rfc1#section-3",
            "rfc/rfc2#section-1",
            "x",
        ] {
            let source = format!("@= https://www.rfc-editor.org/{target}\n@# A TCP MUST wait.");
            assert!(verdicts(&source)[0].is_err(), "{target}");
        }
        let whole = "@= https://www.rfc-editor.org/rfc/rfc1\n@# It may not.";
        assert_eq!(verdicts(whole), [Ok(())]);
    }

    #[test]
    fn a_quotation_needs_a_source() {
        assert!(verdicts("fn f() {}\n@# A TCP MUST wait.")[0].is_err());
    }

    #[test]
    fn two_quotations_in_a_row_are_two() {
        let source = "\
            @= https://www.rfc-editor.org/rfc/rfc1#section-1\n\
            @# A TCP MUST wait.\n\
            @= https://www.rfc-editor.org/rfc/rfc1#section-2\n\
            @# A TCP MUST wait.";
        let verdicts = verdicts(source);
        assert_eq!(verdicts.len(), 2);
        assert!(verdicts[0].is_ok() && verdicts[1].is_err());
    }
}
