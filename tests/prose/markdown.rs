//! Tells the prose of Markdown from its tables and its code.

/// What is known of the lines so far.
pub(crate) struct Markdown {
    /// The fence of the open code block.
    fence: Option<String>,
    /// The column in which the text of the current list item begins.
    item: usize,
    after_blank: bool,
    /// An indented block of code is open.
    indented: bool,
}

impl Markdown {
    pub(crate) fn new() -> Self {
        Self { fence: None, item: 0, after_blank: true, indented: false }
    }

    /// Takes the next line, and returns whether it is prose.
    pub(crate) fn is_prose(&mut self, line: &str) -> bool {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let after_blank = std::mem::replace(&mut self.after_blank, text.is_empty());
        if let Some(fence) = &self.fence {
            if text.starts_with(fence.as_str()) {
                self.fence = None;
            }
            return false;
        }
        if text.is_empty() {
            return false;
        }
        if after_blank && indent < self.item {
            self.item = 0;
        }
        self.indented = (after_blank || self.indented) && indent >= self.item + 4;
        if self.indented {
            return false;
        }
        if let Some(marker) = ["```", "~~~"].into_iter().find(|marker| text.starts_with(marker)) {
            let rest = text.trim_start_matches(&marker[..1]);
            self.fence = Some(text[..text.len() - rest.len()].to_owned());
            return false;
        }
        let number = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let is_item = match number {
            0 => text.starts_with(['-', '*', '+']) && text[1..].starts_with(' '),
            _ => text[number..].starts_with(". "),
        };
        if is_item {
            self.item = indent + if number == 0 { 2 } else { number + 2 };
        }
        let is_table = text.starts_with('|');
        let is_definition = text.starts_with('[') && text.contains("]: ");
        !is_table && !is_definition
    }
}

/// How wide a line would be without what its links point to.
pub(crate) fn width_without_links(line: &str) -> usize {
    let mut width = 0;
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let url = |c: char| c.is_whitespace() || c == '>' || c == ')';
        let skipped = if rest.starts_with("](") {
            rest.find(')').map_or(0, |end| end + 1)
        } else if rest.starts_with("https://") || rest.starts_with("http://") {
            rest.find(url).unwrap_or(rest.len())
        } else {
            0
        };
        // Of a link, the bracket stays.
        width += usize::from(skipped == 0 || next == ']');
        rest = &rest[skipped.max(next.len_utf8())..];
    }
    width
}
