//! Lists of known attacks and defects, and the tests that answer to their rows by name.

use std::collections::BTreeSet;

/// What a list says of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status<'t> {
    /// A test answers to it.
    Covered,
    /// A test does, and the row asks for more once something is built.
    Partly,
    /// No test can exist before something is built.
    Awaits,
    /// A step of the suite shows it, by this name.
    Step(&'t str),
}

/// The rows of a list: line, id, status. Lines that begin with `#` are for people.
fn rows(list: &str) -> Vec<(usize, &str, Result<Status<'_>, String>)> {
    let lines = list.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(index, line)| {
            let (id, rest) = line.split_once(' ').unwrap_or((line, ""));
            let (word, what) = rest.split_once(' ').unwrap_or((rest, ""));
            let status = match (word, what) {
                ("", "") => Ok(Status::Covered),
                ("partly", what) if !what.is_empty() => Ok(Status::Partly),
                ("awaits", what) if !what.is_empty() => Ok(Status::Awaits),
                ("step", what) if !what.is_empty() => {
                    Ok(Status::Step(what.split(':').next().unwrap_or(what)))
                }
                _ => Err(format!("`{rest}` is no status")),
            };
            (index + 1, id, status)
        })
        .collect()
}

/// The ids that the name of a test begins with, in capitals.
fn ids(test: &str) -> impl Iterator<Item = String> + '_ {
    let is_id = |part: &&str| {
        let mut octets = part.bytes();
        let letter = octets
            .next()
            .is_some_and(|first| first.is_ascii_lowercase());
        letter && part.len() > 1 && octets.all(|octet| octet.is_ascii_digit())
    };
    test.split('_').take_while(is_id).map(str::to_uppercase)
}

/// Rows of `list` without the test or step that they need, and those that have one though they say
/// that there can be none.
pub(crate) fn check<'n>(
    list: &str,
    tests: impl Iterator<Item = &'n str>,
    suite: &str,
) -> Vec<(usize, String)> {
    let answered: BTreeSet<String> = tests.flat_map(ids).collect();
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for (line, id, status) in rows(list) {
        if !seen.insert(id) {
            findings.push((line, format!("{id} stands here twice")));
        }
        let has = answered.contains(id);
        let what = match status {
            Ok(Status::Covered | Status::Partly) if !has => "has no test",
            Ok(Status::Awaits) if has => "has a test, and its mark may go",
            Ok(Status::Step(step)) if !suite.contains(&format!("\"{step}\"")) => "has no step",
            Ok(Status::Covered | Status::Partly | Status::Awaits | Status::Step(_)) => continue,
            Err(what) => {
                findings.push((line, format!("{id}: {what}")));
                continue;
            }
        };
        findings.push((line, format!("{id} {what}")));
    }
    findings
}

mod tests {
    use super::*;

    fn found(list: &str) -> Vec<String> {
        let tests = ["s01_a_reset", "d01_d02_text", "seven_s03", "x_1"];
        let found = check(list, tests.into_iter(), "step(\"features\")");
        found.into_iter().map(|(_, what)| what).collect()
    }

    #[test]
    fn a_row_without_its_test_or_step_is_found() {
        assert!(found("# a list\n\nS01\nD01\nD02 partly SACK\nC01 awaits ECN").is_empty());
        assert_eq!(found("S03"), ["S03 has no test"]);
        assert_eq!(found("X1"), ["X1 has no test"]);
        assert_eq!(found("D03 partly SACK"), ["D03 has no test"]);
        assert_eq!(
            found("S01 awaits ECN"),
            ["S01 has a test, and its mark may go"]
        );
        assert!(found("B1 step features: builds").is_empty());
        assert_eq!(found("B1 step sizes"), ["B1 has no step"]);
        assert_eq!(found("S01\nS01"), ["S01 stands here twice"]);
        assert_eq!(found("S01 awaits"), ["S01: `awaits` is no status"]);
    }
}
