//! Rules that need no parser: widths, words, first lines.

use tcp_tests::requirements::tree::{File, Kind};

/// Kinds of files whose lines people read in a terminal.
const NARROW: [&str; 8] = [
    ".rs", ".md", ".toml", ".yml", ".sh", ".pkt", ".x", ".ci/run",
];

/// Words that name the place or the way in which something was written, in lower case; each is
/// spelt in two parts, so that this file does not break its own rule.
const FOREIGN: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/tmp", "/bash"),
    concat!("ag", "ent"),
    concat!("ses", "sion"),
    concat!("hel", "per-"),
];

/// Where such a word means something else: the beginning of a path, and the word in its context.
const MEANT: [(&str, &str); 2] = [
    // The name of a header of HTTP.
    ("tcp-std/src/bin/tcp/http/", concat!("user-ag", "ent")),
    // A service's view of one connection is a public type of that name.
    ("tcp-std/", concat!("ses", "sion")),
];

/// Marks of unfinished work.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
];

type Findings = Vec<(usize, String)>;

/// Lines over `limit` columns. Rows of a table in a document cannot be broken.
pub(crate) fn wide_lines(file: &File, limit: usize) -> Findings {
    if !NARROW.iter().any(|end| file.path.ends_with(end)) {
        return Vec::new();
    }
    let is_document = file.path.ends_with(".md");
    found_in(&file.text, |line| {
        let columns = line.chars().count();
        let is_row = is_document && line.starts_with('|');
        (columns > limit && !is_row).then(|| format!("{columns} columns"))
    })
}

/// A source whose first line is not a module's documentation.
pub(crate) fn without_module_doc(text: &str) -> Findings {
    if text.starts_with("//! ") {
        Vec::new()
    } else {
        vec![(1, "does not open with `//! ...`".into())]
    }
}

/// Work left for later.
pub(crate) fn unfinished(file: &File) -> Findings {
    found_in(&file.text, |line| {
        let mark = UNFINISHED.iter().find(|mark| line.contains(**mark))?;
        Some(format!("`{mark}`"))
    })
}

/// The standard that RFC 9293 replaced, cited by number. A quotation may name it.
pub(crate) fn obsolete_citations(text: &str) -> Findings {
    let number = concat!("79", "3");
    found_in(text, |line| {
        let line = line.to_lowercase();
        let cited = line.match_indices("rfc").any(|(at, _)| {
            let rest = line[at + 3..].trim_start_matches([' ', '-', '_', '\u{a0}']);
            let digits = rest.chars().take_while(char::is_ascii_digit).count();
            rest[..digits] == *number
        });
        (cited && !is_quotation(&line)).then(|| format!("cites RFC {number}"))
    })
}

/// Names of machines' directories, and words of the trade that made the text.
pub(crate) fn foreign_words(file: &File) -> Findings {
    let meant: Vec<&str> = MEANT
        .iter()
        .filter(|(path, _)| file.path.starts_with(path))
        .map(|(_, word)| *word)
        .collect();
    found_in(&file.text, |line| {
        let mut line = line.to_lowercase();
        for word in &meant {
            line = line.replace(word, "");
        }
        let word = FOREIGN.iter().find(|word| has_word(&line, word))?;
        (!is_quotation(&line)).then(|| format!("says `{word}`"))
    })
}

/// Whether `word` stands in `line` and does not begin within another word.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        word.starts_with('/') || !before.is_some_and(char::is_alphanumeric)
    })
}

fn is_quotation(line: &str) -> bool {
    line.trim_start().starts_with("//#")
}

fn found_in(text: &str, rule: impl Fn(&str) -> Option<String>) -> Findings {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| Some((index + 1, rule(line)?)))
        .collect()
}

mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File::new(path, text.into())
    }

    #[test]
    fn width_is_counted_in_characters() {
        let text = format!("ok\n{}\n{}", "\u{e9}".repeat(100), "\u{e9}".repeat(101));
        let found = wide_lines(&file("a.rs", &text), 100);
        assert_eq!(found, [(3, "101 columns".to_owned())]);
    }

    #[test]
    fn only_tables_of_documents_may_be_wide() {
        let row = format!("| {} |", "a".repeat(120));
        assert_eq!(wide_lines(&file("README.md", &row), 100), []);
        assert_eq!(wide_lines(&file("a.rs", &row), 100).len(), 1);
        assert_eq!(wide_lines(&file("a.lock", &row), 100), []);
    }

    #[test]
    fn a_module_without_documentation_is_found() {
        assert_eq!(without_module_doc("use a;\n").len(), 1);
        assert_eq!(without_module_doc("/// A.\nfn a() {}\n").len(), 1);
        assert_eq!(without_module_doc("//! A.\n"), []);
    }

    #[test]
    fn unfinished_work_is_found() {
        for mark in UNFINISHED {
            let text = format!("//! Fine.\n    // {mark} it\n");
            assert_eq!(unfinished(&file("a.rs", &text)).len(), 1, "{mark}");
        }
        assert_eq!(unfinished(&file("a.rs", "// what to do, and how")), []);
    }

    #[test]
    fn the_obsolete_standard_is_found_however_it_is_written() {
        for form in ["RFC 7", "RFC7", "rfc-7", "rfc7"] {
            let bad = format!("// as {form}93 says");
            assert_eq!(obsolete_citations(&bad).len(), 1, "{bad}");
            let other = format!("// as {form}930 says");
            assert_eq!(obsolete_citations(&other), [], "{other}");
        }
        let quoted = concat!("    //# as RFC ", "793 says");
        assert_eq!(obsolete_citations(quoted), []);
    }

    #[test]
    fn foreign_words_are_found() {
        for word in FOREIGN {
            let text = format!("// the {word} of it");
            assert_eq!(foreign_words(&file("a.rs", &text)).len(), 1, "{word}");
            let quoted = format!("//# the {word} of it");
            assert_eq!(foreign_words(&file("a.rs", &quoted)), [], "{word}");
        }
        let inside = concat!("re", "ag", "ent");
        assert_eq!(foreign_words(&file("a.rs", inside)), []);
    }

    #[test]
    fn a_word_may_mean_something_else_in_its_place() {
        let header = concat!("User-Ag", "ent: tcp");
        let path = "tcp-std/src/bin/tcp/http/client.rs";
        assert_eq!(foreign_words(&file(path, header)), []);
        assert_eq!(foreign_words(&file("tcp-core/src/lib.rs", header)).len(), 1);
    }

    #[test]
    fn every_exempt_place_is_needed() {
        assert!(MEANT.iter().all(|(path, _)| path.ends_with('/')));
        assert_eq!(file("a.md", "").kind, Kind::Text);
    }
}
