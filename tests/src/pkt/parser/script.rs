//! The whole file: options, shell text, events and their times.

use super::super::ast::{Action, Event, Script, ScriptOption, Shell, When};
use super::super::code::Code;
use super::super::error::SyntaxError;
use super::super::lexer::Cursor;
use super::packet::Read;
use super::{call, packet};

/// The option that gives a name a value.
const DEFINE: &str = "define";

pub(in crate::pkt) fn script(source: &str) -> Result<Script, SyntaxError> {
    let mut cursor = Cursor::new(source.strip_prefix('\u{feff}').unwrap_or(source));
    let cursor = &mut cursor;
    let mut options = Vec::new();
    let mut init = Vec::new();
    loop {
        if cursor.at("--") {
            options.push(option(cursor)?);
        } else if cursor.at("`") {
            init.push(shell(cursor)?);
        } else {
            break;
        }
    }
    let (events, cleanup) = events(cursor)?;
    Ok(Script {
        options,
        init,
        events,
        cleanup,
    })
}

fn option(cursor: &mut Cursor<'_>) -> Result<ScriptOption, SyntaxError> {
    let line = cursor.line();
    cursor.expect("--", "an option")?;
    let name = cursor.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if name.is_empty() {
        return Err(cursor.error("the name of an option"));
    }
    let value = if cursor.rest().starts_with('=') {
        cursor.eat("=");
        Some(option_value(cursor)?)
    } else {
        None
    };
    if name == DEFINE
        && let Some((symbol, text)) = value.as_deref().and_then(|value| value.split_once('='))
    {
        cursor.define(symbol, text);
    }
    Ok(ScriptOption {
        name: name.into(),
        value,
        line,
    })
}

/// Up to white space, which may stand between quotation marks.
fn option_value(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let start = cursor.place();
    loop {
        cursor.take_here(|c| !c.is_whitespace() && c != '"');
        if !cursor.rest().starts_with('"') {
            break;
        }
        cursor.take_through("\"");
        if cursor.take_through("\"").is_none() {
            return Err(cursor.error("a value that ends with `\"`"));
        }
    }
    let value = cursor.since(start);
    let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    Ok(quoted.unwrap_or(value).into())
}

fn shell(cursor: &mut Cursor<'_>) -> Result<Shell, SyntaxError> {
    let line = cursor.line();
    cursor.expect("`", "shell text in backticks")?;
    let Some(text) = cursor.take_through("`") else {
        return Err(cursor.error("shell text that ends with a backtick"));
    };
    Ok(Shell {
        text: text.into(),
        line,
    })
}

/// Shell text without a time ends the script; where events follow it all the same, it belongs to
/// the moment of the event before it.
fn events(cursor: &mut Cursor<'_>) -> Result<(Vec<Event>, Vec<Shell>), SyntaxError> {
    let mut events = Vec::new();
    let mut cleanup: Vec<Shell> = Vec::new();
    while let Some(first) = cursor.peek() {
        if first == '`' {
            cleanup.push(shell(cursor)?);
            continue;
        }
        for Shell { text, line } in cleanup.drain(..) {
            events.push(Event {
                line,
                time: When::After(0),
                action: Action::Shell(text),
            });
        }
        let (event, read) = event(cursor, !events.is_empty())?;
        events.push(event);
        if read == Read::Foreign {
            break;
        }
    }
    Ok((events, cleanup))
}

fn event(cursor: &mut Cursor<'_>, is_later: bool) -> Result<(Event, Read), SyntaxError> {
    let line = cursor.line();
    let time = if cursor.at("%{") {
        When::After(0)
    } else {
        time(cursor, is_later)?
    };
    let mut read = Read::Whole;
    let action = match cursor.peek() {
        Some('<' | '>') => {
            let (packet, how) = packet::packet(cursor)?;
            read = how;
            Action::Packet(packet)
        }
        Some('`') => Action::Shell(shell(cursor)?.text),
        Some('%') => Action::Code(code(cursor)?),
        Some(c) if c == '.' || c == '_' || c.is_ascii_alphabetic() => {
            Action::Call(call::call(cursor)?)
        }
        _ => return Err(cursor.error("a packet, a call, shell text or `%{`")),
    };
    Ok((Event { line, time, action }, read))
}

fn code(cursor: &mut Cursor<'_>) -> Result<Code, SyntaxError> {
    cursor.expect("%{", "`%{`")?;
    match cursor.take_through("}%") {
        Some(text) => Ok(Code::parse(text)),
        None => Err(cursor.error("code that ends with `}%`")),
    }
}

fn time(cursor: &mut Cursor<'_>, is_later: bool) -> Result<When, SyntaxError> {
    if cursor.eat("*") {
        return Ok(When::Any);
    }
    let is_relative = cursor.eat("+");
    let begins = |c: char| c.is_ascii_digit() || c == '.';
    if !cursor.peek().is_some_and(begins) {
        let expected = match (is_relative, is_later) {
            (true, _) => "a time in seconds",
            (false, false) => "an event's time (`0`, `+.1`, `*`), an option or shell text",
            (false, true) => "more of this event, or the next one's time (`0`, `+.1`, `*`)",
        };
        return Err(cursor.error(expected));
    }
    let first = cursor.seconds()?;
    if cursor.eat("~") {
        cursor.eat("+");
        let last = cursor.seconds()?;
        return Ok(if is_relative {
            When::AfterBetween(first, last)
        } else {
            When::Between(first, last)
        });
    }
    Ok(if is_relative {
        When::After(first)
    } else {
        When::At(first)
    })
}
