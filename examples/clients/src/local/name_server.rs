//! A name server. Over UDP it answers queries for addresses, and truncates all other answers. Over
//! TCP it answers those with the greeting.

use super::background::{for_each_client, in_background};
use super::website::GREETING;
use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use std::io;
use std::net::Ipv4Addr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// The address of every name.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

/// Starts the server and returns its port, which is the same for both protocols.
///
/// # Errors
///
/// The system has no free port or thread.
pub fn name_server() -> io::Result<u16> {
    let port = for_each_client(over_tcp)?;
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nonblocking(true)?;
    in_background(async move {
        let socket = UdpSocket::from_std(socket)?;
        let mut buf = [0; 512];
        loop {
            let (len, client) = socket.recv_from(&mut buf).await?;
            socket.send_to(&answer(&buf[..len], false)?, client).await?;
        }
    })?;
    Ok(port)
}

async fn over_tcp(mut client: TcpStream) -> io::Result<()> {
    let mut question = vec![0; client.read_u16().await?.into()];
    client.read_exact(&mut question).await?;
    let answer = answer(&question, true)?;
    client.write_u16(answer.len().try_into().map_err(io::Error::other)?).await?;
    client.write_all(&answer).await
}

fn answer(question: &[u8], tcp: bool) -> io::Result<Vec<u8>> {
    let mut message = Message::from_vec(question).map_err(io::Error::other)?.into_response();
    let query = message.queries.first().ok_or_else(|| io::Error::other("no question"))?.clone();
    let data = match query.query_type {
        RecordType::A => Some(RData::A(ADDRESS.into())),
        RecordType::TXT if tcp => Some(RData::TXT(TXT::new(vec![GREETING.to_owned()]))),
        _ => None,
    };
    message.metadata.truncation = data.is_none() && !tcp;
    message.answers.extend(data.map(|data| Record::from_rdata(query.name, 60, data)));
    message.to_vec().map_err(io::Error::other)
}
