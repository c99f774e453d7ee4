//! The measurements as a table, as JSON lines, and as the snapshot in git.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use tcp_tests::cross;
use tcp_tests::elf::Measured;

use crate::image::Image;

const HEADER: &str = "# What tcp-core costs in octets. \
    Written by `cargo run -p tcp-tests --bin sizes -- --bless`.\n";
/// What a reader does about a difference.
const ADVICE: &str = "if that is meant: cargo run -p tcp-tests --bin sizes -- --bless";

/// Upper limits that no snapshot overrides. The one for any address was 56, and is missed by the
/// initial send sequence number, which an entry keeps so that a handshake hashes less.
const LIMITS: [(&str, u64); 4] = [
    ("SYN entry", 48),
    ("SYN entry, any address", 60),
    ("TIME-WAIT entry", 64),
    ("TIME-WAIT, any address", 64),
];

/// Measurements: a section, a name, octets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    compiler: String,
    values: BTreeMap<(String, String), u64>,
}

impl Sizes {
    /// Adds one image.
    pub(crate) fn add(&mut self, image: &Image, measured: &Measured) {
        let section = format!("{}.{}", image.target, image.name);
        let lengths = [
            ("text", measured.text),
            ("data", measured.data),
            ("bss", measured.bss),
        ];
        for (name, octets) in lengths {
            self.values
                .insert((section.clone(), name.to_owned()), octets);
        }
        for (name, octets) in &measured.footprint {
            self.values
                .insert((format!("{section}.size-of"), name.clone()), *octets);
        }
    }

    /// Notes which compiler made the images.
    pub(crate) fn note_compiler(&mut self, compiler: &str) {
        compiler.clone_into(&mut self.compiler);
    }

    /// For people: images as columns.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("compiler: {}\n", self.compiler);
        let mut last = "";
        for ((section, name), octets) in &self.values {
            if section != last {
                let _ = writeln!(text, "{section}");
                last = section;
            }
            let _ = writeln!(text, "{octets:10} {name}");
        }
        text
    }

    /// For programs: one object a line.
    pub(crate) fn json(&self) -> String {
        let mut text = String::new();
        for ((section, name), octets) in &self.values {
            let _ = writeln!(
                text,
                r#"{{"bench":"sizes","image":"{section}","name":"{name}","octets":{octets}}}"#
            );
        }
        text
    }

    /// Writes the snapshot.
    pub(crate) fn bless(&self) -> Result<(), String> {
        self.within_limits()?;
        let path = path();
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, self.render()));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{} written", path.display());
        Ok(())
    }

    /// Compares with the snapshot and with the limits.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.within_limits()?;
        let path = path();
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}; {ADVICE}", path.display()))?;
        let differences = self.differences(&Self::parse(&text)?);
        if differences.is_empty() {
            return Ok(());
        }
        Err(format!(
            "sizes differ from tests/snapshots/sizes.toml:\n{}\n{ADVICE}",
            differences.join("\n")
        ))
    }

    fn within_limits(&self) -> Result<(), String> {
        for ((section, name), octets) in &self.values {
            let limit = LIMITS.iter().find(|(limited, _)| limited == name);
            if let Some((_, limit)) = limit.filter(|(_, limit)| octets > limit) {
                return Err(format!(
                    "{section}: {name} has {octets} octets, {limit} are allowed"
                ));
            }
        }
        Ok(())
    }

    /// Lines that say what differs from the snapshot `old`. Values that only this run or only
    /// the snapshot has differ too, unless the whole image is missing here.
    fn differences(&self, old: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (key, was) in &old.values {
            let (section, name) = key;
            match self.values.get(key) {
                Some(is) if self.same(old, name, *was, *is) => {}
                Some(is) => lines.push(format!("{section}: {name} was {was}, is {is}")),
                None if self.has_section(section) => {
                    lines.push(format!("{section}: {name} was {was}, is not measured"));
                }
                None => {}
            }
        }
        for ((section, name), is) in &self.values {
            if !old.values.contains_key(&(section.clone(), name.clone())) {
                lines.push(format!("{section}: {name} is {is}, was not measured"));
            }
        }
        lines
    }

    fn has_section(&self, section: &str) -> bool {
        self.values.keys().any(|(other, _)| other == section)
    }

    /// Code depends on the compiler: with another one a difference of 5 % passes. It depends a
    /// little on the directory that it is built in, too: the order of functions follows hashes of
    /// paths, and with it their alignment. The sizes of types depend on neither.
    fn same(&self, old: &Self, name: &str, was: u64, is: u64) -> bool {
        let slack = match name {
            "text" if self.compiler != old.compiler => was / 20,
            "text" => was / 400 + 16,
            _ => 0,
        };
        was.abs_diff(is) <= slack
    }

    fn render(&self) -> String {
        let mut text = format!("{HEADER}\ncompiler = \"{}\"\n", self.compiler);
        let mut last = "";
        for ((section, name), octets) in &self.values {
            if section != last {
                let _ = writeln!(text, "\n[{section}]");
                last = section;
            }
            let _ = writeln!(text, "\"{name}\" = {octets}");
        }
        text
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut sizes = Self::default();
        let mut section = "";
        for line in text.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
            {
                section = name;
                continue;
            }
            let malformed = || format!("sizes.toml: cannot read {line:?}");
            let (name, value) = line.split_once(" = ").ok_or_else(malformed)?;
            if name == "compiler" {
                value.trim_matches('"').clone_into(&mut sizes.compiler);
            } else {
                let octets = value.parse().map_err(|_| malformed())?;
                let name = name.trim_matches('"').to_owned();
                sizes.values.insert((section.to_owned(), name), octets);
            }
        }
        Ok(sizes)
    }
}

fn path() -> PathBuf {
    cross::workspace().join("tests/snapshots/sizes.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(compiler: &str, text: u64, connection: u64) -> Sizes {
        let mut sizes = Sizes::default();
        sizes.note_compiler(compiler);
        let measured = Measured {
            text,
            data: 0,
            bss: 8,
            footprint: vec![("connection".to_owned(), connection)],
        };
        sizes.add(&Image::ALL[0], &measured);
        sizes
    }

    #[test]
    fn a_snapshot_reads_back_as_it_was_written() {
        let written = sizes("1.96.0", 15_000, 280);
        assert_eq!(Sizes::parse(&written.render()), Ok(written));
    }

    #[test]
    fn more_than_alignment_is_named() {
        let old = sizes("1.96.0", 15_000, 280);
        assert!(sizes("1.96.0", 15_053, 280).differences(&old).is_empty());
        let lines = sizes("1.96.0", 15_054, 280).differences(&old);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with("text was 15000, is 15054"), "{lines:?}");
        let lines = sizes("1.96.0", 15_000, 281).differences(&old);
        assert!(
            lines[0].ends_with("connection was 280, is 281"),
            "{lines:?}"
        );
    }

    #[test]
    fn another_compiler_may_change_the_code_a_little_but_no_type() {
        let old = sizes("1.96.0", 15_000, 280);
        assert!(sizes("1.97.0", 15_700, 280).differences(&old).is_empty());
        assert_eq!(sizes("1.97.0", 15_800, 280).differences(&old).len(), 1);
        assert_eq!(sizes("1.97.0", 15_000, 281).differences(&old).len(), 1);
    }

    #[test]
    fn what_is_not_measured_any_more_is_a_difference() {
        let old = sizes("1.96.0", 15_000, 280);
        let mut new = sizes("1.96.0", 15_000, 280);
        new.values.retain(|(_, name), _| name != "connection");
        let image = Image::ALL[0];
        let section = format!("{}.{}.size-of", image.target, image.name);
        new.values.insert((section, "slot".to_owned()), 1);
        assert_eq!(new.differences(&old).len(), 2);
    }

    #[test]
    fn a_limit_is_not_overridden_by_a_snapshot() {
        let mut new = sizes("1.96.0", 15_000, 280);
        new.values
            .insert(("x.size-of".to_owned(), "SYN entry".to_owned()), 49);
        assert!(new.within_limits().is_err());
    }
}
