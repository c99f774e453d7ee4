//! The requirements in the text of an RFC.
//!
//! RFC 9293 marks each of them by a name in parentheses, like `(MUST-12)`. In the others a
//! requirement is a sentence with one of RFC 2119's words in capitals; it is named by its document,
//! its section, and its place among the sentences there: `5961:3.2:2`.

use std::collections::BTreeMap;

use super::register::Requirement;
use super::rfc;

/// RFC 2119's words; longer ones stand before those that they begin with.
const WORDS: [&str; 11] = [
    "MUST NOT",
    "MUST",
    "SHALL NOT",
    "SHALL",
    "SHOULD NOT",
    "SHOULD",
    "NOT RECOMMENDED",
    "RECOMMENDED",
    "REQUIRED",
    "MAY",
    "OPTIONAL",
];

/// What marks a requirement of RFC 9293, and how many the standard has of each kind.
pub const MARKS: [(&str, usize); 4] = [("MUST", 69), ("SHLD", 31), ("MAY", 18), ("REC", 1)];

/// How the sentences of requirements begin that only RFC 9293's Appendix B numbers.
const UNMARKED: [(&str, usize, &str); 1] = [(
    "MUST",
    22,
    "SYN retransmissions MUST be handled in the general way",
)];

/// The requirements of document `number`, whose text this is. Of RFC 1122 those on TCP count.
#[must_use]
pub fn requirements(number: &str, text: &str) -> Vec<Requirement> {
    match number {
        "9293" => marked(text),
        "1122" => sentences_of(number, text, |section| {
            section == "4.2" || section.starts_with("4.2.")
        }),
        _ => sentences_of(number, text, |_| true),
    }
}

/// Where the words of RFC 2119 stand in `sentence`; what is in quotation marks is only spoken of.
#[must_use]
pub fn keywords(sentence: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((at, word)) = next_keyword(sentence, from) {
        from = at + word.len();
        let quoted = sentence[..at].ends_with('"') && sentence[from..].starts_with(['"', ',']);
        if !quoted {
            found.push((at, word));
        }
    }
    found
}

fn next_keyword(sentence: &str, from: usize) -> Option<(usize, &'static str)> {
    let is_apart = |at: usize, word: &str| {
        let before = sentence[..at].chars().next_back();
        let after = sentence[at + word.len()..].chars().next();
        let joins = |c: char| c.is_alphanumeric() || c == '-';
        !before.is_some_and(joins) && !after.is_some_and(joins)
    };
    let rest = sentence.get(from..)?;
    let starts = rest.char_indices().map(|(at, _)| from + at);
    starts.into_iter().find_map(|at| {
        let starts_here = |word: &&&str| sentence[at..].starts_with(**word) && is_apart(at, word);
        WORDS.iter().find(starts_here).map(|word| (at, *word))
    })
}

fn sentences_of(number: &str, text: &str, counts: impl Fn(&str) -> bool) -> Vec<Requirement> {
    let mut found = Vec::new();
    for (section, lines) in rfc::sections(text) {
        if !counts(section) {
            continue;
        }
        let normative = sentences(&lines).into_iter().filter(|sentence| {
            // Every document says what the words mean.
            !sentence.starts_with("The key words") && !keywords(sentence).is_empty()
        });
        for (index, sentence) in normative.enumerate() {
            let mut levels: Vec<&str> = Vec::new();
            for (_, word) in keywords(&sentence) {
                if !levels.contains(&word) {
                    levels.push(word);
                }
            }
            found.push(Requirement {
                id: format!("{number}:{section}:{}", index + 1),
                section: section.into(),
                level: levels.join(", "),
                sentence,
            });
        }
    }
    found
}

/// The marked requirements of RFC 9293, each with the sentence of the body that first bears it.
fn marked(text: &str) -> Vec<Requirement> {
    let mut found: BTreeMap<(usize, usize), Requirement> = BTreeMap::new();
    let is_body = |section: &str| section.starts_with(|c: char| c.is_ascii_digit());
    for (section, lines) in rfc::sections(text) {
        if !is_body(section) {
            continue;
        }
        for sentence in sentences(&lines) {
            for (kind, (mark, _)) in MARKS.iter().enumerate() {
                for number in numbers(&sentence, mark) {
                    found.entry((kind, number)).or_insert_with(|| Requirement {
                        id: format!("{mark}-{number}"),
                        section: section.into(),
                        level: level(mark).into(),
                        sentence: sentence.clone(),
                    });
                }
            }
        }
    }
    found.into_values().collect()
}

/// The numbers with which `mark` stands in `sentence`.
fn numbers(sentence: &str, mark: &str) -> Vec<usize> {
    let prefix = format!("{mark}-");
    let number_at = |at: usize| -> Option<usize> {
        let rest = sentence.get(at..)?.strip_prefix(&prefix)?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    let places: Vec<usize> = sentence
        .match_indices(&prefix)
        .map(|(at, _)| at)
        // Elsewhere they are only spoken of.
        .filter(|at| sentence[..*at].ends_with('('))
        .collect();
    let unmarked = UNMARKED
        .iter()
        .filter(|(kind, _, start)| kind == &mark && sentence.starts_with(start));
    let marked = places.into_iter().filter_map(number_at);
    marked
        .chain(unmarked.map(|(_, number, _)| *number))
        .collect()
}

fn level(mark: &str) -> &'static str {
    match mark {
        "MUST" => "MUST",
        "SHLD" => "SHOULD",
        "MAY" => "MAY",
        _ => "RECOMMENDED",
    }
}

/// The sentences of a section's lines. A blank line ends one, and so does the mark of an item.
#[must_use]
pub fn sentences(lines: &[&str]) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut paragraph: Vec<&str> = Vec::new();
    for line in lines {
        // Behind a hyphen a number is the rest of a word.
        let goes_on = paragraph.last().is_some_and(|last| last.ends_with('-'));
        if line.trim().is_empty() || (opens_item(line) && !goes_on) {
            split(&paragraph, &mut sentences);
            paragraph.clear();
        }
        paragraph.push(line);
    }
    split(&paragraph, &mut sentences);
    sentences
}

/// Whether a line begins with the mark of an item: `o`, `*`, `-`, `1)`, `(a)`, `(5.1)`, `2.`.
fn opens_item(line: &str) -> bool {
    let line = line.trim_start();
    let Some((mark, rest)) = line.split_once(' ') else {
        return false;
    };
    let numbered = |mark: &str| {
        let inner = mark.trim_start_matches('(').trim_end_matches([')', '.']);
        let marked = mark.ends_with(')') || (mark.ends_with('.') && rest.starts_with(' '));
        let is_short = inner.len() <= 3 && !inner.is_empty();
        let digits = inner.chars().all(|c| c.is_ascii_digit() || c == '.');
        let letter = inner.len() == 1 && inner.chars().all(|c| c.is_ascii_lowercase());
        marked && is_short && (digits || letter)
    };
    matches!(mark, "o" | "*" | "-") || numbered(mark)
}

/// Cuts a paragraph into sentences. The mark of an item is no part of its sentence.
fn split(paragraph: &[&str], sentences: &mut Vec<String>) {
    let all = rfc::words(&paragraph.join("\n"));
    let first = paragraph.iter().find(|line| !line.trim().is_empty());
    let mut start = match all.split_once(' ') {
        Some((mark, _)) if first.is_some_and(|line| opens_item(line)) => mark.len() + 1,
        _ => 0,
    };
    for (at, _) in all.match_indices(' ') {
        if at > start && ends_sentence(&all[start..at], &all[at + 1..]) {
            sentences.push(all[start..at].into());
            start = at + 1;
        }
    }
    if start < all.len() {
        sentences.push(all[start..].into());
    }
}

/// Whether a sentence ends between `before` and `after`.
fn ends_sentence(before: &str, after: &str) -> bool {
    let last = before.rsplit(' ').next().unwrap_or(before);
    let word = last.trim_end_matches([')', ']', '"']);
    let abbreviation = matches!(
        word.trim_start_matches('('),
        "e.g." | "i.e." | "vs." | "etc."
    );
    let ended = word.ends_with(['.', '?', '!']) && !abbreviation;
    let is_mark = last == before && opens_item(&format!("{last}  x"));
    let starts = |c: char| c.is_uppercase() || c.is_ascii_digit() || "\"([".contains(c);
    ended && !is_mark && after.starts_with(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_stops_items_and_blank_lines() {
        let lines = [
            "2.1.  Title",
            "",
            "   One MUST do this (e.g., That) now.  (See RFC 1.)  Another, in",
            "   two lines:",
            "",
            "   o  the first (MUST-",
            "      4);",
            "   1) the second.",
        ];
        assert_eq!(
            sentences(&lines),
            [
                "Title",
                "One MUST do this (e.g., That) now.",
                "(See RFC 1.)",
                "Another, in two lines:",
                "the first (MUST-4);",
                "the second.",
            ]
        );
    }

    #[test]
    fn keywords_stand_apart_and_not_in_quotation_marks() {
        let words = |sentence| -> Vec<&str> {
            let found = keywords(sentence).into_iter();
            found.map(|(_, word)| word).collect()
        };
        assert_eq!(words("It MUST NOT, but MAY."), ["MUST NOT", "MAY"]);
        assert_eq!(words("It MUSTER (MUST-12) the \"SHOULD\"."), [""; 0]);
    }

    #[test]
    fn a_requirement_is_named_by_its_section_and_place() {
        let text =
            "1.  Rules\n\n   It MUST.  It can.  It SHOULD or MUST.\n\n1.1.  More\n\n   MAY.\n";
        let found = requirements("1", text);
        let ids: Vec<&str> = found.iter().map(|found| &*found.id).collect();
        assert_eq!(ids, ["1:1:1", "1:1:2", "1:1.1:1"]);
        assert_eq!(found[1].level, "SHOULD, MUST");
    }

    #[test]
    fn marks_are_not_taken_for_longer_ones() {
        assert_eq!(numbers("x (MUST-1), (MUST-12), as MUST-3", "MUST"), [1, 12]);
    }
}
