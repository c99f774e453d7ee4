//! What this TCP costs a microcontroller, beside smoltcp and lwIP on the same work: flash, memory,
//! stack, instructions.
//!
//!     cargo run --release -p tcp-tests --bin budgets [-- --json | --check | --bless]
//!
//! Without an argument it builds and measures everything and prints a table; `--json` prints one
//! line per figure instead. `--bless` writes `tests/snapshots/budgets.toml` and the table in
//! `README.md`. `--check` measures this TCP alone and fails when a figure has grown by more than
//! 2 % since the snapshot, or when the table is not what the snapshot says.
//!
//! Sizes are read from echo images on one made-up device (`firmware/minimal`, `firmware/smoltcp`,
//! `firmware/budget/lwip`); instructions and stack are counted in QEMU by `firmware/budget`. lwIP's
//! sources are fetched from Debian when they are not there yet.

mod bars;
mod figures;
mod image;
mod lwip;
mod qemu;
mod readme;

use std::process::ExitCode;

use figures::Figures;
use image::{Image, TARGET};
use tcp_tests::{cross, elf, not_run};

fn main() -> ExitCode {
    let mut mode = Mode::Show;
    for argument in std::env::args().skip(1) {
        mode = match argument.as_str() {
            "--check" => Mode::Check,
            "--bless" => Mode::Bless,
            "--json" => Mode::Json,
            other => {
                eprintln!("budgets: unknown argument {other}");
                eprintln!("usage: budgets [--check | --bless | --json]");
                return ExitCode::from(2);
            }
        };
    }
    match run(mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("budgets: {message}");
            ExitCode::FAILURE
        }
    }
}

/// What is done with the figures.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Show,
    Check,
    Bless,
    Json,
}

fn run(mode: Mode) -> Result<(), String> {
    let mut figures = Figures::default();
    figures.note("compiler", &cross::compiler(TARGET));
    let mut missing = measure(&Image::OURS, "ours", &mut figures)?;
    if mode != Mode::Check {
        missing.extend(measure(&Image::SMOLTCP, "peer", &mut figures)?);
        missing.extend(lwip::measure(&mut figures)?);
    }
    match mode {
        Mode::Show => print!("{}", readme::table(&figures)),
        Mode::Json => print!("{}", figures.json()),
        Mode::Bless => {
            if let Some(what) = figures.lacking() {
                return Err(format!("not blessed: {what} was not measured"));
            }
            figures.write()?;
            readme::write(&readme::table(&figures))?;
        }
        Mode::Check => {
            let blessed = Figures::read()?;
            print!("{}", figures.beside(&blessed));
            figures.check(&blessed)?;
            readme::check(&readme::table(&blessed))?;
        }
    }
    // At the end, where they are seen; a reader of JSON does not want them among the figures.
    for (what, why) in missing {
        if mode == Mode::Json {
            eprintln!("not measured: {what}: {why}");
        } else {
            not_run::say(&format!("budgets: {what}"), &why);
        }
    }
    Ok(())
}

/// What could not be measured, and why.
type Missing = Vec<(String, String)>;

/// Measures images, and what `program` of `firmware/budget` counts.
fn measure(images: &[Image], program: &str, figures: &mut Figures) -> Result<Missing, String> {
    let mut missing = Missing::new();
    for image in images {
        match image.build()? {
            Some(path) => {
                let octets = std::fs::read(&path).map_err(|error| error.to_string())?;
                figures.add_image(image.section, &elf::measure(&octets)?);
            }
            None => missing.push((
                image.section.to_owned(),
                format!("no compiler for {TARGET}"),
            )),
        }
    }
    let section = if program == "ours" {
        "tcp-core.run"
    } else {
        "smoltcp.run"
    };
    match Image::program(program).build()? {
        None => missing.push((section.to_owned(), format!("no compiler for {TARGET}"))),
        Some(_) if !qemu::is_there() => {
            missing.push((section.to_owned(), format!("{} is missing", qemu::PROGRAM)));
        }
        Some(path) => {
            for (name, value) in qemu::run(&path)? {
                figures.add(section, &name, value);
            }
        }
    }
    Ok(missing)
}
