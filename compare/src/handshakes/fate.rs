//! The client's reaction to an answer, which may be a panic.

use crate::handshakes::client::Refusal;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether the table reports a panic of this thread, so that it needs no message.
    static TOLD: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn fate<T>(handshake: impl FnOnce() -> Result<T, Refusal>) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !TOLD.get() {
                usual(panic);
            }
        }));
    });
    TOLD.set(true);
    let result = catch_unwind(AssertUnwindSafe(handshake));
    TOLD.set(false);
    match result {
        Ok(Ok(_)) => "taken".into(),
        Ok(Err(Refusal { code: Some(_), .. })) => "kept".into(),
        Ok(Err(Refusal { code: None, text })) => format!("refused: \"{text}\""),
        Err(_) => "panic".into(),
    }
}
