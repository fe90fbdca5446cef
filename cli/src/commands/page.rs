//! A manual page.

use crate::help::{Paragraph, Section, sections};
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;

/// The name of the program, with which the names of all pages begin.
const PROGRAM: &str = "anysocks";

/// Returns the page of the program or of one of its commands.
pub(super) fn page(command: Command, commands: &[&str]) -> io::Result<Vec<u8>> {
    let (sections, name) = (sections(&command), command.get_name().to_owned());
    let source = format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION"));
    // An empty date would be left out, and the source would be in its place.
    let page = Man::new(command).date(" ").source(source).manual("User Commands");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if name == PROGRAM {
        page.render_subcommands_section(&mut text)?;
    }
    let mut roff = Roff::new();
    for section in &sections {
        render(section, &mut roff);
    }
    see_also(&name, commands, &mut roff);
    roff.to_writer(&mut text)?;
    Ok(text)
}

fn render(section: &Section, roff: &mut Roff) {
    roff.control("SH", [&*section.title.to_uppercase()]);
    for (number, paragraph) in section.paragraphs.iter().enumerate() {
        if number > 0 {
            roff.control("PP", []);
        }
        match paragraph {
            Paragraph::Code(lines) => {
                roff.control("nf", []);
                for line in lines.lines() {
                    roff.text([roman(line)]);
                }
                roff.control("fi", []);
            }
            Paragraph::Text(text) => {
                roff.text([roman(*text)]);
            }
            Paragraph::Items(items) => {
                for (term, text) in items {
                    roff.control("TP", []).text([bold(*term)]).text([roman(*text)]);
                }
            }
        }
    }
}

/// The other pages: those of the commands, or that of the program.
fn see_also(name: &str, commands: &[&str], roff: &mut Roff) {
    roff.control("SH", ["SEE ALSO"]);
    let pages: Vec<_> = match name {
        PROGRAM => commands.iter().map(|command| format!("{PROGRAM}-{command}")).collect(),
        _ => vec![PROGRAM.to_owned()],
    };
    for (number, page) in (1..).zip(&pages) {
        let comma = if number == pages.len() { "" } else { "," };
        roff.text([bold(page), roman(format!("(1){comma}"))]);
    }
}
