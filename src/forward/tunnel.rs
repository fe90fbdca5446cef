//! A tunnel from a client to its target: bytes both ways, ends and resets too.

use crate::tokio::AnyStream;
use socket2::SockRef;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio::{select, try_join};

/// How much is moved at once.
const CHUNK: usize = 16 * 1024;

/// A client and its target, as they are joined. Who has not been sent all of what the other side said is reset: an end would say that what came is
/// all there is. Who has, is not, since much of it may still be on its way there.
pub(super) struct Tunnel {
    client: TcpStream,
    target: AnyStream,
    client_has_all: bool,
    target_has_all: bool,
}

/// What one direction must know of the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Course {
    Open,
    Ended,
    /// Nothing can be written any more.
    Broken,
}

impl Tunnel {
    pub(super) fn new(client: TcpStream, target: AnyStream) -> Self {
        Self { client, target, client_has_all: false, target_has_all: false }
    }

    /// Passes on what comes, until all has come or nothing can any more. Once one side has ended, the other may not be silent for so long.
    pub(super) async fn run(mut self, limit: Duration) -> io::Result<()> {
        let (from_client, to_client) = self.client.split();
        let (from_target, to_target) = split(&mut self.target);
        let course = watch::Sender::new(Course::Open);
        try_join!(
            pass(from_client, to_target, &course, limit, &mut self.target_has_all),
            pass(from_target, to_client, &course, limit, &mut self.client_has_all)
        )
        .map(drop)
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let ends = [(&self.client, self.client_has_all), (self.target.get_ref(), self.target_has_all)];
        for (socket, _) in ends.into_iter().filter(|(_, has_all)| !has_all) {
            // With no time to linger, closing resets. A Unix-domain socket knows no resets: it ends.
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        }
    }
}

/// Passes on what comes from one side, and its end.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    course: &watch::Sender<Course>,
    limit: Duration,
    has_all: &mut bool,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    let mut other = course.subscribe();
    loop {
        let silence = async {
            let _ = other.wait_for(|course| *course != Course::Open).await;
            sleep(limit).await;
        };
        let n = select! {
            biased;
            read = from.read(&mut chunk) => read?,
            () = silence => return Err(io::ErrorKind::TimedOut.into()),
        };
        if n == 0 {
            break;
        }
        let written = async {
            to.write_all(&chunk[..n]).await?;
            to.flush().await
        };
        if written.await.is_err() {
            // Who reads no more may have said why: what has come from there still goes on to the other side.
            course.send_replace(Course::Broken);
            return Ok(());
        }
    }
    if *course.borrow() == Course::Broken {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    to.shutdown().await?;
    *has_all = true;
    course.send_modify(|course| *course = Course::Ended.max(*course));
    Ok(())
}
