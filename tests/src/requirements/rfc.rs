//! The texts of RFCs, cut into sections and freed of page breaks.

use std::fs;
use std::path::PathBuf;

use crate::cross;

/// A directory of texts called `rfcNNNN.txt`.
#[derive(Debug)]
pub struct Library {
    directory: PathBuf,
}

impl Library {
    /// The texts in `directory`.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The texts where `TCP_RFC_DIR` says, or else beside the repository. `None`, where there are
    /// none.
    #[must_use]
    pub fn found() -> Option<Self> {
        let beside = || cross::workspace().join("../shared/rfc");
        let directory = std::env::var_os("TCP_RFC_DIR").map_or_else(beside, PathBuf::from);
        directory
            .join("rfc9293.txt")
            .exists()
            .then(|| Self::new(directory))
    }

    /// The text `name`, as it is.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<String> {
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let path = self.directory.join(format!("{name}.txt"));
        is_plain.then(|| fs::read_to_string(path).ok()).flatten()
    }
}

/// The words of a section, up to the next heading, or of the whole `text` if no section is named.
/// `None` when there is no such section.
#[must_use]
pub fn words_of(text: &str, section: Option<&str>) -> Option<String> {
    let lines = without_page_breaks(text);
    let Some(section) = section else {
        return Some(words(&lines.join("\n")));
    };
    // Recent texts begin headings in the first column; old ones indent them.
    cut(&lines, section, Column::First).or_else(|| cut(&lines, section, Column::Any))
}

/// Every section from its heading to the next, with its number, in the order of the text.
#[must_use]
pub fn sections(text: &str) -> Vec<(&str, Vec<&str>)> {
    let lines = without_page_breaks(text);
    let is_subsection = |line: &&str| heading(line, Column::First).is_some_and(has_parts);
    let column = if lines.iter().any(is_subsection) {
        Column::First
    } else {
        Column::Any
    };
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in lines {
        if let Some(number) = heading(line, column) {
            sections.push((number, Vec::new()));
        }
        if let Some((_, lines)) = sections.last_mut() {
            lines.push(line);
        }
    }
    sections
}

#[derive(Clone, Copy)]
enum Column {
    First,
    Any,
}

/// Single spaces between words, no space after the hyphen at which a line was broken, and no bar
/// in the margin of a passage that the text sets apart.
#[must_use]
pub fn words(text: &str) -> String {
    let mut all = String::new();
    let lines = text.lines().map(|line| {
        let line = line.trim_start();
        line.strip_prefix("| ").unwrap_or(line)
    });
    for word in lines.flat_map(str::split_whitespace) {
        let mut end = all.chars().rev();
        let hyphen = end.next() == Some('-') && end.next().is_some_and(char::is_alphanumeric);
        if !all.is_empty() && !hyphen {
            all.push(' ');
        }
        all.push_str(word);
    }
    all
}

fn cut(lines: &[&str], section: &str, column: Column) -> Option<String> {
    let start = lines
        .iter()
        .position(|line| heading(line, column) == Some(section))?;
    let body = lines.get(start..)?;
    let end = body
        .iter()
        .skip(1)
        .position(|line| heading(line, column).is_some())
        .map_or(body.len(), |at| at + 1);
    Some(words(&body.get(..end)?.join("\n")))
}

/// The number of the section that `line` opens, as it stands in a link: `3.8.6`, `A.2`.
fn heading(line: &str, column: Column) -> Option<&str> {
    let text = match column {
        Column::First => line,
        Column::Any => line.trim_start(),
    };
    let text = text.strip_prefix("Appendix ").unwrap_or(text);
    let (number, title) = text.split_once(' ')?;
    let number = number.trim_end_matches('.');
    let mut parts = number.split('.');
    let is_first = |part: &str| is_number(part) || is_letter(part);
    let numbered = parts.next().is_some_and(is_first) && parts.clone().all(is_number);
    // An indented list has items with one number; an indented heading has more than one.
    let indented = matches!(column, Column::Any) && parts.next().is_none();
    // In running text a number at the beginning of a line is followed by a small letter.
    let titled = title.trim_start().starts_with(|c: char| match column {
        Column::First => c.is_alphanumeric() || c == '"',
        Column::Any => c.is_uppercase(),
    });
    let in_contents = title.contains("....") || title.contains(". . .");
    (numbered && titled && !in_contents && !indented).then_some(number)
}

fn has_parts(number: &str) -> bool {
    number.contains('.')
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_digit())
}

fn is_letter(part: &str) -> bool {
    part.len() == 1 && part.chars().all(|c| c.is_ascii_uppercase())
}

/// Lines without the last one of each page and the first ones of the next. A paragraph that a page
/// break cuts has no blank line there.
fn without_page_breaks(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = Vec::new();
    for (index, page) in text.split('\u{c}').enumerate() {
        let mut page: Vec<&str> = page.lines().collect();
        if index > 0 {
            let header = blank(page.iter());
            let header = header
                + page
                    .iter()
                    .skip(header)
                    .take_while(|line| !is_blank(line))
                    .count();
            page.drain(..header);
            page.drain(..blank(page.iter()));
            let trailing = blank(lines.iter().rev());
            lines.truncate(lines.len() - trailing);
            if lines.last().is_some_and(|line| line.ends_with(['.', ':'])) {
                lines.push("");
            }
        }
        lines.extend(
            page.into_iter()
                .filter(|line| !line.trim_end().ends_with(']') || !is_footer(line)),
        );
    }
    lines
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// How many lines are blank before the first that is not.
fn blank<'l>(lines: impl Iterator<Item = &'l &'l str>) -> usize {
    lines.take_while(|line| is_blank(line)).count()
}

/// `Postel                           [Page 12]`
fn is_footer(line: &str) -> bool {
    line.rsplit_once("[Page ").is_some_and(|(_, number)| {
        let number = number.trim_end().trim_end_matches(']').trim();
        is_number(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\n   1.  First .......... 1
1.  First

   The sender MUST wait, for low-
   delay links

Author            Standards Track            [Page 1]
\u{c}
RFC 1 A Title of It  May 1999

   too, one second.

1.1.  Second

   2. is not a heading
   |  Other
   |  words.
Appendix A.  Third
   Last words.
";

    #[test]
    fn a_section_ends_at_the_next_heading() {
        let first = words_of(TEXT, Some("1")).unwrap();
        assert_eq!(
            first,
            "1. First The sender MUST wait, for low-delay links too, one second."
        );
        assert!(
            words_of(TEXT, Some("1.1"))
                .unwrap()
                .ends_with("Other words.")
        );
        assert!(words_of(TEXT, Some("A")).unwrap().ends_with("Last words."));
    }

    #[test]
    fn a_missing_section_is_missing() {
        assert_eq!(words_of(TEXT, Some("1.2")), None);
        assert_eq!(words_of(TEXT, Some("2")), None);
    }

    #[test]
    fn indented_headings_are_found_where_no_other_is() {
        let old = "\
            See\n   4.2.2.1 below.\n   4.2.2.1  Well-Known Ports: Of Old\n\n   Words.\n\
            \u{20}  4.2.2.2  More\n  Other.";
        assert_eq!(
            words_of(old, Some("4.2.2.1")).unwrap(),
            "4.2.2.1 Well-Known Ports: Of Old Words."
        );
    }

    #[test]
    fn all_sections_are_found_wherever_their_headings_stand() {
        let numbers = |text| -> Vec<&str> {
            sections(text)
                .into_iter()
                .map(|(number, _)| number)
                .collect()
        };
        assert_eq!(numbers(TEXT), ["1", "1.1", "A"]);
        assert_eq!(
            numbers("1.  OF OLD\n   4.2.1  One\n   4.2.2  Two\n"),
            ["4.2.1", "4.2.2"]
        );
    }

    #[test]
    fn without_a_section_all_words_count() {
        assert!(words_of(TEXT, None).unwrap().contains("Other words."));
    }

    #[test]
    fn names_do_not_leave_the_library() {
        let library = Library::new(PathBuf::from("."));
        assert_eq!(library.read("../tests/Cargo"), None);
    }
}
