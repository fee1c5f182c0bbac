//! A flow: one request for authorization, until the client has its answer. What it was and what the
//! user said is kept by the browser, sealed; nothing is written until a code is redeemed.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use super::code::CodeContent;
use super::error::{OAuthErrorCode, OAuthRefusal};
use super::parameters::Parameters;
use super::redirect_uri;
use super::request::{AuthorizationRequest, Hint, ReplyTo};
use super::step::{Ask, Facts, Step, next_step};
use crate::auth::Auth;
use crate::kernel::model::{Client, Consent, Principal, Scope};
use crate::kernel::{AuditEvent, AuthError, RequestMeta};

/// What the browser keeps of a flow. It is sealed, so that what stands in it was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    request: AuthorizationRequest,
    #[serde(with = "rfc3339")]
    began_at: OffsetDateTime,
    /// The session in which the user said yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approved_by: Option<Uuid>,
    #[serde(default)]
    is_refused: bool,
}

/// What people see of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowApp {
    pub client_id: String,
    pub name: String,
    /// Where the answer goes; `None` for an app with a scheme of its own.
    pub host: Option<String>,
    pub home_url: Option<String>,
}

/// A request that must not be answered at the address that it names (RFC 6749, 4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowProblem {
    /// No client, an unknown or a disabled one.
    UnknownClient,
    /// An address that is missing, or not one of the client's.
    UnknownAddress,
}

/// What a request for authorization comes to.
pub enum Authorized {
    Problem(FlowProblem),
    /// The browser goes to this address of the client.
    Leave(String),
    /// The pages go on.
    Flow(Box<Flow>),
}

/// How a flow leaves for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    pub url: String,
    pub app: FlowApp,
    /// Whether the browser may go there by itself. To a program with a scheme of its own it goes by
    /// a press.
    pub is_automatic: bool,
}

/// What a page asks the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub app: FlowApp,
    /// What the app may have then, where that is asked.
    pub scopes: Vec<Scope>,
    /// Whether the account that is signed in will do.
    pub can_continue: bool,
}

/// The page that a flow needs next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowStep {
    SignIn,
    Register,
    Reauthenticate,
    VerifyEmail,
    NotAllowed(FlowApp),
    Ask(Question),
    Leave(Departure),
    Problem(FlowProblem),
}

/// What the user answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Continue,
    Cancel,
}

impl Flow {
    /// What the client calls itself.
    pub fn client_id(&self) -> &str {
        &self.request.client_id
    }

    pub fn began_at(&self) -> OffsetDateTime {
        self.began_at
    }

    /// The address that the client says the user has.
    pub fn login_hint(&self) -> Option<&str> {
        self.request.login_hint.as_deref()
    }
}

impl Auth {
    /// Begins a flow. It writes nothing.
    ///
    /// # Errors
    /// Those of the store; [`AuthError::Unavailable`] while the client's key is being made.
    pub async fn authorize(
        &self,
        parameters: &Parameters,
        who: Option<&Principal>,
    ) -> Result<Authorized, AuthError> {
        let client_id = parameters.get("client_id").ok().flatten();
        let known = match client_id {
            Some(client_id) => self.enabled_client(client_id).await?,
            None => None,
        };
        let Some(known) = known else {
            return Ok(Authorized::Problem(FlowProblem::UnknownClient));
        };
        let client = &known.client;
        let Some(reply_to) = ReplyTo::of(parameters, client) else {
            return Ok(Authorized::Problem(FlowProblem::UnknownAddress));
        };
        let hint_of = |token: &str| self.hint(client, token);
        let checked = AuthorizationRequest::check(parameters, client, reply_to.clone(), hint_of);
        let request = match checked {
            Ok(request) => request,
            Err(refusal) => return Ok(Authorized::Leave(self.refuse(&reply_to, refusal))),
        };
        let flow = Flow {
            request,
            began_at: self.core.clock.now(),
            approved_by: None,
            is_refused: false,
        };
        Ok(match self.step_of(&flow, client, who).await? {
            Step::Refuse(refusal) => Authorized::Leave(self.refuse(&reply_to, refusal)),
            Step::Grant if !redirect_uri::is_of_own_scheme(&reply_to.redirect_uri) => {
                Authorized::Leave(self.grant(&flow, client, who).await?)
            }
            _ => Authorized::Flow(Box::new(flow)),
        })
    }

    /// The client's address with the error for a request that is longer than a browser keeps.
    pub fn refuse_long_flow(&self, flow: &Flow) -> String {
        let refusal = OAuthErrorCode::InvalidRequest.because("The request is too long.");
        self.refuse(&flow.request.reply_to, refusal)
    }

    /// The page that a flow needs next.
    ///
    /// # Errors
    /// As for [`Self::authorize`].
    pub async fn flow_step(
        &self,
        flow: &Flow,
        who: Option<&Principal>,
    ) -> Result<FlowStep, AuthError> {
        let known = self.enabled_client(flow.client_id()).await?;
        let Some(known) = known else {
            return Ok(FlowStep::Problem(FlowProblem::UnknownClient));
        };
        let (client, reply_to) = (&known.client, &flow.request.reply_to);
        let registered = &client.settings.redirect_uris;
        if !redirect_uri::is_registered(&reply_to.redirect_uri, registered, client.kind) {
            // The client was changed meanwhile.
            return Ok(FlowStep::Problem(FlowProblem::UnknownAddress));
        }
        let app = app_of(client, reply_to);
        let is_automatic = !redirect_uri::is_of_own_scheme(&reply_to.redirect_uri);
        let leave = |url| {
            FlowStep::Leave(Departure {
                url,
                app: app.clone(),
                is_automatic,
            })
        };
        Ok(match self.step_of(flow, client, who).await? {
            Step::SignIn => FlowStep::SignIn,
            Step::Register => FlowStep::Register,
            Step::Reauthenticate => FlowStep::Reauthenticate,
            Step::VerifyEmail => FlowStep::VerifyEmail,
            Step::NotAllowed => FlowStep::NotAllowed(app),
            Step::Ask(ask) => FlowStep::Ask(question(flow, app, ask)),
            Step::Refuse(refusal) => leave(self.refuse(reply_to, refusal)),
            Step::Grant => leave(self.grant(flow, client, who).await?),
        })
    }

    /// Takes the user's answer. `who` is the account that the page showed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn decide_flow(
        &self,
        flow: &mut Flow,
        who: &Principal,
        decision: Decision,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        if decision == Decision::Cancel {
            flow.is_refused = true;
            return Ok(());
        }
        let known = self.enabled_client(flow.client_id()).await?;
        let Some(known) = known else { return Ok(()) };
        let step = self.step_of(flow, &known.client, Some(who)).await?;
        if step == Step::Ask(Ask::Consent) && known.client.settings.consent != Consent::Always {
            self.remember_grant(flow, &known.client, who, meta).await?;
        }
        if matches!(step, Step::Ask(Ask::Consent | Ask::Continue)) {
            flow.approved_by = Some(who.session.id);
        }
        Ok(())
    }

    /// What people see of the client of a flow; `None` if it is not there any more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn flow_app(&self, flow: &Flow) -> Result<Option<FlowApp>, AuthError> {
        let known = self.enabled_client(flow.client_id()).await?;
        Ok(known.map(|known| app_of(&known.client, &flow.request.reply_to)))
    }

    /// The same of a client by what it calls itself, for a flow that the browser does not have.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn app_of_client(&self, client_id: &str) -> Result<Option<FlowApp>, AuthError> {
        let known = self.enabled_client(client_id).await?;
        Ok(known.map(|known| FlowApp {
            client_id: known.client.client_id.clone(),
            name: known.client.name.clone(),
            host: None,
            home_url: known.client.settings.home_url.clone(),
        }))
    }

    async fn step_of(
        &self,
        flow: &Flow,
        client: &Client,
        who: Option<&Principal>,
    ) -> Result<Step, AuthError> {
        let granted = match who {
            Some(who) if may_need_consent(client) => {
                let mut store = self.core.store.reader().await?;
                store.grant(who.user.id, client.id).await?
            }
            _ => None,
        };
        let facts = Facts {
            client,
            began_at: flow.began_at,
            who,
            granted: granted.as_ref(),
            approved_by: flow.approved_by,
            is_refused: flow.is_refused,
        };
        Ok(next_step(&flow.request, &facts))
    }

    /// The client's address with a code.
    async fn grant(
        &self,
        flow: &Flow,
        client: &Client,
        who: Option<&Principal>,
    ) -> Result<String, AuthError> {
        let who = who.ok_or_else(|| AuthError::internal("a code for nobody"))?;
        self.apps
            .keys
            .require(client.settings.algorithm, &self.core)
            .await?;
        let content = CodeContent::new(&self.core, &flow.request, who);
        let code = content.seal(&self.core.master, &*self.core.random, client.id)?;
        let reply_to = &flow.request.reply_to;
        Ok(reply_to.with_code(&self.signer.settings.issuer, &code))
    }

    fn refuse(&self, reply_to: &ReplyTo, refusal: OAuthRefusal) -> String {
        reply_to.with_error(&self.signer.settings.issuer, refusal)
    }

    fn hint(&self, client: &Client, token: &str) -> Hint {
        let issuer = &self.signer.settings.issuer;
        let subject = self.apps.keys.subject_of(token, issuer, &client.client_id);
        subject.map_or(Hint::Unknown, Hint::User)
    }

    async fn remember_grant(
        &self,
        flow: &Flow,
        client: &Client,
        who: &Principal,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let call = self.call_by(who, meta);
        let mut work = call.begin().await?;
        work.lock_active_user(who.user.id)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        let before = work
            .grant(who.user.id, client.id)
            .await?
            .unwrap_or_default();
        let scopes = before.joined_with(&flow.request.scopes);
        let of = (who.user.id, client.id);
        work.put_grant(call.new_id(), of, &scopes, call.now).await?;
        let details = json!({
            "app": client.name,
            "client": client.client_id,
            "scopes": scopes.to_string(),
        });
        let mut record = call.event(AuditEvent::AppAuthorized, who.user.id, details);
        record.client_id = Some(client.client_id.clone());
        work.insert_audit(&record).await?;
        work.commit().await
    }
}

/// Whether what the user has agreed to can matter.
fn may_need_consent(client: &Client) -> bool {
    client.settings.consent == Consent::Default && !client.is_first_party
}

fn app_of(client: &Client, reply_to: &ReplyTo) -> FlowApp {
    FlowApp {
        client_id: client.client_id.clone(),
        name: client.name.clone(),
        host: redirect_uri::host(&reply_to.redirect_uri),
        home_url: client.settings.home_url.clone(),
    }
}

fn question(flow: &Flow, app: FlowApp, ask: Ask) -> Question {
    let scopes = match ask {
        Ask::Consent => flow.request.scopes.iter().collect(),
        Ask::Continue | Ask::OtherAccount => Vec::new(),
    };
    Question {
        app,
        scopes,
        can_continue: ask != Ask::OtherAccount,
    }
}
