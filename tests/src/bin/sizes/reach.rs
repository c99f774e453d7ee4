//! Who can reach the panic handler: the calls into `core`'s panicking functions from outside of
//! `core`, found backwards along the relocations of an image.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::{fmt, fs};

use addr2line::Loader;
use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionKind, SymbolKind};
use rustc_demangle::demangle;

use tcp_tests::elf;

const UNDEFINED: &str = "panic_is_reachable";
/// Crates whose functions are the way, not the cause.
const LIBRARY: [&str; 4] = ["core::", "alloc::", "compiler_builtins::", "__rustc::"];

/// One call from which a panic can be reached.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Site {
    function: String,
    callee: String,
    /// Source lines, the innermost first.
    lines: Vec<String>,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} calls {}", self.function, self.callee)?;
        self.lines
            .iter()
            .try_for_each(|line| write!(f, "\n        at {line}"))
    }
}

/// All of them.
pub(crate) fn sites(path: &Path) -> Result<BTreeSet<Site>, String> {
    let octets = fs::read(path).map_err(|error| error.to_string())?;
    let file = elf::parse(&octets)?;
    let functions = Functions::of(&file);
    let calls = calls(&file, &functions);
    let loader = Loader::new(path).map_err(|error| error.to_string())?;
    let mut sites = BTreeSet::new();
    let mut seen = BTreeSet::from([UNDEFINED]);
    let mut queue = VecDeque::from([UNDEFINED]);
    while let Some(callee) = queue.pop_front() {
        for (caller, address) in calls.get(callee).into_iter().flatten() {
            let name = readable(caller);
            if LIBRARY.iter().any(|library| name.starts_with(library)) {
                if seen.insert(caller) {
                    queue.push_back(caller);
                }
            } else {
                sites.insert(Site {
                    function: name,
                    callee: readable(callee),
                    lines: lines(&loader, *address),
                });
            }
        }
    }
    Ok(sites)
}

fn readable(symbol: &str) -> String {
    format!("{:#}", demangle(symbol))
}

/// The functions by address.
struct Functions<'f>(BTreeMap<u64, (u64, &'f str)>);

impl<'f> Functions<'f> {
    fn of(file: &ElfFile32<'f>) -> Self {
        let functions = file.symbols().filter_map(|symbol| {
            let name = symbol.name().ok()?;
            (symbol.kind() == SymbolKind::Text)
                .then_some((symbol.address() & !1, (symbol.size(), name)))
        });
        Self(functions.collect())
    }

    fn at(&self, address: u64) -> Option<&'f str> {
        let (start, (size, name)) = self.0.range(..=address).next_back()?;
        (address < start + size).then_some(*name)
    }
}

/// For each function who refers to it, and where. A reference from data (a table of methods) has
/// the data's section for a caller.
fn calls<'f>(
    file: &ElfFile32<'f>,
    functions: &Functions<'f>,
) -> BTreeMap<&'f str, Vec<(&'f str, u64)>> {
    let mut calls = BTreeMap::<_, Vec<_>>::new();
    for section in file.sections() {
        let is_code = section.kind() == SectionKind::Text;
        if !is_code && section.kind() != SectionKind::ReadOnlyData {
            continue;
        }
        for (address, relocation) in section.relocations() {
            let RelocationTarget::Symbol(index) = relocation.target() else {
                continue;
            };
            let Some(Ok(callee)) = file.symbol_by_index(index).ok().map(|symbol| symbol.name())
            else {
                continue;
            };
            let caller = if is_code {
                functions.at(address)
            } else {
                section.name().ok()
            };
            if let Some(caller) = caller {
                calls.entry(callee).or_default().push((caller, address));
            }
        }
    }
    calls
}

/// The source lines of the code at `address`, the innermost inlined function first, without those
/// of the libraries that lie between.
fn lines(loader: &Loader, address: u64) -> Vec<String> {
    let ours = sources(loader, address);
    let lines = ours.iter().map(|(file, line)| format!("{file}:{line}"));
    lines.collect()
}

/// The same as files and numbers.
fn sources(loader: &Loader, address: u64) -> Vec<(String, u32)> {
    let mut lines = Vec::new();
    let Ok(mut frames) = loader.find_frames(address) else {
        return lines;
    };
    while let Ok(Some(frame)) = frames.next() {
        let location = frame
            .location
            .and_then(|location| Some((location.file?, location.line?)));
        if let Some((file, line)) = location.filter(|(file, _)| !file.contains("/library/")) {
            lines.push((shown(file).to_owned(), line));
        }
    }
    lines
}

/// A path from the workspace or from the registry's crate on.
fn shown(file: &str) -> &str {
    if let Some((_, path)) = file.split_once("registry/src/") {
        return path.split_once('/').map_or(path, |(_, path)| path);
    }
    file.find("tcp-").map_or(file, |at| &file[at..])
}

/// How many octets of code each source file became, the most first. Inlined code counts for the
/// file in which it was written; what no file of ours caused counts for the libraries.
pub(crate) fn files(path: &Path) -> Result<Vec<(u64, String)>, String> {
    let octets = fs::read(path).map_err(|error| error.to_string())?;
    let file = elf::parse(&octets)?;
    let loader = Loader::new(path).map_err(|error| error.to_string())?;
    let mut files = BTreeMap::<String, u64>::new();
    for (start, (size, _)) in Functions::of(&file).0 {
        // A Thumb instruction has two octets or four.
        for address in (start..start + size).step_by(2) {
            let written = sources(&loader, address).into_iter().next();
            let name = written.map_or_else(|| "(libraries)".to_owned(), |(file, _)| file);
            *files.entry(name).or_default() += 2;
        }
    }
    let mut files: Vec<_> = files.into_iter().map(|(file, size)| (size, file)).collect();
    files.sort_unstable_by(|a, b| b.cmp(a));
    Ok(files)
}
