//! `vestibule health`: asks the portal beside it, for a container that holds no other program.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use super::{Failure, chain, print};
use crate::config::{Environment, read_private_listen};

/// Orchestrators wait longer.
const TIMEOUT: Duration = Duration::from_secs(3);
const REQUEST: &[u8] =
    b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

pub(super) fn run() -> Result<ExitCode, Failure> {
    let private = read_private_listen(&Environment::of_process());
    let private = private.map_err(|errors| Failure::settings(&errors))?;
    match ask(private) {
        Ok(()) => print("The portal can serve."),
        Err(error) => Err(Failure::new(format!(
            "the portal cannot serve: {}",
            chain(&error)
        ))),
    }
}

/// Asks for readiness on the private port.
fn ask(private: SocketAddr) -> io::Result<()> {
    let mut portal = TcpStream::connect_timeout(&reachable(private), TIMEOUT)?;
    portal.set_read_timeout(Some(TIMEOUT))?;
    portal.set_write_timeout(Some(TIMEOUT))?;
    portal.write_all(REQUEST)?;
    let mut answer = String::new();
    portal.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let body = answer.rsplit("\r\n").next().unwrap_or_default();
    Err(io::Error::other(body.to_owned()))
}

/// A port on every address is asked on this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
