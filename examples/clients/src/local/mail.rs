//! A mail server that accepts the greeting as a message, and rejects all others.

use super::background::for_each_client;
use super::website::GREETING;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// Starts the server and returns its port.
///
/// # Errors
///
/// The system has no free port or thread.
pub fn mail_server() -> io::Result<u16> {
    for_each_client(async |client| {
        let mut client = BufReader::new(client);
        client.write_all(b"220 hello.invalid\r\n").await?;
        let mut message = None::<String>;
        let mut line = String::new();
        while client.read_line(&mut line).await? > 0 {
            let answer = match (&mut message, &*line) {
                (Some(text), ".\r\n") if text.contains(GREETING.trim_end()) => "250 Hello to you\r\n",
                (Some(_), ".\r\n") => "554 Hello is missing\r\n",
                (Some(text), line) => {
                    text.push_str(line);
                    ""
                }
                (None, "DATA\r\n") => {
                    message = Some(String::new());
                    "354 Go on\r\n"
                }
                (None, _) => "250 Well\r\n",
            };
            client.write_all(answer.as_bytes()).await?;
            if line == ".\r\n" {
                message = None;
            }
            line.clear();
        }
        io::Result::Ok(())
    })
}
