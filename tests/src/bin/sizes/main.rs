//! What `tcp-core` costs a microcontroller, and the proof that it cannot panic there.
//!
//! ```text
//! cargo run -p tcp-tests --bin sizes -- \
//!     [--check | --bless | --json | --functions | --image NAME]
//! ```
//!
//! Builds the image `tcp-embedded/firmware/minimal` for each target and set of features. The image
//! links only when its panic handler is unreachable; when it is not, the calls that reach it are
//! listed. `--check` compares with `tests/snapshots/sizes.toml`, `--bless` writes it, `--json`
//! prints one line per measurement, `--functions` the largest functions of each image and how much
//! code each source file became. `--image` builds only the images of that name or that target, and
//! may be repeated.

mod image;
mod reach;
mod snapshot;

use std::process::ExitCode;

use image::{Build, Image};
use snapshot::Sizes;
use tcp_tests::{cross, elf, not_run};

const USAGE: &str = "usage: sizes [--check | --bless | --json | --functions | --image NAME]";

fn main() -> ExitCode {
    let mut mode = Mode::Show;
    let mut functions = 0;
    let mut names = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--check" => mode = Mode::Check,
            "--bless" => mode = Mode::Bless,
            "--json" => mode = Mode::Json,
            "--functions" => functions = 40,
            "--image" => names.extend(arguments.next()),
            other => {
                eprintln!("sizes: unknown argument {other}");
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    let images = Image::named(&names);
    if images.is_empty() || (mode == Mode::Bless && images.len() < Image::ALL.len()) {
        eprintln!("sizes: no image has that name, or not every one that is to be blessed");
        return ExitCode::from(2);
    }
    match run(&images, mode, functions) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("sizes: {message}");
            ExitCode::FAILURE
        }
    }
}

/// What is done with the measurements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Show,
    Check,
    Bless,
    Json,
}

fn run(images: &[Image], mode: Mode, functions: usize) -> Result<ExitCode, String> {
    let mut sizes = Sizes::default();
    let mut panicking = 0;
    let mut skipped = 0;
    for image in images {
        let path = match image.build()? {
            Build::Linked(path) => path,
            Build::Panics(path) => {
                panicking += 1;
                println!("{image}: a panic is reachable:");
                for site in reach::sites(&path)? {
                    println!("    {site}");
                }
                path
            }
            Build::NoCompiler => {
                skipped += 1;
                not_run::say(
                    &format!("sizes {image}"),
                    "no compiler here has that target",
                );
                continue;
            }
        };
        let octets = std::fs::read(&path).map_err(|error| error.to_string())?;
        sizes.add(image, &elf::measure(&octets)?);
        if functions > 0 {
            println!("{image}: the largest functions");
            for (size, name) in elf::functions(&octets)?.into_iter().take(functions) {
                println!("{size:8} {name}");
            }
            println!("{image}: code by source file");
            for (size, file) in reach::files(&path)? {
                println!("{size:8} {file}");
            }
        }
    }
    sizes.note_compiler(&cross::compiler(Image::ALL[0].target));
    let verdict = match mode {
        Mode::Json => {
            print!("{}", sizes.json());
            Ok(())
        }
        Mode::Show => {
            print!("{}", sizes.table());
            Ok(())
        }
        Mode::Bless if panicking == 0 && skipped == 0 => sizes.bless(),
        Mode::Bless => Err("not blessed: every image must link".to_owned()),
        Mode::Check => {
            print!("{}", sizes.table());
            sizes.check()
        }
    };
    verdict.and(if panicking == 0 {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(format!("{panicking} images have reachable panics"))
    })
}
