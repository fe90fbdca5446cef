//! Two tasks that use one stream: one reads, and the other waits until it can write.

use std::sync::Arc;
use std::task::{Wake, Waker};

/// The tasks that wait until a stream can be written to.
#[derive(Default)]
pub(super) struct Waiting {
    /// The task whose write or flush has not ended.
    writer: Option<Waker>,
    /// The wakers of that task and of one that reads.
    both: Option<Arc<Both>>,
}

struct Both {
    reader: Waker,
    writer: Waker,
}

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader.wake_by_ref();
        self.writer.wake_by_ref();
    }
}

impl Waiting {
    pub(super) fn set_writer(&mut self, writer: Option<&Waker>) {
        self.writer = writer.cloned();
    }

    /// Returns the waker of the writing task, if `reader` is of another one, and one of both.
    pub(super) fn beside(&mut self, reader: &Waker) -> Option<(Waker, Waker)> {
        let writer = self.writer.clone().filter(|writer| !writer.will_wake(reader))?;
        let fits = |both: &Arc<Both>| both.reader.will_wake(reader) && both.writer.will_wake(&writer);
        let both = self.both.take().filter(fits);
        let both = both.unwrap_or_else(|| Arc::new(Both { reader: reader.clone(), writer: writer.clone() }));
        self.both = Some(Arc::clone(&both));
        Some((writer, both.into()))
    }
}
