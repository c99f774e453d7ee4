//! Results as JSON lines, as a table, and against their bars.

use std::fmt::Write as _;
use std::process::ExitCode;

/// Who was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    Ours,
    Smoltcp,
}

impl Who {
    pub(crate) const BOTH: [Self; 2] = [Self::Ours, Self::Smoltcp];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "tcp-core",
            Self::Smoltcp => "smoltcp",
        }
    }
}

/// The results so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    json_only: bool,
    table: String,
    missed: Vec<String>,
}

impl Report {
    /// Prints JSON lines and nothing else.
    pub(crate) fn json_only(&mut self) {
        self.json_only = true;
    }

    /// One measurement: the median of several rounds, and their extremes.
    pub(crate) fn measured(&mut self, bench: &str, who: Who, rounds: &[f64], unit: &str) {
        let sorted = sorted(rounds);
        let (least, middle, most) = (sorted[0], median(rounds), sorted[sorted.len() - 1]);
        println!(
            "{{\"bench\":\"{bench}\",\"stack\":\"{}\",\"value\":{middle:.3},\"least\":{least:.3},\
             \"most\":{most:.3},\"unit\":\"{unit}\"}}",
            who.name()
        );
        let _ = writeln!(
            self.table,
            "{bench:32} {:10} {middle:12.2} {unit:8} ({least:.2} .. {most:.2})",
            who.name()
        );
    }

    /// A ratio between two measurements, and whether it is what it should be.
    pub(crate) fn ratio(&mut self, bench: &str, what: &str, ratio: f64, bar: Bar) {
        let verdict = bar.judge(ratio);
        println!(
            r#"{{"bench":"{bench}","ratio":"{what}","value":{ratio:.3},"bar":"{}","met":{}}}"#,
            bar.text(),
            verdict != Verdict::Missed
        );
        let note = match verdict {
            Verdict::Met => format!("bar {}: met", bar.text()),
            Verdict::Missed => format!("bar {}: MISSED", bar.text()),
            Verdict::None => String::new(),
        };
        let _ = writeln!(self.table, "{bench:32} {what:30} {ratio:8.2}  {note}");
        if verdict == Verdict::Missed {
            let bar = bar.text();
            self.missed
                .push(format!("{bench}: {what} is {ratio:.2}, the bar is {bar}"));
        }
    }

    /// Something that could not be measured.
    pub(crate) fn skipped(&mut self, bench: &str, why: &str) {
        println!(
            r#"{{"bench":"{bench}","skipped":"{}"}}"#,
            why.replace('"', "'")
        );
        let _ = writeln!(self.table, "{bench:32} not measured: {why}");
    }

    /// Something that should have been measured and failed.
    pub(crate) fn failed(&mut self, bench: &str, why: &str) {
        self.skipped(bench, why);
        self.missed.push(format!("{bench}: {why}"));
    }

    /// The table, and the exit code.
    pub(crate) fn finish(&self) -> ExitCode {
        if !self.json_only {
            print!("\n{}", self.table);
        }
        for missed in &self.missed {
            eprintln!("bench: {missed}");
        }
        if self.missed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// What a ratio should be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Bar {
    /// It is only shown.
    None,
    /// At least.
    AtLeast(f64),
    /// Less than.
    Below(f64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Met,
    Missed,
    None,
}

impl Bar {
    fn judge(self, ratio: f64) -> Verdict {
        let is_met = match self {
            Self::None => return Verdict::None,
            Self::AtLeast(least) => ratio >= least,
            Self::Below(limit) => ratio < limit,
        };
        if is_met {
            Verdict::Met
        } else {
            Verdict::Missed
        }
    }

    fn text(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::AtLeast(least) => format!(">= {least}"),
            Self::Below(limit) => format!("< {limit}"),
        }
    }
}

/// The value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    sorted[sorted.len() / 2]
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_value_in_the_middle() {
        assert!((median(&[5.0, 1.0, 3.0]) - 3.0).abs() < 1e-9);
        assert!((median(&[2.0]) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn bars_judge_as_they_read() {
        assert_eq!(Bar::AtLeast(1.0).judge(1.0), Verdict::Met);
        assert_eq!(Bar::AtLeast(1.0).judge(0.99), Verdict::Missed);
        assert_eq!(Bar::Below(1.2).judge(1.2), Verdict::Missed);
        assert_eq!(Bar::None.judge(9.0), Verdict::None);
    }
}
