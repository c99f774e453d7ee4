//! What ran, what came of it, and what was wrong.

use std::collections::BTreeMap;
use std::fmt;

use crate::cell::{Cell, Station, TEXT};
use crate::deviations::{DEVIATIONS, expected_with};
use crate::rfc9293::Profile;
use crate::stand::Stand;

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) cells: usize,
    segments: usize,
    /// By state and what was wrong: the first such cell, and how many there are.
    wrong: BTreeMap<String, (String, usize)>,
    /// How many segments each deviation changed.
    deviations: BTreeMap<&'static str, usize>,
    /// How often each outcome occurred, by state.
    outcomes: BTreeMap<(usize, String), usize>,
}

impl Tally {
    /// Runs `cells`, each with and without text.
    pub(crate) fn of(cells: impl Iterator<Item = Cell>, profile: Profile) -> Self {
        let mut tally = Self::default();
        for cell in cells {
            tally.cells += 1;
            tally.segment(cell.with_text(0), profile);
            tally.segment(cell.with_text(TEXT), profile);
        }
        tally
    }

    fn segment(&mut self, cell: Cell, profile: Profile) {
        self.segments += 1;
        let mut stand = Stand::new(cell.station, profile);
        let (tcb, seg) = (stand.tcb(), stand.seg(cell));
        let expected = expected_with(&tcb, &seg, |name| {
            *self.deviations.entry(name).or_default() += 1;
        });
        let place = (cell.station as usize, expected.to_string());
        *self.outcomes.entry(place).or_default() += 1;
        if let Err(what) = stand.check(seg, &expected) {
            let state = cell.station.state();
            let kind = format!("{state}: expected {expected}, but {what}");
            let first = || (cell.to_string(), 0);
            self.wrong.entry(kind).or_insert_with(first).1 += 1;
        }
    }

    /// How many segments a deviation changed.
    pub(crate) fn deviations(&self, name: &str) -> usize {
        self.deviations.get(name).copied().unwrap_or(0)
    }

    /// Fails with all that was wrong.
    pub(crate) fn judge(&self) {
        let lines = self.wrong.iter();
        let lines = lines.map(|(kind, (cell, count))| format!("{count:>5} {kind}\n      {cell}"));
        let lines: Vec<String> = lines.collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} cells, {} segments", self.cells, self.segments)?;
        for station in Station::ALL {
            let of_it = |(place, _): &(&(usize, String), &usize)| place.0 == station as usize;
            let mut outcomes: Vec<_> = self.outcomes.iter().filter(of_it).collect();
            if outcomes.is_empty() {
                continue;
            }
            // The most frequent first, and those that are equally frequent in a fixed order.
            outcomes.sort_by_key(|((_, outcome), count)| (usize::MAX - **count, outcome));
            writeln!(f, "{station}")?;
            for ((_, outcome), count) in outcomes {
                writeln!(f, "{count:>6} {outcome}")?;
            }
        }
        writeln!(f, "on purpose otherwise than the RFC")?;
        for deviation in DEVIATIONS {
            let count = self.deviations(deviation.name);
            writeln!(f, "{count:>6} {}", deviation.name)?;
        }
        Ok(())
    }
}
