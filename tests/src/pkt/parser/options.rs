//! The options of a segment, between `<` and `>`.

use super::super::ast::{OptionList, TcpOption};
use super::super::error::SyntaxError;
use super::super::lexer::Cursor;
use super::packet::short;

pub(super) fn list(cursor: &mut Cursor<'_>) -> Result<OptionList, SyntaxError> {
    cursor.expect("<", "`<`")?;
    if cursor.eat("...") {
        cursor.expect(">", "`>`")?;
        return Ok(OptionList::Any);
    }
    let mut options = Vec::new();
    while !cursor.eat(">") {
        options.push(option(cursor)?);
        if !cursor.eat(",") && !cursor.at(">") {
            return Err(cursor.error("`,` or `>` after an option"));
        }
    }
    Ok(OptionList::Listed(options))
}

fn option(cursor: &mut Cursor<'_>) -> Result<TcpOption, SyntaxError> {
    cursor.skip();
    let start = cursor.place();
    let Some(name) = cursor.name() else {
        return Err(cursor.error("a TCP option (`mss`, `wscale`, `sackOK`, `TS`, `nop`, ...)"));
    };
    match name.to_ascii_lowercase().as_str() {
        "mss" => Ok(TcpOption::Mss(short(cursor)?)),
        "wscale" | "ws" => {
            let shift = cursor.number(u8::MAX.into())?;
            Ok(TcpOption::WindowScale(u8::try_from(shift).unwrap_or(0)))
        }
        "sackok" => Ok(TcpOption::SackPermitted),
        "sack" => Ok(TcpOption::Sack(blocks(cursor)?)),
        "ts" | "timestamp" | "timestamps" => timestamps(cursor),
        "nop" => Ok(TcpOption::Nop),
        "eol" => Ok(TcpOption::Eol),
        "md5" if ends(cursor) => Ok(TcpOption::Md5),
        "fo" | "foexp" => {
            let experimental = name.eq_ignore_ascii_case("foexp");
            Ok(fast_open(cursor, experimental).unwrap_or_else(|| other(cursor, start)))
        }
        _ => Ok(other(cursor, start)),
    }
}

fn ends(cursor: &mut Cursor<'_>) -> bool {
    matches!(cursor.peek(), Some(',' | '>'))
}

/// An option that is kept by its text.
fn other(cursor: &mut Cursor<'_>, start: usize) -> TcpOption {
    cursor.back_to(start);
    let text = cursor.take_while(|c| !matches!(c, ',' | '>'));
    TcpOption::Other(text.trim().into())
}

/// Blocks follow one another with spaces or with commas.
fn blocks(cursor: &mut Cursor<'_>) -> Result<Vec<(u32, u32)>, SyntaxError> {
    let mut blocks = Vec::new();
    loop {
        let place = cursor.place();
        cursor.eat(",");
        if !cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
            cursor.back_to(place);
            return Ok(blocks);
        }
        let left = cursor.number(u32::MAX)?;
        cursor.expect(":", "`:` and the right edge of the block")?;
        blocks.push((left, cursor.number(u32::MAX)?));
    }
}

fn timestamps(cursor: &mut Cursor<'_>) -> Result<TcpOption, SyntaxError> {
    let mut val = None;
    let mut ecr = None;
    while val.is_none() || ecr.is_none() {
        if val.is_none() && cursor.eat_word("val") {
            val = Some(cursor.number(u32::MAX)?);
        } else if ecr.is_none() && cursor.eat_word("ecr") {
            ecr = Some(cursor.number(u32::MAX)?);
        } else {
            let missing = if val.is_none() { "`val`" } else { "`ecr`" };
            return Err(cursor.error(&format!("{missing} and a number")));
        }
    }
    Ok(TcpOption::Timestamps {
        val: val.unwrap_or_default(),
        ecr: ecr.unwrap_or_default(),
    })
}

/// `None` when the cookie is not written as octets.
fn fast_open(cursor: &mut Cursor<'_>, experimental: bool) -> Option<TcpOption> {
    cursor.eat("=");
    let digits = cursor.take_while(|c| c.is_ascii_alphanumeric());
    if !ends(cursor) {
        return None;
    }
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    if digits.is_empty() {
        return Some(TcpOption::FastOpen {
            cookie: None,
            experimental,
        });
    }
    let digits: Option<Vec<u32>> = digits.chars().map(|c| c.to_digit(16)).collect();
    let pairs = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    let octets = pairs.chunks(2).map(|pair| {
        let value = pair.iter().fold(0, |sum, digit| sum * 16 + digit);
        u8::try_from(value).unwrap_or(0)
    });
    Some(TcpOption::FastOpen {
        cookie: Some(octets.collect()),
        experimental,
    })
}
