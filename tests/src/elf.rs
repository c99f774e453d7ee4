//! Reads an image: how large it is, and what its table of footprints says.

use object::elf::{SHF_ALLOC, SHF_WRITE};
use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolKind};
use rustc_demangle::demangle;

/// Length of one row of the image's table: a name filled with zeros, and a number.
const ROW: usize = 32;

/// One image in numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Code and constants.
    pub text: u64,
    /// Variables with a first value, in flash and in memory.
    pub data: u64,
    /// Variables that start as zeros.
    pub bss: u64,
    /// `size_of` of what the image names.
    pub footprint: Vec<(String, u64)>,
}

/// Measures an image.
///
/// # Errors
/// Says why it cannot be read.
pub fn measure(octets: &[u8]) -> Result<Measured, String> {
    let file = parse(octets)?;
    let mut measured = Measured::default();
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        if section.name() == Ok(".footprint") {
            let table = section.data().map_err(|error| error.to_string())?;
            measured.footprint = footprint(table);
        } else if sh_flags & u64::from(SHF_ALLOC) == 0 {
            continue;
        } else if section.kind() == SectionKind::UninitializedData {
            measured.bss += section.size();
        } else if sh_flags & u64::from(SHF_WRITE) == 0 {
            measured.text += section.size();
        } else {
            measured.data += section.size();
        }
    }
    Ok(measured)
}

/// Parses an image.
///
/// # Errors
/// Says why it cannot be read.
pub fn parse(octets: &[u8]) -> Result<ElfFile32<'_>, String> {
    ElfFile32::parse(octets).map_err(|error| format!("not an image: {error}"))
}

fn footprint(table: &[u8]) -> Vec<(String, u64)> {
    let rows = table.chunks_exact(ROW).filter_map(|row| {
        let (name, octets) = row.split_last_chunk::<4>()?;
        let name = String::from_utf8_lossy(name);
        let octets = u64::from(u32::from_le_bytes(*octets));
        Some((name.trim_end_matches('\0').to_owned(), octets))
    });
    rows.collect()
}

/// The functions of an image with their sizes, the largest first.
///
/// # Errors
/// Says why it cannot be read.
pub fn functions(octets: &[u8]) -> Result<Vec<(u64, String)>, String> {
    let file = parse(octets)?;
    let mut functions: Vec<_> = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text)
        .filter_map(|symbol| {
            let name = format!("{:#}", demangle(symbol.name().ok()?));
            (symbol.size() > 0).then_some((symbol.size(), name))
        })
        .collect();
    functions.sort_unstable_by(|a, b| b.cmp(a));
    Ok(functions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_footprints_is_read_row_by_row() {
        let mut table = Vec::new();
        for (name, octets) in [("slot", 300u32), ("entry", 48)] {
            let mut row = [0; ROW];
            row[..name.len()].copy_from_slice(name.as_bytes());
            row[28..].copy_from_slice(&octets.to_le_bytes());
            table.extend(row);
        }
        table.extend([1, 2, 3]);
        let expected = [("slot".to_owned(), 300), ("entry".to_owned(), 48)];
        assert_eq!(footprint(&table), expected);
    }

    #[test]
    fn what_is_no_image_is_an_error() {
        assert!(measure(b"\x7fELF").is_err());
    }
}
