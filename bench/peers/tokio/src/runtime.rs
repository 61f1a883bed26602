// SPDX-License-Identifier: MPL-2.0

use tokio::runtime::{Builder, Runtime};

/// One worker takes the runtime that Tokio has for it, unless TOKIO_FLAVOR=multi_thread asks for the other.
pub fn with_workers(workers: usize) -> Runtime {
    let multi = workers > 1 || std::env::var("TOKIO_FLAVOR").as_deref() == Ok("multi_thread");
    let mut builder = if multi { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    if multi {
        builder.worker_threads(workers);
    }
    builder.enable_all().build().expect("a runtime")
}
