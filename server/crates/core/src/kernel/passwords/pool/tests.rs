use std::sync::mpsc;

use super::*;

const METRICS: PoolMetrics = PoolMetrics {
    wait: "test_wait_seconds",
    duration: "test_duration_seconds",
    rejected: "test_rejected_total",
};

fn pool(max_wait: Duration, first_guess: Duration) -> Pool<()> {
    let settings = PoolSettings {
        threads: 1,
        max_waiting: 1_000,
        max_wait,
        first_guess,
        metrics: METRICS,
    };
    Pool::start("test", settings, || ()).unwrap()
}

/// Keeps the only thread until the sender is dropped.
async fn blocked(pool: &Pool<()>) -> mpsc::Sender<()> {
    let (release, wait) = mpsc::channel::<()>();
    let (started, running) = oneshot::channel();
    let permit = pool.reserve(Urgency::Operation).unwrap();
    let (blocker, nobody) = (pool.clone(), Abandoned::default());
    tokio::spawn(async move {
        let work = move |(): &mut ()| {
            started.send(()).unwrap();
            let _ = wait.recv();
        };
        blocker.run(permit, &nobody, work).await
    });
    running.await.unwrap();
    release
}

#[tokio::test]
async fn the_queue_is_full_when_its_work_would_take_too_long_whatever_places_are_left() {
    let pool = pool(Duration::from_secs(1), Duration::from_millis(100));
    let permits: Vec<_> = (0..50)
        .map_while(|_| pool.reserve(Urgency::Operation).ok())
        .collect();
    assert_eq!(permits.len(), 11, "a second of work, and one that begins");
    drop(permits);
    assert_eq!(pool.waiting(), 0);
    assert!(pool.reserve(Urgency::Operation).is_ok());
}

#[tokio::test]
async fn ratings_are_turned_away_before_operations_are() {
    let pool = pool(Duration::from_secs(1), Duration::from_millis(100));
    let ratings: Vec<_> = (0..50)
        .map_while(|_| pool.reserve(Urgency::Rating).ok())
        .collect();
    assert_eq!(ratings.len(), 11);
    assert!(pool.reserve(Urgency::Operation).is_ok());
    assert_eq!(pool.reserve(Urgency::Rating).err(), Some(Full));
}

#[tokio::test]
async fn operations_go_before_ratings() {
    let pool = pool(Duration::from_mins(1), Duration::from_millis(1));
    let release = blocked(&pool).await;
    let (order, done) = mpsc::channel();
    let nobody = Abandoned::default();
    let job = |urgency, name: &'static str| {
        let order = order.clone();
        let permit = pool.reserve(urgency).unwrap();
        pool.run(permit, &nobody, move |()| order.send(name).unwrap())
    };
    let (rating, operation) = (
        job(Urgency::Rating, "rating"),
        job(Urgency::Operation, "operation"),
    );
    let both = async { tokio::join!(rating, operation) };
    let ((rating, operation), ()) = tokio::join!(both, async { drop(release) });
    rating.unwrap();
    operation.unwrap();
    drop(order);
    assert_eq!(done.iter().collect::<Vec<_>>(), ["operation", "rating"]);
}

#[tokio::test]
async fn what_nobody_waits_for_is_not_done() {
    let pool = pool(Duration::from_mins(1), Duration::from_millis(1));
    let release = blocked(&pool).await;
    let (abandoned, client) = Abandoned::default().inner();
    let (done, was_done) = mpsc::channel();
    let permit = pool.reserve(Urgency::Operation).unwrap();
    let job = pool.run(permit, &abandoned, move |()| done.send(()).unwrap());
    let (answer, ()) = tokio::join!(job, async {
        drop(client);
        drop(release);
    });
    assert!(matches!(answer, Err(AuthError::Abandoned)), "{answer:?}");
    assert!(was_done.recv().is_err());
}

#[tokio::test]
async fn a_panic_costs_its_caller_an_error_and_nobody_a_thread() {
    let pool = pool(Duration::from_secs(1), Duration::from_millis(1));
    let nobody = Abandoned::default();
    let permit = pool.reserve(Urgency::Operation).unwrap();
    let panicked: Result<(), _> = pool.run(permit, &nobody, |()| panic!("a defect")).await;
    assert!(matches!(panicked, Err(AuthError::Internal(_))));
    let permit = pool.reserve(Urgency::Operation).unwrap();
    assert_eq!(pool.run(permit, &nobody, |()| 7).await.unwrap(), 7);
}

#[tokio::test]
async fn long_jobs_make_the_queue_shorter() {
    let pool = pool(Duration::from_millis(200), Duration::from_millis(1));
    let nobody = Abandoned::default();
    let count = || {
        let permits: Vec<_> = (0..500)
            .map_while(|_| pool.reserve(Urgency::Operation).ok())
            .collect();
        permits.len()
    };
    let before = count();
    for _ in 0..4 {
        let permit = pool.reserve(Urgency::Operation).unwrap();
        let long = |(): &mut ()| std::thread::sleep(Duration::from_millis(20));
        pool.run(permit, &nobody, long).await.unwrap();
    }
    let after = count();
    assert!(after * 5 < before, "{before} permits before, {after} after");
}
