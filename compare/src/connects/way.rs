//! A way to connect: a call of one crate, and what can be done with it.

use super::case::Case;
use super::held::Held;
use allocation_counter::measure;
use std::fmt::Debug;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

const WAVE: usize = 250;
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Written by hand: dials, then one write and one read for each message.
    Floor,
    Ours,
    Rival,
}

/// Ways of one front end can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrontEnd {
    Tokio,
    Blocking,
}

impl FrontEnd {
    pub(crate) const ALL: [Self; 2] = [Self::Tokio, Self::Blocking];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Tokio => "tokio",
            Self::Blocking => "blocking",
        }
    }
}

pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) case: Case,
    pub(crate) front_end: FrontEnd,
    /// The bytes of the future that the call returns.
    pub(crate) future: Option<usize>,
    call: Box<dyn Connect>,
}

/// What is done with a call.
trait Connect {
    /// Connects a number of times, one after the other. Each connection is closed before the next
    /// one is opened.
    fn repeat(&self, number: usize);

    /// How many allocations a call makes.
    fn allocations(&self) -> u64;

    /// Has a number of calls pending at once, each in a task. Returns `None` if a call blocks: each
    /// would need a thread.
    fn hold(&self, number: usize, proxy_has_all: fn()) -> Option<Held>;
}

impl Way {
    /// `call` returns the crate's own future, so that its size is that of the crate.
    pub(super) fn tokio<F, S, E>(
        name: &'static str,
        role: Role,
        case: Case,
        call: impl Fn() -> F + 'static,
    ) -> Self
    where
        F: Future<Output = Result<S, E>> + Send + 'static,
        S: Send + 'static,
        E: Debug + Send + 'static,
    {
        let (front_end, future) = (FrontEnd::Tokio, Some(size_of::<F>()));
        Self { name, role, case, front_end, future, call: Box::new(OnTokio(call)) }
    }

    pub(super) fn blocking<S, E: Debug>(
        name: &'static str,
        role: Role,
        case: Case,
        call: impl Fn() -> Result<S, E> + 'static,
    ) -> Self {
        let front_end = FrontEnd::Blocking;
        Self { name, role, case, front_end, future: None, call: Box::new(Blocking(call)) }
    }

    pub(crate) fn repeat(&self, number: usize) {
        self.call.repeat(number);
    }

    pub(crate) fn allocations(&self) -> u64 {
        self.call.allocations()
    }

    pub(super) fn hold(&self, number: usize, proxy_has_all: fn()) -> Option<Held> {
        self.call.hold(number, proxy_has_all)
    }
}

struct OnTokio<C>(C);

impl<C, F, S, E> Connect for OnTokio<C>
where
    C: Fn() -> F,
    F: Future<Output = Result<S, E>> + Send + 'static,
    S: Send + 'static,
    E: Debug + Send + 'static,
{
    fn repeat(&self, number: usize) {
        runtime().block_on(async {
            for _ in 0..number {
                drop((self.0)().await.expect("a tunnel"));
            }
        });
    }

    fn allocations(&self) -> u64 {
        let runtime = runtime();
        // The first one may set up what stays.
        drop(runtime.block_on((self.0)()).expect("a tunnel"));
        let mut stream = None;
        let counted = measure(|| stream = Some(runtime.block_on((self.0)())));
        stream.expect("it was called").expect("a tunnel");
        counted.count_total
    }

    fn hold(&self, number: usize, proxy_has_all: fn()) -> Option<Held> {
        let runtime = runtime();
        let held = Held::measure(number, || {
            runtime.block_on(async {
                let all = spawn_blocking(proxy_has_all);
                for place in 0..number {
                    tokio::spawn((self.0)());
                    // Not more than the proxy can accept.
                    if place % WAVE == WAVE - 1 {
                        sleep(PAUSE).await;
                    }
                }
                all.await.expect("a proxy that counts");
                let alive = Handle::current().metrics().num_alive_tasks();
                assert_eq!(alive, number, "pending calls");
            });
        });
        Some(held)
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

struct Blocking<C>(C);

impl<C: Fn() -> Result<S, E>, S, E: Debug> Connect for Blocking<C> {
    fn repeat(&self, number: usize) {
        for _ in 0..number {
            drop((self.0)().expect("a tunnel"));
        }
    }

    fn allocations(&self) -> u64 {
        drop((self.0)().expect("a tunnel"));
        let mut stream = None;
        let counted = measure(|| stream = Some((self.0)()));
        stream.expect("it was called").expect("a tunnel");
        counted.count_total
    }

    fn hold(&self, _: usize, _: fn()) -> Option<Held> {
        None
    }
}
