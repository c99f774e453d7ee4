//! What is printed: a line or an object a script, and the sum.

use std::path::Path;

use tcp_tests::pkt::verdict::Verdict;

use crate::files::Ran;

/// The sum so far.
pub(crate) struct Report {
    json: bool,
    passed: usize,
    failed: usize,
    skipped: usize,
    /// Scripts that wait for something, and how many of them hold already.
    awaiting: usize,
    awaiting_ok: usize,
}

impl Report {
    pub(crate) const fn new(json: bool) -> Self {
        Self {
            json,
            passed: 0,
            failed: 0,
            skipped: 0,
            awaiting: 0,
            awaiting_ok: 0,
        }
    }

    pub(crate) fn add(&mut self, file: &Path, ran: &Ran) {
        if self.json {
            print_object(file, ran);
        } else {
            print_line(file, ran);
        }
        if ran.awaits.is_some() {
            self.awaiting += 1;
            self.awaiting_ok += usize::from(ran.verdict == Verdict::Ok);
            return;
        }
        match ran.verdict {
            Verdict::Ok => self.passed += 1,
            Verdict::Failed { .. } => self.failed += 1,
            Verdict::Unsupported { .. } => self.skipped += 1,
        }
    }

    /// Whether no script failed.
    pub(crate) const fn is_green(&self) -> bool {
        self.failed == 0
    }

    pub(crate) fn finish(&self) {
        if self.json {
            return;
        }
        if self.awaiting > 0 {
            println!(
                "{} scripts wait for what is not built; {} of them hold",
                self.awaiting, self.awaiting_ok
            );
        }
        println!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        );
    }
}

fn print_line(file: &Path, ran: &Ran) {
    let file = file.display();
    let mark = ran.awaits.as_ref();
    let mark = mark.map_or_else(String::new, |name| format!("(awaits {name}) "));
    match &ran.verdict {
        Verdict::Ok => println!("{mark}ok {file}"),
        Verdict::Failed { line, message } => println!("{mark}FAIL {file}:{line}: {message}"),
        Verdict::Unsupported { line, what } => println!("{mark}unsupported {file}:{line}: {what}"),
    }
}

fn print_object(file: &Path, ran: &Ran) {
    let (verdict, line, message) = match &ran.verdict {
        Verdict::Ok => ("ok", 0, ""),
        Verdict::Failed { line, message } => ("failed", *line, message.as_str()),
        Verdict::Unsupported { line, what } => ("unsupported", *line, what.as_str()),
    };
    let awaits = ran.awaits.as_ref();
    let awaits = awaits.map_or_else(|| "null".to_owned(), |name| quoted(name));
    println!(
        r#"{{"script":{},"verdict":"{verdict}","line":{line},"message":{},"awaits":{awaits}}}"#,
        quoted(&file.display().to_string()),
        quoted(message)
    );
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
