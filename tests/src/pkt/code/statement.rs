//! Statements, and the place in the text that has been read up to.

use super::eval::Value;
use super::expression::Expression;

/// How much of a statement that cannot run is quoted.
const QUOTED_CHARS: usize = 60;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    Assert {
        condition: Expression,
        text: String,
        message: Option<Expression>,
    },
    Print(Vec<Expression>),
    Assign(String, Expression),
    Evaluate(Expression),
    /// Its text, and why it cannot run.
    Unsupported(String),
}

/// Where the name of a variable could stand, but something else begins.
pub(super) const KEYWORDS: [&str; 19] = [
    "if", "elif", "else", "for", "while", "def", "class", "import", "from", "with", "try",
    "return", "lambda", "global", "del", "raise", "break", "continue", "async",
];

pub(super) fn statements(text: &str) -> Vec<Statement> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        brackets: 0,
        operators: 0,
    };
    let mut statements = Vec::new();
    loop {
        reader.skip_between();
        let start = reader.at;
        if reader.rest().is_empty() {
            return statements;
        }
        match reader.statement() {
            Ok(Some(statement)) => statements.push(statement),
            Ok(None) => {}
            Err(why) => {
                // What belongs to it (the body of an `if`) cannot be told from what follows.
                let text = text.get(start..).unwrap_or("").lines().next();
                let quoted: String = text.unwrap_or("").chars().take(QUOTED_CHARS).collect();
                statements.push(Statement::Unsupported(format!("`{quoted}`: {why}")));
                return statements;
            }
        }
    }
}

pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// Open parentheses, within which a line may end anywhere.
    pub(super) brackets: usize,
    /// Seen in this statement.
    pub(super) operators: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Skips what may stand between two parts of a statement.
    pub(super) fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let blank =
                |c: char| c == ' ' || c == '\t' || c == '\r' || (c == '\n' && self.brackets > 0);
            let trimmed = rest.trim_start_matches(blank);
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with('#') {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if let Some(after) = trimmed.strip_prefix('\\')
                && let Some(next) = after
                    .trim_start_matches([' ', '\t', '\r'])
                    .strip_prefix('\n')
            {
                self.at += trimmed.len() - next.len();
            } else {
                return;
            }
            if self.rest().starts_with('\n') && self.brackets == 0 {
                return;
            }
        }
    }

    /// Skips what may stand between two statements.
    fn skip_between(&mut self) {
        loop {
            self.skip();
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([';', '\n']);
            // A backslash at the end of the last line continues nothing.
            let trimmed = if trimmed.trim() == "\\" { "" } else { trimmed };
            if trimmed.len() == rest.len() {
                return;
            }
            self.at += rest.len() - trimmed.len();
        }
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        self.skip();
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn peek_word(&mut self) -> &'a str {
        self.skip();
        let rest = self.rest();
        let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or("")
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek_word() == word;
        if found {
            self.at += word.len();
        }
        found
    }

    fn statement(&mut self) -> Result<Option<Statement>, String> {
        self.operators = 0;
        let start = self.at;
        let word = self.peek_word();
        if KEYWORDS.contains(&word) {
            return Err(format!("`{word}` is beyond the assertions"));
        }
        let statement = match word {
            "pass" => {
                self.eat_word("pass");
                None
            }
            "assert" => {
                self.eat_word("assert");
                Some(self.assertion()?)
            }
            "print" => {
                self.eat_word("print");
                Some(Statement::Print(self.printed()))
            }
            _ => Some(self.assignment(word, start)?),
        };
        self.skip();
        match self.rest().chars().next() {
            None | Some(';' | '\n') => Ok(statement),
            Some(c) => Err(format!("`{c}` after a statement")),
        }
    }

    fn assertion(&mut self) -> Result<Statement, String> {
        self.skip();
        let start = self.at;
        let condition = self.expression()?;
        let text = self
            .text
            .get(start..self.at)
            .unwrap_or("")
            .trim()
            .to_owned();
        let message = if self.eat(",") {
            Some(self.items_or_text())
        } else {
            None
        };
        Ok(Statement::Assert {
            condition,
            text,
            message,
        })
    }

    /// With parentheses or without.
    fn printed(&mut self) -> Vec<Expression> {
        self.skip();
        if self.rest().is_empty() || self.rest().starts_with([';', '\n']) {
            return Vec::new();
        }
        match self.items_or_text() {
            Expression::Tuple(items) => items,
            item => vec![item],
        }
    }

    /// What is only to be shown need not be understood: it is shown as it stands, then.
    fn items_or_text(&mut self) -> Expression {
        self.skip();
        let (start, brackets) = (self.at, self.brackets);
        if let Ok(items) = self.items()
            && self.ends()
        {
            return items;
        }
        (self.at, self.brackets) = (start, brackets);
        let text = self.rest();
        self.at += end_of_statement(text);
        let text = self.text.get(start..self.at).unwrap_or("");
        Expression::Constant(Value::Text(text.trim().into()))
    }

    fn ends(&mut self) -> bool {
        self.skip();
        matches!(self.rest().chars().next(), None | Some(';' | '\n'))
    }

    fn assignment(&mut self, word: &str, start: usize) -> Result<Statement, String> {
        let is_name = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if is_name {
            self.at += word.len();
            if self.eat("=") && !self.rest().starts_with('=') {
                return Ok(Statement::Assign(word.into(), self.items()?));
            }
            self.at = start;
        }
        Ok(Statement::Evaluate(self.items()?))
    }
}

/// Where a statement ends whose grammar is not known: at the end of a line or at a semicolon,
/// outside of strings and brackets.
fn end_of_statement(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        let was_escaped = is_escaped;
        is_escaped = c == '\\' && !was_escaped;
        match (quote, c) {
            (Some(mark), c) if c == mark && !was_escaped => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ';' | '\n') if depth == 0 && !was_escaped => return at,
            (None, _) => {}
        }
    }
    text.len()
}
