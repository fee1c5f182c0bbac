use std::time::Duration;

use lettre::transport::smtp::{
    Error, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, Tls, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::smtp_url::{Encryption, Transport};
use crate::{InvalidSmtpUrl, validate_url};

/// For one address of the server; a name may have several of which some are dead.
const ADDRESS_DEADLINE: Duration = Duration::from_secs(5);

/// Where mail is handed over, and as whom.
pub(super) struct SmtpServer {
    host: String,
    port: u16,
    tls: Tls,
    /// What EHLO says.
    hello_name: Option<ClientId>,
    credentials: Option<Credentials>,
}

impl SmtpServer {
    /// The URL as [`validate_url`] describes it.
    pub fn from_url(url: &str) -> Result<Self, InvalidSmtpUrl> {
        validate_url(url, false)?;
        let url = Url::parse(url).map_err(|_| InvalidSmtpUrl::Malformed)?;
        // Without the brackets of an IPv6 address, as a resolver and a certificate want it.
        let host = url.host_str().ok_or(InvalidSmtpUrl::Host)?;
        let host = host.trim_matches(['[', ']']);
        let transport = Transport::of(&url)?;
        let tls = || parameters(host, transport.roots.as_deref());
        let (default_port, tls) = match transport.encryption {
            Encryption::Wrapper => (SUBMISSIONS_PORT, Tls::Wrapper(tls()?)),
            Encryption::Required => (SUBMISSION_PORT, Tls::Required(tls()?)),
            Encryption::Opportunistic => (SUBMISSION_PORT, Tls::Opportunistic(tls()?)),
            Encryption::Never { .. } => (SMTP_PORT, Tls::None),
        };
        let name = url.path().trim_matches('/');
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(default_port),
            tls,
            hello_name: (!name.is_empty()).then(|| ClientId::Domain(name.to_owned())),
            credentials: credentials(&url)?,
        })
    }

    /// Says the host of this URL where no other name is given.
    pub fn call_itself(&mut self, public_url: &Url) {
        if let Some(host) = public_url.host() {
            self.hello_name.get_or_insert_with(|| match host {
                Host::Domain(name) => ClientId::Domain(name.to_owned()),
                Host::Ipv4(address) => ClientId::Ipv4(address),
                Host::Ipv6(address) => ClientId::Ipv6(address),
            });
        }
    }

    /// Everything that comes before the first mail: TCP, greeting, TLS, and authentication.
    pub async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let hello_name = self.hello_name.clone().unwrap_or_default();
        let wrapper = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.port),
            Some(ADDRESS_DEADLINE),
            &hello_name,
            wrapper,
            None,
        )
        .await?;
        match &self.tls {
            Tls::Opportunistic(tls) if connection.can_starttls() => {
                connection.starttls(tls.clone(), &hello_name).await?;
            }
            Tls::Required(tls) => connection.starttls(tls.clone(), &hello_name).await?,
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

/// Whose certificates are believed for this host: those of
/// the authorities in `roots` alone, or the public ones.
fn parameters(host: &str, roots: Option<&[u8]>) -> Result<TlsParameters, InvalidSmtpUrl> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = roots {
        let roots = Certificate::from_pem(pem).map_err(|_| InvalidSmtpUrl::NoCertificate)?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(roots);
    }
    builder.build().map_err(|_| match roots {
        Some(_) => InvalidSmtpUrl::NoCertificate,
        None => InvalidSmtpUrl::Host,
    })
}

fn credentials(url: &Url) -> Result<Option<Credentials>, InvalidSmtpUrl> {
    let decoded = |part| {
        let text = percent_decode_str(part).decode_utf8();
        text.map_err(|_| InvalidSmtpUrl::Malformed)
    };
    let Some(password) = url.password() else {
        return Ok(None);
    };
    let user = decoded(url.username())?.into_owned();
    let password = decoded(password)?.into_owned();
    Ok(Some(Credentials::new(user, password)))
}
