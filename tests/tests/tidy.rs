//! The rules of the house, enforced: short files and functions, narrow lines, honest quotations.
//!
//! The rules are in `CONTRIBUTING.md`. Each test here checks one of them on every file of the
//! repository and names every place that breaks it. The checker itself is tested on snippets that
//! break the rules (the `tests` modules below `tidy/`).

mod tidy {
    pub(crate) mod catalogue;
    pub(crate) mod source;
    pub(crate) mod text;
}

use std::sync::LazyLock;

use tcp_tests::requirements::quote;
use tcp_tests::requirements::rfc::Library;
use tcp_tests::requirements::tree::{self, File, Kind};
use tcp_tests::{cross, not_run};
use tidy::source::Source;
use tidy::{catalogue, text};

/// Production lines of a file; test modules are not counted.
const FILE_LINES: usize = 500;
/// Lines of a function from its signature to its closing brace.
const FUNCTION_LINES: usize = 70;
/// Columns of a line.
const COLUMNS: usize = 100;
/// Parameters of a function of the core, `self` included.
const PARAMETERS: usize = 5;

/// Every file of the repository; Rust is parsed.
static TREE: LazyLock<Vec<Judged>> = LazyLock::new(|| {
    let files = tree::files(cross::workspace());
    assert!(files.len() > 100, "the tree was not found");
    files.into_iter().map(Judged::new).collect()
});

struct Judged {
    file: File,
    source: Option<Result<Source, String>>,
}

impl Judged {
    fn new(file: File) -> Self {
        let parse = || Source::parse(&file.text).map_err(|error| error.to_string());
        let source = match file.kind {
            Kind::Text => None,
            Kind::Production | Kind::Test => Some(parse()),
        };
        Self { file, source }
    }
}

/// Applies `rule` to every file and fails with all that it found.
fn everywhere(rule: impl Fn(&File) -> Vec<(usize, String)>) {
    assert_none(|judged| rule(&judged.file));
}

/// The same for Rust sources, parsed.
fn in_sources(rule: impl Fn(&File, &Source) -> Vec<(usize, String)>) {
    assert_none(|Judged { file, source }| match source {
        None => Vec::new(),
        Some(Ok(source)) => rule(file, source),
        Some(Err(error)) => vec![(1, format!("does not parse: {error}"))],
    });
}

fn assert_none(rule: impl Fn(&Judged) -> Vec<(usize, String)>) {
    let findings = TREE.iter().flat_map(|judged| {
        let found = rule(judged).into_iter();
        found.map(|(line, what)| format!("{}:{line}: {what}", judged.file.path))
    });
    let findings: Vec<String> = findings.collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

fn is_core(file: &File) -> bool {
    file.path.starts_with("tcp-core/src/")
}

#[test]
fn production_files_are_short() {
    in_sources(|file, source| match file.kind {
        Kind::Production if source.production_lines > FILE_LINES => {
            vec![(1, format!("{} production lines", source.production_lines))]
        }
        Kind::Production | Kind::Test | Kind::Text => Vec::new(),
    });
}

#[test]
fn functions_are_short() {
    in_sources(|_, source| source.functions_longer_than(FUNCTION_LINES));
}

#[test]
fn functions_of_the_core_take_few_parameters() {
    in_sources(|file, source| {
        if is_core(file) {
            source.functions_with_more_than(PARAMETERS)
        } else {
            Vec::new()
        }
    });
}

#[test]
fn functions_of_the_core_take_no_bool() {
    in_sources(|file, source| {
        if is_core(file) {
            source.functions_taking_bool()
        } else {
            Vec::new()
        }
    });
}

#[test]
fn exceptions_from_lints_give_a_reason() {
    in_sources(|_, source| source.exceptions_without_reason());
}

#[test]
fn lines_are_narrow() {
    everywhere(|file| text::wide_lines(file, COLUMNS));
}

#[test]
fn modules_say_what_they_own() {
    everywhere(|file| match file.kind {
        Kind::Production => text::without_module_doc(&file.text),
        Kind::Test | Kind::Text => Vec::new(),
    });
}

#[test]
fn nothing_is_left_for_later() {
    everywhere(text::unfinished);
}

#[test]
fn the_obsolete_standard_is_not_cited() {
    // These are quotations from end to end.
    let is_quoted = |file: &File| file.path.starts_with("tests/requirements/");
    everywhere(|file| match is_quoted(file) {
        true => Vec::new(),
        false => text::obsolete_citations(&file.text),
    });
}

#[test]
fn nothing_names_the_place_where_it_was_written() {
    everywhere(text::foreign_words);
}

#[test]
fn z09_the_core_forbids_unsafe_code() {
    let path = cross::workspace().join("tcp-core/src/lib.rs");
    let text = std::fs::read_to_string(path).expect("the core's lib.rs");
    assert!(text.lines().any(|line| line == "#![forbid(unsafe_code)]"));
}

/// Each known attack and defect is a test, by name, or says what it waits for.
#[test]
fn known_attacks_and_defects_have_their_tests() {
    let read = |path: &str| std::fs::read_to_string(cross::workspace().join(path));
    let suite = read("tests/src/bin/suite/step.rs").expect("the steps of the suite");
    for list in ["threats", "defects"] {
        let path = format!("tests/catalogue/{list}.txt");
        let text = read(&path).expect("a list");
        let sources = TREE.iter().filter_map(|judged| judged.source.as_ref());
        let parsed = sources.filter_map(|source| source.as_ref().ok());
        let tests = parsed.flat_map(|source| source.tests.iter().map(String::as_str));
        let findings = catalogue::check(&text, tests, &suite);
        assert!(findings.is_empty(), "{path}: {findings:#?}");
    }
}

/// The texts lie beside the repository, or where `TCP_RFC_DIR` says.
#[test]
fn quotations_are_in_the_texts_that_they_name() {
    let Some(library) = Library::found() else {
        let why = "the RFC texts are not here; TCP_RFC_DIR names their directory";
        not_run::say("quotations_are_in_the_texts_that_they_name", why);
        return;
    };
    everywhere(|file| match file.kind {
        Kind::Text => Vec::new(),
        Kind::Production | Kind::Test => quote::check(&file.text, &library),
    });
}
