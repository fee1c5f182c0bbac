//! Issuing a session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::AuthError;
use crate::kernel::master_key::hash_token;
use crate::kernel::model::{Session, SessionKind, SignInMethod, User};
use crate::kernel::ports::Writer;
use crate::sign_in::KnownBrowserProof;
use crate::tokens::TokenPair;

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

impl NewSession<'_> {
    /// What the session calls its device.
    pub(crate) fn device(&self, meta: &RequestMeta) -> String {
        self.device_name
            .map_or_else(|| meta.device(), str::to_owned)
    }
}

impl Auth {
    /// Makes a session, in the transaction that has just established that the user may have one.
    pub(crate) async fn issue_session(
        &self,
        store: &mut dyn Writer,
        user: User,
        password_hash: &str,
        new: NewSession<'_>,
        meta: &RequestMeta,
    ) -> Result<SignedIn, AuthError> {
        let session = self.new_session(user.id, &new, meta);
        let cookie = self.new_cookie(&session);
        let known_browser_proof = self.known_browser_proof(user.id, password_hash);
        let cookie_hash = cookie.as_ref().map(|cookie| hash_token(cookie));
        store
            .insert_session(&session, cookie_hash.as_deref())
            .await?;
        let tokens = match self.first_refresh_token(&session) {
            None => None,
            Some((row, refresh_token)) => {
                store.insert_refresh_token(&row).await?;
                Some(self.token_pair(&user, &session, refresh_token)?)
            }
        };
        Ok(SignedIn {
            user,
            session,
            tokens,
            cookie,
            known_browser_proof: Some(known_browser_proof),
        })
    }

    /// A session that begins now, not yet written.
    pub(crate) fn new_session(
        &self,
        user_id: Uuid,
        new: &NewSession<'_>,
        meta: &RequestMeta,
    ) -> Session {
        let now = self.clock.now();
        let lifetimes = &self.settings.lifetimes;
        let life = if new.is_persistent {
            lifetimes.persistent_session
        } else {
            lifetimes.transient_session
        };
        Session {
            id: self.random.id(now),
            user_id,
            kind: new.kind,
            device: new.device(meta),
            ip_address: meta.ip_address.to_canonical().to_string(),
            user_agent: meta.user_agent.clone(),
            method: new.method,
            is_persistent: new.is_persistent,
            created_at: now,
            last_seen_at: now,
            authenticated_at: now,
            expires_at: now + life,
        }
    }

    /// What the cookie of a browser session holds; an API session has none. It reads as an id of
    /// `tower_sessions`: 16 bytes, which are unguessable, in URL-safe base64 without padding.
    pub(crate) fn new_cookie(&self, session: &Session) -> Option<Zeroizing<String>> {
        if session.kind == SessionKind::Api {
            return None;
        }
        let mut secret = Zeroizing::new([0_u8; 16]);
        self.random.fill(secret.as_mut());
        Some(Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.as_slice())))
    }
}
