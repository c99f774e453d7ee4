//! Quotations beside the code, in the form that duvet reads, held against the texts.
//!
//! ```text
//! //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4     the target
//! //= type=exception                                            may follow
//! //# words of that section                                     the quotation
//! ```

use super::rfc::{self, Library};

const SITE: &str = "https://www.rfc-editor.org/rfc/";

/// A target, and what is quoted from it.
struct Quotation {
    line: usize,
    target: String,
    text: String,
}

/// Quotations in `source` that are not in the section that they name.
pub(crate) fn check(source: &str, library: &Library) -> Vec<(usize, String)> {
    let (quotations, mut findings) = quotations(source);
    for quotation in quotations {
        let read = |name: &str| library.read(name);
        if let Err(what) = verify(&quotation, read) {
            findings.push((quotation.line, what));
        }
    }
    findings
}

/// All quotations, and the places of those that name no target.
fn quotations(source: &str) -> (Vec<Quotation>, Vec<(usize, String)>) {
    let (mut complete, mut findings) = (Vec::new(), Vec::new());
    let mut open: Option<Quotation> = None;
    for (index, line) in source.lines().enumerate() {
        let line = line.trim_start();
        if let Some(text) = line.strip_prefix("//#") {
            match &mut open {
                Some(quotation) => {
                    quotation.text.push_str(text);
                    quotation.text.push('\n');
                }
                None => findings.push((index + 1, "a quotation without its source".into())),
            }
        } else if let Some(meta) = line.strip_prefix("//=") {
            let meta = meta.trim();
            let is_target = !meta.starts_with("type=") && !meta.starts_with("reason=");
            // A reason may go on over several lines; only an address begins another quotation.
            if is_target && (open.is_none() || meta.contains("://")) {
                complete.extend(open.replace(Quotation {
                    line: index + 1,
                    target: meta.into(),
                    text: String::new(),
                }));
            }
        } else {
            complete.extend(open.take());
        }
    }
    complete.extend(open);
    (complete, findings)
}

fn verify(quotation: &Quotation, read: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    let target = &quotation.target;
    let document = target
        .strip_prefix(SITE)
        .ok_or_else(|| format!("{target} is not below {SITE}"))?;
    let (name, fragment) = match document.split_once('#') {
        Some((name, fragment)) => (name, Some(fragment)),
        None => (document, None),
    };
    let text = read(name).ok_or_else(|| format!("quotes {name}, whose text is not here"))?;
    let section = fragment.map(|fragment| {
        let number = fragment.strip_prefix("section-");
        number
            .or_else(|| fragment.strip_prefix("appendix-"))
            .unwrap_or(fragment)
    });
    let words =
        rfc::words_of(&text, section).ok_or_else(|| format!("there is no section {target}"))?;
    let quoted = rfc::words(&quotation.text);
    if words.contains(&quoted) {
        Ok(())
    } else {
        Err(format!("{target} does not say: {quoted}"))
    }
}

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
