//! Licences and sources of all dependencies, without any tool but cargo: what `deny.toml` asks
//! for, for machines without cargo-deny.

use crate::run::cargo;
use crate::tally::{Counts, Verdict};

/// Licences under which a dependency may be used.
const ALLOWED: [&str; 8] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "0BSD",
    "BSD-3-Clause",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Every dependency comes from the registry and has a licence that we may use.
pub(crate) fn check() -> Verdict {
    let mut tree = cargo(&["tree", "--workspace", "--all-features", "--prefix", "none"]);
    tree.args(["--edges", "normal,build,dev", "--format", "{p}|{l}"]);
    let listing = match tree.output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        Ok(output) => {
            return failed(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Err(error) => return failed(error.to_string()),
    };
    let wrong: Vec<&str> = listing.lines().filter(|line| !is_right(line)).collect();
    if wrong.is_empty() {
        Verdict::Holds
    } else {
        failed(wrong.join("\n"))
    }
}

fn failed(output: String) -> Verdict {
    Verdict::Failed {
        counts: Counts {
            failed: 1,
            ..Counts::default()
        },
        output,
    }
}

/// `name version (where, unless from the registry)|licence`.
fn is_right(line: &str) -> bool {
    let Some((package, licence)) = line.split_once('|') else {
        return line.trim().is_empty();
    };
    let foreign = package.contains("(http") || package.contains("(git");
    !foreign && may_be_used(licence.trim_end_matches(" (*)"))
}

/// Whether the expression asks only for licences that are allowed: each term joined by AND must
/// offer one that is. (Without parentheses AND binds tighter; reading it so is stricter.)
fn may_be_used(expression: &str) -> bool {
    let allowed = |term: &str| ALLOWED.contains(&term.trim_matches(['(', ')', ' ']));
    expression
        .replace('/', " OR ")
        .split(" AND ")
        .all(|clause| clause.split(" OR ").any(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alternative_that_is_allowed_is_enough() {
        assert!(may_be_used("GPL-3.0 OR MIT"));
        assert!(may_be_used("MIT/Apache-2.0"));
        assert!(may_be_used("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!may_be_used("MIT AND GPL-3.0"));
        assert!(!may_be_used("(MIT OR Apache-2.0) AND SSPL-1.0"));
        assert!(!may_be_used(""));
    }

    #[test]
    fn a_dependency_from_elsewhere_is_not_right() {
        assert!(is_right("managed v0.8.0|0BSD"));
        assert!(is_right("heapless v0.9.3|MIT OR Apache-2.0 (*)"));
        assert!(!is_right(
            "thing v1.0.0 (https://example.org/thing#abc)|MIT"
        ));
        assert!(!is_right("thing v1.0.0|SSPL-1.0"));
    }
}
