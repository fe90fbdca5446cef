//! Wrapping a stream on an asynchronous front end.

use super::control::Control;
use super::watched::AsyncFrontEnd;
use super::{SupportsStream, converse, within};
use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::proxy::Proxy;
use crate::route::connector::Connector;
use crate::route::wrap::{Wrap, Wrapped};
use crate::runtime::{Deadline, Runtime};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// The caller's function that wraps a dialled stream. Its second argument is the proxy at the
/// other end, or `None` for a direct connection.
///
/// It is a type of its own because the compiler can't prove that a future is `Send` if it holds a
/// bare `dyn Fn` with these lifetimes.
pub struct Hook<I, S>(Box<Call<I, S>>);

type Call<I, S> = dyn Fn(I, Option<&Proxy>) -> Wrapping<S> + Send + Sync;

/// The future of the wrapped stream.
type Wrapping<S> = Pin<Box<dyn Future<Output = io::Result<S>> + Send>>;

impl<I, S> fmt::Debug for Hook<I, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook(..)")
    }
}

impl<F: SupportsStream<S>, S: Send + Sync + 'static> Wrap<F> for Wrapped<Hook<F::Stream, S>> {
    type HandshakeStream = S;
    type Stream = S;

    fn check_proxy(&self, _: &Proxy) -> Result<(), Error> {
        Ok(())
    }

    async fn wrap(
        &self,
        dialled: <F as Runtime>::Dialled,
        proxy: Option<&Proxy>,
        deadline: Deadline,
    ) -> io::Result<S> {
        let stream = F::finish(dialled)?;
        // The futures of most TLS libraries are not `Sync`. A lock makes them so.
        let mut wrapping = Mutex::new((self.0.0)(stream, proxy));
        let work =
            poll_fn(move |cx| wrapping.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx));
        let in_time = within::<F, _>(deadline, work).await;
        in_time.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    fn converse<'a, C: Conversation + Send + Sync>(
        stream: &'a mut S,
        conversation: &'a mut C,
        deadline: Deadline,
    ) -> impl Future<Output = Result<C::Outcome, Error>> + Send + Sync {
        converse::<F, _, _>(stream, conversation, deadline)
    }

    fn finish(stream: S) -> io::Result<S> {
        Ok(stream)
    }

    fn control(mut stream: S) -> Control<F> {
        Control::wrapped(move |cx, io| F::poll_io(&mut stream, cx, io))
    }
}

impl<F: AsyncFrontEnd> Connector<F> {
    #[doc = include_str!("../docs/connector/wrapped.md")]
    #[must_use]
    pub fn wrapped<S, W>(
        self,
        wrap: impl Fn(F::Stream, Option<&Proxy>) -> W + Send + Sync + 'static,
    ) -> Connector<F, Wrapped<Hook<F::Stream, S>>>
    where
        F: SupportsStream<S>,
        S: Send + Sync + 'static,
        W: Future<Output = io::Result<S>> + Send + 'static,
    {
        let hook = move |stream, proxy: Option<&Proxy>| -> Wrapping<S> { Box::pin(wrap(stream, proxy)) };
        self.with_wrap(Wrapped(Arc::new(Hook(Box::new(hook)))))
    }
}
