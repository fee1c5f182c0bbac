//! Confirming an email address, by the mailed link or by the code from the same mail.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::{Purpose, display_email};
use vestibule_core::{Abandoned, AuthError, Field, LinkState, RequestMeta};
use vestibule_i18n::{Texts, life, t};

use crate::kit::{
    Button, ButtonStyle, Carried, Done, EmailField, FieldErrors, Flash, Form, HiddenField,
    LinkForm, Notice, PostForm, Refusal, ReturnTo, Sentence, TextField, Username, Visit, address,
    card, given, known_password, lifetimes, link, sent, signed_in_as_on_the_page, slot,
};
use crate::{reset_password, sign_in};

/// Uses up the code of the form, or the link of its page. A browser that is not signed in to the
/// account gives its password as well, and is signed in then.
#[server(prefix = "/_fn", endpoint = "verify_email")]
pub async fn verify_email(
    #[server(default)] email: String,
    #[server(default)] code: String,
    #[server(default)] password: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let has_link = Visit::current()?.sent().link.is_some();
    let return_to = ReturnTo::parse(&return_to);
    let form = if has_link {
        Form::VerifyLink
    } else {
        Form::VerifyEmail
    };
    sent(form)
        .before(&return_to)
        .typed("email", &email)
        .submit(|visit| async move {
            let given_password = given(password.clone()).map(Into::into);
            let proof = if has_link {
                vestibule_core::VerifyEmail::Link {
                    token: visit.needed_token(Purpose::VerifyEmail)?,
                    password: given_password,
                }
            } else {
                vestibule_core::VerifyEmail::Code {
                    email,
                    code,
                    password: given_password,
                    from_browser: true,
                }
            };
            confirm(&visit, proof, password, &return_to).await
        })
        .await
}

async fn confirm(
    visit: &Visit,
    proof: vestibule_core::VerifyEmail,
    password: String,
    return_to: &ReturnTo,
) -> Result<Done, Refusal> {
    let who = signed_in_as_on_the_page(visit).await?;
    let auth = visit.auth();
    let verified = auth
        .verify_email(proof, who.as_ref(), &visit.meta())
        .await?;
    let notice = if verified.is_change {
        Notice::EmailChanged {
            is_former_notified: verified.is_former_notified,
        }
    } else {
        Notice::EmailVerified
    };
    let (id, email) = (verified.user.id, verified.user.email);
    let is_signed_in =
        who.is_some_and(|who| who.user.id == id) || signs_in(visit, email.clone(), password).await;
    let done = if is_signed_in {
        Done::returning(return_to)
    } else {
        Done::at(return_to.link(Form::SignIn.page()))
    };
    Ok(done.saying(notice).about(id, &email))
}

/// The address is confirmed whether this works or not: the
/// sign-in page says so, and takes the next attempt.
async fn signs_in(visit: &Visit, email: String, password: String) -> bool {
    // Also if nobody waits any more: the address is confirmed,
    // and the same form that was sent again has this answer too.
    let meta = RequestMeta {
        abandoned: Abandoned::default(),
        ..visit.meta()
    };
    let begun = sign_in::begin(visit, &meta, email, password, false).await;
    begun.map_err(Visit::log).is_ok()
}

/// Sends the mail again. Whether the address has an account does not show.
#[server(prefix = "/_fn", endpoint = "resend_verification")]
pub async fn resend_verification(
    #[server(default)] email: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    // The page of a dead link has this form too.
    let form = if Visit::current()?.sent().link.is_some() {
        Form::ResendByLink
    } else {
        Form::ResendVerification
    };
    sent(form)
        .before(&return_to)
        .typed("email", &email)
        .submit(|visit| async move {
            let auth = visit.auth();
            auth.resend_verification(&email, &visit.meta()).await?;
            Ok(resent(&return_to).keeping_typed())
        })
        .await
}

/// Sends the mail of a link that no longer works again, to the account that the link was for.
#[server(prefix = "/_fn", endpoint = "resend_by_link")]
pub async fn resend_by_link(#[server(default)] return_to: String) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    sent(Form::ResendByLink)
        .before(&return_to)
        .submit(|visit| async move {
            let token = visit.needed_token(Purpose::VerifyEmail)?;
            let auth = visit.auth();
            auth.resend_verification_by_link(&token, &visit.meta())
                .await?;
            Ok(resent(&return_to))
        })
        .await
}

/// The page without the link asks for the new code.
fn resent(return_to: &ReturnTo) -> Done {
    Done::at(return_to.link(Form::VerifyEmail.page())).saying(Notice::VerificationSent)
}

/// For the owner of the mailbox who does not know the account's password, or did not make the
/// account: mails a link to set one.
#[server(prefix = "/_fn", endpoint = "reset_by_verify_link")]
pub async fn reset_by_verify_link() -> Result<(), ServerFnError> {
    reset_password::by_link(Form::VerifyLink, Purpose::VerifyEmail).await
}

/// What all states of the page need.
struct Page {
    visit: Visit,
    texts: Texts,
    flash: Flash,
    return_to: ReturnTo,
    /// The visitor's address, if signed in.
    own_address: Option<String>,
    is_confirmed: bool,
}

pub async fn page(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
    let who = visit.principal().await?;
    let link = match token {
        Some(token) => Some(visit.auth().confirmation_link(&token, who.as_ref()).await?),
        None => None,
    };
    let page = Page {
        is_confirmed: who.as_ref().is_some_and(|who| who.user.is_email_verified),
        texts: visit.texts(),
        flash: visit.take_flash(),
        return_to: visit.return_to(),
        own_address: who.map(|who| display_email(&who.user.email)),
        visit,
    };
    let dead = match link {
        Some(LinkState::Live {
            email,
            is_change,
            needs_password,
        }) => return Ok(page.button_page(email, is_change, needs_password)),
        Some(LinkState::Dead {
            masked_email,
            is_change,
        }) => Some((masked_email, is_change)),
        None => None,
    };
    Ok(match dead {
        Some((None, true)) => page.change_not_made(),
        // A link that was used up has nothing more to say once the address is confirmed.
        _ if page.is_confirmed => page.already_confirmed(),
        Some((Some(masked), true)) => page.change_made(masked),
        Some((Some(masked), false)) => page.dead_link_of(masked),
        Some((None, false)) => page.dead_link(),
        None => page.enter_code(),
    })
}

impl Page {
    /// The way from a link to the code, for whom a code may be waiting as well. A change has none,
    /// but a user who is signed in may have one of their own.
    fn code_instead(&self, is_change: bool) -> Option<AnyView> {
        let has_code = !self.is_confirmed && (self.own_address.is_some() || !is_change);
        let page = self.return_to.link("/verify-email");
        let code = link(page, t!(self.texts, "verify-code-instead"));
        has_code.then(|| view! { <p>{code}</p> }.into_any())
    }

    /// Where to go from here: signed-in visitors go on, the others sign in.
    fn way_on(&self, later: String) -> AnyView {
        let way_on = if self.own_address.is_some() {
            link(self.return_to.path().to_owned(), later)
        } else {
            let sign_in = self.return_to.link("/login");
            link(sign_in, t!(self.texts, "verify-sign-in"))
        };
        view! { <p>{way_on}</p> }.into_any()
    }

    fn card(&self, heading: String, content: impl IntoView + 'static) -> AnyView {
        let fields = self.visit.field_errors(&self.flash).list();
        card(&self.visit, heading, &self.flash, fields, content)
    }

    /// A link that works.
    fn button_page(&self, email: String, is_change: bool, needs_password: bool) -> AnyView {
        let texts = self.texts;
        let (heading, text, button) = if is_change {
            (
                t!(texts, "verify-change-heading"),
                t!(texts, "verify-change-text"),
                t!(texts, "verify-change-button"),
            )
        } else {
            (
                t!(texts, "verify-heading"),
                t!(texts, "verify-link-text"),
                t!(texts, "verify-link-button"),
            )
        };
        let owner = needs_password.then(|| self.owner(email.clone()));
        let ways_out = needs_password.then(|| self.without_password(is_change));
        let return_to = self.return_to.clone();
        let content = view! {
            <LinkForm
                label=t!(texts, "verify-address")
                email
                text=text.into_any()
                action=VerifyEmail::PATH
                button
            >
                <Carried return_to/>
                {owner}
            </LinkForm>
            {ways_out}
        };
        self.card(heading, content)
    }

    /// Whose account it is, with its password: this browser is not signed in to it, and another
    /// person may have made it with the address of the mailbox's owner.
    fn owner(&self, email: String) -> AnyView {
        let error = self.visit.field_errors(&self.flash).of(Field::Password);
        view! {
            <p>{t!(self.texts, "verify-password-text")}</p>
            <Username email/>
            {known_password(error)}
        }
        .into_any()
    }

    /// The ways out for who cannot give the password.
    fn without_password(&self, is_change: bool) -> AnyView {
        let texts = self.texts;
        let reset = if is_change {
            // The mailbox that it was sent to is not the account's, so nothing is mailed there.
            let forgotten = t!(texts, "verify-change-forgotten-link");
            view! {
                <p>
                    {t!(texts, "verify-change-forgotten-text")}
                    " "
                    <a href="/forgot-password">{forgotten}</a>
                </p>
            }
            .into_any()
        } else {
            view! {
                <p>{t!(texts, "verify-not-mine-text")}</p>
                <PostForm action=ResetByVerifyLink::PATH class="inline-form">
                    <Button style=ButtonStyle::Plain>{t!(texts, "verify-not-mine-button")}</Button>
                </PostForm>
            }
            .into_any()
        };
        view! { <div class="footnote">{reset} {self.code_instead(is_change)}</div> }.into_any()
    }

    /// What went wrong with the link before does not matter any longer.
    fn already_confirmed(&self) -> AnyView {
        let texts = self.texts;
        let next = self.return_to.path().to_owned();
        let content = view! {
            <p>
                {t!(texts, "verify-done-address")}
                " "
                <bdi class="address">{self.own_address.clone()}</bdi>
            </p>
            <p>{t!(texts, "verify-done-text")}</p>
            <p><a class="button" href=next>{t!(texts, "verify-done-continue")}</a></p>
            <p class="footnote"><a href="/account/email">{t!(texts, "verify-done-change")}</a></p>
        };
        let heading = t!(texts, "verify-done-heading");
        let flash = self.flash.without_errors();
        card(&self.visit, heading, &flash, Vec::new(), content)
    }

    /// The link of a change that the account did not make, or not for long.
    fn change_not_made(&self) -> AnyView {
        let texts = self.texts;
        let content = view! {
            <p>{t!(texts, "verify-change-dead-text")}</p>
            <p><a class="button" href="/account/email">{t!(texts, "verify-change-dead-again")}</a></p>
        };
        self.dead(content.into_any(), true, Vec::new())
    }

    /// The link of a change that was made: the account has this address.
    fn change_made(&self, masked_email: String) -> AnyView {
        let text = t!(self.texts, "verify-change-made-text", email = slot(0));
        let content = view! { <p><Sentence text parts=vec![address(masked_email)]/></p> };
        self.dead(content.into_any(), true, Vec::new())
    }

    /// A former link of the portal: the address need not be typed again.
    fn dead_link_of(&self, masked_email: String) -> AnyView {
        let texts = self.texts;
        let button = t!(texts, "verify-dead-send-to", email = slot(0));
        let email = view! { <bdi>{masked_email}</bdi> };
        let return_to = self.return_to.clone();
        let content = view! {
            <p>{t!(texts, "verify-dead-text")}</p>
            <PostForm action=ResendByLink::PATH>
                <Carried return_to/>
                // One box: a button's parts stand side by side.
                <Button><span><Sentence text=button parts=vec![email.into_any()]/></span></Button>
            </PostForm>
        };
        self.dead(content.into_any(), false, Vec::new())
    }

    fn dead_link(&self) -> AnyView {
        let texts = self.texts;
        let errors = self.visit.field_errors(&self.flash);
        let email = given(self.flash.value("email")).or(self.own_address.clone());
        let (return_to, error) = (self.return_to.clone(), errors.of(Field::Email));
        let content = view! {
            <p>{t!(texts, "verify-dead-text")}</p>
            <PostForm action=ResendVerification::PATH>
                <Carried return_to/>
                <EmailField autocomplete="email" value=email.unwrap_or_default() error/>
                <Button>{t!(texts, "verify-dead-send")}</Button>
            </PostForm>
        };
        self.dead(content.into_any(), false, errors.list())
    }

    /// A link that does nothing any longer, with the ways on from it.
    fn dead(
        &self,
        content: AnyView,
        is_change: bool,
        fields: Vec<(&'static str, String)>,
    ) -> AnyView {
        let later = if is_change {
            t!(self.texts, "verify-done-continue")
        } else {
            t!(self.texts, "verify-later")
        };
        let (code_instead, way_on) = (self.code_instead(is_change), self.way_on(later));
        let content = view! {
            {content}
            <div class="footnote">{code_instead} {way_on}</div>
        };
        let heading = t!(self.texts, "verify-dead-heading");
        card(&self.visit, heading, &self.flash, fields, content)
    }

    /// Address, password and code in one form, or the code alone;
    /// the second button sends the mail again.
    fn enter_code(&self) -> AnyView {
        let texts = self.texts;
        let errors = self.visit.field_errors(&self.flash);
        let text = match &self.own_address {
            Some(_) => t!(texts, "verify-code-text-to", email = slot(0)),
            None => t!(texts, "verify-code-text"),
        };
        let own_address = self.own_address.clone();
        let address = own_address.map(|address| view! { <bdi>{address}</bdi> }.into_any());
        let parts = address.into_iter().collect();
        let lifetimes = lifetimes();
        let hint = t!(
            texts,
            "verify-code-hint",
            code = life(texts, lifetimes.verify_code),
            link = life(texts, lifetimes.link(Purpose::VerifyEmail))
        );
        let (return_to, error) = (self.return_to.clone(), errors.of(Field::Code));
        let account = self.account(&errors);
        let content = view! {
            <p class="wrap"><Sentence text parts/></p>
            <PostForm action=VerifyEmail::PATH>
                <Carried return_to/>
                {account}
                // No pattern: some type it in groups, or in the digits of their own script.
                <TextField
                    name="code"
                    label=t!(texts, "verify-code-label")
                    class="code"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    hint=hint
                    error
                />
                <Button>{t!(texts, "verify-code-button")}</Button>
                <Button style=ButtonStyle::Secondary action=ResendVerification::PATH>
                    {t!(texts, "verify-code-resend")}
                </Button>
            </PostForm>
            <div class="footnote">{self.way_on(t!(texts, "verify-later"))}</div>
        };
        self.card(t!(texts, "verify-heading"), content)
    }

    /// A user who is signed in need not type address and password.
    fn account(&self, errors: &FieldErrors) -> AnyView {
        if let Some(address) = &self.own_address {
            return view! { <HiddenField name="email" value=address.clone()/> }.into_any();
        }
        view! {
            <EmailField value=self.flash.value("email") error=errors.of(Field::Email)/>
            {known_password(errors.of(Field::Password))}
        }
        .into_any()
    }
}
