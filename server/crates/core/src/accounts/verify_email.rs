//! Proving that an address is one's own: by the mailed link, or by the code from the same mail.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use uuid::Uuid;

use super::change_email::confirm_change;
use super::mail_request::{MailRequest, mailbox_of};
use crate::auth::Auth;
use crate::kernel::limits::{AttemptKey, CODE_ALL, CODE_SITE, site_of};
use crate::kernel::model::{
    Account, EmailAddress, Principal, Purpose, User, code_digits, display_email,
};
use crate::kernel::ports::{FoundLink, UsedLink};
use crate::kernel::{
    AuditEvent, AuthError, Call, MAX_CODES_IN_A_ROW, MailKind, RequestMeta, Verdict,
    equal_in_constant_time, hash_mailed_token, in_uniform_time, mask_email,
};
use crate::sign_in::{Attempt, check_password};

/// A code dies after this many entries; asking for a new one does not reset the count.
const MAX_CODE_ATTEMPTS: u32 = 5;
const VERIFICATION: MailRequest = MailRequest {
    kind: MailKind::VerifyEmail,
    event: AuditEvent::VerificationRequested,
    is_wanted: |user| user.is_active && !user.is_email_verified,
    keeps_accounts: false,
};

/// What the caller shows as proof.
pub enum VerifyEmail {
    /// From the mailed link, shown by a program.
    Token(String),
    /// The six digits, with the address they were mailed to.
    Code {
        email: String,
        code: String,
        /// Wanted of a browser that is not signed in to the account.
        password: Option<SecretString>,
        from_browser: bool,
    },
    /// From the mailed link, opened in a browser.
    Link {
        token: String,
        /// Wanted unless the browser is signed in to the account.
        password: Option<SecretString>,
    },
}

/// What was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub user: User,
    /// Whether the account moved to the address.
    pub is_change: bool,
    /// Whether the address that the account left was notified, with a link that goes back.
    pub is_former_notified: bool,
}

/// What a confirmation link would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Nothing.
    Dead {
        /// The account's address, if the link was mailed to it.
        masked_email: Option<String>,
        /// Whether it was about a change of the address. If the
        /// account has the address by now, the change was made.
        is_change: bool,
    },
    Live {
        /// The address that it confirms.
        email: String,
        /// Whether the account moves to the address.
        is_change: bool,
        /// Whether this browser has to give the account's password.
        needs_password: bool,
    },
}

impl Auth {
    /// Marks the address as verified and uses the mail up. A link or token that was mailed to the
    /// new address of an account moves the account there;
    /// the old address is notified, with a link that goes back.
    ///
    /// A browser that is not signed in to the account has to give the account's password: an
    /// attacker may have registered with the address of another person, who must not confirm the
    /// attacker's account.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] for a token or code that is wrong, used, superseded, expired or
    /// counted out; [`AuthError::EmailTaken`] if another account has the new address meanwhile;
    /// [`AuthError::ReauthenticationRequired`] and [`AuthError::InvalidCredentials`] for a password
    /// that is wanted or wrong, which use nothing up; the latter also for a wrong code that comes
    /// with a right one; [`AuthError::RateLimited`], [`AuthError::Overloaded`].
    pub async fn verify_email(
        &self,
        proof: VerifyEmail,
        who: Option<&Principal>,
        meta: &RequestMeta,
    ) -> Result<Verified, AuthError> {
        let call = self.call(meta);
        let call = &who.map_or(call, |who| call.by(who.user.id));
        call.charge_token_entry(async {
            let token_hash = match proof {
                VerifyEmail::Token(token) => Some(hash_mailed_token(&token)),
                VerifyEmail::Link { token, password } => {
                    token_of_link(call, &token, who, password).await?
                }
                VerifyEmail::Code {
                    email,
                    code,
                    password,
                    from_browser,
                } => {
                    let is_own = is_own_address(who, &email);
                    if !from_browser || is_own {
                        let found = in_uniform_time(token_of_code(call, &email, &code));
                        // Others do not use up what a browser that is signed in to the account may
                        // try: the account's own bounds are enough.
                        if is_own {
                            found.await?
                        } else {
                            charge_guess(call, found).await?
                        }
                    } else {
                        let password = password.ok_or(AuthError::ReauthenticationRequired)?;
                        let found = in_uniform_time(token_of_code_without_session(
                            call, &email, &code, &password,
                        ));
                        charge_guess(call, found).await?
                    }
                }
            };
            let verified = match token_hash {
                Some(token_hash) => consume(call, &token_hash, who).await?,
                None => None,
            };
            if let Some(verified) = verified {
                return Ok(verified);
            }
            call.audit_later(AuditEvent::VerificationFailed, None, json!({}));
            Err(AuthError::InvalidToken)
        })
        .await
    }

    /// What a mailed confirmation link would do in this browser.
    /// For showing a page; it changes nothing.
    pub async fn confirmation_link(
        &self,
        token: &str,
        who: Option<&Principal>,
    ) -> Result<LinkState, AuthError> {
        let Some(link) = self.core.find_link(token).await? else {
            return Ok(LinkState::Dead {
                masked_email: None,
                is_change: false,
            });
        };
        let is_change = link.purpose == Purpose::ChangeEmail;
        if !is_live_confirmation(&link) {
            let masked_email = mailbox_of(link).map(|email| mask_email(&email));
            return Ok(LinkState::Dead {
                masked_email,
                is_change,
            });
        }
        let needs_password = who.is_none_or(|who| who.user.id != link.owner.id);
        let email = link.email.unwrap_or(link.owner.email);
        Ok(LinkState::Live {
            email: display_email(&email),
            is_change,
            needs_password,
        })
    }

    /// Mails a new link and code, unless the address has no account or is verified already; the
    /// answer is the same in the same time.
    ///
    /// # Errors
    /// [`AuthError::ValidationFailed`] for text that is no address; [`AuthError::RateLimited`].
    pub async fn resend_verification(
        &self,
        email: &str,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        VERIFICATION.by_address(&self.call(meta), email).await
    }

    /// The same for the holder of a link that does not work any more: to the account that it was
    /// mailed to, if that still has the address.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`]. A link that is not known is none.
    pub async fn resend_verification_by_link(
        &self,
        token: &str,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        VERIFICATION.by_link(&self.call(meta), token).await
    }
}

/// Counts a code against the day of its site and of all of them,
/// before it is compared; a right one does not count.
async fn charge_guess(
    call: &Call<'_>,
    found: impl Future<Output = Result<Option<String>, AuthError>>,
) -> Result<Option<String>, AuthError> {
    let site = site_of(call.meta.ip_address).to_string();
    let charges = [CODE_SITE.of(&site), CODE_ALL.of("anybody")];
    call.take(&charges).await?;
    let found = found.await;
    if !matches!(found, Ok(None) | Err(AuthError::InvalidCredentials)) {
        call.give_back(&charges).await;
    }
    found
}

/// The hash of the token in a link, once this browser may use it.
async fn token_of_link(
    call: &Call<'_>,
    token: &str,
    who: Option<&Principal>,
    password: Option<SecretString>,
) -> Result<Option<String>, AuthError> {
    let found = call.core.find_link(token).await?;
    let Some(link) = found.filter(is_live_confirmation) else {
        return Ok(None);
    };
    let (user_id, token_hash) = (link.owner.id, hash_mailed_token(token));
    if who.is_some_and(|who| who.user.id == user_id) {
        return Ok(Some(token_hash));
    }
    let password = password.ok_or(AuthError::ReauthenticationRequired)?;
    let mut store = call.core.store.reader().await?;
    let Some(account) = store.account_by_id(user_id).await? else {
        return Ok(None);
    };
    drop(store);
    let canonical = account.user.canonical_email();
    let failed = AuditEvent::ReauthenticationFailed;
    let attempt_key = AttemptKey::Unknown(&canonical);
    check_password(call, &account, &attempt_key, &password, failed).await?;
    Ok(Some(token_hash))
}

/// The hash of the mailed token for a browser that is not signed in to the account: it has to give
/// the password as well. Which of the two is wrong does not show, neither in the answer and its
/// time nor in the limits: an attacker who has just registered with the address in private mode
/// would learn whether it had an account. So both are looked at before either is judged, and a
/// wrong code is the same one failure as a wrong password.
async fn token_of_code_without_session(
    call: &Call<'_>,
    email: &str,
    code: &str,
    password: &SecretString,
) -> Result<Option<String>, AuthError> {
    let address = EmailAddress::parse(email).ok();
    let canonical = address.as_ref().map_or(email, EmailAddress::canonical);
    let mut store = call.core.store.reader().await?;
    let account = match address {
        Some(_) => store.account_by_email(canonical).await?,
        None => None,
    };
    drop(store);
    let account = account.filter(|account| account.user.is_active);
    let user_id = account.as_ref().map(|account| account.user.id);
    let attempt_key = AttemptKey::Unknown(canonical);
    let attempt = Attempt::take(call, None, &attempt_key, user_id).await?;
    let found = token_of_code_and_password(call, account.as_ref(), code, password).await;
    if let Ok(None) = found {
        let failed = AuditEvent::ReauthenticationFailed;
        call.audit_later(failed, user_id, json!({}));
        return Err(AuthError::InvalidCredentials);
    }
    attempt.give_back(call).await;
    found
}

/// `None` if the password or the code is wrong, after the same work. An entry of the code is
/// counted under a right password alone: nobody else uses it up here.
async fn token_of_code_and_password(
    call: &Call<'_>,
    account: Option<&Account>,
    code: &str,
    password: &SecretString,
) -> Result<Option<String>, AuthError> {
    let stored = account.map(|account| account.password_hash.as_str());
    let verdict = call.verify(password.expose_secret(), stored).await?;
    let is_right = verdict != Verdict::Wrong;
    let entries = if is_right { MAX_CODE_ATTEMPTS } else { 0 };
    let token_hash = token_of_entry(call, user_id_or_nobody(account), code, entries).await?;
    Ok(token_hash.filter(|_| is_right))
}

/// Uses up a token of either purpose; `None` if it is none.
async fn consume(
    call: &Call<'_>,
    token_hash: &str,
    who: Option<&Principal>,
) -> Result<Option<Verified>, AuthError> {
    let mut work = call.begin().await?;
    let spent = work
        .use_link(Purpose::VerifyEmail, token_hash, call.now)
        .await?;
    let Some(UsedLink { user_id, .. }) = spent else {
        let changed = confirm_change(work, token_hash, who).await?;
        return Ok(changed.map(|(user, is_former_notified)| Verified {
            user,
            is_change: true,
            is_former_notified,
        }));
    };
    let Some(user) = work.mark_email_verified(user_id, call.now).await? else {
        return Ok(None);
    };
    work.audit(AuditEvent::EmailVerified, user_id, json!({}))
        .await?;
    work.commit().await?;
    Ok(Some(Verified {
        user,
        is_change: false,
        is_former_notified: false,
    }))
}

/// The hash of the mailed token if the code is its code.
async fn token_of_code(
    call: &Call<'_>,
    email: &str,
    code: &str,
) -> Result<Option<String>, AuthError> {
    // Looked for as well if it is no address: nobody has the empty one.
    let email = EmailAddress::parse(email).ok();
    let canonical = email.as_ref().map_or("", EmailAddress::canonical);
    let mut store = call.core.store.reader().await?;
    let account = store.account_by_email(canonical).await?;
    drop(store);
    let user_id = user_id_or_nobody(account.as_ref());
    token_of_entry(call, user_id, code, MAX_CODE_ATTEMPTS).await
}

/// The same for a user whose code may be entered so often.
/// The entry is counted before it is compared.
async fn token_of_entry(
    call: &Call<'_>,
    user_id: Uuid,
    code: &str,
    max_attempts: u32,
) -> Result<Option<String>, AuthError> {
    let now = call.later().now;
    let mut store = call.core.store.writer().await?;
    let Some(attempt) = store
        .count_code_attempt(user_id, max_attempts, MAX_CODES_IN_A_ROW, now)
        .await?
    else {
        return Ok(None);
    };
    let right = call.core.master.one_time_code(attempt.token_id);
    let is_right = equal_in_constant_time(&code_digits(code), &right);
    let is_fresh = now - attempt.created_at <= call.core.settings.lifetimes.verify_code;
    Ok((is_right && is_fresh).then_some(attempt.token_hash))
}

/// Whether the link proves an address, and would work now.
fn is_live_confirmation(link: &FoundLink) -> bool {
    let has_address = match link.purpose {
        Purpose::VerifyEmail => true,
        Purpose::ChangeEmail => link.email.is_some(),
        _ => false,
    };
    link.is_live && has_address
}

/// Without an account nobody's code is entered, by the same write: on SQLite it waits for other
/// writers as one of an account does.
fn user_id_or_nobody(account: Option<&Account>) -> Uuid {
    account.map_or(Uuid::nil(), |account| account.user.id)
}

fn is_own_address(who: Option<&Principal>, email: &str) -> bool {
    let address = EmailAddress::parse(email).ok();
    let canonical = address.as_ref().map_or(email, EmailAddress::canonical);
    who.is_some_and(|who| who.user.canonical_email() == canonical)
}
