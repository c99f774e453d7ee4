//! The text of a script and the place that has been read up to.
//!
//! The words of the language depend on where they stand (`.` begins a time, ends flags and is part
//! of `...`; `1:1001` is a range and no address), so there is no list of tokens: each rule of the
//! parser takes from the [`Cursor`] what may stand there. White space and comments are skipped
//! before whatever is taken, except inside a word, a string, shell text or code.
//!
//! A line that begins with `#` is a comment. Of `#ifdef ... #else ... #endif` the first part is
//! read and the second is not: both together are never meant.

use super::error::SyntaxError;

/// How much of the text an error quotes.
const QUOTED_CHARS: usize = 24;
/// A time beyond it (some 30 years) is a slip of the pen.
const MAX_SECONDS: u64 = 1_000_000_000;
const MICROS: i64 = 1_000_000;

#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// Octets read.
    at: usize,
    /// Where each line begins.
    lines: Vec<usize>,
    /// Names that the script's options define.
    definitions: Vec<(String, String)>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            at: 0,
            lines: std::iter::once(0).chain(ends).collect(),
            definitions: Vec::new(),
        }
    }

    pub(super) fn define(&mut self, name: &str, value: &str) {
        self.definitions.push((name.into(), value.into()));
    }

    /// The text that stands for `name`.
    pub(super) fn definition(&self, name: &str) -> Option<&str> {
        let mut latest = self.definitions.iter().rev();
        latest
            .find(|(defined, _)| defined == name)
            .map(|(_, value)| value.as_str())
    }

    /// What has not been read, with any white space before it.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// Reads again from `place`.
    pub(super) fn back_to(&mut self, place: usize) {
        self.at = place.min(self.text.len());
    }

    /// The text between a place and where the cursor is.
    pub(super) fn since(&self, place: usize) -> &'a str {
        self.text.get(place..self.at).unwrap_or("")
    }

    /// The line of what stands next, from 1.
    pub(super) fn line(&mut self) -> usize {
        self.skip();
        self.line_at(self.at)
    }

    fn line_at(&self, place: usize) -> usize {
        self.lines.partition_point(|&start| start <= place)
    }

    /// The next character; `None` at the end.
    pub(super) fn peek(&mut self) -> Option<char> {
        self.skip();
        self.rest().chars().next()
    }

    /// Whether `text` stands next.
    pub(super) fn at(&mut self, text: &str) -> bool {
        self.skip();
        self.rest().starts_with(text)
    }

    /// Takes `text` if it stands next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.at(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn expect(&mut self, text: &str, expected: &str) -> Result<(), SyntaxError> {
        if self.eat(text) {
            Ok(())
        } else {
            Err(self.error(expected))
        }
    }

    /// Takes what stands next and `belongs`; nothing is skipped inside.
    pub(super) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        self.skip();
        self.take_here(belongs)
    }

    /// The same where white space and comments mean themselves.
    pub(super) fn take_here(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    /// Takes everything up to `mark`, and the mark, which is not returned.
    pub(super) fn take_through(&mut self, mark: &str) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest.find(mark)?;
        self.at += end + mark.len();
        rest.get(..end)
    }

    /// A name: letters, digits and underscores, no digit first.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let is_start = first.is_ascii_alphabetic() || first == '_';
        is_start.then(|| self.take_while(|c| c.is_ascii_alphanumeric() || c == '_'))
    }

    /// Takes the word `word`, in any case, if exactly that stands next.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let place = self.place();
        let found = self.take_while(|c| c.is_ascii_alphabetic() || c == '_');
        let is_found = found.eq_ignore_ascii_case(word);
        if !is_found {
            self.back_to(place);
        }
        is_found
    }

    /// A number without a sign, decimal or with `0x`, of at most `max`.
    pub(super) fn number(&mut self, max: u32) -> Result<u32, SyntaxError> {
        let place = self.place();
        let value = if self.at("0x") || self.at("0X") {
            self.at += "0x".len();
            let digits = self.digits(16);
            u32::from_str_radix(digits, 16)
        } else {
            self.digits(10).parse()
        };
        if let Some(value) = value.ok().filter(|&value| value <= max) {
            return Ok(value);
        }
        self.back_to(place);
        let expected = if max == u32::MAX {
            "a number of 32 bits".into()
        } else {
            format!("a number up to {max}")
        };
        Err(self.error(&expected))
    }

    /// What follows `0x`, which may be nothing; no space is skipped.
    fn digits(&mut self, radix: u32) -> &'a str {
        self.take_here(|c| c.is_digit(radix))
    }

    /// A time in seconds, as microseconds; what is finer is cut off.
    pub(super) fn seconds(&mut self) -> Result<i64, SyntaxError> {
        self.skip();
        let place = self.place();
        let whole = self.digits(10);
        let begins_fraction = |rest: &str| {
            let mut chars = rest.chars();
            chars.next() == Some('.') && chars.next().is_some_and(|c| c.is_ascii_digit())
        };
        let fraction = if begins_fraction(self.rest()) {
            self.at += 1;
            self.digits(10)
        } else {
            ""
        };
        let seconds = match whole {
            "" if !fraction.is_empty() => Some(0),
            _ => whole.parse::<u64>().ok(),
        };
        let Some(seconds) = seconds.filter(|&seconds| seconds <= MAX_SECONDS) else {
            self.back_to(place);
            return Err(self.error("a time in seconds"));
        };
        let micros = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
        let micros = micros.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        Ok(i64::try_from(seconds).unwrap_or(0) * MICROS + micros)
    }

    /// Skips white space and comments. A comment that is not closed is not skipped, so that
    /// whatever is expected next reports it.
    pub(super) fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            let rest = self.rest();
            let comment = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(0, |end| end + "*/".len())
            } else if rest.starts_with('#') {
                directive(rest)
            } else {
                0
            };
            if comment == 0 {
                return;
            }
            self.at += comment;
        }
    }

    /// That something else stands here than `expected`.
    pub(super) fn error(&mut self, expected: &str) -> SyntaxError {
        self.skip();
        let line = self.line_at(self.at);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..self.at).unwrap_or("");
        SyntaxError {
            line,
            column: before.chars().count() + 1,
            expected: expected.into(),
            found: describe(self.rest()),
        }
    }
}

/// Octets of a `#` line and of what it excludes.
fn directive(text: &str) -> usize {
    let first = text.find('\n').unwrap_or(text.len());
    if !is_directive(text, "else") {
        return first;
    }
    let mut end = 0;
    let mut depth = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if is_directive(line, "if") {
            depth += 1;
        } else if is_directive(line, "endif") {
            if depth == 0 {
                return end;
            }
            depth -= 1;
        }
    }
    end
}

fn is_directive(line: &str, word: &str) -> bool {
    let after_mark = line.trim_start().strip_prefix('#');
    after_mark.is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(word))
}

fn describe(rest: &str) -> String {
    let Some(first) = rest.chars().next() else {
        return "the end of the script".into();
    };
    if rest.starts_with("/*") {
        return "a comment that is not closed".into();
    }
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let word: String = if belongs(first) {
        rest.chars().take_while(|&c| belongs(c)).collect()
    } else {
        first.into()
    };
    let quoted: String = word.chars().take(QUOTED_CHARS).collect();
    let dots = if quoted.len() < word.len() { "..." } else { "" };
    format!("`{}{dots}`", quoted.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_with_and_without_their_parts() {
        let read = |text| Cursor::new(text).seconds();
        assert_eq!(read("0"), Ok(0));
        assert_eq!(read(" .1"), Ok(100_000));
        assert_eq!(read("0.250"), Ok(250_000));
        assert_eq!(read("12.3456789"), Ok(12_345_678));
        assert!(read("x").is_err());
        assert!(read(".").is_err());
        assert!(read("99999999999999999999").is_err());
    }

    #[test]
    fn a_time_does_not_swallow_the_dots_after_it() {
        let mut cursor = Cursor::new("0...0.2");
        assert_eq!(cursor.seconds(), Ok(0));
        assert!(cursor.eat("..."));
        assert_eq!(cursor.seconds(), Ok(200_000));
    }

    #[test]
    fn comments_of_every_kind_are_skipped() {
        let text = "// a\n /* b\n */ # c\n#ifdef D\n one #e";
        let mut cursor = Cursor::new(text);
        assert_eq!(cursor.line(), 5);
        assert_eq!(cursor.name(), Some("one"));
        assert_eq!(cursor.peek(), None);
    }

    #[test]
    fn of_a_condition_the_first_part_is_read() {
        let text = "#ifdef A\na\n#else\nb\n#if B\nc\n#endif\nd\n#endif\ne";
        let mut cursor = Cursor::new(text);
        assert_eq!(cursor.name(), Some("a"));
        assert_eq!(cursor.name(), Some("e"));
    }

    #[test]
    fn an_error_names_its_place_and_what_is_there() {
        let mut cursor = Cursor::new("ab\n  ü cd");
        assert_eq!(cursor.name(), Some("ab"));
        let error = cursor.error("a name").to_string();
        assert_eq!(error, "2:3: expected a name, found `ü`");
        let mut cursor = Cursor::new("\n /* ");
        let error = cursor.error("a name").to_string();
        assert_eq!(
            error,
            "2:2: expected a name, found a comment that is not closed"
        );
        let error = Cursor::new("").error("a name").to_string();
        assert_eq!(error, "1:1: expected a name, found the end of the script");
    }

    #[test]
    fn numbers_are_bounded() {
        assert_eq!(Cursor::new("0xfF").number(255), Ok(255));
        assert_eq!(Cursor::new("4294967295").number(u32::MAX), Ok(u32::MAX));
        assert!(Cursor::new("256").number(255).is_err());
        assert!(Cursor::new("0x").number(255).is_err());
        assert!(Cursor::new("-1").number(255).is_err());
    }
}
