// SPDX-License-Identifier: MPL-2.0

//! The micro cases on Tokio: `micro_tokio yield|spawn_join|batch_spawn COUNT WORKERS`, one line of JSON.

mod runtime;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Instant;

fn cpu_ns() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `now` alone.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// Nanoseconds of wall clock and of processor, each divided by `count`.
async fn measure(count: usize, body: impl Future<Output = ()>) -> (f64, f64) {
    let (wall, cpu) = (Instant::now(), cpu_ns());
    body.await;
    (wall.elapsed().as_nanos() as f64 / count as f64, (cpu_ns() - cpu) / count as f64)
}

/// Two tasks yield in turn; also gives the share of yields after which the other one had run.
async fn yields(count: usize) -> ((f64, f64), f64) {
    let last = Arc::new(AtomicUsize::new(2));
    let alternated = Arc::new(AtomicUsize::new(0));
    let body = async {
        let tasks = [0, 1].map(|own| {
            let (last, alternated) = (last.clone(), alternated.clone());
            tokio::spawn(async move {
                let mut others = 0;
                for _ in 0..count / 2 {
                    last.store(own, Relaxed);
                    tokio::task::yield_now().await;
                    others += usize::from(last.load(Relaxed) != own);
                }
                alternated.fetch_add(others, Relaxed);
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
    };
    let times = measure(count, body).await;
    (times, alternated.load(Relaxed) as f64 / count as f64)
}

async fn spawn_join(count: usize) {
    for _ in 0..count {
        tokio::spawn(async {}).await.unwrap();
    }
}

async fn batch(count: usize) {
    let mut tasks = Vec::with_capacity(count);
    for _ in 0..count {
        tasks.push(tokio::spawn(async {}));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

async fn run(name: String, count: usize) -> ((f64, f64), Option<f64>) {
    match name.as_str() {
        "yield" => {
            let (times, alternated) = yields(count).await;
            (times, Some(alternated))
        }
        "spawn_join" => (measure(count, spawn_join(count)).await, None),
        "batch_spawn" => {
            batch(count).await; // the second round is the one that counts
            (measure(count, batch(count)).await, None)
        }
        other => panic!("no case {other:?}"),
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: micro_tokio yield|spawn_join|batch_spawn COUNT WORKERS";
    let name = arguments.next().expect(usage);
    let count: usize = arguments.next().expect(usage).parse().expect(usage);
    let workers: usize = arguments.next().expect(usage).parse().expect(usage);
    let runtime = runtime::with_workers(workers);
    // In a task of its own: what blocks on the runtime is no worker of it.
    let task = runtime.spawn(run(name.clone(), count));
    let ((wall, cpu), alternated) = runtime.block_on(task).unwrap();
    let more = alternated.map_or(String::new(), |share| format!(", \"alternated\": {share:.3}"));
    println!(
        "{{\"case\": \"{name}\", \"workers\": {workers}, \"count\": {count}, \"wall_ns\": {wall:.2}, \"cpu_ns\": {cpu:.2}{more}}}"
    );
}
