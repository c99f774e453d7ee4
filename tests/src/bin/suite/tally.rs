//! What a step found, and how the runners of tests say it.

use std::fmt;

/// How many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

/// What became of a step.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// One check, and it holds.
    Holds,
    /// Tests ran; `not_run` says of each one that could not do its work why.
    Tested {
        counts: Counts,
        not_run: Vec<String>,
    },
    /// The check does not hold, or tests failed; the end of what was printed.
    Failed { counts: Counts, output: String },
    /// This machine lacks something.
    Skipped(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("ok"),
            Self::Tested { counts, .. } if counts.skipped == 0 => {
                write!(f, "ok: {} passed", counts.passed)
            }
            Self::Tested { counts, .. } => {
                write!(
                    f,
                    "ok: {} passed, {} skipped",
                    counts.passed, counts.skipped
                )
            }
            Self::Failed { counts, .. } => write!(f, "FAILED: {}", counts.failed),
            Self::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}

/// The sum of all steps.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    pub(crate) not_run: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, step: &str, verdict: &Verdict) {
        let counts = match verdict {
            Verdict::Holds => Counts {
                passed: 1,
                ..Counts::default()
            },
            Verdict::Tested { counts, not_run } => {
                self.not_run
                    .extend(not_run.iter().map(|line| format!("{step}: {line}")));
                *counts
            }
            Verdict::Failed { counts, .. } => *counts,
            Verdict::Skipped(why) => {
                self.not_run.push(format!("{step}: {why}"));
                Counts {
                    skipped: 1,
                    ..Counts::default()
                }
            }
        };
        self.counts.passed += counts.passed;
        self.counts.failed += counts.failed;
        self.counts.skipped += counts.skipped;
    }
}

/// Adds up the summaries of `cargo test` and of `cargo nextest` in `output`, and those that our own
/// runners print; `None` when there is none.
pub(crate) fn counts_in(output: &str) -> Option<Counts> {
    let mut sum: Option<Counts> = None;
    for line in output.lines() {
        let line = line.trim();
        let summary = line
            .strip_prefix("test result:")
            .or_else(|| line.strip_prefix("Summary ["))
            .or_else(|| is_plain(line).then_some(line));
        if let Some(summary) = summary {
            let counts = sum.get_or_insert_default();
            counts.passed += number_before(summary, "passed");
            counts.failed += number_before(summary, "failed")
                + number_before(summary, "timed out")
                + number_before(summary, "exec failed");
            // What nextest calls skipped was not asked for.
            let skipped = if is_plain(line) { "skipped" } else { "ignored" };
            counts.skipped += number_before(summary, skipped);
        }
    }
    sum
}

/// Whether a line is `N passed, N failed, N skipped` and nothing else.
fn is_plain(line: &str) -> bool {
    let words = ["passed", "failed", "skipped"];
    let parts: Vec<_> = line.split(", ").collect();
    parts.len() == words.len()
        && parts.iter().zip(words).all(|(part, word)| {
            let number = part.strip_suffix(word).map(str::trim_end);
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        })
}

/// The number in `7 passed`, zero when `word` does not follow a number.
fn number_before(summary: &str, word: &str) -> u32 {
    summary
        .split([',', ';', '.', ':', '('])
        .filter_map(|part| part.trim().split_once(' '))
        .filter(|(_, what)| *what == word)
        .find_map(|(number, _)| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_cargo_test_are_added_up() {
        let output = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
            test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 9 filtered out";
        let counts = Counts {
            passed: 5,
            failed: 4,
            skipped: 1,
        };
        assert_eq!(counts_in(output), Some(counts));
    }

    #[test]
    fn summary_of_nextest() {
        let output = "     Summary [  12.345s] 12 tests run: 9 passed (2 slow), 2 failed, \
            1 timed out, 7 skipped";
        let counts = Counts {
            passed: 9,
            failed: 3,
            skipped: 0,
        };
        assert_eq!(counts_in(output), Some(counts));
    }

    #[test]
    fn summary_of_our_own_runners() {
        let counts = Counts {
            passed: 9,
            failed: 2,
            skipped: 7,
        };
        assert_eq!(
            counts_in("ok a.pkt\n9 passed, 2 failed, 7 skipped"),
            Some(counts)
        );
        assert_eq!(counts_in("9 passed, 2 failed, and more"), None);
    }

    #[test]
    fn output_without_a_summary_counts_nothing() {
        assert_eq!(counts_in("error: could not compile"), None);
    }

    #[test]
    fn a_skipped_step_is_named_in_the_sum() {
        let mut tally = Tally::default();
        tally.add("fuzz", &Verdict::Skipped("no nightly toolchain".into()));
        tally.add("fmt", &Verdict::Holds);
        assert_eq!(tally.not_run, ["fuzz: no nightly toolchain"]);
        assert_eq!(
            tally.counts,
            Counts {
                passed: 1,
                failed: 0,
                skipped: 1
            }
        );
    }
}
