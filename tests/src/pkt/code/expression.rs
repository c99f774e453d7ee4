//! Expressions, from the loosest operator to the tightest.

use super::eval::Value;
use super::statement::{KEYWORDS, Reader};

/// Parentheses within parentheses.
const MAX_DEPTH: usize = 32;
/// Operators in one statement: `1 + 1 + ...` is a tree as deep as it is long.
const MAX_OPERATORS: usize = 500;
/// Binary operators, from the loosest to the tightest; comparisons stand above all of them.
const LEVELS: [&[&str]; 6] = [
    &["|"],
    &["^"],
    &["&"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "//", "/", "%"],
];
const COMPARISONS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Constant(Value),
    Name(String),
    Call(String, Vec<Expression>),
    /// `not`, `-`, `+`, `~`
    Unary(&'static str, Box<Expression>),
    Binary(&'static str, Box<Expression>, Box<Expression>),
    /// `a < b <= c`: each holds, and each part is looked at once.
    Chain(Box<Expression>, Vec<(&'static str, Expression)>),
    Tuple(Vec<Expression>),
    /// `a if condition else b`: condition, a, b
    Choice(Box<[Expression; 3]>),
}

impl Expression {
    /// The names that the value depends on, each once.
    pub(super) fn names<'e>(&'e self, names: &mut Vec<&'e str>) {
        match self {
            Self::Constant(_) => {}
            Self::Name(name) => {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            Self::Call(_, parts) | Self::Tuple(parts) => {
                parts.iter().for_each(|part| part.names(names));
            }
            Self::Unary(_, part) => part.names(names),
            Self::Binary(_, left, right) => {
                left.names(names);
                right.names(names);
            }
            Self::Chain(first, rest) => {
                first.names(names);
                rest.iter().for_each(|(_, part)| part.names(names));
            }
            Self::Choice(parts) => parts.iter().for_each(|part| part.names(names)),
        }
    }
}

impl Reader<'_> {
    /// One expression, or several with commas as a tuple.
    pub(super) fn items(&mut self) -> Result<Expression, String> {
        let first = self.expression()?;
        if !self.eat(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        loop {
            self.skip();
            if self.rest().is_empty() || self.rest().starts_with([')', ']', ';', '\n']) {
                return Ok(Expression::Tuple(items));
            }
            items.push(self.expression()?);
            if !self.eat(",") {
                return Ok(Expression::Tuple(items));
            }
        }
    }

    pub(super) fn expression(&mut self) -> Result<Expression, String> {
        if self.depth == MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let result = self.choice();
        self.depth -= 1;
        result
    }

    fn choice(&mut self) -> Result<Expression, String> {
        let value = self.either()?;
        if !self.eat_word("if") {
            return Ok(value);
        }
        let condition = self.either()?;
        if !self.eat_word("else") {
            return Err("`if` without `else`".into());
        }
        let otherwise = self.expression()?;
        Ok(Expression::Choice(Box::new([condition, value, otherwise])))
    }

    fn either(&mut self) -> Result<Expression, String> {
        let mut left = self.both()?;
        while self.eat_word("or") {
            let right = self.both()?;
            left = self.binary("or", left, right)?;
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expression, String> {
        let mut left = self.negation()?;
        while self.eat_word("and") {
            let right = self.negation()?;
            left = self.binary("and", left, right)?;
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expression, String> {
        let mut count = 0_usize;
        while self.eat_word("not") {
            count += 1;
        }
        let inner = self.comparison()?;
        // Of several, only whether they are odd or even matters, and that they make a truth.
        let once = |inner| Expression::Unary("not", Box::new(inner));
        Ok(match (count, count % 2) {
            (0, _) => inner,
            (_, 1) => once(inner),
            _ => once(once(inner)),
        })
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        let first = self.level(0)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.comparator() {
            rest.push((operator, self.level(0)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expression::Chain(Box::new(first), rest))
    }

    fn comparator(&mut self) -> Option<&'static str> {
        self.skip();
        let rest = self.rest();
        if rest.starts_with("<<") || rest.starts_with(">>") {
            return None;
        }
        let symbol = COMPARISONS.into_iter().find(|symbol| self.eat(symbol));
        if symbol.is_some() {
            return symbol;
        }
        if self.eat_word("is") {
            return Some(if self.eat_word("not") { "!=" } else { "==" });
        }
        if self.eat_word("in") {
            return Some("in");
        }
        let start = self.at;
        if self.eat_word("not") {
            if self.eat_word("in") {
                return Some("not in");
            }
            self.at = start;
        }
        None
    }

    fn level(&mut self, level: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.level(level + 1)?;
        loop {
            self.skip();
            let rest = self.rest();
            if rest.starts_with("**") {
                return Err("`**` is beyond the assertions".into());
            }
            let Some(&operator) = operators.iter().find(|&&text| rest.starts_with(text)) else {
                return Ok(left);
            };
            self.eat(operator);
            let right = self.level(level + 1)?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn unary(&mut self) -> Result<Expression, String> {
        let mut signs = Vec::new();
        while let Some(sign) = ["-", "+", "~"].into_iter().find(|sign| self.eat(sign)) {
            signs.push(sign);
            if signs.len() > MAX_DEPTH {
                return Err("too many signs".into());
            }
        }
        let inner = self.primary()?;
        let apply = |inner, sign| Expression::Unary(sign, Box::new(inner));
        Ok(signs.into_iter().rev().fold(inner, apply))
    }

    fn primary(&mut self) -> Result<Expression, String> {
        self.skip();
        let first = self.rest().chars().next();
        match first {
            Some('(') => self.enclosed(")"),
            Some('[') => self.enclosed("]"),
            Some('"' | '\'') => self.strings(),
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.named(),
            Some(c) => Err(format!("expected a value, found `{}`", c.escape_debug())),
            None => Err("expected a value, found the end".into()),
        }
    }

    /// A parenthesis or a list.
    fn enclosed(&mut self, close: &str) -> Result<Expression, String> {
        self.at += 1;
        self.brackets += 1;
        let inner = if self.eat(close) {
            self.at -= close.len();
            Expression::Tuple(Vec::new())
        } else {
            self.items()?
        };
        let is_list = close == "]";
        let inner = match inner {
            Expression::Tuple(items) => Expression::Tuple(items),
            item if is_list => Expression::Tuple(vec![item]),
            item => item,
        };
        if !self.eat(close) {
            return Err(format!("`{close}` is missing"));
        }
        self.brackets -= 1;
        Ok(inner)
    }

    fn named(&mut self) -> Result<Expression, String> {
        let word = self.peek_word();
        if KEYWORDS.contains(&word) {
            return Err(format!("`{word}` is beyond the assertions"));
        }
        self.at += word.len();
        // A string with something before it is of another kind.
        if self.rest().starts_with(['"', '\'', '.', '[']) {
            return Err(format!("`{word}` with something behind it"));
        }
        match word {
            "True" => return Ok(Expression::Constant(Value::Int(1))),
            "False" | "None" => return Ok(Expression::Constant(Value::Int(0))),
            _ => {}
        }
        if !self.rest().starts_with('(') {
            return Ok(Expression::Name(word.into()));
        }
        // A list by itself is one argument, so the parenthesis is read here.
        self.at += 1;
        self.brackets += 1;
        let mut arguments = Vec::new();
        while !self.eat(")") {
            arguments.push(self.expression()?);
            if !self.eat(",") && !self.rest().starts_with(')') {
                return Err(format!("`,` or `)` is missing in `{word}(...)`"));
            }
        }
        self.brackets -= 1;
        Ok(Expression::Call(word.into(), arguments))
    }

    fn number(&mut self) -> Result<Expression, String> {
        let rest = self.rest();
        let belongs = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or("");
        self.at += end;
        let plain = text.to_ascii_lowercase().replace('_', "");
        let radix = |prefix: &str, radix| {
            let digits = plain.strip_prefix(prefix)?;
            Some(i64::from_str_radix(digits, radix).ok())
        };
        let int = radix("0x", 16)
            .or_else(|| radix("0o", 8))
            .or_else(|| radix("0b", 2))
            .unwrap_or_else(|| plain.parse().ok())
            .map(Value::Int);
        let real = || plain.parse().ok().filter(|real: &f64| real.is_finite());
        let value = int.or_else(|| real().map(Value::Real));
        let value = value.ok_or_else(|| format!("`{text}` is no number"))?;
        Ok(Expression::Constant(value))
    }

    /// Strings that follow one another are one.
    fn strings(&mut self) -> Result<Expression, String> {
        let mut text = String::new();
        while let Some(mark) = self
            .rest()
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\''))
        {
            self.at += 1;
            let mut is_escaped = false;
            let end = self.rest().find(|c| {
                let is_end = c == mark && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                is_end
            });
            let Some(end) = end else {
                return Err("a string that does not end".into());
            };
            let inner = self.rest().get(..end).unwrap_or("");
            text.push_str(&inner.replace("\\n", "\n").replace('\\', ""));
            self.at += end + 1;
            self.skip();
        }
        Ok(Expression::Constant(Value::Text(text)))
    }

    fn binary(
        &mut self,
        operator: &'static str,
        left: Expression,
        right: Expression,
    ) -> Result<Expression, String> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(format!("more than {MAX_OPERATORS} operators"));
        }
        Ok(Expression::Binary(
            operator,
            Box::new(left),
            Box::new(right),
        ))
    }
}
