// SPDX-License-Identifier: MPL-2.0

//! A task wakes another and computes for 5 ms: how long does the other one wait until it runs? `tokio_wake ROUNDS WORKERS`, one
//! line of JSON.

mod runtime;

use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// In microseconds.
async fn waits(rounds: usize) -> Vec<f64> {
    let (there, mut from_here) = mpsc::channel::<Instant>(1);
    let (back, mut from_there) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(woken) = from_here.recv().await {
            back.send(woken.elapsed().as_nanos() as f64 / 1e3).await.unwrap();
        }
    });
    let mut waits = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let now = Instant::now();
        there.send(now).await.unwrap();
        while now.elapsed() < Duration::from_millis(5) {}
        waits.push(from_there.recv().await.unwrap());
    }
    waits.sort_by(f64::total_cmp);
    waits
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: tokio_wake ROUNDS WORKERS";
    let rounds: usize = arguments.next().expect(usage).parse().expect(usage);
    let workers: usize = arguments.next().expect(usage).parse().expect(usage);
    let runtime = runtime::with_workers(workers);
    // In a task of its own: what blocks on the runtime is no worker of it.
    let task = runtime.spawn(waits(rounds));
    let waits = runtime.block_on(task).unwrap();
    println!(
        "{{\"case\": \"wake_and_compute\", \"workers\": {workers}, \"count\": {rounds}, \"median_us\": {:.2}, \"p99_us\": {:.2}}}",
        waits[rounds / 2],
        waits[rounds * 99 / 100]
    );
}
