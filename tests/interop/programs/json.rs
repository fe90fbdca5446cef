//! JSON, as far as the example `probe` writes it.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.chars().peekable();
        match (value(&mut rest), past_spaces(&mut rest)) {
            (Some(value), None) => Ok(value),
            _ => Err(format!("what stands before {:?} is no JSON: {text}", rest.collect::<String>())),
        }
    }

    /// The field of an object.
    pub(crate) fn field(&self, name: &str) -> Result<&Self, String> {
        match self {
            Self::Object(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
        .ok_or_else(|| format!("no field {name} in {self:?}"))
    }

    /// The field of an object that is wanted for nothing else.
    pub(crate) fn take(self, name: &str) -> Option<Self> {
        match self {
            Self::Object(fields) => {
                fields.into_iter().find_map(|(key, value)| (key == name).then_some(value))
            }
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

type Rest<'a> = Peekable<Chars<'a>>;

fn value(rest: &mut Rest<'_>) -> Option<Json> {
    match past_spaces(rest)? {
        '"' => text(rest).map(Json::Text),
        '[' => items(rest, ('[', ']'), value).map(Json::List),
        '{' => items(rest, ('{', '}'), field).map(Json::Object),
        'n' => "null".chars().all(|c| rest.next() == Some(c)).then_some(Json::Null),
        _ => number(rest).map(Json::Number),
    }
}

fn field(rest: &mut Rest<'_>) -> Option<(String, Json)> {
    past_spaces(rest);
    let name = text(rest)?;
    expect(rest, ':')?;
    Some((name, value(rest)?))
}

fn items<T>(
    rest: &mut Rest<'_>,
    (open, close): (char, char),
    item: fn(&mut Rest<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    expect(rest, open)?;
    let mut items = Vec::new();
    while past_spaces(rest)? != close {
        if !items.is_empty() {
            expect(rest, ',')?;
        }
        items.push(item(rest)?);
    }
    expect(rest, close).map(|()| items)
}

fn text(rest: &mut Rest<'_>) -> Option<String> {
    expect(rest, '"')?;
    let mut text = String::new();
    loop {
        text.push(match rest.next()? {
            '"' => return Some(text),
            '\\' => escaped(rest)?,
            c => c,
        });
    }
}

fn escaped(rest: &mut Rest<'_>) -> Option<char> {
    match rest.next()? {
        'u' => {
            let digits: String = rest.by_ref().take(4).collect();
            u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
        }
        c @ ('"' | '\\') => Some(c),
        _ => None,
    }
}

fn number(rest: &mut Rest<'_>) -> Option<f64> {
    let mut digits = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_digit() || matches!(c, '-' | '.')) {
        digits.push(c);
    }
    digits.parse().ok()
}

fn expect(rest: &mut Rest<'_>, wanted: char) -> Option<()> {
    past_spaces(rest);
    rest.next_if_eq(&wanted).map(drop)
}

/// The next character that is none.
fn past_spaces(rest: &mut Rest<'_>) -> Option<char> {
    while rest.next_if(char::is_ascii_whitespace).is_some() {}
    rest.peek().copied()
}
