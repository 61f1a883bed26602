// SPDX-License-Identifier: MPL-2.0

use tokio::runtime::{Builder, Runtime};

pub fn with_workers(workers: usize) -> Runtime {
    let mut builder = if workers == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if workers > 1 {
        builder.worker_threads(workers);
    }
    builder.enable_all().build().expect("a runtime")
}
