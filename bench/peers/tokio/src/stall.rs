// SPDX-License-Identifier: MPL-2.0

//! An echo server on Tokio that computes for some milliseconds before it answers a message that begins with "C".
//! TOKIO_WORKER_THREADS says on how many threads it runs.

mod listen;
mod runtime;

use std::hint::black_box;
use std::io::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BUFFER_BYTES: usize = 16 * 1024;

/// The steps of net/computing.h.
fn compute() -> u64 {
    let mut x: u64 = black_box(88172645463325252);
    for _ in 0..2_000_000 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

async fn serve(mut stream: TcpStream) -> Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let size = stream.read(&mut buffer).await?;
        if size == 0 {
            return Ok(());
        }
        if buffer[0] == b'C' {
            black_box(compute());
        }
        stream.write_all(&buffer[..size]).await?;
    }
}

fn main() -> Result<()> {
    listen::serve_all(serve)
}
