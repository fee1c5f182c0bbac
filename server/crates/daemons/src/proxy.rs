//! The reverse proxies that the project gives operators a configuration for, each with that very
//! file.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::daemon::{Daemon, Program, free_port, temporary_folder};

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    HaProxy,
    Nginx,
    Caddy,
}

/// What stands in the place of the addresses and files of a documented configuration.
pub struct Site<'a> {
    /// Where TLS ends. People know it as `localhost` with this port.
    pub https: SocketAddr,
    /// Where requests without TLS are redirected.
    pub http: SocketAddr,
    pub replicas: [SocketAddr; 3],
    /// For `localhost`, in PEM.
    pub certificate: &'a str,
    pub key: &'a str,
}

/// A running proxy before three replicas.
pub struct Proxy {
    _daemon: Daemon,
    address: SocketAddr,
    folder: PathBuf,
}

impl Proxy {
    /// HAProxy without TLS on a free port. `configuration` reads `LISTEN` and `REPLICA_1` to
    /// `REPLICA_3` from its environment.
    pub fn plain(configuration: &Path, replicas: [SocketAddr; 3]) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let configuration = fs::canonicalize(configuration)
            .with_context(|| format!("there is no {}", configuration.display()))?;
        let mut program = program(ProxyKind::HaProxy, address)?;
        program = program.args(["-db", "-f", &configuration.display().to_string()]);
        program.environment = replica_names(replicas);
        program.environment.push(("LISTEN", address.to_string()));
        Self::of(program, address)
    }

    /// With TLS, as documented.
    pub fn start(kind: ProxyKind, configuration: &Path, site: &Site) -> Result<Self> {
        let text = fs::read_to_string(configuration)
            .with_context(|| format!("there is no {}", configuration.display()))?;
        let mut program = program(kind, site.https)?;
        let folder = program.folder.path().to_path_buf();
        let (certificate, key) = (folder.join("site.crt"), folder.join("site.key"));
        fs::write(&certificate, site.certificate)?;
        fs::write(&key, site.key)?;
        let changes = match kind {
            ProxyKind::HaProxy => haproxy(site, &folder)?,
            ProxyKind::Nginx => nginx(site, &folder)?,
            ProxyKind::Caddy => caddy(&certificate, &key),
        };
        fs::write(folder.join("documented"), replace(text, &changes)?)?;
        match kind {
            ProxyKind::HaProxy => {
                program = program.args(["-db", "-f", "documented"]);
                program.environment = replica_names(site.replicas);
            }
            ProxyKind::Nginx => {
                let prefix = folder.display().to_string();
                program = program.args(["-e", "stderr", "-p", &prefix, "-c", "nginx.conf"]);
            }
            ProxyKind::Caddy => {
                program = program.args(["run", "--adapter", "caddyfile", "--config", "documented"]);
                program.environment = caddy_environment(site, &folder)?;
            }
        }
        Self::of(program, site.https)
    }

    fn of(program: Program, address: SocketAddr) -> Result<Self> {
        let (name, folder) = (program.path.clone(), program.folder.path().to_path_buf());
        let daemon = Daemon::start(program).context(name)?;
        Ok(Self {
            _daemon: daemon,
            address,
            folder,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has written so far: to standard output and error, and to a log of its own.
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        read("log") + &read("access.log")
    }
}

fn program(kind: ProxyKind, address: SocketAddr) -> Result<Program> {
    let name = match kind {
        ProxyKind::HaProxy => "haproxy",
        ProxyKind::Nginx => "nginx",
        ProxyKind::Caddy => "caddy",
    };
    Ok(Program::listening(name, temporary_folder(name)?, address))
}

fn replica_names(replicas: [SocketAddr; 3]) -> Vec<(&'static str, String)> {
    let names = ["REPLICA_1", "REPLICA_2", "REPLICA_3"];
    names
        .into_iter()
        .zip(replicas.map(|replica| replica.to_string()))
        .collect()
}

/// A text of a documented file, and what takes its place.
type Change = (&'static str, String);

/// Each text has to be there: a file that no longer has it is tested with addresses that it does
/// not use.
fn replace(mut text: String, changes: &[Change]) -> Result<String> {
    for (from, to) in changes {
        if !text.contains(from) {
            bail!("the configuration has no `{from}`");
        }
        text = text.replace(from, to);
    }
    Ok(text)
}

/// What the comment about TLS says.
fn haproxy(site: &Site, folder: &Path) -> Result<Vec<Change>> {
    let pem = folder.join("site.pem");
    fs::write(&pem, format!("{}{}", site.certificate, site.key))?;
    Ok(vec![
        ("bind \"${LISTEN-127.0.0.1:8080}\"", String::new()),
        (
            "#   bind :443 ssl crt /etc/haproxy/certificates/",
            format!("bind {} ssl crt {}", site.https, pem.display()),
        ),
        ("#   bind :80", format!("bind {}", site.http)),
        (
            "#   http-request redirect",
            "http-request redirect".to_owned(),
        ),
    ])
}

/// nginx reads nothing from its environment. The file is for the `http` block of Debian's
/// nginx.conf, in whose place there is one that keeps to its folder.
fn nginx(site: &Site, folder: &Path) -> Result<Vec<Change>> {
    let user = if rustix::process::geteuid().is_root() {
        "user root root;\n"
    } else {
        ""
    };
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};\n", folder.join(name).display()));
    let main = format!(
        "daemon off;\n{user}worker_processes 2;\npid nginx.pid;\nerror_log stderr warn;\n\
         events {{ worker_connections 1024; }}\nhttp {{\n{}access_log off;\ninclude documented;\n}}\n",
        paths.concat()
    );
    fs::write(folder.join("nginx.conf"), main)?;
    let [one, two, three] = site.replicas.map(|replica| replica.to_string());
    let files = folder.join("site").display().to_string();
    let log = folder.join("access.log").display().to_string();
    Ok(vec![
        ("    listen [::]:80;\n", String::new()),
        ("    listen [::]:443 ssl http2;\n", String::new()),
        ("listen 80;", format!("listen {};", site.http)),
        ("listen 443 ", format!("listen {} ", site.https)),
        ("/etc/nginx/tls/auth.example.org", files),
        (
            "server_name auth.example.org",
            "server_name localhost".to_owned(),
        ),
        ("/var/log/nginx/vestibule.log", log),
        ("/var/log/nginx/vestibule.error.log", "stderr".to_owned()),
        ("10.0.0.11:3000", one),
        ("10.0.0.12:3000", two),
        ("10.0.0.13:3000", three),
    ])
}

/// The rest comes from the environment.
fn caddy(certificate: &Path, key: &Path) -> Vec<Change> {
    vec![(
        "# tls /etc/caddy/auth.example.org.crt /etc/caddy/auth.example.org.key",
        format!(
            "tls {} {}\n\tbind {{$BIND}}",
            certificate.display(),
            key.display()
        ),
    )]
}

fn caddy_environment(site: &Site, folder: &Path) -> Result<Vec<(&'static str, String)>> {
    let replicas = site.replicas.map(|replica| replica.to_string());
    let home = folder.display().to_string();
    Ok(vec![
        ("SITE", "localhost".to_owned()),
        ("BIND", site.https.ip().to_string()),
        ("HTTP_PORT", site.http.port().to_string()),
        ("HTTPS_PORT", site.https.port().to_string()),
        ("REPLICAS", replicas.join(" ")),
        ("CADDY_ADMIN", format!("127.0.0.1:{}", free_port()?)),
        ("HOME", home.clone()),
        ("XDG_DATA_HOME", home.clone()),
        ("XDG_CONFIG_HOME", home),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_not_there_is_an_error() {
        let changes = [("one", "1".to_owned()), ("two", "2".to_owned())];
        assert_eq!(replace("one two".to_owned(), &changes).unwrap(), "1 2");
        assert!(replace("one".to_owned(), &changes).is_err());
    }
}
