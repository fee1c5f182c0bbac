//! Issuing a session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::kernel::model::{Session, SessionKind, SignInMethod, User};
use crate::kernel::{AuthError, Call, Work, hash_token};
use crate::sign_in::KnownBrowserProof;
use crate::tokens::{FirstRefreshToken, TokenPair, TokenSigner};

/// What a successful sign-in gives: facts, from which a page makes a cookie and the API a body.
/// There are secrets among them: no `Debug`.
pub struct SignedIn {
    pub user: User,
    pub session: Session,
    /// `None` for a browser session: pages never see tokens.
    pub tokens: Option<TokenPair>,
    /// What the cookie of a browser session holds; `None` for an API session.
    pub cookie: Option<Zeroizing<String>>,
    /// What the browser keeps, where a password was given or set.
    pub known_browser_proof: Option<KnownBrowserProof>,
}

/// What a new session is to be.
pub(crate) struct NewSession<'a> {
    pub kind: SessionKind,
    pub method: SignInMethod,
    pub is_persistent: bool,
    /// The client's own name for the device; otherwise it is read from the user agent.
    pub device_name: Option<&'a str>,
}

/// A session that begins now, not yet written, with what its client gets of it.
pub(crate) struct BegunSession {
    pub session: Session,
    cookie: Option<Zeroizing<String>>,
    pub refresh_token: Option<FirstRefreshToken>,
}

impl NewSession<'_> {
    /// What the session calls its device.
    pub fn device(&self, call: &Call<'_>) -> String {
        self.device_name
            .map_or_else(|| call.device(), str::to_owned)
    }

    /// Makes a session, in the work that has just established that the user may have one.
    pub async fn issue(
        &self,
        work: &mut Work<'_>,
        signer: &TokenSigner,
        user: User,
        password_hash: &str,
    ) -> Result<SignedIn, AuthError> {
        let call = work.call;
        let begun = self.begin(call, user.id);
        let cookie_hash = begun.cookie_hash();
        work.insert_session(&begun.session, cookie_hash.as_deref())
            .await?;
        if let Some(first) = &begun.refresh_token {
            work.insert_refresh_token(&first.row).await?;
        }
        begun.signed_in(call, signer, user, password_hash)
    }

    /// A session that begins now, not yet written.
    pub fn begin(&self, call: &Call<'_>, user_id: Uuid) -> BegunSession {
        let now = call.now;
        let lifetimes = &call.core.settings.lifetimes;
        let life = if self.is_persistent {
            lifetimes.persistent_session
        } else {
            lifetimes.transient_session
        };
        let session = Session {
            id: call.new_id(),
            user_id,
            kind: self.kind,
            device: self.device(call),
            ip_address: call.ip_address(),
            user_agent: call.meta.user_agent.clone(),
            method: self.method,
            is_persistent: self.is_persistent,
            created_at: now,
            last_seen_at: now,
            authenticated_at: now,
            expires_at: now + life,
        };
        let (cookie, refresh_token) = match self.kind {
            SessionKind::Browser => (Some(new_cookie(call)), None),
            SessionKind::Api => (None, Some(FirstRefreshToken::of(call, &session))),
        };
        BegunSession {
            session,
            cookie,
            refresh_token,
        }
    }
}

impl BegunSession {
    /// Where the session has a cookie, its hash.
    pub fn cookie_hash(&self) -> Option<String> {
        self.cookie.as_ref().map(|cookie| hash_token(cookie))
    }

    /// What its client gets, once it is written.
    pub fn signed_in(
        self,
        call: &Call<'_>,
        signer: &TokenSigner,
        user: User,
        password_hash: &str,
    ) -> Result<SignedIn, AuthError> {
        let Self {
            session,
            cookie,
            refresh_token,
        } = self;
        let pair = |first: FirstRefreshToken| signer.pair(call, &user, &session, first.text);
        let tokens = refresh_token.map(pair).transpose()?;
        let proof = KnownBrowserProof::new(call.core, user.id, password_hash);
        Ok(SignedIn {
            user,
            session,
            tokens,
            cookie,
            known_browser_proof: Some(proof),
        })
    }
}

/// What the cookie of a browser session holds. It reads as an id of `tower_sessions`: 16 bytes,
/// which are unguessable, in URL-safe base64 without padding.
fn new_cookie(call: &Call<'_>) -> Zeroizing<String> {
    let mut secret = Zeroizing::new([0_u8; 16]);
    call.core.random.fill(secret.as_mut());
    Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.as_slice()))
}
