//! Text from outside, made safe for a terminal.

/// Escapes each character that a terminal would not print: controls, line ends, and changes of the
/// writing direction.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        // `escape_debug` also escapes quotes and backslashes, which are ASCII.
        if c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.escape_debug().count() == 1) {
            printable.push(c);
        } else {
            printable.extend(c.escape_unicode());
        }
    }
    printable
}
