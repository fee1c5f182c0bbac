//! The document around every page, and which page answers which path.

use leptos::config::LeptosOptions;
use leptos::hydration::HydrationScripts;
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};
use vestibule_core::model::Purpose;

use crate::account::{
    activity, delete, email, overview, password, profile, reauthenticate, sessions, sign_out,
};
use crate::errors::NotFoundPage;
use crate::islands::Enhancements;
use crate::kit::{Head, account_page, announce_texts, has_islands, link_page, page, stylesheet};
use crate::{oauth, register, reset_password, restore, sign_in, verify_email};

/// The whole document. Wasm comes with pages alone on which it does something: browsers fetch a
/// preload link even where scripts are off. The head is written before the page's data is there, so
/// this is read from the request: from its path, and by a message with a waiting time to count
/// down, which the page of any form may get.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let has_islands = has_islands();
    let texts = announce_texts();
    view! {
        <!DOCTYPE html>
        <html lang=texts.lang() dir=texts.dir()>
            <head>
                <Head stylesheet=stylesheet(&options.site_pkg_dir)/>
                {has_islands.then(|| view! { <HydrationScripts options islands=true/> })}
                <MetaTags/>
            </head>
            <body>
                <App/>
                {has_islands.then(|| view! { <Enhancements/> })}
            </body>
        </html>
    }
}

/// The pages. All of them are rendered whole before the head of the answer leaves, so that status,
/// redirects and cookies can be decided while rendering and nothing depends on scripts.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/login") view=|| page(sign_in::page) ssr=SsrMode::Async/>
                <Route path=path!("/register") view=|| page(register::page) ssr=SsrMode::Async/>
                <Route
                    path=path!("/verify-email")
                    view=|| link_page(Purpose::VerifyEmail, verify_email::page)
                    ssr=SsrMode::Async
                />
                <Route path=path!("/forgot-password") view=|| page(reset_password::forgot_page) ssr=SsrMode::Async/>
                <Route
                    path=path!("/reset-password")
                    view=|| link_page(Purpose::ResetPassword, reset_password::page)
                    ssr=SsrMode::Async
                />
                <Route path=path!("/account") view=|| account_page(overview::page) ssr=SsrMode::Async/>
                <Route path=path!("/account/profile") view=|| account_page(profile::page) ssr=SsrMode::Async/>
                <Route path=path!("/account/password") view=|| account_page(password::page) ssr=SsrMode::Async/>
                <Route path=path!("/account/email") view=|| account_page(email::page) ssr=SsrMode::Async/>
                <Route path=path!("/account/sessions") view=|| account_page(sessions::page) ssr=SsrMode::Async/>
                <Route path=path!("/account/activity") view=|| account_page(activity::page) ssr=SsrMode::Async/>
                <Route path=path!("/account/confirm") view=|| account_page(reauthenticate::page) ssr=SsrMode::Async/>
                <Route path=path!("/account/delete") view=|| account_page(delete::page) ssr=SsrMode::Async/>
                <Route
                    path=path!("/revert-email")
                    view=|| link_page(Purpose::RevertEmail, restore::email_page)
                    ssr=SsrMode::Async
                />
                <Route
                    path=path!("/restore-account")
                    view=|| link_page(Purpose::RestoreAccount, restore::account_page)
                    ssr=SsrMode::Async
                />
                <Route path=path!("/oauth2/resume") view=|| page(oauth::resume_page) ssr=SsrMode::Async/>
                <Route path=path!("/oauth2/problem") view=|| page(oauth::problem_page) ssr=SsrMode::Async/>
                <Route path=path!("/logout") view=|| page(sign_out::page) ssr=SsrMode::Async/>
            </Routes>
        </Router>
    }
}
