//! Where a flow goes on, whatever page it comes from.

use leptos::prelude::*;
use vestibule_core::{AuthError, FlowStep};

use super::{ask, leave, problem};
use crate::kit::Visit;

/// Sends the visitor to the page that the flow needs next, or shows it.
pub async fn page(visit: Visit) -> Result<AnyView, AuthError> {
    let here = visit.flow_address();
    let Some(flow) = visit.flow_at(&here) else {
        return problem::stranded(&visit).await;
    };
    let who = visit.principal().await?;
    let step = visit.auth().flow_step(&flow, who.as_ref()).await?;
    let page = match step {
        FlowStep::SignIn => "/login",
        FlowStep::Register => "/register",
        FlowStep::Reauthenticate => "/account/confirm",
        FlowStep::VerifyEmail => "/verify-email",
        FlowStep::NotAllowed(app) => return Ok(ask::not_allowed(&visit, here, &app)),
        FlowStep::Ask(question) => return Ok(ask::page(&visit, here, who, &question)),
        FlowStep::Leave(departure) => return Ok(leave::page(&visit, &here, &departure)),
        FlowStep::Problem(reason) => return Ok(problem::view(&visit, reason)),
    };
    Ok(visit.leave(&here.link(page)))
}
