//! Every check of this project, one after the other: `cargo suite`.
//!
//! `cargo suite -- --list` names the steps, `cargo suite -- NAME...` runs those whose names begin
//! so. The last line is `N passed, N failed, N skipped`: tests where a step runs tests, one for
//! any other step. What this machine cannot run counts as skipped and is named before that line.

mod licences;
mod need;
mod run;
mod step;
mod stm32;
mod tally;

use std::process::ExitCode;
use std::time::Instant;

use step::Step;
use tally::{Tally, Verdict};

fn main() -> ExitCode {
    // The alias ends in `--`; a second one, as `cargo run` would need, says nothing.
    let given = std::env::args().skip(1);
    let arguments: Vec<String> = given.filter(|argument| argument != "--").collect();
    if arguments.iter().any(|argument| argument == "--list") {
        for step in step::all() {
            println!("{:<24} {}", step.name, step.what);
        }
        return ExitCode::SUCCESS;
    }
    match choose(&arguments) {
        Ok(steps) => finish(&perform(&steps)),
        Err(name) => {
            eprintln!("no step begins with {name:?}; `cargo suite -- --list` names them");
            ExitCode::from(2)
        }
    }
}

/// The steps whose names begin with one of `names`; all of them when there is no name.
fn choose(names: &[String]) -> Result<Vec<Step>, &String> {
    let mut steps = step::all();
    for name in names {
        if !steps.iter().any(|step| step.name.starts_with(name)) {
            return Err(name);
        }
    }
    if !names.is_empty() {
        steps.retain(|step| names.iter().any(|name| step.name.starts_with(name)));
    }
    Ok(steps)
}

fn perform(steps: &[Step]) -> Tally {
    let mut total = Tally::default();
    for step in steps {
        let start = Instant::now();
        let verdict = (step.run)(&step.name);
        let seconds = start.elapsed().as_secs_f32();
        println!("{:<24} {seconds:>6.1} s  {verdict}", step.name);
        if let Verdict::Failed { output, .. } = &verdict {
            println!("{output}");
        }
        total.add(&step.name, &verdict);
    }
    total
}

fn finish(total: &Tally) -> ExitCode {
    for line in &total.not_run {
        println!("skipped: {line}");
    }
    println!(
        "{} passed, {} failed, {} skipped",
        total.counts.passed, total.counts.failed, total.counts.skipped
    );
    if total.counts.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
