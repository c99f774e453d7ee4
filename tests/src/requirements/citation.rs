//! Quotations by where they stand: beside code that ships, or before a test.

use super::quote::{self, Purpose, Quotation};
use super::rfc;
use super::tree::{File, Kind};

/// A quotation in its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Citation {
    /// `rfc9293`.
    pub document: String,
    /// `3.8.4`; empty for the whole document.
    pub section: String,
    /// The words with single spaces.
    pub words: String,
    /// Where it stands.
    pub place: Place,
}

/// Where a quotation stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// Beside code.
    Code {
        /// The file.
        path: String,
    },
    /// Beside code that does otherwise.
    Exception {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Before a test.
    Test {
        /// The file.
        path: String,
        /// The test.
        name: String,
    },
}

/// What ships: only there an RFC is met.
const SHIPPED: [&str; 3] = ["tcp-core/src/", "tcp-embedded/src/", "tcp-std/src/"];

/// The quotations of all files, and the places of those that say nothing where they stand.
#[must_use]
pub fn citations(files: &[File]) -> (Vec<Citation>, Vec<String>) {
    let (mut all, mut findings) = (Vec::new(), Vec::new());
    for file in files.iter().filter(|file| file.kind != Kind::Text) {
        for quotation in quote::quotations(&file.text).0 {
            match place(file, &quotation) {
                Ok(Some(place)) => all.extend(citation(&quotation, place)),
                Ok(None) => {}
                Err(what) => findings.push(format!("{}:{}: {what}", file.path, quotation.line)),
            }
        }
    }
    (all, findings)
}

fn citation(quotation: &Quotation, place: Place) -> Option<Citation> {
    let (document, section) = quotation.source()?;
    Some(Citation {
        document: document.into(),
        section: section.unwrap_or_default().into(),
        words: rfc::words(&quotation.text),
        place,
    })
}

/// Where `quotation` stands; nowhere that counts, when it is beside what tests compare with.
fn place(file: &File, quotation: &Quotation) -> Result<Option<Place>, &'static str> {
    let path = file.path.clone();
    let in_tests = file.kind == Kind::Test || quotation.line > first_line_of_tests(&file.text);
    match quotation.purpose {
        Purpose::Test => {
            if !in_tests {
                return Err("a quotation of type test beside code");
            }
            let name = test_behind(&file.text, quotation.end);
            Ok(name.map(|name| Place::Test { path, name }))
        }
        Purpose::Citation | Purpose::Exception if in_tests => {
            Err("a quotation among tests that is not of type test")
        }
        Purpose::Citation | Purpose::Exception
            if !SHIPPED.iter().any(|start| path.starts_with(start)) =>
        {
            Err("a quotation beside code that does not ship")
        }
        Purpose::Citation => Ok(Some(Place::Code { path })),
        Purpose::Exception if quotation.reason.is_empty() => Err("an exception without a reason"),
        Purpose::Exception => Ok(Some(Place::Exception {
            path,
            reason: quotation.reason.clone(),
        })),
    }
}

/// The line that opens the module of unit tests, or one past the last.
fn first_line_of_tests(text: &str) -> usize {
    let mut before = "";
    for (index, line) in text.lines().enumerate() {
        if before == "#[cfg(test)]" && line.starts_with("mod ") && line.ends_with('{') {
            return index + 1;
        }
        before = line;
    }
    usize::MAX
}

/// The name of the test function that begins behind line `end`, with nothing between but comments
/// and attributes.
fn test_behind(text: &str, end: usize) -> Option<String> {
    let mut is_test = false;
    for line in text.lines().skip(end - 1) {
        let line = line.trim();
        if let Some(signature) = line.strip_prefix("fn ") {
            let name = signature.split(['(', '<']).next()?;
            return is_test.then(|| name.into());
        }
        is_test |= line == "#[test]";
        if !(line.is_empty() || line.starts_with("//") || line.starts_with("#[")) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, source: &str) -> (Vec<Place>, Vec<String>) {
        // `@` for `//`, because this file is read as well.
        let text = source.replace("@T", "@= https://www.rfc-editor.org/rfc/rfc1#section-1");
        let (all, findings) = citations(&[File::new(path, text.replace('@', "//"))]);
        let places = all.into_iter().map(|citation| citation.place);
        (places.collect(), findings)
    }

    #[test]
    fn a_quotation_beside_code_is_one() {
        let (all, findings) = places("tcp-core/src/a.rs", "@T\n@# Words.\nfn f() {}\n");
        let path = "tcp-core/src/a.rs".to_owned();
        assert_eq!((all, findings), (vec![Place::Code { path }], vec![]));
    }

    #[test]
    fn a_test_is_named_by_the_function_behind_the_quotation() {
        let source = "@T\n@= type=test\n@# Words.\n@/ Why.\n#[test]\nfn it_does() {}\n";
        let (all, _) = places("tests/tests/a.rs", source);
        let (path, name) = ("tests/tests/a.rs".to_owned(), "it_does".to_owned());
        assert_eq!(all, [Place::Test { path, name }]);
    }

    /// Its words are what a table of expected outcomes is made of: that shows nothing yet.
    #[test]
    fn beside_what_tests_compare_with_it_does_not_count() {
        let source = "@T\n@= type=test\n@# Words.\nfn expected() {}\n";
        assert_eq!(places("tests/tests/a.rs", source), (vec![], vec![]));
    }

    #[test]
    fn what_says_nothing_where_it_stands_is_found() {
        let code = "@T\n@# Words.\nfn f() {}\n";
        for (path, source) in [
            (
                "tcp-core/src/a.rs",
                "@T\n@= type=test\n@# Words.\nfn f() {}\n",
            ),
            (
                "tcp-core/src/a.rs",
                "@T\n@= type=exception\n@# Words.\nfn f() {}\n",
            ),
            (
                "tcp-core/src/a.rs",
                "#[cfg(test)]\nmod tests {\n@T\n@# Words.\nfn f() {}\n}\n",
            ),
            ("tests/tests/a.rs", code),
            ("tests/src/a.rs", code),
        ] {
            let (all, findings) = places(path, source);
            assert_eq!((all.len(), findings.len()), (0, 1), "{path}: {source}");
        }
    }
}
