//! Arguments and results of calls.

use super::super::ast::{Expr, Field};
use super::super::error::SyntaxError;
use super::super::lexer::Cursor;

/// Brackets within brackets.
const MAX_DEPTH: usize = 32;

pub(super) fn expr(cursor: &mut Cursor<'_>) -> Result<Expr, SyntaxError> {
    Reader { cursor, depth: 0 }.expr()
}

/// Expressions with commas between them, up to `close` and with it.
pub(super) fn list(cursor: &mut Cursor<'_>, close: &str) -> Result<Vec<Expr>, SyntaxError> {
    Reader { cursor, depth: 0 }.list(close)
}

struct Reader<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    depth: usize,
}

impl Reader<'_, '_> {
    fn expr(&mut self) -> Result<Expr, SyntaxError> {
        let first = self.nested(Self::single)?;
        self.or(first)
    }

    /// What may follow the first part of an expression.
    fn or(&mut self, first: Expr) -> Result<Expr, SyntaxError> {
        if !self.cursor.at("|") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.cursor.eat("|") {
            parts.push(self.nested(Self::single)?);
        }
        Ok(Expr::Or(parts))
    }

    /// One level further down, within a bound: the text decides how deep it goes.
    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.depth == MAX_DEPTH {
            let expected = format!("at most {MAX_DEPTH} brackets within each other");
            return Err(self.cursor.error(&expected));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn list(&mut self, close: &str) -> Result<Vec<Expr>, SyntaxError> {
        let mut list = Vec::new();
        while !self.cursor.eat(close) {
            list.push(self.expr()?);
            self.comma(close)?;
        }
        Ok(list)
    }

    fn comma(&mut self, close: &str) -> Result<(), SyntaxError> {
        if self.cursor.eat(",") || self.cursor.at(close) {
            return Ok(());
        }
        let expected = format!("`,` or `{close}`");
        Err(self.cursor.error(&expected))
    }

    fn single(&mut self) -> Result<Expr, SyntaxError> {
        if self.cursor.eat("...") {
            return Ok(Expr::Ellipsis);
        }
        match self.cursor.peek() {
            Some('[') => {
                self.cursor.eat("[");
                Ok(Expr::List(self.list("]")?))
            }
            Some('{') => {
                self.cursor.eat("{");
                self.fields()
            }
            Some('(') => {
                self.cursor.eat("(");
                let inner = self.expr()?;
                self.cursor.expect(")", "`)`")?;
                Ok(inner)
            }
            Some('"') => self.string(),
            Some(c) if c == '-' || c.is_ascii_digit() => self.int(),
            _ => self.named(),
        }
    }

    fn named(&mut self) -> Result<Expr, SyntaxError> {
        let Some(name) = self.cursor.name() else {
            let expected = "a number, a string, a name, `[`, `{` or `...`";
            return Err(self.cursor.error(expected));
        };
        if self.cursor.eat("(") {
            return Ok(Expr::Apply(name.into(), self.list(")")?));
        }
        Ok(self.value_of(name))
    }

    fn value_of(&self, name: &str) -> Expr {
        match self.cursor.definition(name) {
            Some(text) => defined(text),
            None => Expr::Name(name.into()),
        }
    }

    fn fields(&mut self) -> Result<Expr, SyntaxError> {
        let mut fields = Vec::new();
        while !self.cursor.eat("}") {
            fields.push(self.field()?);
            self.comma("}")?;
        }
        Ok(Expr::Struct(fields))
    }

    /// Only the `=` tells the name of a field from a value; nothing is read twice, because every
    /// level would double the work.
    fn field(&mut self) -> Result<Field, SyntaxError> {
        let Some(name) = self.cursor.name() else {
            return Ok(unnamed(self.expr()?));
        };
        let mut arguments = None;
        if self.cursor.eat("(") {
            arguments = Some(self.nested(|reader| reader.list(")"))?);
        }
        if !self.cursor.eat("=") {
            let first = match arguments {
                Some(arguments) => Expr::Apply(name.into(), arguments),
                None => self.value_of(name),
            };
            return Ok(unnamed(self.or(first)?));
        }
        let argument = match arguments.as_deref() {
            None => None,
            Some([argument]) => Some(Box::new(argument.clone())),
            Some(_) => return Err(self.cursor.error("one argument before `=`")),
        };
        Ok(Field {
            name: Some(name.into()),
            argument,
            value: Some(self.expr()?),
        })
    }

    /// Decimal, `0x` or, after a leading 0, octal.
    fn int(&mut self) -> Result<Expr, SyntaxError> {
        let place = self.cursor.place();
        let is_negative = self.cursor.eat("-");
        let text = self.cursor.take_while(|c| c.is_ascii_alphanumeric());
        let lower = text.to_ascii_lowercase();
        let digits = lower.trim_end_matches(['u', 'l']);
        let magnitude = if let Some(hex) = digits.strip_prefix("0x") {
            u64::from_str_radix(hex, 16)
        } else if digits.len() > 1 && digits.starts_with('0') {
            u64::from_str_radix(digits, 8)
        } else {
            digits.parse()
        };
        // All 64 bits may be written: `0xffffffffffffffff` is -1.
        let value = magnitude.map(u64::cast_signed);
        match value {
            Ok(value) if is_negative => Ok(Expr::Int(value.wrapping_neg())),
            Ok(value) => Ok(Expr::Int(value)),
            Err(_) => {
                self.cursor.back_to(place);
                Err(self.cursor.error("an integer of 64 bits"))
            }
        }
    }

    /// Strings that follow one another are one.
    fn string(&mut self) -> Result<Expr, SyntaxError> {
        let mut octets = Vec::new();
        while self.cursor.at("\"") {
            let place = self.cursor.place();
            self.cursor.eat("\"");
            let Some(len) = unescape(self.cursor.rest(), &mut octets) else {
                self.cursor.back_to(place);
                return Err(self.cursor.error("a string that ends with `\"`"));
            };
            self.cursor.back_to(self.cursor.place() + len);
        }
        Ok(Expr::Str(octets))
    }
}

fn unnamed(value: Expr) -> Field {
    Field {
        name: None,
        argument: None,
        value: Some(value),
    }
}

/// Appends what stands before the closing `"`; returns how much was read, the mark included.
fn unescape(text: &str, octets: &mut Vec<u8>) -> Option<usize> {
    let mut rest = text;
    loop {
        let mut chars = rest.chars();
        match chars.next()? {
            '"' => return Some(text.len() - chars.as_str().len()),
            '\\' => rest = escape(chars.as_str(), octets)?,
            c => {
                octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = chars.as_str();
            }
        }
    }
}

/// What stands after a backslash; returns the text after it.
fn escape<'t>(text: &'t str, octets: &mut Vec<u8>) -> Option<&'t str> {
    let (digits, radix, max) = match text.strip_prefix('x') {
        Some(digits) => (digits, 16, 2),
        None => (text, 8, 3),
    };
    let count = digits
        .chars()
        .take(max)
        .take_while(|c| c.is_digit(radix))
        .count();
    if count > 0 {
        let (number, rest) = digits.split_at_checked(count)?;
        let value = u32::from_str_radix(number, radix).ok()?;
        octets.push((value & 0xff) as u8);
        return Some(rest);
    }
    let mut chars = text.chars();
    let c = match chars.next()? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'v' => '\x0b',
        other => other,
    };
    octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Some(chars.as_str())
}

/// The value that an option gives to a name: an expression, or else a word.
fn defined(text: &str) -> Expr {
    let mut cursor = Cursor::new(text);
    let value = expr(&mut cursor);
    match value {
        Ok(value) if cursor.peek().is_none() => value,
        _ => Expr::Name(text.into()),
    }
}
