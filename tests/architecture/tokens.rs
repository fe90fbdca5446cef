//! Rust source as tokens, as far as paths and items need them.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Word(String),
    /// A string literal without escapes.
    Text(String),
    /// `::`
    PathSeparator,
    Mark(char),
}

impl Token {
    pub(crate) fn is_mark(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// The tokens of a file. Comments, numbers, characters and lifetimes are left out.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => skip_until(&mut rest, '\n'),
            '/' if rest.next_if_eq(&'*').is_some() => skip_comment(&mut rest),
            '"' => tokens.push(Token::Text(text(&mut rest))),
            '\'' => skip_character_or_lifetime(&mut rest),
            ':' if rest.next_if_eq(&':').is_some() => tokens.push(Token::PathSeparator),
            c if c.is_ascii_digit() => skip_number(&mut rest),
            c if is_in_word(c) => literal_or_word(c, &mut rest, &mut tokens),
            c if c.is_whitespace() => {}
            c => tokens.push(Token::Mark(c)),
        }
    }
    tokens
}

type Rest<'a> = Peekable<Chars<'a>>;

fn is_in_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn word(rest: &mut Rest<'_>) -> String {
    let mut word = String::new();
    while let Some(c) = rest.next_if(|c| is_in_word(*c)) {
        word.push(c);
    }
    word
}

/// A word, or a literal with a prefix: `b'x'`, `c"x"`, `r#"x"#`, `br"x"`; or a raw word, `r#type`.
fn literal_or_word(first: char, rest: &mut Rest<'_>, tokens: &mut Vec<Token>) {
    let word = first.to_string() + &word(rest);
    let prefix = matches!(&*word, "b" | "c" | "r" | "br" | "cr");
    match rest.peek() {
        Some('\'') if word == "b" => {
            rest.next();
            skip_character_or_lifetime(rest);
        }
        Some('"') if matches!(&*word, "b" | "c") => {
            rest.next();
            tokens.push(Token::Text(text(rest)));
        }
        Some('"' | '#') if prefix && word.ends_with('r') => {
            let mut hashes = 0;
            while rest.next_if_eq(&'#').is_some() {
                hashes += 1;
            }
            if rest.next_if_eq(&'"').is_some() {
                tokens.push(Token::Text(raw_text(rest, hashes)));
            } else {
                tokens.push(Token::Word(self::word(rest)));
            }
        }
        _ => tokens.push(Token::Word(word)),
    }
}

fn text(rest: &mut Rest<'_>) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => text.extend(rest.next()),
            c => text.push(c),
        }
    }
    text
}

fn raw_text(rest: &mut Rest<'_>, hashes: usize) -> String {
    let end = "\"".to_owned() + &"#".repeat(hashes);
    let mut text = String::new();
    for c in rest {
        text.push(c);
        if text.ends_with(&end) {
            text.truncate(text.len() - end.len());
            break;
        }
    }
    text
}

fn skip_until(rest: &mut Rest<'_>, end: char) {
    while rest.next_if(|c| *c != end).is_some() {}
}

/// Comments nest.
fn skip_comment(rest: &mut Rest<'_>) {
    let mut depth = 1;
    while depth > 0 {
        match rest.next() {
            Some('*') if rest.next_if_eq(&'/').is_some() => depth -= 1,
            Some('/') if rest.next_if_eq(&'*').is_some() => depth += 1,
            Some(_) => {}
            None => return,
        }
    }
}

/// `'x'`, `'\n'` or `'a`: the latter has no end.
fn skip_character_or_lifetime(rest: &mut Rest<'_>) {
    match rest.next() {
        Some('\\') => {
            rest.next();
            skip_until(rest, '\'');
            rest.next();
        }
        Some(c) if is_in_word(c) => {
            word(rest);
            rest.next_if_eq(&'\'');
        }
        _ => {
            rest.next_if_eq(&'\'');
        }
    }
}

/// The digits and the suffix. A range or a method may follow: `0..n`, `1.max(n)`.
fn skip_number(rest: &mut Rest<'_>) {
    word(rest);
}
