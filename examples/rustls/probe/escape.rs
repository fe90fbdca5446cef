//! Text from outside, made safe for a terminal.

/// The text with each character escaped that a terminal would not print as it is: controls,
/// line ends, and what changes the direction of writing.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        // Of ASCII, `escape_debug` escapes quotes and backslashes too.
        if c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.escape_debug().count() == 1) {
            printable.push(c);
        } else {
            printable.extend(c.escape_unicode());
        }
    }
    printable
}
