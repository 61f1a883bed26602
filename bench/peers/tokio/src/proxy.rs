// SPDX-License-Identifier: MPL-2.0

//! A TCP proxy on Tokio: `tokio_proxy TARGET ADDRESS`. A task a connection.

mod listen;
mod runtime;

use std::io::Result;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

async fn serve(mut client: TcpStream) -> Result<()> {
    let target = std::env::args().nth(1).unwrap_or_default();
    let mut server = TcpStream::connect(target).await?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

fn main() -> Result<()> {
    listen::serve_all(serve)
}
