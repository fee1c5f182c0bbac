//! The one way from a posted form to what the browser gets:
//! who may send it, what it did, and where that is shown.

use leptos::prelude::*;
use uuid::Uuid;
use vestibule_core::model::{Principal, display_email};
use vestibule_core::{AuthError, ErrorCode};

use super::Form;
use super::flash::{About, Flash, Notice};
use crate::kit::request::Visit;
use crate::kit::return_to::{ReturnTo, with_query};

/// A form as it was sent.
pub struct Sent {
    form: Form,
    return_to: ReturnTo,
    typed: Vec<(&'static str, String)>,
}

/// A form that did what it is for.
pub struct Done {
    to: String,
    flash: Option<Flash>,
    keeps_typed: bool,
}

/// Why a form did nothing.
#[derive(Debug)]
pub enum Refusal {
    Error(AuthError),
    /// Another account is signed in than the one that the page was made for.
    OtherAccount(Box<Principal>),
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::Error(error)
    }
}

impl Done {
    /// Goes on to this address.
    pub fn at(to: impl Into<String>) -> Self {
        Self {
            to: to.into(),
            flash: None,
            keeps_typed: false,
        }
    }

    /// Goes on to where the form said, or to the account.
    pub fn returning(return_to: &ReturnTo) -> Self {
        Self::at(return_to.path())
    }

    /// Has the next page show this.
    pub fn saying(mut self, notice: Notice) -> Self {
        self.flash = Some(Flash::notice(notice));
        self
    }

    /// Says with the notice what account it was, in case that another one is signed in.
    pub fn about(mut self, id: Uuid, email: &str) -> Self {
        if let Some(flash) = &mut self.flash {
            let email = display_email(email);
            flash.about = Some(About { id, email });
        }
        self
    }

    /// The same, and fills the address into the form of the next page.
    pub fn about_and_for(mut self, id: Uuid, email: &str) -> Self {
        self = self.about(id, email);
        let email = display_email(email);
        self.flash = self.flash.map(|flash| flash.keep("email", &email));
        self
    }

    /// Shows what was typed on the next page as well.
    pub fn keeping_typed(mut self) -> Self {
        self.keeps_typed = true;
        self
    }
}

/// What was sent, for [`Sent::submit`] or [`Sent::submit_as`].
pub fn sent(form: Form) -> Sent {
    Sent {
        form,
        return_to: ReturnTo::default(),
        typed: Vec::new(),
    }
}

impl Sent {
    /// The form stands before where the visitor wants to go on to.
    pub fn before(mut self, return_to: &ReturnTo) -> Self {
        self.return_to = return_to.clone();
        self
    }

    /// Shows a value again if the form is refused. Never a secret.
    pub fn typed(mut self, name: &'static str, value: &str) -> Self {
        self.typed.push((name, value.to_owned()));
        self
    }

    /// Does the work of a form that anybody may send.
    pub async fn submit<Work, Fut>(self, work: Work) -> Result<(), ServerFnError>
    where
        Work: FnOnce(Visit) -> Fut,
        Fut: Future<Output = Result<Done, Refusal>>,
    {
        let visit = Visit::current()?;
        let outcome = work(visit.clone()).await;
        self.end(&visit, None, outcome);
        Ok(())
    }

    /// Does the work of a form of the account, for the
    /// account that the page was made for and for no other.
    pub async fn submit_as<Work, Fut>(self, work: Work) -> Result<(), ServerFnError>
    where
        Work: FnOnce(Visit, Principal) -> Fut,
        Fut: Future<Output = Result<Done, Refusal>>,
    {
        let visit = Visit::current()?;
        let (who, outcome) = match signed_in(&visit).await {
            Ok(who) => (Some(who.clone()), work(visit.clone(), who).await),
            Err(refusal) => (None, Err(refusal)),
        };
        self.end(&visit, who.as_ref(), outcome);
        Ok(())
    }

    fn end(&self, visit: &Visit, who: Option<&Principal>, outcome: Result<Done, Refusal>) {
        match outcome {
            Ok(done) => self.show(visit, who, done),
            Err(Refusal::Error(AuthError::Unauthenticated)) => {
                // The session ended while the form was open.
                visit.refused(ErrorCode::Unauthenticated);
                let sign_in = ReturnTo::parse(&self.page(visit)).link("/login");
                visit.show_at(&sign_in, Flash::notice(Notice::SignInAgain));
            }
            Err(Refusal::Error(error)) => {
                visit.refused(error.code());
                let flash = Flash::refused(self.form, error);
                let flash = match who {
                    Some(who) => flash.of(who.user.id),
                    None => flash,
                };
                visit.show_at(&self.page(visit), self.with_typed(flash));
            }
            Err(Refusal::OtherAccount(who)) => {
                visit.refused(ErrorCode::Forbidden);
                let mut flash = Flash::other_account(&who.user);
                flash.form = Some(self.form);
                visit.show_at(&self.page(visit), self.with_typed(flash));
            }
        }
    }

    fn show(&self, visit: &Visit, who: Option<&Principal>, done: Done) {
        let Some(mut flash) = done.flash else {
            return visit.move_on(&done.to);
        };
        if let Some(who) = who.filter(|_| done.to.starts_with("/account")) {
            flash = flash.of(who.user.id);
        }
        if done.keeps_typed {
            flash = self.with_typed(flash);
        }
        visit.show_at(&done.to, flash);
    }

    fn with_typed(&self, flash: Flash) -> Flash {
        let keep = |flash: Flash, (name, value): &(&str, String)| flash.keep(name, value);
        self.typed.iter().fold(flash, keep)
    }

    /// The page that shows the form: of the same mailed link, and with the same way on.
    fn page(&self, visit: &Visit) -> String {
        if self.form == Form::Flow {
            // The way on is the page itself.
            return self.return_to.path().to_owned();
        }
        let page = self.form.page();
        let page = match visit.sent().link.filter(|_| self.form.is_of_a_link()) {
            Some(handle) => with_query(page, "link", &handle),
            None => page.to_owned(),
        };
        self.return_to.link(&page)
    }
}

/// Who is signed in, if it is the account that the form was made for.
async fn signed_in(visit: &Visit) -> Result<Principal, Refusal> {
    let who = visit.principal().await?.ok_or(AuthError::Unauthenticated)?;
    if visit.sent().account == Some(who.user.id) {
        Ok(who)
    } else {
        Err(Refusal::OtherAccount(Box::new(who)))
    }
}

/// Who is signed in, for a form that nobody's page has as well.
/// Refused where the page was made for another account.
pub async fn signed_in_as_on_the_page(visit: &Visit) -> Result<Option<Principal>, Refusal> {
    let of_page = visit.sent().account;
    match visit.principal().await? {
        Some(who) if of_page.is_some_and(|account| account != who.user.id) => {
            Err(Refusal::OtherAccount(Box::new(who)))
        }
        who => Ok(who),
    }
}
