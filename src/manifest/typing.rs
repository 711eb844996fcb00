//! What a scalar means, as the API server types it.
//!
//! Everything that reaches the API server as YAML went through `sigs.k8s.io/yaml`, which is `go.yaml.in/yaml/v2`:
//! YAML 1.1 with quirks of its own. This is its `resolve.go`, function by function; `tests/yaml-typing/` holds the
//! answers of the original.

use std::borrow::Cow;

/// What a plain scalar means.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'s> {
    /// `~`, `null` or nothing.
    Null,
    /// `true`, `yes`, `on`, `y` and their opposites.
    Bool(bool),
    /// A whole number in decimal, whatever notation was used. Fractions as they were written.
    Number(Cow<'s, str>),
    /// `<<`.
    Merge,
    /// Anything else.
    String,
}

/// A number in the width in which Go holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// `int`, or `uint64` where only that can hold it.
    Whole(i128),
    /// `float64`.
    Float(f64),
}

/// Types a plain scalar: one without quotes and without a tag.
pub fn plain(text: &str) -> Scalar<'_> {
    let Some(first) = text.bytes().next() else { return Scalar::Null };
    match first {
        b'a'..=b'z' | b'A'..=b'Z' | b'~' | b'<' => word(text),
        b'0'..=b'9' | b'+' | b'-' | b'.' => {
            number(text).map_or(Scalar::String, |value| Scalar::Number(spell(text, value)))
        }
        _ => Scalar::String,
    }
}

/// The words of YAML 1.1, in the three spellings that count.
fn word(text: &str) -> Scalar<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "<<" => Scalar::Merge,
        _ => Scalar::String,
    }
}

/// Reads a number in any notation of YAML 1.1 as goyaml understands it.
pub fn number(text: &str) -> Option<Number> {
    if let Some(value) = infinity(text) {
        return Some(Number::Float(value));
    }
    match text.as_bytes().first()? {
        b'.' => go_float(text).map(Number::Float),
        b'0'..=b'9' | b'+' | b'-' => signed_or_digit(text),
        _ => None,
    }
}

fn infinity(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn signed_or_digit(text: &str) -> Option<Number> {
    let digits = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    if let Some(whole) = go_integer(&digits) {
        return Some(Number::Whole(whole));
    }
    if is_yaml_float(&digits) {
        // Go refuses what does not fit where Rust says infinity.
        return digits.parse().ok().filter(|value: &f64| value.is_finite()).map(Number::Float);
    }
    // A leftover of goyaml: the sign may stand behind the prefix.
    let binary = digits.strip_prefix("0b")?;
    let valid = binary.strip_prefix(['+', '-']).is_some_and(|rest| rest.bytes().all(|b| matches!(b, b'0' | b'1')));
    let value = i128::from(i64::from_str_radix(binary, 2).ok()?);
    valid.then_some(Number::Whole(value))
}

/// `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn go_integer(text: &str) -> Option<i128> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let most = if signed { i128::from(i64::MAX) + i128::from(negative) } else { i128::from(u64::MAX) };
    (value <= most).then_some(if negative { -value } else { value })
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_yaml_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// `strconv.ParseFloat` for a text that begins with a dot: underscores only between digits.
fn go_float(text: &str) -> Option<f64> {
    let between_digits = |(at, _): (usize, &str)| {
        let digit = |index: usize| text.as_bytes().get(index).is_some_and(u8::is_ascii_digit);
        digit(at + 1) && at.checked_sub(1).is_some_and(digit)
    };
    if !text.match_indices('_').all(between_digits) {
        return None;
    }
    let digits = text.replace('_', "");
    is_yaml_float(&digits).then(|| digits.parse().ok()).flatten().filter(|value: &f64| value.is_finite())
}

/// The text of a number: borrowed if it already is what JSON would say.
fn spell(text: &str, value: Number) -> Cow<'_, str> {
    match value {
        Number::Whole(_) if is_decimal(text) => Cow::Borrowed(text),
        Number::Whole(whole) => Cow::Owned(whole.to_string()),
        Number::Float(float) if float.fract() == 0.0 && float.abs() < 1e15 => Cow::Owned(format!("{float:.0}")),
        Number::Float(_) => Cow::Borrowed(text),
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0')) && text != "-0"
}

/// The key that JSON gets for a plain key, or nothing where `sigs.k8s.io/yaml` refuses it.
pub fn key(text: &str) -> Option<Cow<'_, str>> {
    match plain(text) {
        Scalar::Null => None,
        Scalar::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
        Scalar::Number(spelled) => match number(text)? {
            Number::Whole(whole) => i64::try_from(whole).is_ok().then_some(spelled),
            Number::Float(float) => Some(Cow::Owned(float_key(float))),
        },
        Scalar::Merge | Scalar::String => Some(Cow::Borrowed(text)),
    }
}

/// `strconv.FormatFloat(value, 'g', -1, 32)`, with the names that YAML has for what is no number.
#[allow(clippy::cast_possible_truncation)] // Go rounds to 32 bits here, too
fn float_key(value: f64) -> String {
    let value = value as f32;
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
