//! The table in `README.md`, between two comments.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use tcp_tests::cross;

use crate::bars;
use crate::figures::{ADVICE, Figures};

const BEGIN: &str = "<!-- budgets: written by a command, not by hand -->\n";
const END: &str = "<!-- end of budgets -->\n";
/// Who is compared, as sections are called.
const STACKS: [&str; 3] = ["tcp-core", "smoltcp", "lwip"];
/// What a row says, the section without its first part, and the name of the figure.
const ROWS: [(&str, &str, &str); 21] = [
    ("one connection alone: text", "connection", "text"),
    ("echo over IPv4, no link layer: text", "echo", "text"),
    ("echo over Ethernet, IPv4: text", "ethernet", "text"),
    ("its data", "ethernet", "data"),
    ("its bss", "ethernet", "bss"),
    ("**the same, profile `Small`: text**", "small", "text"),
    ("the same, extended¹: text", "extended", "text"),
    ("echo over Ethernet, IPv4 and IPv6: text", "dual", "text"),
    ("its bss", "dual", "bss"),
    ("**the same, profile `Small`: text**", "small-dual", "text"),
    ("the same with DHCP and DNS: text", "link", "text"),
    ("connection slot², octets", "size-of", "connection slot"),
    ("**the same, profile `Small`**", "small", "connection slot"),
    ("connection alone", "size-of", "connection"),
    ("in-flight record", "size-of", "in-flight record"),
    ("SYN entry", "size-of", "SYN entry"),
    ("TIME-WAIT entry", "size-of", "TIME-WAIT entry"),
    ("**peak stack³, octets**", "run", "peak stack"),
    ("**instructions per segment: sender**", "run", "sender"),
    ("**instructions per segment: receiver**", "run", "receiver"),
    (
        "**instructions per handshake, both sides**",
        "run",
        "handshake",
    ),
];

const NOTES: &str = "\
Cortex-M4F, optimized for size with LTO, nothing shared but the device: two connections with 2 KiB
each way behind a driver of some thirty lines, no start-up code. All answer ARP; all but the first
image of lwIP answer echo requests. Both dual images configure addresses from routers. What each
TCP does for that is in the table above. Bars are what this project has set itself; `-` is what does
not exist there or was not measured (of lwIP: stack and instructions).

1. lwIP with what ours has besides: SACK blocks, window scaling, timestamps, backlog, echo reply.
2. Without buffers. smoltcp's holds the socket.
3. Below the caller of the stack's functions, without link layer and driver, in the work whose
   instructions are counted: 1,000 segments of 1,460 octets between two hosts in one program,
   checksums on, calls of `receive` and `transmit` (smoltcp: `poll`) alone. QEMU counts exactly.
   **Instructions are not cycles**: there are no caches and no waiting for flash in them.
";

/// The table with what is to be said about it.
pub(crate) fn table(figures: &Figures) -> String {
    let mut text = String::from("\n| | bar | tcp-core | smoltcp 0.14 | lwIP 2.1.3 |\n");
    text.push_str("|---|--:|--:|--:|--:|\n");
    for (label, part, name) in ROWS {
        let bar = bars::of(&format!("tcp-core.{part}"), name);
        let bar = bar.map_or_else(String::new, with_commas);
        let _ = write!(text, "| {label} | {bar} |");
        for stack in STACKS {
            let section = format!("{stack}.{part}");
            let _ = write!(text, " {} |", cell(figures, &section, name));
        }
        text.push('\n');
    }
    let (kept, all) = bars::kept(figures);
    let missed = all - kept;
    let verdict = match missed {
        0 => format!("All {all} bars are kept."),
        _ => format!("**Of {all} bars {missed} are missed**; those are the figures with a cross."),
    };
    let made_with = made_with(figures);
    let _ = write!(text, "\n{verdict} {made_with}\n\n{NOTES}\n");
    text
}

fn cell(figures: &Figures, section: &str, name: &str) -> String {
    let Some(value) = figures.get(section, name) else {
        return "-".to_owned();
    };
    let mark = match bars::of(section, name) {
        Some(bar) if value > bar => " ✗",
        Some(_) => " ✓",
        None => "",
    };
    format!("{}{mark}", with_commas(value))
}

fn made_with(figures: &Figures) -> String {
    let rustc = figures.noted("compiler").unwrap_or("unknown");
    let gcc = figures.noted("gcc").map_or_else(
        || "lwIP was not measured.".to_owned(),
        |gcc| format!("GCC {gcc} for lwIP."),
    );
    format!("Built with\nrustc {rustc}; {gcc}")
}

fn with_commas(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Puts the table into the page.
pub(crate) fn write(table: &str) -> Result<(), String> {
    let path = path();
    let old = page()?;
    let (before, _, after) = cut(&old)?;
    fs::write(&path, [before, table, after].concat())
        .map_err(|error| format!("{}: {error}", path.display()))?;
    println!("{} written", path.display());
    Ok(())
}

/// Fails when the page has another table.
pub(crate) fn check(table: &str) -> Result<(), String> {
    let page = page()?;
    let (_, inside, _) = cut(&page)?;
    if inside == table {
        Ok(())
    } else {
        Err(format!(
            "the table in README.md is not the snapshot's; {ADVICE}"
        ))
    }
}

/// What stands before the table (the first mark included), in it, and after it.
fn cut(page: &str) -> Result<(&str, &str, &str), String> {
    let missing = || "README.md has no marks for the table".to_owned();
    let start = page.find(BEGIN).ok_or_else(missing)? + BEGIN.len();
    let (before, rest) = page.split_at(start);
    let (inside, after) = rest.split_at(rest.find(END).ok_or_else(missing)?);
    Ok((before, inside, after))
}

fn page() -> Result<String, String> {
    fs::read_to_string(path()).map_err(|error| format!("README.md: {error}"))
}

fn path() -> PathBuf {
    cross::workspace().join("README.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bar_is_marked_and_counted() {
        let mut figures = Figures::default();
        figures.add("tcp-core.small", "text", 40_800);
        figures.add("tcp-core.run", "receiver", 3_373);
        figures.add("smoltcp.small", "text", 18_432);
        let table = table(&figures);
        let row = "| **the same, profile `Small`: text** | 16,000 | 40,800 ✗ | 18,432 | - |\n";
        assert!(table.contains(row), "{table}");
        assert!(table.contains("| 3,400 | 3,373 ✓ |"), "{table}");
        assert!(table.contains("Of 8 bars 7 are missed"), "{table}");
    }

    #[test]
    fn only_what_is_between_the_marks_is_the_table() {
        let page = format!("above\n{BEGIN}old\n{END}below\n");
        let (before, inside, after) = cut(&page).unwrap();
        assert_eq!(before, format!("above\n{BEGIN}"));
        assert_eq!(inside, "old\n");
        assert_eq!(after, format!("{END}below\n"));
        assert!(cut("nothing").is_err());
    }

    #[test]
    fn numbers_have_commas() {
        let numbers = [0, 999, 1_000, 1_234_567].map(with_commas);
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
    }
}
