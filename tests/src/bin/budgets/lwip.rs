//! lwIP, from Debian's source package, built by the compiler that Debian has for Cortex-M.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tcp_tests::{cross, elf};

use crate::Missing;
use crate::figures::Figures;

const COMPILER: &str = "arm-none-eabi-gcc";
/// What Debian calls the sources, and what they unpack to.
const PACKAGE: &str = "lwip=2.1.3+dfsg1-2";
const UNPACKED: &str = "lwip-2.1.3+dfsg1";
/// Our part: options, device and service.
const OURS: &str = "tcp-embedded/firmware/budget/lwip";
const SCRIPT: &str = "tcp-embedded/firmware/minimal/link.x";
/// As the images in Rust: for size, everything at once, a Cortex-M4F.
const OPTIONS: [&str; 11] = [
    "-mcpu=cortex-m4",
    "-mthumb",
    "-mfloat-abi=hard",
    "-mfpu=fpv4-sp-d16",
    "-std=c11",
    "-Os",
    "-flto",
    "-ffunction-sections",
    "-fdata-sections",
    "--specs=nano.specs",
    "-nostartfiles",
];
/// The smaller image, and the one with what ours has besides.
const IMAGES: [(&str, &str); 2] = [
    ("lwip.ethernet", "-DEXTENDED=0"),
    ("lwip.extended", "-DEXTENDED=1"),
];

/// Measures both images; what could not be measured.
pub(crate) fn measure(figures: &mut Figures) -> Result<Missing, String> {
    let missing = |why: &str| {
        let name = |(section, _): (&str, &str)| (section.to_owned(), why.to_owned());
        Ok(IMAGES.map(name).to_vec())
    };
    let Some(compiler) = version() else {
        return missing("gcc-arm-none-eabi is missing");
    };
    if !Path::new("/usr/lib/arm-none-eabi/newlib").exists() {
        return missing("libnewlib-arm-none-eabi is missing");
    }
    let sources = match fetch() {
        Ok(sources) => sources,
        Err(why) => return missing(&format!("the package {PACKAGE} was not fetched: {why}")),
    };
    figures.note("gcc", &compiler);
    for (section, define) in IMAGES {
        let image = build(&sources, section, define)?;
        let octets = fs::read(&image).map_err(|error| error.to_string())?;
        figures.add_image(section, &elf::measure(&octets)?);
    }
    Ok(Missing::new())
}

fn version() -> Option<String> {
    let output = Command::new(COMPILER)
        .arg("-dumpfullversion")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn build(sources: &Path, section: &str, define: &str) -> Result<PathBuf, String> {
    let image = directory().join(format!("{section}.elf"));
    let ours = cross::workspace().join(OURS);
    let include = |path: &Path| format!("-I{}", path.display());
    let mut files = vec![ours.join("main.c"), sources.join("netif/ethernet.c")];
    for part in ["core", "core/ipv4"] {
        files.extend(c_files(&sources.join(part))?);
    }
    let output = Command::new(COMPILER)
        .args(OPTIONS)
        .args([define, &include(&ours), &include(&sources.join("include"))])
        .args(files)
        .arg("-Wl,--gc-sections")
        .arg("-T")
        .arg(cross::workspace().join(SCRIPT))
        .arg("-o")
        .arg(&image)
        .output()
        .map_err(|error| format!("{COMPILER}: {error}"))?;
    if output.status.success() {
        return Ok(image);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{section} does not build:\n{said}"))
}

/// Sorted, since the order of files decides the layout.
fn c_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(directory).map_err(|error| error.to_string())?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_c = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "c");
    let mut files: Vec<_> = paths.filter(is_c).collect();
    files.sort();
    Ok(files)
}

fn directory() -> PathBuf {
    cross::target_directory().join("lwip")
}

/// Where lwIP's sources are, after having fetched them if need be. Neither root nor a change of
/// the machine's package sources is needed: apt gets directories of its own.
fn fetch() -> Result<PathBuf, String> {
    let directory = directory();
    let sources = directory.join(UNPACKED).join("src");
    if sources.join("core/tcp.c").exists() {
        return Ok(sources);
    }
    for part in ["lists/partial", "cache/archives/partial", "sources"] {
        fs::create_dir_all(directory.join(part)).map_err(|error| error.to_string())?;
    }
    copy_package_sources(&directory.join("sources"))?;
    apt(&directory, &["update"])?;
    apt(&directory, &["source", PACKAGE])?;
    if sources.join("core/tcp.c").exists() {
        Ok(sources)
    } else {
        Err("the package holds something else".to_owned())
    }
}

/// Writes the machine's list of Debian archives anew, for sources instead of programs.
fn copy_package_sources(to: &Path) -> Result<(), String> {
    let parts = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten();
    let parts = parts.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found = false;
    for path in parts.chain([PathBuf::from("/etc/apt/sources.list")]) {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let text = match &*extension {
            "sources" => of_paragraphs(&text),
            "list" => of_lines(&text),
            _ => continue,
        };
        found |= !text.is_empty();
        let name = path.file_name().unwrap_or_default();
        fs::write(to.join(name), text).map_err(|error| error.to_string())?;
    }
    if found {
        Ok(())
    } else {
        Err("no Debian archive is configured".to_owned())
    }
}

/// In the form of paragraphs with fields.
fn of_paragraphs(text: &str) -> String {
    let paragraphs = text.split("\n\n").filter(|text| text.contains("/debian"));
    let lines = paragraphs.flat_map(|paragraph| paragraph.lines().chain([""]));
    let lines = lines.map(|line| match line.strip_prefix("Types:") {
        Some(_) => "Types: deb-src\n".to_owned(),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// In the form of one line for each archive.
fn of_lines(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.strip_prefix("deb "));
    let lines = lines.filter(|line| line.contains("/debian"));
    lines.map(|line| format!("deb-src {line}\n")).collect()
}

fn apt(directory: &Path, arguments: &[&str]) -> Result<(), String> {
    let place = |option: &str, part: &str| format!("{option}={}", directory.join(part).display());
    let output = Command::new("apt-get")
        .args(["-qq", "-o", "Dir::Etc::SourceList=/dev/null"])
        .args(["-o", &place("Dir::Etc::SourceParts", "sources")])
        .args(["-o", &place("Dir::State::Lists", "lists")])
        .args(["-o", &place("Dir::Cache", "cache")])
        .args(arguments)
        .current_dir(directory)
        .output()
        .map_err(|error| format!("apt-get: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.lines().find(|line| line.starts_with("E:"));
    Err(reason.unwrap_or("apt-get failed").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_of_programs_become_archives_of_sources() {
        let lines = "# a comment\ndeb http://example/debian stable main\ndeb http://other/x y z\n";
        assert_eq!(
            of_lines(lines),
            "deb-src http://example/debian stable main\n"
        );
        let fields = "Types: deb\nURIs: http://example/debian\n\nTypes: deb\nURIs: http://x/y\n";
        let sources = "Types: deb-src\nURIs: http://example/debian\n\n";
        assert_eq!(of_paragraphs(fields), sources);
    }
}
