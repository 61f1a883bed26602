// SPDX-License-Identifier: MPL-2.0

//! An echo server on Tokio: a task a connection. TOKIO_WORKER_THREADS says on how many threads; one takes the
//! runtime that Tokio has for it.

mod runtime;

use std::io::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const USUAL_BUFFER_BYTES: usize = 16 * 1024;

fn buffer_bytes() -> usize {
    std::env::var("ECHO_BUFFER_BYTES").map_or(USUAL_BUFFER_BYTES, |n| n.parse().expect("a number of bytes"))
}

async fn serve(mut stream: TcpStream, buffer_bytes: usize) -> Result<()> {
    stream.set_nodelay(true)?;
    // Not set to zero: pages that are never read into need not be there.
    let mut buffer = Vec::with_capacity(buffer_bytes);
    while stream.read_buf(&mut buffer).await? > 0 {
        stream.write_all(&buffer).await?;
        buffer.clear();
    }
    Ok(())
}

async fn listen(address: String) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let buffer_bytes = buffer_bytes();
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection that breaks concerns nobody else.
        tokio::spawn(async move { serve(stream, buffer_bytes).await.unwrap_or(()) });
    }
}

fn main() -> Result<()> {
    let address = std::env::args().nth(1).expect("usage: tokio_echo 127.0.0.1:PORT");
    if address == "--version" {
        println!("Tokio {}", env!("TOKIO_VERSION"));
        return Ok(());
    }
    let workers = std::env::var("TOKIO_WORKER_THREADS").map_or(1, |n| n.parse().expect("a number of threads"));
    runtime::with_workers(workers).block_on(listen(address))
}
