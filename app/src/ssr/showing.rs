//! What a visit shows of how a form ended: kept in a cookie from the request that did it to the page that tells it.

use http::HeaderValue;
use leptos::prelude::*;
use vestibule_core::AuthError;
use vestibule_web::Outcome;

use super::Visit;
use crate::flash::{Flash, Form, Notice};
use crate::return_to::ReturnTo;

const FLASH: &str = "flash";
const FLASH_LIFE: time::Duration = time::Duration::minutes(5);
/// Browsers keep cookies of up to 4096 bytes, name and attributes included.
const MAX_COOKIE_BYTES: usize = 4000;

impl Visit {
    /// Sends the visitor on from a page that is not shown now: the news that it has is told where the visitor goes on to.
    pub fn leave_with_news(&self, to: &ReturnTo) -> AnyView {
        match self.waiting_flash().filter(|flash| flash.news().is_some()) {
            Some(flash) => self.show_at(to.path(), &flash.for_page(to.page())),
            None => self.redirect(to.path()),
        }
        ().into_any()
    }

    /// Sends the visitor to the page that shows the outcome.
    pub fn show(&self, flash: &Flash) {
        let page = flash.page().to_owned();
        self.show_at(&page, flash);
    }

    /// The same with a query beside the page's path.
    pub fn show_at(&self, to: &str, flash: &Flash) {
        let seal = |flash: &Flash| self.state.cookies.seal(FLASH, flash, FLASH_LIFE);
        let fits = |cookie: &HeaderValue| cookie.len() <= MAX_COOKIE_BYTES;
        let cookie = seal(flash)
            .filter(fits)
            .or_else(|| seal(&flash.clone().without_values()));
        self.set_cookie(cookie);
        self.redirect(to);
    }

    /// Shows how a form of the account pages ended: good news on `page`, or the refusal where the form is.
    pub fn show_outcome(
        &self,
        form: Form,
        result: Result<(), AuthError>,
        page: &str,
        notice: Notice,
    ) {
        match result {
            Ok(()) => self.show(&Flash::notice(page, notice)),
            Err(error) => self.show_refusal(form, error, &[]),
        }
    }

    /// Shows a refusal where the form is, with what was typed. Never a secret.
    pub fn show_refusal(&self, form: Form, error: AuthError, typed: &[(&str, &str)]) {
        self.show_refusal_at(form.page(), form, error, typed);
    }

    /// The same for a form that stands before where the visitor wants to go on to.
    pub fn show_refusal_before(&self, return_to: &ReturnTo, form: Form, error: AuthError) {
        self.show_refusal_at(&return_to.link(form.page()), form, error, &[]);
    }

    fn show_refusal_at(&self, to: &str, form: Form, error: AuthError, typed: &[(&str, &str)]) {
        Outcome::of(&self.parts).is_refused(error.code());
        if matches!(error, AuthError::Unauthenticated) {
            // The session ended while the form was open.
            let sign_in = ReturnTo::parse(to).link("/login");
            return self.show_at(&sign_in, &Flash::notice("/login", Notice::SignInAgain));
        }
        let refused = Flash::refused(form, error);
        let keep = |flash: Flash, (name, value): &(&str, &str)| flash.keep(name, value);
        self.show_at(to, &typed.iter().fold(refused, keep));
    }

    /// What an earlier request has to tell on this page, once. The cookie is kept as one that was shown, for
    /// [`Self::show_again`], until another page is opened.
    pub fn take_flash(&self) -> Flash {
        let cookies = &self.state.cookies;
        let flash: Flash = cookies.open(FLASH, &self.parts.headers).unwrap_or_default();
        if flash.was_shown() {
            self.set_cookie(cookies.remove(FLASH));
        }
        if !flash.is_due_on(self.parts.uri.path()) {
            return Flash::default();
        }
        let shown = flash.clone().shown(true);
        self.set_cookie(cookies.seal(FLASH, &shown, FLASH_LIFE));
        flash
    }

    /// The same, left for [`Self::take_flash`].
    pub(super) fn waiting_flash(&self) -> Option<Flash> {
        let flash: Option<Flash> = self.state.cookies.open(FLASH, &self.parts.headers);
        flash.filter(|flash| flash.is_due_on(self.parts.uri.path()))
    }

    /// Sends the visitor back to the page, with what it had to tell.
    pub fn show_again(&self, page: &ReturnTo) {
        let cookies = &self.state.cookies;
        let flash: Option<Flash> = cookies.open(FLASH, &self.parts.headers);
        if let Some(flash) = flash.filter(|flash| flash.was_shown() && flash.is_for(page.page())) {
            self.set_cookie(cookies.seal(FLASH, &flash.shown(false), FLASH_LIFE));
        }
        self.redirect(page.path());
    }
}
