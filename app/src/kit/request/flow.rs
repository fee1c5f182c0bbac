//! The flow of an app that the visitor came by: what the browser keeps of it.

use http::{HeaderName, HeaderValue, header};
use vestibule_core::model::Principal;
use vestibule_core::{AuthError, Flow, FlowApp, FlowProblem, FlowStep};
use vestibule_web::{keep_flow, open_flow, remove_flow};

use super::{Visit, query_value};
use crate::kit::return_to::{ReturnTo, with_query};

/// The page that a flow goes on at.
const RESUME: &str = "/oauth2/resume";

impl Visit {
    /// The way back to the flow that this page is of, whether the browser has it or not.
    pub fn flow_address(&self) -> ReturnTo {
        let value = |name| self.query(name).unwrap_or_default();
        let address = with_query(RESUME, "flow", &value("flow"));
        ReturnTo::parse(&with_query(&address, "client", &value("client")))
    }

    /// The flow that an address leads to, if the browser has it.
    pub fn flow_at(&self, to: &ReturnTo) -> Option<Flow> {
        open_flow(&self.state.cookies, &self.parts.headers, &flow_id(to)?)
    }

    /// Has the browser keep what has become of a flow.
    pub fn keep_flow(&self, at: &ReturnTo, flow: &Flow) {
        let cookie = flow_id(at).and_then(|id| keep_flow(&self.state.cookies, &id, flow));
        self.set_cookie(cookie);
    }

    /// Has it forget a flow that has its answer.
    pub fn forget_flow(&self, at: &ReturnTo) {
        let cookie = flow_id(at).and_then(|id| remove_flow(&self.state.cookies, &id));
        self.set_cookie(cookie);
    }

    /// The app that the visitor goes on to behind this page.
    pub async fn app_at(&self, to: &ReturnTo) -> Result<Option<FlowApp>, AuthError> {
        match self.flow_at(to) {
            Some(flow) => self.auth().flow_app(&flow).await,
            None => Ok(None),
        }
    }

    /// Whether the app wants the password again, however lately it was given.
    pub async fn is_asked_for_password(
        &self,
        to: &ReturnTo,
        who: &Principal,
    ) -> Result<bool, AuthError> {
        let Some(flow) = self.flow_at(to) else {
            return Ok(false);
        };
        let step = self.auth().flow_step(&flow, Some(who)).await?;
        Ok(step == FlowStep::Reauthenticate)
    }

    /// Why a request of an app has no answer.
    pub fn flow_problem(&self) -> Option<FlowProblem> {
        self.parts.extensions.get().copied()
    }

    /// Lets a window keep its opener that an app has opened, and that leads back to it.
    pub fn keep_opener_of_flow(&self) {
        let is_of_flow = self.parts.uri.path().starts_with("/oauth2/");
        if is_of_flow || flow_id(&self.return_to()).is_some() {
            self.keep_opener();
        }
    }

    /// The same on the way: a redirect that takes the opener away has taken it.
    pub(super) fn keep_opener_on_way_to(&self, to: &str) {
        let is_of_flow = |text: &str| text.starts_with(RESUME);
        let behind = to.split_once("return_to=").map(|(_, behind)| behind);
        if is_of_flow(to) || behind.is_some_and(is_of_flow) {
            self.keep_opener();
        }
    }

    fn keep_opener(&self) {
        let name = HeaderName::from_static("cross-origin-opener-policy");
        let value = HeaderValue::from_static("unsafe-none");
        self.response.insert_header(name, value);
    }

    /// Tells the site that the page leads to nothing of it.
    pub fn leave_without_referrer(&self) {
        let value = HeaderValue::from_static("no-referrer");
        self.response.insert_header(header::REFERRER_POLICY, value);
    }

    /// Lets the browser go on to an address of an app by itself, once it shows the page.
    pub fn go_on_to(&self, url: &str) {
        // An address that the portal made is ASCII: the page has a link to any other.
        if let Ok(value) = HeaderValue::try_from(format!("0;url={url}")) {
            self.response.insert_header(header::REFRESH, value);
        }
    }
}

/// The id of the flow that an address leads to.
fn flow_id(to: &ReturnTo) -> Option<String> {
    let uri: http::Uri = to.path().parse().ok()?;
    let is_of_flow = uri.path() == RESUME;
    query_value(&uri, "flow").filter(|_| is_of_flow)
}
