//! Values, and what an expression is worth.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

use super::CodeError;
use super::expression::Expression;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Int(i64),
    Real(f64),
    Text(String),
    Tuple(Vec<Value>),
}

impl Value {
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Int(value) => *value != 0,
            Self::Real(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Tuple(items) => !items.is_empty(),
        }
    }

    fn real(&self) -> Option<f64> {
        match self {
            // Counters and microseconds stay far below where it would round.
            Self::Int(value) => Some(*value as f64),
            Self::Real(value) => Some(*value),
            Self::Text(_) | Self::Tuple(_) => None,
        }
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(right)),
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            _ => self.real()?.partial_cmp(&other.real()?),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Real(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
            Self::Tuple(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "({})", items.join(", "))
            }
        }
    }
}

pub(super) struct Scope<'n> {
    pub(super) names: &'n mut dyn FnMut(&str) -> Option<i64>,
    pub(super) variables: HashMap<String, Value>,
}

impl Scope<'_> {
    pub(super) fn value(&mut self, expression: &Expression) -> Result<Value, CodeError> {
        match expression {
            Expression::Constant(value) => Ok(value.clone()),
            Expression::Name(name) => self.name(name),
            Expression::Call(name, arguments) => {
                let arguments = self.values(arguments)?;
                function(name, &arguments)
            }
            Expression::Unary(operator, part) => {
                let part = self.value(part)?;
                unary(operator, &part)
            }
            Expression::Binary("and", left, right) => {
                let left = self.value(left)?;
                if left.is_true() {
                    self.value(right)
                } else {
                    Ok(left)
                }
            }
            Expression::Binary("or", left, right) => {
                let left = self.value(left)?;
                if left.is_true() {
                    Ok(left)
                } else {
                    self.value(right)
                }
            }
            Expression::Binary(operator, left, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                binary(operator, &left, &right)
            }
            Expression::Chain(first, rest) => {
                let mut left = self.value(first)?;
                for (operator, part) in rest {
                    let right = self.value(part)?;
                    if !comparison(operator, &left, &right)? {
                        return Ok(Value::Int(0));
                    }
                    left = right;
                }
                Ok(Value::Int(1))
            }
            Expression::Tuple(parts) => Ok(Value::Tuple(self.values(parts)?)),
            Expression::Choice(parts) => {
                let [condition, value, otherwise] = parts.as_ref();
                let is_true = self.value(condition)?.is_true();
                self.value(if is_true { value } else { otherwise })
            }
        }
    }

    fn values(&mut self, expressions: &[Expression]) -> Result<Vec<Value>, CodeError> {
        expressions.iter().map(|part| self.value(part)).collect()
    }

    fn name(&mut self, name: &str) -> Result<Value, CodeError> {
        if let Some(value) = self.variables.get(name) {
            return Ok(value.clone());
        }
        let value = (self.names)(name).map(Value::Int);
        value.ok_or_else(|| CodeError::Unknown(name.into()))
    }
}

fn unsupported(what: impl Into<String>) -> CodeError {
    CodeError::Unsupported(what.into())
}

fn truth(is_true: bool) -> Value {
    Value::Int(is_true.into())
}

fn unary(operator: &str, value: &Value) -> Result<Value, CodeError> {
    let result = match (operator, value) {
        ("not", value) => Some(truth(!value.is_true())),
        ("+", Value::Int(_) | Value::Real(_)) => Some(value.clone()),
        ("-", Value::Int(value)) => value.checked_neg().map(Value::Int),
        ("-", Value::Real(value)) => Some(Value::Real(-value)),
        ("~", Value::Int(value)) => Some(Value::Int(!value)),
        _ => None,
    };
    result.ok_or_else(|| unsupported(format!("`{operator}` before `{value}`")))
}

fn comparison(operator: &str, left: &Value, right: &Value) -> Result<bool, CodeError> {
    let is_equal =
        |left: &Value, right: &Value| left == right || left.compare(right) == Some(Ordering::Equal);
    match (operator, right) {
        ("==", _) => return Ok(is_equal(left, right)),
        ("!=", _) => return Ok(!is_equal(left, right)),
        ("in", Value::Tuple(items)) => return Ok(items.iter().any(|item| is_equal(left, item))),
        ("not in", Value::Tuple(items)) => {
            return Ok(!items.iter().any(|item| is_equal(left, item)));
        }
        _ => {}
    }
    let order = left.compare(right);
    match (operator, order) {
        ("<", Some(order)) => Ok(order.is_lt()),
        ("<=", Some(order)) => Ok(order.is_le()),
        (">", Some(order)) => Ok(order.is_gt()),
        (">=", Some(order)) => Ok(order.is_ge()),
        _ => Err(unsupported(format!("`{left} {operator} {right}`"))),
    }
}

fn binary(operator: &str, left: &Value, right: &Value) -> Result<Value, CodeError> {
    let result = match (left, right) {
        (Value::Int(left), Value::Int(right)) => integers(operator, *left, *right)?,
        (Value::Text(left), Value::Text(right)) if operator == "+" => {
            Some(Value::Text(format!("{left}{right}")))
        }
        (Value::Text(format), values) if operator == "%" => formatted(format, values),
        _ => match (left.real(), right.real()) {
            (Some(left), Some(right)) => reals(operator, left, right)?,
            _ => None,
        },
    };
    result.ok_or_else(|| unsupported(format!("`{left} {operator} {right}`")))
}

fn integers(operator: &str, left: i64, right: i64) -> Result<Option<Value>, CodeError> {
    let shift = || u32::try_from(right).ok();
    let result = match operator {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "&" => Some(left & right),
        "|" => Some(left | right),
        "^" => Some(left ^ right),
        "<<" => shift()
            .filter(|&count| count < 62 && left.unsigned_abs() >> (62 - count) == 0)
            .map(|count| left << count),
        ">>" => shift().map(|count| left >> count.min(63)),
        "/" if right != 0 => return Ok(Some(Value::Real(left as f64 / right as f64))),
        "//" if right != 0 => floor_division(left, right),
        "%" if right != 0 => floor_division(left, right)
            .and_then(|quotient| left.checked_sub(quotient.checked_mul(right)?)),
        "/" | "//" | "%" => return Err(division_by_zero()),
        _ => None,
    };
    Ok(result.map(Value::Int))
}

/// Towards minus infinity.
fn floor_division(left: i64, right: i64) -> Option<i64> {
    let quotient = left.checked_div(right)?;
    let is_inexact = quotient.checked_mul(right)? != left;
    let is_negative = (left < 0) != (right < 0);
    Some(quotient - i64::from(is_inexact && is_negative))
}

fn reals(operator: &str, left: f64, right: f64) -> Result<Option<Value>, CodeError> {
    let result = match operator {
        "+" => Some(left + right),
        "-" => Some(left - right),
        "*" => Some(left * right),
        "/" | "//" | "%" if right == 0.0 => return Err(division_by_zero()),
        "/" => Some(left / right),
        "//" => Some((left / right).floor()),
        "%" => Some(left - (left / right).floor() * right),
        _ => None,
    };
    Ok(result.map(Value::Real))
}

fn division_by_zero() -> CodeError {
    CodeError::Failed("division by zero".into())
}

/// `"... %d ..." % values`; the letter after the mark does not change how a number looks, except
/// for `x`.
fn formatted(format: &str, values: &Value) -> Option<Value> {
    let mut values = match values {
        Value::Tuple(items) => items.iter(),
        value => std::slice::from_ref(value).iter(),
    };
    let mut text = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match chars.find(|c| !c.is_ascii_digit() && !matches!(c, '-' | '.' | '+' | ' ' | '#'))? {
            '%' => text.push('%'),
            'x' => match values.next()? {
                Value::Int(value) => text.push_str(&format!("{value:x}")),
                _ => return None,
            },
            'd' | 'u' | 'i' | 's' | 'r' | 'f' | 'g' => text.push_str(&values.next()?.to_string()),
            _ => return None,
        }
    }
    Some(Value::Text(text))
}

fn function(name: &str, arguments: &[Value]) -> Result<Value, CodeError> {
    let result = match (name, arguments) {
        ("abs", [Value::Int(value)]) => value.checked_abs().map(Value::Int),
        ("abs", [Value::Real(value)]) => Some(Value::Real(value.abs())),
        ("min", [Value::Tuple(items)]) => extreme(items, Ordering::Less),
        ("max", [Value::Tuple(items)]) => extreme(items, Ordering::Greater),
        ("min", items) => extreme(items, Ordering::Less),
        ("max", items) => extreme(items, Ordering::Greater),
        ("int", [Value::Int(value)]) => Some(Value::Int(*value)),
        ("int", [Value::Real(value)]) => Some(Value::Int(*value as i64)),
        ("round", [Value::Real(value)]) => Some(Value::Int(value.round_ties_even() as i64)),
        ("float", [value]) => value.real().map(Value::Real),
        ("bool", [value]) => Some(truth(value.is_true())),
        ("str", [value]) => Some(Value::Text(value.to_string())),
        ("hex", [Value::Int(value)]) => Some(Value::Text(format!("{value:#x}"))),
        _ => None,
    };
    result.ok_or_else(|| unsupported(format!("`{name}(...)`")))
}

/// The first that nothing surpasses; `None` when there is none, or they cannot be compared.
fn extreme(items: &[Value], wanted: Ordering) -> Option<Value> {
    let mut items = items.iter();
    let mut best = items.next()?;
    for item in items {
        if item.compare(best)? == wanted {
            best = item;
        }
    }
    Some(best.clone())
}
