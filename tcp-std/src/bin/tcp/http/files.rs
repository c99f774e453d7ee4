//! From the target of a request to a file below a directory, and never outside of it.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// What a target names.
#[derive(Debug)]
pub(super) enum Found {
    /// A file, and its length.
    File(File, u64),
    /// A page that lists a directory.
    Listing(String),
    /// A directory, asked for without the slash at the end.
    Elsewhere(String),
    /// Nothing that may be shown.
    Nothing,
    /// The target is not one.
    Malformed,
}

/// Looks a target up below `root`, which is canonical.
pub(super) fn find(root: &Path, target: &str) -> io::Result<Found> {
    let path = target.split('?').next().unwrap_or_default();
    let Some(decoded) = path.strip_prefix('/').and_then(decode) else {
        return Ok(Found::Malformed);
    };
    let Some(relative) = sanitize(&decoded) else {
        return Ok(Found::Nothing);
    };
    // Symbolic links may lead out of the directory: what counts is where they end.
    let full = match root.join(relative).canonicalize() {
        Ok(full) if full.starts_with(root) => full,
        Ok(_) => return Ok(Found::Nothing),
        Err(error) => return nothing_or(error),
    };
    if !full.is_dir() {
        return open(&full);
    }
    if !path.ends_with('/') {
        return Ok(Found::Elsewhere(format!("{path}/")));
    }
    match open(&full.join("index.html"))? {
        Found::Nothing => list(&full, &decoded).map(Found::Listing),
        index => Ok(index),
    }
}

fn open(path: &Path) -> io::Result<Found> {
    // Opening a FIFO would wait for its writer, and a device could do anything.
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(Found::Nothing),
        Err(error) => return nothing_or(error),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return nothing_or(error),
    };
    let length = file.metadata()?.len();
    Ok(Found::File(file, length))
}

fn nothing_or(error: io::Error) -> io::Result<Found> {
    if Errno::from_io_error(&error) == Some(Errno::LOOP) {
        return Ok(Found::Nothing);
    }
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidFilename => Ok(Found::Nothing),
        _ => Err(error),
    }
}

/// Only plain names: nothing absolute, no `..`, no NUL.
fn sanitize(path: &str) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        if part == ".." || part.contains(['\0', '\\']) {
            return None;
        }
        clean.push(part);
    }
    Some(clean)
}

fn decode(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            octets.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else {
            return None;
        };
        let digit = |octet: &u8| char::from(*octet).to_digit(16);
        octets.push((digit(high)? * 16 + digit(low)?) as u8);
        rest = after;
    }
    String::from_utf8(octets).ok()
}

fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for octet in text.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(octet.into());
            }
            // Writing to a string does not fail.
            octet => _ = write!(encoded, "%{octet:02X}"),
        }
    }
    encoded
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn list(directory: &Path, name: &str) -> io::Result<String> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        // Names that are not text cannot be asked for either.
        if let Ok(mut name) = entry.file_name().into_string() {
            let is_directory = entry.file_type()?.is_dir();
            let href = encode(&name) + if is_directory { "/" } else { "" };
            if is_directory {
                name.push('/');
            }
            entries.push((escape(&name), href));
        }
    }
    entries.sort();
    let title = escape(name);
    let mut page = format!(
        "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>/{title}</title>\n\
         <h1>/{title}</h1>\n<ul>\n"
    );
    for (name, href) in entries {
        // Without "./" a name like "a:b" would be taken for a scheme.
        _ = writeln!(page, "<li><a href=\"./{href}\">{name}</a>");
    }
    page.push_str("</ul>\n");
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn name(found: io::Result<Found>) -> &'static str {
        match found.expect("no failure") {
            Found::File(..) => "file",
            Found::Listing(_) => "listing",
            Found::Elsewhere(_) => "elsewhere",
            Found::Nothing => "nothing",
            Found::Malformed => "malformed",
        }
    }

    #[test]
    fn no_target_leads_out_of_the_directory() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        let root = outside.path().join("root");
        std::fs::create_dir_all(root.join("sub dir")).unwrap();
        std::fs::write(root.join("a"), "a").unwrap();
        std::fs::write(root.join("sub dir/b"), "b").unwrap();
        symlink("../secret", root.join("out")).unwrap();
        symlink("a", root.join("in")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let root = root.canonicalize().unwrap();
        for (target, expected) in [
            ("/a", "file"),
            ("/in", "file"),
            ("/a?query=../..", "file"),
            ("/%61", "file"),
            ("//a", "file"),
            ("/sub%20dir/b", "file"),
            ("/sub%20dir", "elsewhere"),
            ("/sub%20dir/", "listing"),
            ("/", "listing"),
            ("/../secret", "nothing"),
            ("/%2e%2e/secret", "nothing"),
            ("/sub%20dir/..%2f..%2fsecret", "nothing"),
            ("/out", "nothing"),
            ("/loop", "nothing"),
            ("/a/b", "nothing"),
            ("/missing", "nothing"),
            ("/a%00", "nothing"),
            ("a", "malformed"),
            ("/%6", "malformed"),
            ("/%zz", "malformed"),
            ("/%ff", "malformed"),
            ("http://elsewhere/a", "malformed"),
        ] {
            assert_eq!(name(find(&root, target)), expected, "{target}");
        }
    }

    #[test]
    fn names_in_a_listing_are_text_and_not_markup() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("<b>&\"x"), "").unwrap();
        let root = root.path().canonicalize().unwrap();
        let Found::Listing(page) = find(&root, "/").unwrap() else {
            panic!("a directory is listed");
        };
        assert!(page.contains("href=\"./%3Cb%3E%26%22x\""), "{page}");
        assert!(page.contains(">&lt;b&gt;&amp;&quot;x<"), "{page}");
    }
}
