//! The deadline of a direct connection, without waiting for it.

use super::*;
use crate::blocking::{Blocking, Dialled, block_on};
use crate::protocol::conversation::Conversation;
use crate::proxy::{DEFAULT_TIMEOUT, Proxy};
use crate::route::connector::Connector;
use crate::runtime::{Deadline, UdpFrontEnd};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

/// Wraps nothing, and reports the deadlines.
struct Reporting(Sender<Deadline>);

impl Wrap<Blocking> for Reporting {
    type HandshakeStream = (Dialled, Sender<Deadline>);
    type Stream = TcpStream;

    fn check_proxy(&self, _: &Proxy) -> Result<(), Error> {
        Ok(())
    }

    async fn wrap(
        &self,
        stream: Dialled,
        _: Option<&Proxy>,
        deadline: Deadline,
    ) -> io::Result<Self::HandshakeStream> {
        self.0.send(deadline).unwrap();
        Ok((stream, self.0.clone()))
    }

    async fn converse<C: Conversation + Send + Sync>(
        (stream, report): &mut Self::HandshakeStream,
        conversation: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        report.send(deadline).unwrap();
        Blocking::converse(stream, conversation, deadline).await
    }

    fn finish((stream, _): Self::HandshakeStream) -> io::Result<TcpStream> {
        Blocking::finish(stream)
    }

    fn control((stream, _): Self::HandshakeStream) -> <Blocking as UdpFrontEnd>::Control {
        Blocking::control(stream)
    }
}

#[test]
fn a_direct_connection_times_out_after_30_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::try_from(listener.local_addr().unwrap()).unwrap();
    let (report, deadlines) = channel();
    let before = Instant::now();
    block_on(Connector::direct().with_wrap(Reporting(report)).connect_to(target, b"early")).unwrap();
    let deadlines: Vec<_> = deadlines.try_iter().flatten().collect();
    assert_eq!(deadlines.len(), 2);
    for deadline in deadlines {
        let limit = deadline - before;
        assert!(limit >= DEFAULT_TIMEOUT && limit < DEFAULT_TIMEOUT + Duration::from_secs(5), "{limit:?}");
    }
}
