//! What the pages of the account share.

use leptos::prelude::*;
use vestibule_core::Field;
use vestibule_core::model::{Principal, display_email};
use vestibule_i18n::{Texts, t};

use crate::kit::{
    CONTENT, ErrorSummary, Flash, Layout, Visit, Width, current_password, form_error, notice_box,
};

/// The pages, in the order of their navigation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Overview,
    Profile,
    Email,
    Password,
    Sessions,
    Activity,
    Delete,
}

impl Tab {
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::Profile,
        Self::Email,
        Self::Password,
        Self::Sessions,
        Self::Activity,
        Self::Delete,
    ];

    pub fn path(self) -> &'static str {
        match self {
            Self::Overview => "/account",
            Self::Profile => "/account/profile",
            Self::Email => "/account/email",
            Self::Password => "/account/password",
            Self::Sessions => "/account/sessions",
            Self::Activity => "/account/activity",
            Self::Delete => "/account/delete",
        }
    }

    /// What links to it are called.
    pub fn name(self, texts: Texts) -> String {
        match self {
            Self::Overview => t!(texts, "account-nav-overview"),
            Self::Profile => t!(texts, "account-nav-profile"),
            Self::Email => t!(texts, "account-nav-email"),
            Self::Password => t!(texts, "account-nav-password"),
            Self::Sessions => t!(texts, "account-nav-sessions"),
            Self::Activity => t!(texts, "account-nav-activity"),
            Self::Delete => t!(texts, "account-nav-delete"),
        }
    }

    fn heading(self, texts: Texts) -> String {
        match self {
            Self::Overview => t!(texts, "account-heading"),
            Self::Profile => t!(texts, "account-profile-heading"),
            Self::Email => t!(texts, "account-email-heading"),
            Self::Password => t!(texts, "account-password-heading"),
            Self::Sessions => t!(texts, "account-sessions-heading"),
            Self::Activity => t!(texts, "account-activity-heading"),
            Self::Delete => t!(texts, "account-delete-heading"),
        }
    }
}

/// A page of the account: heading, navigation, what the
/// request before has to show, and then its own parts.
pub fn page(visit: &Visit, tab: Tab, flash: &Flash, content: impl IntoView + 'static) -> AnyView {
    let texts = visit.texts();
    let message = form_error(texts, flash);
    let fields = visit.field_errors(flash).list();
    let notice = notice_box(flash);
    view! {
        <Layout
            product_name=visit.product_name()
            heading=tab.heading(texts)
            has_error=message.is_some()
            is_signed_in=true
            width=Width::Wide
        >
            <Navigation texts here=tab/>
            <div class="content" id=CONTENT tabindex="-1">
                {notice}
                <ErrorSummary message fields/>
                {content}
            </div>
        </Layout>
    }
    .into_any()
}

#[component]
fn Navigation(texts: Texts, here: Tab) -> impl IntoView {
    let items = Tab::ALL.map(|tab| {
        view! {
            <li>
                <a href=tab.path() aria-current=(tab == here).then_some("page")>
                    {tab.name(texts)}
                </a>
            </li>
        }
    });
    view! {
        <nav class="tabs" aria-label=t!(texts, "account-nav-label")>
            <ul role="list">{items.into_iter().collect_view()}</ul>
        </nav>
    }
}

/// The password again, unless it was given a moment ago. With the address,
/// so that password managers know whose it is.
pub fn password_again(visit: &Visit, who: &Principal, flash: &Flash) -> AnyView {
    let errors = visit.field_errors(flash);
    let error = errors.of(Field::CurrentPassword);
    // An error summary links to the field, so it is there as well.
    let is_needed = error.is_some() || !visit.auth().is_recently_authenticated(who);
    is_needed
        .then(|| current_password(display_email(&who.user.email), &errors))
        .into_any()
}
