//! Says which requirements of RFC 9293 and its companions are met, shown, or excepted.
//!
//! Fails when one has neither code and test nor a reasoned exception.

use std::fs;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use tcp_tests::requirements::account::Account;
use tcp_tests::requirements::register;
use tcp_tests::requirements::report::{self, Counts};
use tcp_tests::requirements::rfc::Library;

/// Accounts for the requirements of RFC 9293 and its companions.
#[derive(Parser)]
struct Arguments {
    /// Also fails when the report in the repository is not current.
    #[arg(long)]
    check: bool,
    /// Writes the report into the repository.
    #[arg(long)]
    markdown: bool,
    /// Lists what is missing, each with its words.
    #[arg(long)]
    missing: bool,
    /// Extracts the tables of requirements from the texts of the RFCs.
    #[arg(long)]
    extract: bool,
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.extract {
        extract()?;
    }
    let account = Account::of_the_repository()?;
    if arguments.markdown {
        fs::write(report::path(), report::markdown(&account))?;
    }
    if arguments.missing {
        print!("{}", report::missing(&account));
    }
    let mut failures = account.findings.clone();
    if arguments.check && fs::read_to_string(report::path())? != report::markdown(&account) {
        let advice = "cargo run -p tcp-tests --bin requirements -- --markdown";
        failures.push(format!(
            "tests/requirements/REPORT.md is not current: {advice}"
        ));
    }
    for failure in &failures {
        println!("{failure}");
    }
    print!("{}", report::summary(&account));
    let counts = Counts::of(account.entries());
    let failed = counts.missing + failures.len();
    let passed = counts.met + counts.repeated;
    println!(
        "{passed} passed, {failed} failed, {} skipped",
        counts.excepted
    );
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn extract() -> io::Result<()> {
    let missing = "the RFC texts are not here; TCP_RFC_DIR names their directory";
    let library = Library::found().ok_or_else(|| io::Error::other(missing))?;
    for (number, table) in register::extract(&library)? {
        fs::write(register::path(number), table)?;
    }
    Ok(())
}
