// SPDX-License-Identifier: MPL-2.0

//! Says "Hello, World!" in HTTP on Tokio, with a parser that does what net/http_request.h does. TOKIO_WORKER_THREADS says
//! on how many threads it runs.

mod listen;
mod runtime;

use std::io::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BUFFER_BYTES: usize = 16 * 1024;
const LARGEST_HEAD: usize = 8192;
const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
const HELLO_CLOSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: close\r\n\r\nHello, World!";
const BAD: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

enum Found {
    Request { size: usize, keep_alive: bool },
    Incomplete,
    Malformed,
}

/// "METHOD target HTTP/1.x": whether the connection is to stay open by the rule of the version.
fn read_first_line(line: &[u8]) -> Option<bool> {
    let mut words = line.split(|&byte| byte == b' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if method.is_empty() || target.is_empty() || words.next().is_some() {
        return None;
    }
    match version {
        b"HTTP/1.1" => Some(true),
        b"HTTP/1.0" => Some(false),
        _ => None,
    }
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

fn read_field(line: &[u8], keep_alive: &mut bool) -> Option<()> {
    let colon = line.iter().position(|&byte| byte == b':').filter(|&at| at > 0 && line[at - 1] != b' ')?;
    let (name, value) = (&line[..colon], trim(&line[colon + 1..]));
    if name.eq_ignore_ascii_case(b"connection") {
        if value.eq_ignore_ascii_case(b"close") {
            *keep_alive = false;
        }
        if value.eq_ignore_ascii_case(b"keep-alive") {
            *keep_alive = true;
        }
    }
    if name.eq_ignore_ascii_case(b"transfer-encoding") {
        return None;
    }
    (!name.eq_ignore_ascii_case(b"content-length") || value == b"0").then_some(())
}

fn next(data: &[u8]) -> Found {
    let (mut at, mut keep_alive) = (0, false);
    loop {
        let Some(size) = data[at..].windows(2).position(|two| two == b"\r\n") else {
            return if data.len() > LARGEST_HEAD { Found::Malformed } else { Found::Incomplete };
        };
        let line = &data[at..at + size];
        let good = match (at, size) {
            (0, _) => read_first_line(line).map(|by_version| keep_alive = by_version),
            (_, 0) => return Found::Request { size: at + 2, keep_alive },
            _ => read_field(line, &mut keep_alive),
        };
        if good.is_none() {
            return Found::Malformed;
        }
        at += size + 2;
    }
}

/// Appends the replies to all requests that have come whole; the size of these, and whether the connection stays open.
fn answer(data: &[u8], replies: &mut Vec<u8>) -> (usize, bool) {
    let mut used = 0;
    while used < data.len() {
        match next(&data[used..]) {
            Found::Request { size, keep_alive } => {
                replies.extend_from_slice(if keep_alive { HELLO } else { HELLO_CLOSE });
                used += size;
                if !keep_alive {
                    return (used, false);
                }
            }
            Found::Incomplete => break,
            Found::Malformed => {
                replies.extend_from_slice(BAD);
                return (used, false);
            }
        }
    }
    (used, true)
}

async fn serve(mut stream: TcpStream) -> Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut filled = 0;
    let mut replies = Vec::new();
    loop {
        let size = stream.read(&mut buffer[filled..]).await?;
        if size == 0 {
            return Ok(());
        }
        filled += size;
        replies.clear();
        let (used, open) = answer(&buffer[..filled], &mut replies);
        stream.write_all(&replies).await?;
        if !open {
            return Ok(());
        }
        buffer.copy_within(used..filled, 0);
        filled -= used;
    }
}

fn main() -> Result<()> {
    listen::serve_all(serve)
}
