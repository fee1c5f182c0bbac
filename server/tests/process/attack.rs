//! A user who signs in while an attacker does their worst, with the default limits.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::support::{Deployment, FORM, JSON, PASSWORD, register, request};

const ATTACKER: &str = "127.0.0.66:0";
const USER: &str = "127.0.0.1:0";
/// Every sign and digit that may stand for a letter, again and again.
const WORST_PASSWORD: &str = "4@8({[<3691!|70$5+%2";
const RATINGS: usize = 120;
const STUCK: usize = 64;
const REFUSED_EVERY: Duration = Duration::from_millis(50);
const IDLE_SIGN_INS: usize = 5;
const SIGN_INS: usize = 20;
/// On a machine that is busy with other tests an idle sign-in takes its time as well.
const MAX_RATIO: u32 = 8;

async fn connect(from: &str, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(from.parse().unwrap())?;
    socket.connect(to).await
}

/// The status of the answer.
async fn ask(from: &str, to: SocketAddr, request: &str) -> io::Result<u16> {
    let mut stream = connect(from, to).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok());
    status.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

async fn sign_in(to: SocketAddr) -> Duration {
    let body = format!(r#"{{"email":"ann@example.org","password":"{PASSWORD}"}}"#);
    let request = request("POST /api/v1/auth/login", &[JSON], &body);
    let asked = Instant::now();
    assert_eq!(ask(USER, to, &request).await.unwrap(), 200);
    asked.elapsed()
}

/// All of it at once, until it is dropped.
fn attack(to: SocketAddr) -> JoinSet<()> {
    let mut attack = JoinSet::new();
    let password: String = WORST_PASSWORD.chars().cycle().take(100).collect();
    let escape = |c: char| format!("%{:02x}", u32::from(c));
    let password: String = password.chars().map(escape).collect();
    let form = format!("password={password}");
    let rating = request("POST /_fn/password_strength", &[FORM], &form);
    for _ in 0..RATINGS {
        let rating = rating.clone();
        attack.spawn(async move {
            // Rated or turned away.
            let status = ask(ATTACKER, to, &rating).await.unwrap();
            assert!(matches!(status, 200 | 429 | 503), "{status}");
        });
    }
    for _ in 0..STUCK {
        attack.spawn(async move {
            let Ok(mut stream) = connect(ATTACKER, to).await else { return };
            let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            std::future::pending::<()>().await;
        });
    }
    attack.spawn(async move {
        loop {
            let refused = request("GET /api/v1/auth/me", &[], "");
            // Turned away in one way or another.
            let _ = ask(ATTACKER, to, &refused).await;
            tokio::time::sleep(REFUSED_EVERY).await;
        }
    });
    attack
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_is_quick_during_an_attack() {
    let deployment = Deployment::new().with("VESTIBULE_RATE_LIMITS", "on");
    let portal = deployment.start();
    let to = portal.address;
    assert_eq!(register(to, "ann@example.org").unwrap().status, 201);
    let mut idle = Vec::new();
    for _ in 0..IDLE_SIGN_INS {
        idle.push(sign_in(to).await);
    }
    idle.sort_unstable();
    let idle = idle[IDLE_SIGN_INS / 2];
    let attack = attack(to);
    let mut slowest = Duration::ZERO;
    for _ in 0..SIGN_INS {
        slowest = slowest.max(sign_in(to).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(attack);
    println!("idle {idle:?}, under attack at most {slowest:?}");
    let bound = Duration::from_secs(1).max(idle * MAX_RATIO);
    assert!(slowest < bound, "{slowest:?}, idle {idle:?}");
}
