//! Serving a request: waits for a permit, connects, and runs the tunnel or the relay.

use super::code::reply_code;
use super::datagrams;
use super::handshake::{self, Request};
use super::keepalive::Keepalive;
use super::outbound::Outbound;
use super::shared::Shared;
use super::tunnel::Tunnel;
use crate::protocol::reply::Reply;
use crate::protocol::target::Target;
use crate::reactor::Control;
use std::io;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::select;

/// Serves a client once the number of connections allows it.
pub(super) async fn serve<W: Outbound>(
    mut client: TcpStream,
    request: Request,
    shared: Arc<Shared<W>>,
) -> io::Result<()> {
    let Ok(queued) = shared.queue.try_acquire() else {
        return handshake::refuse(&mut client, Reply::GENERAL_FAILURE).await;
    };
    let _permit = unless_closed(&client, shared.connections.acquire()).await?.map_err(io::Error::other)?;
    drop(queued);
    match request {
        Request::Connect(target) => connect(client, target, &shared).await,
        Request::UdpAssociate(port) => associate(client, port, &shared).await,
        Request::Refused(code) => handshake::refuse(&mut client, code).await,
    }
}

async fn connect<W: Outbound>(
    mut client: TcpStream,
    target: Target<'_>,
    shared: &Shared<W>,
) -> io::Result<()> {
    match unless_closed(&client, shared.connector.connect(target.borrowed())).await? {
        Ok(stream) => {
            if let Some(socket) = W::socket(stream.get_ref()) {
                keep_alive(socket, shared.limits.keepalive);
            }
            handshake::reply(&mut client, Reply::SUCCEEDED, stream.bound_addr()).await?;
            Tunnel::<W>::new(client, stream).run(shared.limits.half_closed).await
        }
        Err(error) => {
            shared.on_error.call(&error);
            handshake::refuse(&mut client, reply_code(&error)).await
        }
    }
}

async fn associate<W: Outbound>(mut client: TcpStream, port: u16, shared: &Shared<W>) -> io::Result<()> {
    match unless_closed(&client, shared.connector.associate()).await? {
        Ok(association) => {
            // The socket inside of a wrapped stream is not known.
            for control in association.shared.sockets.controls.iter() {
                if let Control::Plain(control) = control {
                    keep_alive(control, shared.limits.keepalive);
                }
            }
            datagrams::relay(client, port, association).await
        }
        Err(error) => {
            shared.on_error.call(&error);
            handshake::refuse(&mut client, reply_code(&error)).await
        }
    }
}

fn keep_alive(outbound: &TcpStream, keepalive: Keepalive) {
    // Fails for a Unix-domain socket, which needs no keepalive: the system closes it with its
    // peer.
    let _ = keepalive.enable(outbound);
}

/// Returns the output of the future, or an error once the client closes its connection.
async fn unless_closed<T>(client: &TcpStream, awaited: impl Future<Output = T>) -> io::Result<T> {
    let closed = async {
        match client.peek(&mut [0]).await {
            Ok(0) => io::ErrorKind::UnexpectedEof.into(),
            // Early data hide the end of the client's stream, but not a reset.
            Ok(_) => match client.ready(Interest::ERROR).await {
                Ok(_) => io::ErrorKind::ConnectionReset.into(),
                Err(error) => error,
            },
            Err(error) => error,
        }
    };
    select! {
        biased;
        output = awaited => Ok(output),
        error = closed => Err(error),
    }
}
