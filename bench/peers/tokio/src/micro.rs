// SPDX-License-Identifier: MPL-2.0

//! The micro cases on Tokio: `micro_tokio CASE COUNT WORKERS`, one line of JSON.

mod runtime;

use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, Mutex};

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

/// Two tasks throw a number to and fro over two channels for one item each.
async fn channel_pingpong(count: usize) -> (f64, f64) {
    let (there, mut from_here) = mpsc::channel(1);
    let (back, mut from_there) = mpsc::channel(1);
    let other = tokio::spawn(async move {
        while let Some(number) = from_here.recv().await {
            back.send(number).await.unwrap();
        }
    });
    let times = measure(count, async {
        for i in 0..count {
            there.send(i).await.unwrap();
            assert_eq!(from_there.recv().await, Some(i));
        }
    })
    .await;
    drop(there);
    other.await.unwrap();
    times
}

async fn channel_stream(count: usize) {
    let (items, mut taken) = mpsc::channel(128);
    let taker = tokio::spawn(async move {
        let mut sum = 0;
        while let Some(number) = taken.recv().await {
            sum += number;
        }
        sum
    });
    for i in 0..count {
        items.send(i).await.unwrap();
    }
    drop(items);
    assert_eq!(taker.await.unwrap(), count * (count - 1) / 2);
}

async fn mutex_alone(count: usize) {
    let mutex = Mutex::new(0);
    for _ in 0..count {
        *mutex.lock().await += 1;
    }
    assert_eq!(*mutex.lock().await, count);
}

/// 64 tasks lock one mutex, yield with it in hand, and unlock.
async fn mutex_yielding(count: usize) {
    const ALL: usize = 64;
    let mutex = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..ALL)
        .map(|_| {
            let mutex = mutex.clone();
            tokio::spawn(async move {
                for _ in 0..count / ALL {
                    let mut guarded = mutex.lock().await;
                    let before = *guarded;
                    tokio::task::yield_now().await;
                    *guarded = before + 1;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*mutex.lock().await, count / ALL * ALL);
}

/// As `channel_pingpong`, but each waits in a select beside a channel on which nothing comes.
async fn select_pingpong(count: usize) -> (f64, f64) {
    async fn receive(quiet: &mut mpsc::Receiver<usize>, from: &mut mpsc::Receiver<usize>) -> Option<usize> {
        tokio::select! {
            number = quiet.recv() => number,
            number = from.recv() => number,
        }
    }
    let (there, mut from_here) = mpsc::channel(1);
    let (back, mut from_there) = mpsc::channel(1);
    let (_never_sent, mut quiet) = mpsc::channel(1);
    let (_never_sent_either, mut as_quiet) = mpsc::channel(1);
    let other = tokio::spawn(async move {
        while let Some(number) = receive(&mut as_quiet, &mut from_here).await {
            back.send(number).await.unwrap();
        }
    });
    let times = measure(count, async {
        for i in 0..count {
            there.send(i).await.unwrap();
            assert_eq!(receive(&mut quiet, &mut from_there).await, Some(i));
        }
    })
    .await;
    drop(there);
    other.await.unwrap();
    times
}

/// As many tasks as threads, each of which starts on one of its own, see mioco's.
async fn mutex_contended(count: usize, workers: usize) {
    let mutex = Arc::new(Mutex::new(0));
    let here = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..workers)
        .map(|_| {
            let (mutex, here) = (mutex.clone(), here.clone());
            tokio::spawn(async move {
                here.fetch_add(1, Relaxed);
                while here.load(Relaxed) < workers {
                    tokio::task::yield_now().await;
                }
                let mut own = [0; 16];
                for _ in 0..count / workers {
                    *mutex.lock().await += 1;
                    for number in &mut own {
                        *std::hint::black_box(number) += 1;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*mutex.lock().await, count / workers * workers);
}

/// A tree of tasks, ten children each, whose leaves give their numbers and whose other nodes the sums.
fn sum_of(first: usize, leaves: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    const CHILDREN: usize = 10;
    Box::pin(async move {
        let each = leaves / CHILDREN;
        let mut sum = 0;
        if each == 1 {
            let nodes: [_; CHILDREN] = std::array::from_fn(|i| tokio::spawn(async move { first + i }));
            for node in nodes {
                sum += node.await.unwrap();
            }
        } else {
            let nodes: [_; CHILDREN] = std::array::from_fn(|i| tokio::spawn(sum_of(first + i * each, each)));
            for node in nodes {
                sum += node.await.unwrap();
            }
        }
        sum
    })
}

/// The middle of the rounds after the first; prints its line itself.
async fn skynet(leaves: usize, workers: usize) {
    const ROUNDS: usize = 4;
    let nodes: usize = std::iter::successors(Some(leaves), |layer| (*layer > 1).then_some(layer / 10)).sum();
    let mut taken = Vec::new();
    for _ in 0..ROUNDS {
        let body = async { assert_eq!(tokio::spawn(sum_of(0, leaves)).await.unwrap(), leaves * (leaves - 1) / 2) };
        taken.push(measure(nodes, body).await);
    }
    taken.remove(0);
    taken.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (wall, cpu) = taken[taken.len() / 2];
    let ms = wall * nodes as f64 / 1e6;
    println!("{{\"case\": \"skynet\", \"workers\": {workers}, \"count\": {nodes}, \"wall_ns\": {wall:.2}, \"cpu_ns\": {cpu:.2}, \"ms\": {ms:.2}}}");
}

/// From the spawn of a task to its first wait.
async fn parked_spawn(count: usize) {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let started = Arc::new(AtomicUsize::new(0));
    for _ in 0..count {
        let (gate, started) = (gate.clone(), started.clone());
        tokio::spawn(async move {
            started.fetch_add(1, Relaxed);
            let _ = gate.acquire().await;
        });
    }
    while started.load(Relaxed) < count {
        tokio::task::yield_now().await;
    }
}

/// The middle of how late a sleep ends, in microseconds.
async fn sleep_late(count: usize, asked: Duration) -> f64 {
    let mut late = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        tokio::time::sleep(asked).await;
        late.push((start.elapsed() - asked).as_nanos() as f64 / 1e3);
    }
    late.sort_by(f64::total_cmp);
    late[count / 2]
}

/// Prints its line itself.
async fn sleeps(count: usize, asked_us: u64) {
    let late = sleep_late(count, Duration::from_micros(asked_us)).await;
    println!("{{\"case\": \"sleep\", \"count\": {count}, \"asked_us\": {asked_us}, \"late_us\": {late:.2}}}");
}

/// A timer set and dropped while a million others are pending; prints its line itself.
async fn timers(count: usize) {
    const PENDING: usize = 1_000_000;
    let hour = Duration::from_secs(3600);
    let mut others: Vec<_> =
        (0..PENDING).map(|i| Box::pin(tokio::time::sleep(hour + Duration::from_micros(i as u64)))).collect();
    for other in &mut others {
        assert!(poll_once(other.as_mut()).await.is_none());
    }
    let (wall, _) = measure(count, async {
        for _ in 0..count {
            let sleep = tokio::time::sleep(Duration::from_secs(5));
            tokio::pin!(sleep);
            assert!(poll_once(sleep.as_mut()).await.is_none());
        }
    })
    .await;
    println!("{{\"case\": \"timers\", \"count\": {count}, \"pending\": {PENDING}, \"deadline_ns\": {wall:.2}}}");
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
    })
    .await
}

async fn run(name: String, count: usize, workers: usize) -> ((f64, f64), Option<f64>) {
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
        "channel_pingpong" => (channel_pingpong(count).await, None),
        "channel_stream" => (measure(count, channel_stream(count)).await, None),
        "mutex_alone" => (measure(count, mutex_alone(count)).await, None),
        "mutex_yielding" => (measure(count, mutex_yielding(count)).await, None),
        "select_pingpong" => (select_pingpong(count).await, None),
        "mutex_contended" => (measure(count, mutex_contended(count, workers)).await, None),
        "parked_spawn" => (measure(count, parked_spawn(count)).await, None),
        other => panic!("no case {other:?}"),
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: micro_tokio CASE COUNT WORKERS";
    let name = arguments.next().expect(usage);
    let count: usize = arguments.next().expect(usage).parse().expect(usage);
    let workers: usize = arguments.next().expect(usage).parse().expect(usage);
    let runtime = runtime::with_workers(workers);
    match name.as_str() {
        "sleep_1000" => return runtime.block_on(runtime.spawn(sleeps(count, 1000))).unwrap(),
        "sleep_100" => return runtime.block_on(runtime.spawn(sleeps(count, 100))).unwrap(),
        "skynet" => return runtime.block_on(runtime.spawn(skynet(count, workers))).unwrap(),
        "timers" => return runtime.block_on(runtime.spawn(timers(count))).unwrap(),
        _ => {}
    }
    // In a task of its own: what blocks on the runtime is no worker of it.
    let task = runtime.spawn(run(name.clone(), count, workers));
    let ((wall, cpu), alternated) = runtime.block_on(task).unwrap();
    let more = alternated.map_or(String::new(), |share| format!(", \"alternated\": {share:.3}"));
    println!(
        "{{\"case\": \"{name}\", \"workers\": {workers}, \"count\": {count}, \"wall_ns\": {wall:.2}, \"cpu_ns\": {cpu:.2}{more}}}"
    );
}
