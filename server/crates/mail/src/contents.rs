//! Which parts each mail has. The words are in `locales/`.

use vestibule_core::mail::MailKind;
use vestibule_i18n::{life, t};

use crate::{
    RenderError,
    content::{Body, Fact, MailContent},
    facts::MailFacts,
};

/// # Errors
/// The mail lacks what its kind must say.
pub(crate) fn content<'a>(
    kind: MailKind,
    facts: &'a MailFacts<'a>,
) -> Result<MailContent<'a>, RenderError> {
    let deadline = || {
        facts
            .deadline
            .as_deref()
            .ok_or(RenderError::MissingDeadline(kind))
    };
    let sessions = || facts.sessions.ok_or(RenderError::MissingLink(kind));
    Ok(match kind {
        MailKind::Welcome => welcome(facts),
        MailKind::VerifyEmail => verify_email(facts),
        MailKind::ResetPassword => reset_password(facts),
        MailKind::AlreadyRegistered => already_registered(facts),
        MailKind::PasswordChanged => password_changed(facts),
        MailKind::SessionEnded => session_ended(facts),
        MailKind::ConfirmNewEmail => confirm_new_email(facts),
        MailKind::EmailChangeRequested => email_change_requested(facts),
        MailKind::EmailChanged => email_changed(facts, deadline()?),
        MailKind::EmailReverted => email_reverted(facts),
        MailKind::EmailTakenBack => email_taken_back(facts),
        MailKind::NewDevice => new_device(facts, sessions()?),
        MailKind::DeletionScheduled => deletion_scheduled(facts, deadline()?),
        MailKind::DeletionCancelled => deletion_cancelled(facts),
        MailKind::DataExported => data_exported(facts, sessions()?),
    })
}

fn welcome<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    let intro = t!(texts, "mail-welcome-intro");
    let heading = t!(texts, "mail-welcome-heading", product = product);
    let (subject, preheader, body) = if let Some(code) = facts.code {
        let body = Body::new(facts)
            .code(code)
            .say(intro)
            .say(t!(texts, "mail-welcome-code", life = code_life(facts)))
            .say(t!(texts, "mail-welcome-or-link", life = verify_life(facts)));
        let (subject, preheader) = code_first(facts, code);
        (subject, preheader, body)
    } else {
        (
            t!(texts, "mail-welcome-subject", product = product),
            t!(texts, "mail-welcome-preheader"),
            Body::new(facts).say(intro).say(t!(
                texts,
                "mail-welcome-link",
                life = verify_life(facts)
            )),
        )
    };
    body.button(t!(texts, "mail-confirm-button"))
        .not_you(t!(texts, "mail-confirm-not-you"))
        .under(subject, preheader, heading)
}

fn verify_email<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    let body = Body::new(facts);
    let (subject, preheader, body) = if let Some(code) = facts.code {
        let body = body
            .code(code)
            .say(t!(texts, "mail-verify-code", life = code_life(facts)))
            .say(t!(texts, "mail-verify-or-link", life = verify_life(facts)));
        let (subject, preheader) = code_first(facts, code);
        (subject, preheader, body)
    } else {
        (
            t!(texts, "mail-verify-subject", product = product),
            t!(texts, "mail-verify-preheader"),
            body.say(t!(texts, "mail-verify-link", life = verify_life(facts))),
        )
    };
    body.button(t!(texts, "mail-confirm-button"))
        .say(t!(texts, "mail-verify-earlier"))
        .not_you(t!(texts, "mail-confirm-not-you"))
        .under(subject, preheader, t!(texts, "mail-verify-heading"))
}

fn code_life(facts: &MailFacts<'_>) -> String {
    life(facts.texts, facts.lifetimes.verify_code)
}

fn verify_life(facts: &MailFacts<'_>) -> String {
    life(facts.texts, facts.lifetimes.verify_link)
}

/// The code begins the subject and the preheader, as it does the body:
/// most readers need not open the mail.
fn code_first(facts: &MailFacts<'_>, code: &str) -> (String, String) {
    let MailFacts { texts, product, .. } = *facts;
    (
        t!(texts, "mail-code-subject", code = code, product = product),
        t!(
            texts,
            "mail-code-preheader",
            code = code,
            life = code_life(facts)
        ),
    )
}

fn reset_password<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    let life = life(texts, facts.lifetimes.reset_link);
    Body::new(facts)
        .say(t!(texts, "mail-reset-intro", life = life.as_str()))
        .button(t!(texts, "mail-reset-button"))
        .say(t!(texts, "mail-reset-then"))
        .not_you(t!(texts, "mail-reset-not-you"))
        .under(
            t!(texts, "mail-reset-subject", product = product),
            t!(texts, "mail-reset-preheader", life = life),
            t!(texts, "mail-reset-heading"),
        )
}

fn already_registered<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    Body::new(facts)
        .say(t!(texts, "mail-registered-intro"))
        .button(t!(texts, "mail-registered-button"))
        .say(t!(texts, "mail-registered-forgot"))
        .not_you(t!(texts, "mail-registered-not-you"))
        .under(
            t!(texts, "mail-registered-subject", product = product),
            t!(texts, "mail-registered-preheader"),
            t!(texts, "mail-registered-heading"),
        )
}

fn password_changed<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    Body::new(facts)
        .say(t!(texts, "mail-password-intro"))
        .facts(None)
        .say(t!(texts, "mail-all-well"))
        .not_you(t!(texts, "mail-password-not-you"))
        .button(t!(texts, "mail-set-password-button"))
        .under(
            t!(texts, "mail-password-subject", product = product),
            t!(texts, "mail-password-preheader"),
            t!(texts, "mail-password-heading"),
        )
}

fn session_ended<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    Body::new(facts)
        .say(t!(texts, "mail-ended-intro"))
        .say(t!(texts, "mail-ended-where"))
        .facts(None)
        .say(t!(texts, "mail-ended-known"))
        .not_you(t!(texts, "mail-ended-not-you"))
        .button(t!(texts, "mail-set-password-button"))
        .under(
            t!(texts, "mail-ended-subject", product = product),
            t!(texts, "mail-ended-preheader"),
            t!(texts, "mail-ended-heading"),
        )
}

fn new_device<'a>(facts: &'a MailFacts<'a>, sessions: &str) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    Body::new(facts)
        .say(t!(texts, "mail-device-intro"))
        .facts(None)
        .say(t!(texts, "mail-all-well"))
        .not_you(t!(texts, "mail-device-not-you"))
        .button(t!(texts, "mail-set-password-button"))
        .page(t!(texts, "mail-sessions"), sessions)
        .under(
            t!(texts, "mail-device-subject", product = product),
            t!(texts, "mail-device-preheader"),
            t!(texts, "mail-device-heading"),
        )
}

fn confirm_new_email<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    let link_life = life(texts, facts.lifetimes.change_email_link);
    Body::new(facts)
        .say(t!(texts, "mail-confirm-new-intro", life = link_life))
        .button(t!(texts, "mail-confirm-new-button"))
        .say(t!(texts, "mail-confirm-new-until"))
        .not_you(t!(texts, "mail-confirm-new-not-you"))
        .under(
            t!(texts, "mail-confirm-new-subject", product = product),
            t!(texts, "mail-confirm-new-preheader"),
            t!(texts, "mail-confirm-new-heading"),
        )
}

fn email_change_requested<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    Body::new(facts)
        .say(t!(texts, "mail-change-intro"))
        .facts(new_address(facts))
        .say(t!(texts, "mail-change-well"))
        .not_you(t!(texts, "mail-change-not-you"))
        .button(t!(texts, "mail-set-password-button"))
        .under(
            t!(texts, "mail-change-subject", product = product),
            t!(texts, "mail-change-preheader"),
            t!(texts, "mail-change-heading"),
        )
}

fn email_changed<'a>(facts: &'a MailFacts<'a>, deadline: &str) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    let life = life(texts, facts.lifetimes.revert_email_link);
    Body::new(facts)
        .say(t!(texts, "mail-changed-intro"))
        .facts(new_address(facts))
        .say(t!(texts, "mail-all-well"))
        .not_you(t!(
            texts,
            "mail-changed-not-you",
            deadline = deadline,
            life = life.as_str()
        ))
        .button(t!(texts, "mail-changed-button"))
        .under(
            t!(texts, "mail-changed-subject", product = product),
            t!(texts, "mail-changed-preheader", life = life),
            t!(texts, "mail-changed-heading"),
        )
}

fn email_reverted<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    Body::new(facts)
        .say(t!(texts, "mail-reverted-intro"))
        .facts(None)
        .say(t!(texts, "mail-reverted-then"))
        .button(t!(texts, "mail-set-password-button"))
        .not_you(t!(texts, "mail-reverted-not-you"))
        .under(
            t!(texts, "mail-reverted-subject", product = product),
            t!(texts, "mail-reverted-preheader"),
            t!(texts, "mail-reverted-heading"),
        )
}

fn email_taken_back<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    let not_you = match facts.support {
        Some(support) => t!(texts, "mail-taken-back-not-you", support = support),
        None => t!(texts, "mail-taken-back-not-you-operator", product = product),
    };
    Body::new(facts)
        .say(t!(texts, "mail-taken-back-intro"))
        .facts(other_address(facts, t!(texts, "mail-former-address")))
        .say(t!(texts, "mail-taken-back-well"))
        .button(t!(texts, "mail-set-password-button"))
        .not_you(not_you)
        .under(
            t!(texts, "mail-taken-back-subject", product = product),
            t!(texts, "mail-taken-back-preheader"),
            t!(texts, "mail-taken-back-heading"),
        )
}

fn deletion_scheduled<'a>(facts: &'a MailFacts<'a>, deadline: &str) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    let deleted_on = Fact {
        label: t!(texts, "mail-deleted-on"),
        value: deadline.to_owned(),
    };
    Body::new(facts)
        .say(t!(texts, "mail-deletion-intro"))
        .facts_with(Some(deleted_on), t!(texts, "mail-asked-on"))
        .say(t!(texts, "mail-deletion-keep"))
        .button(t!(texts, "mail-deletion-button"))
        .not_you(t!(texts, "mail-deletion-not-you"))
        .under(
            t!(texts, "mail-deletion-subject", product = product),
            t!(texts, "mail-deletion-preheader", deadline = deadline),
            t!(texts, "mail-deletion-heading"),
        )
}

fn deletion_cancelled<'a>(facts: &'a MailFacts<'a>) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    Body::new(facts)
        .say(t!(texts, "mail-kept-intro"))
        .facts(None)
        .button(t!(texts, "mail-kept-button"))
        .not_you(t!(texts, "mail-kept-not-you"))
        .under(
            t!(texts, "mail-kept-subject", product = product),
            t!(texts, "mail-kept-preheader"),
            t!(texts, "mail-kept-heading"),
        )
}

fn data_exported<'a>(facts: &'a MailFacts<'a>, sessions: &str) -> MailContent<'a> {
    let MailFacts { texts, product, .. } = *facts;
    Body::new(facts)
        .say(t!(texts, "mail-export-intro"))
        .facts(None)
        .say(t!(texts, "mail-all-well"))
        .not_you(t!(texts, "mail-export-not-you"))
        .button(t!(texts, "mail-set-password-button"))
        .page(t!(texts, "mail-sessions"), sessions)
        .under(
            t!(texts, "mail-export-subject", product = product),
            t!(texts, "mail-export-preheader"),
            t!(texts, "mail-export-heading"),
        )
}

fn new_address(facts: &MailFacts<'_>) -> Option<Fact> {
    other_address(facts, t!(facts.texts, "mail-new-address"))
}

/// Masked: the reader of the mailbox that an account left need not learn where it went.
fn other_address(facts: &MailFacts<'_>, label: String) -> Option<Fact> {
    facts.other_email.as_ref().map(|email| Fact {
        label,
        value: email.clone(),
    })
}
