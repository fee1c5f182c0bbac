//! What the tests share: the portal under test, requests and answers,
//! the mailbox, a browser without JavaScript.

mod answer;
mod app;
mod browser;
mod call;
mod documented;
mod flows;
mod limits;
mod mails;
mod outage;
mod schema;
mod users;

/// The portal's own address.
pub const PUBLIC_URL: &str = "https://auth.example.org";

pub use answer::Answer;
pub use app::{MASTER_KEY, NEW_PASSWORD, PASSWORD, TestApp, WRONG, config, meta, meta_from, run};
pub use browser::{
    ACCOUNT_FORMS, Browser, SESSION_COOKIE, assert_field_error, assert_has, assert_has_not,
    browser_of_new_user, follow_verify_link, hidden, is_signed_in, location, new_nonce, open_page,
    sign_in, signed_in_browser,
};
pub use call::Call;
pub use limits::{DocumentedLimit, documented_limit, keeps};
pub use mails::Mail;
pub use outage::Outage;
pub use schema::{DOCUMENT, violations};
pub use users::{SignedIn, ann_but, tokens_of_ann_but};

/// Runs each test on SQLite and on PostgreSQL, as a test of its own. `name with configure` lets a
/// function change the configuration first.
macro_rules! on_every_database {
    ($($test:ident $(with $configure:ident)?),+ $(,)?) => {
        $crate::support::on_replicas! { 1; $($test $(with $configure)?),+ }
    };
}

/// The same, with so many replicas on PostgreSQL that take turns.
macro_rules! on_replicas {
    ($replicas:literal; $($test:ident $(with $configure:ident)?),+ $(,)?) => {
        $crate::support::on_databases! { $replicas; []; $($test $(with $configure)?),+ }
    };
}

/// The same for what does not depend on the database: on SQLite,
/// and on PostgreSQL by `cargo xtask versions` alone.
macro_rules! on_any_database {
    ($($test:ident $(with $configure:ident)?),+ $(,)?) => {
        $crate::support::on_databases! {
            1; [#[ignore = "does not depend on the database: cargo xtask versions"]];
            $($test $(with $configure)?),+
        }
    };
}

macro_rules! on_databases {
    ($replicas:literal; $on_postgres:tt; $($test:ident $(with $configure:ident)?),+) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let database = Some(vestibule_testkit::TestDatabase::sqlite());
                $crate::support::run(database, 1, $crate::support::configure!($($configure)?), super::$test).await;
            })+
        }
        mod on_postgres {
            $($crate::support::with_attributes! { $on_postgres
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let database = vestibule_testkit::TestDatabase::postgres().await;
                $crate::support::run(database, $replicas, $crate::support::configure!($($configure)?), super::$test).await;
            } })+
        }
    };
}

macro_rules! with_attributes {
    ([$($attribute:tt)*] $($item:tt)*) => {
        $($attribute)*
        $($item)*
    };
}

macro_rules! configure {
    () => {
        |_| {}
    };
    ($configure:ident) => {
        super::$configure
    };
}

pub(crate) use {
    configure, on_any_database, on_databases, on_every_database, on_replicas, with_attributes,
};

/// Runs the tasks at once and gives what they gave, in their order.
pub async fn in_parallel<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count)
        .map(|number| tokio::spawn(task(number)))
        .collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// How the core answered: the code of the error, or `ok`.
pub fn code<T>(result: Result<T, vestibule_core::AuthError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.code().as_str(),
    }
}

/// An address of its own for each number, for what must not meet the limits of one network.
pub fn address(number: usize) -> String {
    format!("198.51.{}.{}", number / 250, number % 250 + 1)
}

pub fn without_limits(config: &mut vestibule::config::Config) {
    config.rate_limits = false;
}

/// Registration does not reveal who has an account.
pub fn privately(config: &mut vestibule::config::Config) {
    config.registration = vestibule_core::RegistrationMode::Private;
}

/// The network that requests come from is one of a proxy.
pub fn trusted_proxy(config: &mut vestibule::config::Config) {
    config.http.trusted_proxies = vestibule_web::TrustedProxies::parse(["192.0.2.0/24"]).unwrap();
}
