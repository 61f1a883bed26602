// SPDX-License-Identifier: MPL-2.0

//! Says "Hello, World!" in HTTP, by hyper on Tokio. TOKIO_WORKER_THREADS says on how many threads; one takes the runtime
//! that Tokio has for it.

use std::convert::Infallible;
use std::error::Error;

use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::server::conn::Http;
use hyper::service::service_fn;
use hyper::{Body, Request, Response};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

async fn hello(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    let mut reply = Response::new(Body::from("Hello, World!"));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(reply)
}

async fn serve_all(address: String) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = Http::new().http1_only(true).serve_connection(stream, service_fn(hello));
        // A connection that breaks concerns nobody else.
        tokio::spawn(async { connection.await.unwrap_or(()) });
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).expect("usage: hyper_http 127.0.0.1:PORT");
    if address == "--version" {
        println!("hyper {}", env!("HYPER_VERSION"));
        return Ok(());
    }
    let workers = std::env::var("TOKIO_WORKER_THREADS").map_or(1, |n| n.parse().expect("a number of threads"));
    let mut builder = if workers == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if workers > 1 {
        builder.worker_threads(workers);
    }
    builder.enable_io().build()?.block_on(serve_all(address))
}
