//! The document around every page, and which page answers which path.

use leptos::config::LeptosOptions;
use leptos::hydration::HydrationScripts;
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::account::{
    AccountPage, ActivityPage, ConfirmPage, DeletePage, EmailPage, PasswordPage, ProfilePage,
    SessionsPage, SignOutPage,
};
use crate::components::{Head, stylesheet};
use crate::errors::NotFoundPage;
use crate::islands::Enhancements;
use crate::register::RegisterPage;
use crate::reset_password::{ForgotPasswordPage, ResetPasswordPage};
use crate::sign_in::SignInPage;
use crate::ssr;
use crate::undo::{RestoreAccountPage, RevertEmailPage};
use crate::verify_email::VerifyEmailPage;

/// The pages with something for scripts to do: fields to check, to reveal, to rate or to send
/// (names may be anything), and times to show in the visitor's own zone.
const PAGES_FOR_ISLANDS: &[&str] = &[
    "/login",
    "/register",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
    "/account/password",
    "/account/email",
    "/account/sessions",
    "/account/activity",
    "/account/confirm",
    "/account/delete",
    "/restore-account",
];

/// The whole document. Wasm comes with pages alone on which it does something: browsers fetch a
/// preload link even where scripts are off. The head is written before the page's data is there, so
/// this is read from the request: from its path, and by a message with a waiting time to count
/// down, which the page of any form may get.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let has_islands = has_islands();
    let texts = ssr::announce_texts();
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

/// Whether scripts come with the page that is asked for.
pub fn has_islands() -> bool {
    ssr::path().is_some_and(|path| PAGES_FOR_ISLANDS.contains(&path.as_str())) || ssr::has_wait()
}

/// The pages. All of them are rendered whole before the head of the answer leaves, so that status,
/// redirects and cookies can be decided while rendering and nothing depends on scripts.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/login") view=SignInPage ssr=SsrMode::Async/>
                <Route path=path!("/register") view=RegisterPage ssr=SsrMode::Async/>
                <Route path=path!("/verify-email") view=VerifyEmailPage ssr=SsrMode::Async/>
                <Route path=path!("/forgot-password") view=ForgotPasswordPage ssr=SsrMode::Async/>
                <Route path=path!("/reset-password") view=ResetPasswordPage ssr=SsrMode::Async/>
                <Route path=path!("/account") view=AccountPage ssr=SsrMode::Async/>
                <Route path=path!("/account/profile") view=ProfilePage ssr=SsrMode::Async/>
                <Route path=path!("/account/password") view=PasswordPage ssr=SsrMode::Async/>
                <Route path=path!("/account/email") view=EmailPage ssr=SsrMode::Async/>
                <Route path=path!("/account/sessions") view=SessionsPage ssr=SsrMode::Async/>
                <Route path=path!("/account/activity") view=ActivityPage ssr=SsrMode::Async/>
                <Route path=path!("/account/confirm") view=ConfirmPage ssr=SsrMode::Async/>
                <Route path=path!("/account/delete") view=DeletePage ssr=SsrMode::Async/>
                <Route path=path!("/revert-email") view=RevertEmailPage ssr=SsrMode::Async/>
                <Route path=path!("/restore-account") view=RestoreAccountPage ssr=SsrMode::Async/>
                <Route path=path!("/logout") view=SignOutPage ssr=SsrMode::Async/>
            </Routes>
        </Router>
    }
}
