//! Escapes text from outside before it is written to a terminal or a log.

use std::fmt::{self, Debug, Display, Formatter, Write};

/// Formats a value, and escapes each character that is not printable.
///
/// These are controls, line ends, invisible characters, and characters that change the direction
/// of writing. So text from outside can't move a cursor, forge a line, or imitate another text.
///
/// `Debug` is on one line, also with `{:#?}`, because a line end in it may be from outside.
pub(crate) struct Escaped<T>(pub(crate) T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

impl<T: Debug> Debug for Escaped<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{:?}", self.0)
    }
}

struct Escaping<'a, 'f>(&'a mut Formatter<'f>);

/// Characters that `escape_debug` escapes, though they are printable.
const PRINTABLE: [char; 3] = ['\'', '"', '\\'];

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(PRINTABLE) {
            let plain = part.strip_suffix(PRINTABLE).unwrap_or(part);
            write!(self.0, "{}", plain.escape_debug())?;
            self.0.write_str(&part[plain.len()..])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unprintable_characters_are_escaped() {
        for (text, shown) in [
            ("it's \"C:\\x\": refused", "it's \"C:\\x\": refused"),
            ("'", "'"),
            ("", ""),
            ("übergroß, отказано, 拒绝, ปฏิเสธ", "übergroß, отказано, 拒绝, ปฏิเสธ"),
            ("\u{1b}]0;x\u{7}", r"\u{1b}]0;x\u{7}"),
            ("a\r\n\tb\0", r"a\r\n\tb\0"),
            ("\u{7f}\u{85}\u{9b}2J", r"\u{7f}\u{85}\u{9b}2J"),
            ("a\u{2028}b\u{2029}", r"a\u{2028}b\u{2029}"),
            ("\u{202e}gpj\u{202c}\u{2066}\u{2069}\u{200f}", r"\u{202e}gpj\u{202c}\u{2066}\u{2069}\u{200f}"),
            ("\u{200b}\u{feff}\u{e0041}", r"\u{200b}\u{feff}\u{e0041}"),
        ] {
            assert_eq!(Escaped(text).to_string(), shown);
        }
    }

    #[test]
    fn debug_is_escaped() {
        struct Raw;

        impl Debug for Raw {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("\u{1b}[2J\n\u{202e}")
            }
        }

        assert_eq!(format!("{:?}", Escaped(Raw)), r"\u{1b}[2J\n\u{202e}");
        assert_eq!(format!("{:#?}", Escaped([Raw])), r"[\u{1b}[2J\n\u{202e}]");
        assert_eq!(format!("{:?}", Escaped("a\n'\\")), r#""a\n'\\""#);
    }
}
