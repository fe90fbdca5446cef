//! All that is reported while something is done, as lines of text.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry, Scope};

/// Events as `span>span: message field=value`, and the end of each span with its fields. Times are
/// omitted.
pub(crate) fn recorded(work: impl FnOnce()) -> Vec<String> {
    with(LevelFilter::TRACE, work)
}

/// The same, of what is more than debugging.
pub(crate) fn recorded_above_debug(work: impl FnOnce()) -> Vec<String> {
    with(LevelFilter::INFO, work)
}

/// A subscriber that is never the current one.
///
/// While there is only one, an event that a thread without it reports first is off for all threads.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Registry::default()));

fn with(level: LevelFilter, work: impl FnOnce()) -> Vec<String> {
    LazyLock::force(&ANOTHER);
    let recorder = Recorder::default();
    tracing::subscriber::with_default(Registry::default().with(recorder.clone()).with(level), work);
    let lines = recorder.0.lock().unwrap_or_else(PoisonError::into_inner);
    lines.clone()
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

/// The fields of a span, with their last values.
#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = if field.name() == "elapsed" { "..".into() } else { format!("{value:?}") };
        self.0.insert(field.name(), value);
    }
}

/// The fields of an event, in their order.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        written.expect("a string takes all");
    }
}

impl Recorder {
    fn say(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).expect("a new span").extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("a span");
        values.record(span.extensions_mut().get_mut::<Fields>().expect("its fields"));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !event.metadata().target().starts_with("anysocks") {
            return;
        }
        let spans = context.event_scope(event).into_iter().flat_map(Scope::from_root);
        let names: Vec<_> = spans
            .map(|span| {
                let extensions = span.extensions();
                let number = extensions.get::<Fields>().and_then(|fields| fields.0.get("number"));
                number.map_or(span.name().to_owned(), |number| format!("{} {number}", span.name()))
            })
            .collect();
        let mut line = Line(names.join(">") + ":");
        event.record(&mut line);
        self.say(line.0);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).expect("a span");
        if !span.metadata().target().starts_with("anysocks") {
            return;
        }
        let extensions = span.extensions();
        let fields = extensions.get::<Fields>().expect("its fields");
        let fields: Vec<_> = fields.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.say(format!("end of {} {}", span.name(), fields.join(" ")));
    }
}
