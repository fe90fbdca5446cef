//! Small multiples of horizontal bars as SVG, legible on white and on dark pages without any font
//! installed: the card brings its own background, which follows the reader's colour scheme.

use std::fmt::Write;

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 28.0;
const GAP: f64 = 40.0;
const PANEL: f64 = (WIDTH - 2.0 * MARGIN - GAP) / 2.0;
/// The room for the labels, which end where the bars begin.
const LABELS: f64 = 206.0;
/// The room for the value behind the longest bar.
const VALUES: f64 = 52.0;
const LONGEST: f64 = PANEL - LABELS - VALUES;
const HEAD: f64 = 92.0;
const PANEL_HEAD: f64 = 54.0;
const ROW: f64 = 25.0;
const THICKNESS: f64 = 15.0;
const PANEL_GAP: f64 = 30.0;
const NOTE: f64 = 20.0;
/// A bar this many times longer than the next one is cut, so that the others can be compared.
const OUTLIER: f64 = 5.0;

const STYLE: &str = "\
.card { fill: #ffffff; stroke: #d1d9e0 }
text { fill: #1f2328; font-family: system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; \
font-size: 13.5px }
.title { font-size: 21px; font-weight: 600 }
.panel { font-size: 16px; font-weight: 600 }
.quiet { fill: #59636e }
.label { text-anchor: end }
.ours { fill: #0969da }
.other { fill: #8b949e }
text.ours { font-weight: 600 }
.value { stroke: #ffffff; stroke-width: 5px; paint-order: stroke }
.cut { stroke: #ffffff; stroke-width: 3 }
.axis { stroke: #8b949e }
.mark { stroke: #59636e; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
.card { fill: #151b23; stroke: #3d444d }
text { fill: #f0f6fc }
.quiet { fill: #9198a1 }
.ours { fill: #4493f8 }
.other { fill: #768390 }
.cut, .value { stroke: #151b23 }
.mark { stroke: #9198a1 }
}";

pub(crate) struct Chart {
    pub(crate) title: &'static str,
    pub(crate) subtitle: &'static str,
    pub(crate) panels: [Panel; 4],
    pub(crate) notes: Vec<String>,
}

pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) subtitle: &'static str,
    pub(crate) bars: Vec<Bar>,
    /// A value to compare the bars with, as a dashed line.
    pub(crate) mark: Option<f64>,
}

pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) ours: bool,
    pub(crate) value: Option<f64>,
    /// The value as it is written, or why there is none.
    pub(crate) text: String,
}

impl Chart {
    pub(crate) fn svg(&self) -> String {
        let (upper, lower) = self.panels.split_at(2);
        let below = HEAD + height_of(upper);
        let notes = below + height_of(lower);
        let height = notes + NOTE * count(self.notes.len()) + MARGIN / 2.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"title description\">\n<title id=\"title\">{}</title>\n\
             <desc id=\"description\">{}</desc>\n<style>\n{STYLE}\n</style>\n",
            self.title,
            self.description()
        );
        let (width, tall) = (WIDTH - 1.0, height - 1.0);
        _ = writeln!(
            svg,
            "<rect class=\"card\" x=\"0.5\" y=\"0.5\" width=\"{width}\" height=\"{tall}\" rx=\"8\"/>"
        );
        text(&mut svg, "title", MARGIN, 44.0, self.title);
        text(&mut svg, "quiet", MARGIN, 68.0, self.subtitle);
        for (place, drawn) in self.panels.iter().enumerate() {
            let x = MARGIN + (PANEL + GAP) * count(place % 2);
            drawn.draw(&mut svg, x, if place < 2 { HEAD } else { below });
        }
        for (place, note) in self.notes.iter().enumerate() {
            text(&mut svg, "quiet", MARGIN, notes + NOTE * count(place), note);
        }
        svg + "</svg>\n"
    }

    /// The numbers as text, for readers who can't see the bars.
    fn description(&self) -> String {
        let panels = self.panels.iter().map(|panel| {
            let bars: Vec<_> = panel.bars.iter().map(|bar| format!("{}: {}", bar.label, bar.text)).collect();
            format!("{} ({}). {}.", panel.title, panel.subtitle, bars.join("; "))
        });
        [vec![self.subtitle.into()], panels.collect(), self.notes.clone()].concat().join("\n")
    }
}

/// The height of panels side by side.
fn height_of(panels: &[Panel]) -> f64 {
    let rows = panels.iter().map(|panel| panel.bars.len()).max().unwrap_or_default();
    PANEL_HEAD + ROW * count(rows) + PANEL_GAP
}

impl Panel {
    fn draw(&self, svg: &mut String, x: f64, y: f64) {
        let (full, axis) = (self.full(), x + LABELS);
        text(svg, "panel", x, y + 16.0, self.title);
        text(svg, "quiet", x, y + 36.0, self.subtitle);
        let (top, bottom) = (y + PANEL_HEAD, y + PANEL_HEAD + ROW * count(self.bars.len()));
        let rows = || self.bars.iter().zip(0..).map(|(bar, place)| (bar, top + ROW * f64::from(place)));
        for (bar, y) in rows() {
            bar.draw(svg, axis, y, full);
        }
        line(svg, "axis", (axis, top), (axis, bottom));
        if let Some(mark) = self.mark {
            let x = axis + LONGEST * mark / full;
            line(svg, "mark", (x, top), (x, bottom));
        }
        for (bar, y) in rows() {
            bar.write(svg, axis, y, full);
        }
    }

    /// The value of the longest bar that is drawn whole.
    fn full(&self) -> f64 {
        let mut values: Vec<_> = self.bars.iter().filter_map(|bar| bar.value).collect();
        values.sort_by(|one, other| other.total_cmp(one));
        match values[..] {
            [first, second, ..] if first > OUTLIER * second => second * 1.4,
            [first, ..] if first > 0.0 => first,
            _ => 1.0,
        }
    }
}

impl Bar {
    fn draw(&self, svg: &mut String, axis: f64, y: f64, full: f64) {
        let Some(value) = self.value.filter(|value| *value > 0.0) else { return };
        let (top, length) = (y + (ROW - THICKNESS) / 2.0, self.length(full));
        let class = if self.ours { "ours" } else { "other" };
        _ = writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{axis}\" y=\"{top}\" width=\"{length:.1}\" height=\"{THICKNESS}\"/>"
        );
        if value > full {
            for x in [axis + length - 22.0, axis + length - 15.0] {
                line(svg, "cut", (x, top + THICKNESS + 2.0), (x + 5.0, top - 2.0));
            }
        }
    }

    fn write(&self, svg: &mut String, axis: f64, y: f64, full: f64) {
        let (label, value) = match (self.value, self.ours) {
            (None, _) => ("label", "quiet"),
            (_, true) => ("ours label", "ours value"),
            (_, false) => ("label", "value"),
        };
        let base = y + ROW / 2.0 + 5.0;
        text(svg, label, axis - 10.0, base, &self.label);
        text(svg, value, axis + self.length(full) + 7.0, base, &self.text);
    }

    fn length(&self, full: f64) -> f64 {
        LONGEST * (self.value.unwrap_or_default() / full).min(1.0)
    }
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, text: &str) {
    _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>");
}

fn line(svg: &mut String, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    _ = writeln!(
        svg,
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
    );
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).expect("a small number"))
}
