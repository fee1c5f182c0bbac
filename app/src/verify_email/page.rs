use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::{Purpose, display_email};
use vestibule_core::{AuthError, Field, LinkState};
use vestibule_i18n::{Texts, life, t};

use super::actions::{ResendByLink, ResendVerification, ResetByVerifyLink, VerifyEmail};
use crate::components::{
    Button, ButtonStyle, Carried, EmailField, Form, HiddenField, LinkForm, PasswordField, Sentence,
    TextField, Username, card, slot,
};
use crate::flash::Flash;
use crate::return_to::ReturnTo;
use crate::ssr::{self, Visit};

#[component]
pub fn VerifyEmailPage() -> impl IntoView {
    ssr::link_page(Purpose::VerifyEmail, render)
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

/// A link that works.
struct Live {
    email: String,
    is_change: bool,
    needs_password: bool,
}

async fn render(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
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
    Ok(match link {
        Some(LinkState::Live {
            email,
            is_change,
            needs_password,
        }) => page.button_page(Live {
            email,
            is_change,
            needs_password,
        }),
        Some(LinkState::Dead {
            masked_email: None,
            is_change: true,
        }) => page.change_not_made(),
        // A link that was used up has nothing more to say once the address is confirmed.
        _ if page.is_confirmed => page.already_confirmed(),
        Some(LinkState::Dead {
            masked_email: Some(masked),
            is_change: true,
        }) => page.change_made(masked),
        Some(LinkState::Dead {
            masked_email: Some(masked),
            is_change: false,
        }) => page.dead_link_of(masked),
        Some(LinkState::Dead {
            masked_email: None,
            is_change: false,
        }) => page.dead_link(),
        None => page.enter_code(),
    })
}

impl Page {
    fn is_signed_in(&self) -> bool {
        self.own_address.is_some()
    }

    /// The way from a link to the code, for whom a code may be waiting as well. A change has none,
    /// but a user who is signed in may have one of their own.
    fn code_instead(&self, is_change: bool) -> Option<AnyView> {
        let (texts, return_to) = (self.texts, self.return_to.clone());
        let has_code = !self.is_confirmed && (self.is_signed_in() || !is_change);
        has_code.then(|| view! { <CodeInstead texts return_to/> }.into_any())
    }

    /// Where to go from here: signed-in visitors go on, the others sign in.
    fn way_on(&self, later: String) -> AnyView {
        let (link, text) = if self.is_signed_in() {
            (self.return_to.path().to_owned(), later)
        } else {
            let text = t!(self.texts, "verify-sign-in");
            (self.return_to.link("/login"), text)
        };
        view! { <p><a href=link>{text}</a></p> }.into_any()
    }

    fn card(&self, heading: String, content: impl IntoView + 'static) -> AnyView {
        let fields = self.visit.field_errors(&self.flash).list();
        card(&self.visit, heading, &self.flash, fields, content)
    }

    fn button_page(&self, link: Live) -> AnyView {
        let texts = self.texts;
        let (heading, text, button) = if link.is_change {
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
        let error = self.visit.field_errors(&self.flash).of(Field::Password);
        let (email, needs_password) = (link.email.clone(), link.needs_password);
        let ways_out = needs_password.then(|| self.without_password(link.is_change));
        let return_to = self.return_to.clone();
        let content = view! {
            <LinkForm
                label=t!(texts, "verify-address")
                email=link.email
                text=text.into_any()
                action=VerifyEmail::PATH
                button
            >
                <Carried return_to/>
                {needs_password.then(|| view! { <Owner texts email error/> })}
            </LinkForm>
            {ways_out}
        };
        self.card(heading, content)
    }

    /// The ways out for who cannot give the password.
    fn without_password(&self, is_change: bool) -> AnyView {
        let texts = self.texts;
        let reset = if is_change {
            view! { <Forgotten texts/> }.into_any()
        } else {
            view! { <NotMine texts/> }.into_any()
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
        card(
            &self.visit,
            heading,
            &self.flash.without_errors(),
            Vec::new(),
            content,
        )
    }

    /// The link of a change that the account did not make, or not for long.
    fn change_not_made(&self) -> AnyView {
        let texts = self.texts;
        let content = view! {
            <p>{t!(texts, "verify-change-dead-text")}</p>
            <p><a class="button" href="/account/email">{t!(texts, "verify-change-dead-again")}</a></p>
        };
        self.dead_change(content.into_any())
    }

    /// The link of a change that was made: the account has this address.
    fn change_made(&self, masked_email: String) -> AnyView {
        let text = t!(self.texts, "verify-change-made-text", email = slot(0));
        let email = view! { <bdi class="address">{masked_email}</bdi> };
        let content = view! { <p><Sentence text parts=vec![email.into_any()]/></p> };
        self.dead_change(content.into_any())
    }

    fn dead_change(&self, content: AnyView) -> AnyView {
        let later = t!(self.texts, "verify-done-continue");
        self.dead(content, true, later, Vec::new())
    }

    /// A former link of the portal: the address need not be typed again.
    fn dead_link_of(&self, masked_email: String) -> AnyView {
        let texts = self.texts;
        let button = t!(texts, "verify-dead-send-to", email = slot(0));
        let email = view! { <bdi>{masked_email}</bdi> };
        let return_to = self.return_to.clone();
        let content = view! {
            <p>{t!(texts, "verify-dead-text")}</p>
            <Form action=ResendByLink::PATH>
                <Carried return_to/>
                // One box: a button's parts stand side by side.
                <Button><span><Sentence text=button parts=vec![email.into_any()]/></span></Button>
            </Form>
        };
        let later = t!(texts, "verify-later");
        self.dead(content.into_any(), false, later, Vec::new())
    }

    fn dead_link(&self) -> AnyView {
        let texts = self.texts;
        let errors = self.visit.field_errors(&self.flash);
        let typed = self.flash.value("email");
        let email = if typed.is_empty() {
            self.own_address.clone().unwrap_or_default()
        } else {
            typed
        };
        let (return_to, error) = (self.return_to.clone(), errors.of(Field::Email));
        let content = view! {
            <p>{t!(texts, "verify-dead-text")}</p>
            <Form action=ResendVerification::PATH>
                <Carried return_to/>
                <EmailField autocomplete="email" value=email error/>
                <Button>{t!(texts, "verify-dead-send")}</Button>
            </Form>
        };
        let later = t!(texts, "verify-later");
        self.dead(content.into_any(), false, later, errors.list())
    }

    /// A link that does nothing any longer, with the ways on from it.
    fn dead(
        &self,
        content: AnyView,
        is_change: bool,
        later: String,
        fields: Vec<(&'static str, String)>,
    ) -> AnyView {
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
        let lifetimes = ssr::lifetimes();
        let hint = t!(
            texts,
            "verify-code-hint",
            code = life(texts, lifetimes.verify_code),
            link = life(texts, lifetimes.link(Purpose::VerifyEmail))
        );
        let (return_to, own_address) = (self.return_to.clone(), self.own_address.clone());
        let typed = self.flash.value("email");
        let email_error = errors.of(Field::Email);
        let password_error = errors.of(Field::Password);
        let code_error = errors.of(Field::Code);
        let content = view! {
            <p class="wrap"><Sentence text parts/></p>
            <Form action=VerifyEmail::PATH>
                <Carried return_to/>
                <Account texts own_address typed email_error password_error/>
                // No pattern: some type it in groups, or in the digits of their own script.
                <TextField
                    name="code"
                    label=t!(texts, "verify-code-label")
                    class="code"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    hint=hint
                    error=code_error
                />
                <Button>{t!(texts, "verify-code-button")}</Button>
                <Button style=ButtonStyle::Secondary action=ResendVerification::PATH>
                    {t!(texts, "verify-code-resend")}
                </Button>
            </Form>
            <div class="footnote">{self.way_on(t!(texts, "verify-later"))}</div>
        };
        self.card(t!(texts, "verify-heading"), content)
    }
}

/// Whose account it is, with its password: this browser is not signed in to it, and another person
/// may have made it with the address of the mailbox's owner.
#[component]
fn Owner(texts: Texts, email: String, error: Option<String>) -> impl IntoView {
    view! {
        <p>{t!(texts, "verify-password-text")}</p>
        <Username email/>
        <PasswordField name="password" label=t!(texts, "label-password") autocomplete="current-password" error/>
    }
}

/// The way out for who cannot know the password.
#[component]
fn NotMine(texts: Texts) -> impl IntoView {
    view! {
        <p>{t!(texts, "verify-not-mine-text")}</p>
        <Form action=ResetByVerifyLink::PATH class="inline-form">
            <Button style=ButtonStyle::Plain>{t!(texts, "verify-not-mine-button")}</Button>
        </Form>
    }
}

/// The same on the link of a change: the mailbox that it was
/// sent to is not the account's, so nothing is mailed there.
#[component]
fn Forgotten(texts: Texts) -> impl IntoView {
    view! {
        <p>
            {t!(texts, "verify-change-forgotten-text")}
            " "
            <a href="/forgot-password">{t!(texts, "verify-change-forgotten-link")}</a>
        </p>
    }
}

#[component]
fn CodeInstead(texts: Texts, return_to: ReturnTo) -> impl IntoView {
    view! {
        <p><a href=return_to.link("/verify-email")>{t!(texts, "verify-code-instead")}</a></p>
    }
}

/// A user who is signed in need not type address and password.
#[component]
fn Account(
    texts: Texts,
    own_address: Option<String>,
    typed: String,
    email_error: Option<String>,
    password_error: Option<String>,
) -> impl IntoView {
    match own_address {
        Some(address) => view! { <HiddenField name="email" value=address/> }.into_any(),
        None => view! {
            <EmailField value=typed error=email_error/>
            <PasswordField
                name="password"
                label=t!(texts, "label-password")
                autocomplete="current-password"
                error=password_error
            />
        }
        .into_any(),
    }
}
