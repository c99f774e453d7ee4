//! The figures, as JSON lines and as the snapshot in git, and when they have grown too much.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use tcp_tests::cross;
use tcp_tests::elf::Measured;

use crate::bars;
use crate::image::Image;

const HEADER: &str = "# What tcp-core and others cost a microcontroller. Written by\n\
    # `cargo run --release -p tcp-tests --bin budgets -- --bless`.\n";
/// What a reader does about a difference.
pub(crate) const ADVICE: &str =
    "if that is meant: cargo run --release -p tcp-tests --bin budgets -- --bless";
/// Sizes of values that are of interest here; `sizes` tells all of them.
const SIZES: [&str; 6] = [
    "SYN entry",
    "TIME-WAIT entry",
    "connection",
    "connection slot",
    "in-flight record",
    "listener",
];
/// Sections of figures that are held against the snapshot.
const OURS: &str = "tcp-core.";

/// Figures: a section, a name, a value; and what they were made with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    notes: BTreeMap<String, String>,
    values: BTreeMap<(String, String), u64>,
}

impl Figures {
    /// Adds one.
    pub(crate) fn add(&mut self, section: &str, name: &str, value: u64) {
        self.values
            .insert((section.to_owned(), name.to_owned()), value);
    }

    /// Adds those of an image. The sizes of values are taken from the image over Ethernet.
    pub(crate) fn add_image(&mut self, section: &str, measured: &Measured) {
        self.add(section, "text", measured.text);
        self.add(section, "data", measured.data);
        self.add(section, "bss", measured.bss);
        if section.ends_with(".small") {
            let slot = |(name, _): &&(String, u64)| name == "connection slot";
            if let Some((name, octets)) = measured.footprint.iter().find(slot) {
                self.add(section, name, *octets);
            }
        }
        let Some(stack) = section.strip_suffix(".ethernet") else {
            return;
        };
        for (name, octets) in &measured.footprint {
            if SIZES.contains(&name.as_str()) {
                self.add(&format!("{stack}.size-of"), name, *octets);
            }
        }
    }

    /// Notes with what the figures were made.
    pub(crate) fn note(&mut self, what: &str, text: &str) {
        self.notes.insert(what.to_owned(), text.to_owned());
    }

    /// What was noted.
    pub(crate) fn noted(&self, what: &str) -> Option<&str> {
        self.notes.get(what).map(String::as_str)
    }

    /// One of them.
    pub(crate) fn get(&self, section: &str, name: &str) -> Option<u64> {
        self.values
            .get(&(section.to_owned(), name.to_owned()))
            .copied()
    }

    /// What of this TCP was not measured.
    pub(crate) fn lacking(&self) -> Option<&'static str> {
        let images = Image::OURS.map(|image| (image.section, "text"));
        let others = [
            ("tcp-core.run", "sender"),
            ("tcp-core.size-of", "connection"),
        ];
        let mut all = images.into_iter().chain(others);
        let lacking = all.find(|(section, name)| self.get(section, name).is_none());
        lacking.map(|(section, _)| section)
    }

    /// For programs: one object a line.
    pub(crate) fn json(&self) -> String {
        let mut text = String::new();
        for ((section, name), value) in &self.values {
            let bar = bars::of(section, name).map_or_else(String::new, |bar| {
                format!(r#","bar":{bar},"kept":{}"#, *value <= bar)
            });
            let _ = writeln!(
                text,
                r#"{{"bench":"budgets","of":"{section}","name":"{name}","value":{value}{bar}}}"#
            );
        }
        text
    }

    /// For people: each figure of this TCP beside the one of the snapshot.
    pub(crate) fn beside(&self, old: &Self) -> String {
        let mut text = String::new();
        for ((section, name), is) in &self.values {
            let was = old
                .get(section, name)
                .map_or_else(|| "-".to_owned(), |was| was.to_string());
            let _ = writeln!(text, "{is:>8} was {was:>8}  {section}: {name}");
        }
        text
    }

    /// Fails when one of this TCP's figures has grown by more than the slack.
    pub(crate) fn check(&self, old: &Self) -> Result<(), String> {
        let lines = self.growth(old);
        if lines.is_empty() {
            return Ok(());
        }
        Err(format!(
            "beyond tests/snapshots/budgets.toml:\n{}\n{ADVICE}",
            lines.join("\n")
        ))
    }

    /// Lines that say what has grown, what is not measured any more, and what has no snapshot. A
    /// section that this machine could not measure at all is passed over: that is said elsewhere.
    fn growth(&self, old: &Self) -> Vec<String> {
        let slack = self.slack(old);
        let ours = |key: &(String, String)| key.0.starts_with(OURS);
        let mut lines = Vec::new();
        for (key, was) in old.values.iter().filter(|(key, _)| ours(key)) {
            let (section, name) = key;
            match self.values.get(key) {
                Some(is) if is * 100 <= was * (100 + slack) => {}
                Some(is) => lines.push(format!("{section}: {name} was {was}, is {is}")),
                None if self.has_section(section) => {
                    lines.push(format!("{section}: {name} was {was}, is not measured"));
                }
                None => {}
            }
        }
        for (key, is) in self.values.iter().filter(|(key, _)| ours(key)) {
            if !old.values.contains_key(key) {
                lines.push(format!("{}: {} is {is}, was not measured", key.0, key.1));
            }
        }
        lines
    }

    /// Percents by which a figure may grow: more of them when the compiler is another one.
    fn slack(&self, old: &Self) -> u64 {
        if self.noted("compiler") == old.noted("compiler") {
            2
        } else {
            5
        }
    }

    fn has_section(&self, section: &str) -> bool {
        self.values.keys().any(|(other, _)| other == section)
    }

    /// Writes the snapshot.
    pub(crate) fn write(&self) -> Result<(), String> {
        let path = path();
        fs::write(&path, self.render()).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{} written", path.display());
        Ok(())
    }

    /// Reads the snapshot.
    pub(crate) fn read() -> Result<Self, String> {
        let path = path();
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}; {ADVICE}", path.display()))?;
        Self::parse(&text)
    }

    fn render(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for (what, note) in &self.notes {
            let _ = writeln!(text, "{what} = \"{note}\"");
        }
        let mut last = "";
        for ((section, name), value) in &self.values {
            if section != last {
                let _ = writeln!(text, "\n[{section}]");
                last = section;
            }
            let _ = writeln!(text, "\"{name}\" = {value}");
        }
        text
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut figures = Self::default();
        let mut section = "";
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let inner = line.strip_prefix('[');
            if let Some(name) = inner.and_then(|line| line.strip_suffix(']')) {
                section = name;
                continue;
            }
            let malformed = || format!("budgets.toml: cannot read {line:?}");
            let (name, value) = line.split_once(" = ").ok_or_else(malformed)?;
            if section.is_empty() {
                figures.note(name, value.trim_matches('"'));
            } else {
                let value = value.parse().map_err(|_| malformed())?;
                figures.add(section, name.trim_matches('"'), value);
            }
        }
        Ok(figures)
    }
}

fn path() -> PathBuf {
    cross::workspace().join("tests/snapshots/budgets.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(compiler: &str, text: u64) -> Figures {
        let mut figures = Figures::default();
        figures.note("compiler", compiler);
        figures.add("tcp-core.echo", "text", text);
        figures.add("smoltcp.run", "sender", 5_000);
        figures
    }

    #[test]
    fn a_snapshot_reads_back_as_it_was_written() {
        let written = figures("1.96.0, core from source", 40_000);
        assert_eq!(Figures::parse(&written.render()), Ok(written));
    }

    #[test]
    fn two_percent_more_pass_and_one_octet_beyond_does_not() {
        let old = figures("a", 40_000);
        assert!(figures("a", 30_000).growth(&old).is_empty());
        assert!(figures("a", 40_800).growth(&old).is_empty());
        let lines = figures("a", 40_801).growth(&old);
        assert_eq!(lines, ["tcp-core.echo: text was 40000, is 40801"]);
    }

    #[test]
    fn another_compiler_may_take_five() {
        let old = figures("a", 40_000);
        assert!(figures("b", 42_000).growth(&old).is_empty());
        assert_eq!(figures("b", 42_001).growth(&old).len(), 1);
    }

    #[test]
    fn what_is_missing_or_unknown_is_named_and_what_could_not_run_is_not() {
        let mut old = figures("a", 40_000);
        old.add("tcp-core.echo", "bss", 1);
        old.add("tcp-core.run", "sender", 1);
        let mut new = figures("a", 40_000);
        new.add("tcp-core.link", "text", 1);
        let lines = new.growth(&old);
        assert_eq!(
            lines,
            [
                "tcp-core.echo: bss was 1, is not measured",
                "tcp-core.link: text is 1, was not measured",
            ]
        );
    }

    #[test]
    fn figures_of_others_are_not_judged() {
        let old = figures("a", 40_000);
        let mut new = figures("a", 40_000);
        new.add("smoltcp.run", "sender", 9_000);
        assert!(new.growth(&old).is_empty());
    }
}
