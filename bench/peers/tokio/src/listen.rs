// SPDX-License-Identifier: MPL-2.0

use std::future::Future;
use std::io::Result;
use tokio::net::{TcpListener, TcpStream};

use crate::runtime;

/// Listens at the program's last argument, and has each connection served in a task of its own, on as many threads as
/// TOKIO_WORKER_THREADS says. Ends the program after "--version".
pub fn serve_all<F>(serve: impl Fn(TcpStream) -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let address = std::env::args().last().expect("an address as the last argument, such as 127.0.0.1:0");
    if address == "--version" {
        println!("Tokio {}", env!("TOKIO_VERSION"));
        return Ok(());
    }
    let workers = std::env::var("TOKIO_WORKER_THREADS").map_or(1, |n| n.parse().expect("a number of threads"));
    runtime::with_workers(workers).block_on(async {
        let listener = TcpListener::bind(address).await?;
        println!("listening on {}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let connection = serve(stream);
            // A connection that breaks concerns nobody else.
            tokio::spawn(async { connection.await.unwrap_or(()) });
        }
    })
}
