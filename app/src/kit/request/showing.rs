//! What a visit shows of how a form ended: kept in a cookie
//! from the request that did it to the page that shows it.

use http::{HeaderValue, header};
use leptos::prelude::*;
use vestibule_core::model::Principal;
use vestibule_web::{RequestOutcome, WebState};

use super::{CHECK, COOKIE_CHECK, LINK, Visit};
use crate::kit::form::{Flash, PageError};
use crate::kit::return_to::{ReturnTo, with_query};

const FLASH: &str = "flash";
const FLASH_LIFE: time::Duration = time::Duration::minutes(5);
/// Browsers keep cookies of up to 4096 bytes, name and attributes included.
const MAX_COOKIE_BYTES: usize = 4000;

impl Visit {
    /// Sends the visitor on from a page that is not shown now:
    /// the notice that it has is shown where the visitor goes on to.
    pub fn leave_with_notice(&self, to: &ReturnTo) -> AnyView {
        match self.waiting_flash().filter(|flash| flash.notice.is_some()) {
            Some(flash) => self.show_at(to.path(), flash),
            None => self.redirect(to.path()),
        }
        ().into_any()
    }

    /// Sends the visitor to the page that shows the outcome of a form.
    pub fn show_at(&self, to: &str, flash: Flash) {
        let flash = flash.for_page(&page_of(to));
        let seal = |flash: &Flash| self.state.cookies.seal(FLASH, flash, FLASH_LIFE);
        let fits = |cookie: &HeaderValue| cookie.len() <= MAX_COOKIE_BYTES;
        let cookie = seal(&flash)
            .filter(fits)
            .or_else(|| seal(&flash.clone().without_values()));
        self.set_cookie(cookie);
        self.move_on(to);
    }

    /// Sends the visitor on after a form. A browser that brought
    /// no cookie may keep none: the next page finds out.
    pub fn move_on(&self, to: &str) {
        if self.has_cookies() {
            self.redirect(to);
        } else {
            self.redirect(&with_query(to, COOKIE_CHECK, CHECK));
        }
    }

    /// What an earlier request has to show on this page, once. The cookie is kept as one that was
    /// shown, for [`Self::show_again`], until another page is opened.
    pub fn take_flash(&self) -> Flash {
        if self.lost_its_cookies() {
            return Flash::page_refused(PageError::NoCookies);
        }
        let cookies = &self.state.cookies;
        let mut flash: Flash = cookies.open(FLASH, &self.parts.headers).unwrap_or_default();
        if flash.was_shown {
            self.set_cookie(cookies.remove(FLASH));
        }
        if !self.is_due(&flash) {
            return Flash::default();
        }
        flash.was_shown = true;
        self.set_cookie(cookies.seal(FLASH, &flash, FLASH_LIFE));
        flash
    }

    /// The same, left for [`Self::take_flash`].
    pub(super) fn waiting_flash(&self) -> Option<Flash> {
        let flash: Option<Flash> = self.state.cookies.open(FLASH, &self.parts.headers);
        flash.filter(|flash| flash.is_due_on(&self.page()))
    }

    /// Whether the page is to show it now: it is about no other account than the page.
    fn is_due(&self, flash: &Flash) -> bool {
        flash.is_due_on(&self.page()) && flash.is_of(RequestOutcome::of(&self.parts).user_id())
    }

    /// Sends the visitor back to the page, with what it had to show.
    pub fn show_again(&self, page: &ReturnTo) {
        let cookies = &self.state.cookies;
        let flash: Option<Flash> = cookies.open(FLASH, &self.parts.headers);
        let page_of = page_of(page.path());
        if let Some(mut flash) = flash.filter(|flash| flash.was_shown && flash.is_for(&page_of)) {
            flash.was_shown = false;
            self.set_cookie(cookies.seal(FLASH, &flash, FLASH_LIFE));
        }
        self.redirect(page.path());
    }

    /// Which page this is.
    fn page(&self) -> String {
        page_of(&self.address())
    }

    fn address(&self) -> String {
        let address = self.parts.uri.path_and_query();
        address.map_or_else(String::new, |address| address.as_str().to_owned())
    }

    // Browsers that keep no cookies

    fn has_cookies(&self) -> bool {
        self.parts.headers.contains_key(header::COOKIE)
    }

    fn is_asked_to_check(&self) -> bool {
        self.query(COOKIE_CHECK).as_deref() == Some(CHECK)
    }

    /// The form before this page gave the browser a cookie
    /// that has not come back, and with it how the form ended.
    pub fn lost_its_cookies(&self) -> bool {
        self.is_asked_to_check() && !self.has_cookies()
    }

    /// The opposite: the address need not speak of it any longer.
    pub fn has_kept_cookies(&self) -> bool {
        self.is_asked_to_check() && self.has_cookies()
    }

    pub fn address_without_check(&self) -> String {
        let check = format!("{COOKIE_CHECK}={CHECK}");
        let address = self.address();
        let Some((path, query)) = address.split_once('?') else {
            return address;
        };
        let rest: Vec<&str> = query.split('&').filter(|part| *part != check).collect();
        if rest.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", rest.join("&"))
        }
    }
}

/// Refuses a form of another account than the one that is signed in, where no server function does:
/// the cookie that has the page say so.
pub fn other_account(state: &WebState, who: &Principal, page: &str) -> Option<HeaderValue> {
    let flash = Flash::other_account(&who.user).for_page(page);
    state.cookies.seal(FLASH, &flash, FLASH_LIFE)
}

/// Which page an address leads to: its path and, where there is one, the mailed link. What is shown
/// on the page of one link does not belong on the page of another.
fn page_of(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let query = query.split('#').next().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    match pairs.find(|(name, _)| *name == LINK) {
        Some((_, handle)) => with_query(path, LINK, handle),
        None => path.split('#').next().unwrap_or(path).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_of_two_links_are_two_pages() {
        assert_eq!(page_of("/login?return_to=/account"), "/login");
        assert_eq!(page_of("/account/activity#data"), "/account/activity");
        let first = page_of("/verify-email?link=a-_1&return_to=/x");
        assert_eq!(first, "/verify-email?link=a-_1");
        assert_ne!(first, page_of("/verify-email?link=b"));
        assert_ne!(first, page_of("/verify-email"));
    }
}
