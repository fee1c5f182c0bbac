//! The one place where every route and every middleware is put in order.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state, map_request, map_request_with_state};
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use http::{StatusCode, Uri};
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::LeptosRoutes as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::timeout::TimeoutLayer;
use vestibule_app::{App, provide_request, shell};
use vestibule_cache::RedisLink;
use vestibule_core::ErrorCode;
use vestibule_core::ports::{Clock, Random};
use vestibule_mail::Mailbox;
use vestibule_web::{DefaultLanguage, Problem, WebState, browser_sessions};

use super::assets::{self, Assets};
use super::branding::BrandFiles;
use super::error_pages::{ErrorPages, panic_response, show_problems};
use super::loopback::loopback_only;
use super::middleware::{
    AllowedHosts, BodyRoom, Cors, FormsOnce, Identification, LogLimit, Nonce, SecurityHeaders,
    SessionCookie, admit_app_origins, audit_refusals, check_form, check_host, do_forms_once,
    find_client_address, fix_markup, identify_request, keep_readable_cookies, limit_requests,
    log_access, read_body, remove_ended_cookie, run_to_end, set_security_headers, share_answers,
};
use super::{dev_mailbox, export, site_files};
use crate::api;
use crate::config::{Config, Mode};
use crate::oauth;
use crate::process::health::{self, Health};
use crate::telemetry::metrics::measure_requests;

const SESSION_COOKIE: &str = "sid";
const SIGN_OUT: &str = "/_fn/sign_out";

/// What the routes are made of.
pub struct Parts {
    pub web: WebState,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// What replicas share, where they share something.
    pub redis: Option<RedisLink>,
    pub assets: Assets,
    /// The deployment's logo and colours.
    pub brand: BrandFiles,
    /// The development mailbox, where there is one.
    pub mailbox: Option<Arc<Mailbox>>,
    pub stopping: CancellationToken,
    pub tasks: TaskTracker,
}

impl Parts {
    fn health(&self) -> Health {
        Health::new(
            Arc::clone(&self.web.auth),
            self.redis.clone(),
            self.stopping.clone(),
        )
    }
}

/// The public listener's routes.
pub fn public(
    config: &Config,
    parts: &Parts,
) -> Result<Router, Box<dyn std::error::Error + Send + Sync>> {
    let (sites, apps): (Vec<String>, Vec<String>) = config
        .http
        .allowed_origins
        .iter()
        .cloned()
        .partition(|origin| origin.starts_with("http://") || origin.starts_with("https://"));
    let mut router = api::router()
        .with_state(parts.web.clone())
        .layer(cross_origin_protection(config, &sites)?)
        .layer(map_request_with_state(
            Arc::<[String]>::from(apps),
            admit_app_origins,
        ))
        .merge(health::router(parts.health()))
        .route(
            "/pkg/{version}/{name}",
            get(assets::serve).with_state(parts.assets.clone()),
        )
        .merge(parts.brand.router())
        .merge(site_files::router(config, Arc::clone(&parts.clock)))
        .merge(pages(config, parts).layer(cross_origin_protection(config, &[])?));
    if config.oidc.enabled {
        router = router.merge(oauth::router().with_state(parts.web.clone()));
    }
    if let Some(mailbox) = &parts.mailbox {
        let mailbox = dev_mailbox::router(Arc::clone(mailbox));
        router = router.merge(mailbox.layer(from_fn(loopback_only)));
    }
    with_middleware(router, config, parts)
}

/// The private listener's routes.
pub fn private(parts: &Parts) -> Router {
    health::router(parts.health()).layer(CatchPanicLayer::custom(panic_response))
}

/// The hosted pages and their server functions: the only routes that read cookies.
fn pages(config: &Config, parts: &Parts) -> Router {
    let leptos = LeptosOptions::builder()
        .output_name("vestibule")
        .site_pkg_dir(parts.assets.folder())
        .site_addr(config.http.listen)
        .env(leptos::config::Env::PROD)
        .build();
    let context = context_of_pages(parts);
    let shell = {
        let options = leptos.clone();
        move || shell(options.clone())
    };
    let routes = leptos_axum::generate_route_list(App);
    let not_found = leptos_axum::render_app_async_with_context(context.clone(), shell.clone());
    let authorize = get(oauth::authorize).with_state(oauth::AuthorizeState {
        web: parts.web.clone(),
        render: Arc::new(not_found.clone()),
    });
    let cookie_name = parts.web.cookies.name(SESSION_COOKIE);
    let is_secure = parts.web.cookies.is_secure();
    let sessions = browser_sessions(&parts.web.auth, cookie_name.clone(), is_secure);
    let forms = FormsOnce {
        auth: Arc::clone(&parts.web.auth),
        session_cookie: cookie_name.as_str().into(),
    };
    let session_cookie = SessionCookie {
        name: cookie_name,
        is_secure,
    };
    let mut pages = Router::new().leptos_routes_with_context(&leptos, routes, context, shell);
    if config.oidc.enabled {
        pages = pages.route("/oauth2/authorize", authorize);
    }
    pages
        .route("/logout", sign_out(context_of_pages(parts)))
        .route(
            "/account/export",
            post(export::download).with_state(parts.web.clone()),
        )
        .route("/", get(|| async { Redirect::to("/account") }))
        .fallback(not_found)
        .with_state(leptos)
        .layer(sessions)
        .layer(from_fn_with_state(session_cookie, remove_ended_cookie))
        .layer(map_request(keep_readable_cookies))
        // Inside the next one, so that a form that failed so can be sent again.
        .route_layer(CatchPanicLayer::custom(panic_response))
        .route_layer(from_fn_with_state(forms, do_forms_once))
        // The routes alone: what is not there is not found, whatever is sent to it.
        .route_layer(from_fn(check_form))
        .layer(from_fn(fix_markup))
        .layer(from_fn(oauth::skip_looks_ahead))
        .layer(CompressionLayer::new())
}

/// The form's address by contract; its work is the server function's.
fn sign_out(context: impl Fn() + Clone + Send + Sync + 'static) -> MethodRouter<LeptosOptions> {
    post(move |mut request: Request| {
        *request.uri_mut() = Uri::from_static(SIGN_OUT);
        leptos_axum::handle_server_fns_with_context(context, request)
    })
}

/// What every page and server function is given of its request.
fn context_of_pages(parts: &Parts) -> impl Fn() + Clone + Send + Sync + use<> {
    let web = parts.web.clone();
    move || {
        provide_request(web.clone());
        let request = leptos::prelude::use_context::<http::request::Parts>();
        if let Some(nonce) = request.and_then(|parts| parts.extensions.get::<Nonce>().cloned()) {
            provide_context(leptos::nonce::Nonce::from_value(nonce.0));
        }
    }
}

/// From the inside out; the last layer sees a request first.
fn with_middleware(
    router: Router,
    config: &Config,
    parts: &Parts,
) -> Result<Router, Box<dyn std::error::Error + Send + Sync>> {
    let http = &config.http;
    let hosts = AllowedHosts::new(
        &http.allowed_hosts,
        &http.public_url,
        http.listen.port(),
        config.mode == Mode::Development,
    );
    let log_limit = LogLimit::default();
    let pages = error_pages(parts, log_limit.clone());
    let headers = SecurityHeaders {
        random: Arc::clone(&parts.random),
        https: config.is_https(),
    };
    let identification = Identification {
        clock: Arc::clone(&parts.clock),
        random: Arc::clone(&parts.random),
        proxies: config.http.trusted_proxies.clone(),
    };
    Ok(router
        // Inside the time limit: a request that takes too long is answered,
        // and still ends as it should.
        .layer(from_fn_with_state(parts.tasks.clone(), run_to_end))
        .layer(from_fn_with_state(BodyRoom::default(), read_body))
        .layer(from_fn_with_state(hosts, check_host))
        .layer(from_fn_with_state(
            Arc::clone(&parts.web.auth),
            limit_requests,
        ))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            config.http.request_timeout,
        ))
        .layer(CatchPanicLayer::custom(panic_response))
        .layer(from_fn_with_state(pages, show_problems))
        .layer(from_fn_with_state(
            Arc::clone(&parts.web.auth),
            audit_refusals,
        ))
        .layer(from_fn_with_state(
            Cors::new(&config.http.allowed_origins)?,
            share_answers,
        ))
        .layer(from_fn_with_state(headers, set_security_headers))
        .layer(from_fn_with_state(log_limit, log_access))
        .layer(from_fn(measure_requests))
        .layer(map_request_with_state(
            config.http.trusted_proxies.clone(),
            find_client_address,
        ))
        .layer(from_fn_with_state(identification, identify_request))
        .layer(Extension(DefaultLanguage(config.default_language)))
        .layer(from_fn_with_state(parts.tasks.clone(), run_to_end)))
}

fn error_pages(parts: &Parts, log_limit: LogLimit) -> ErrorPages {
    ErrorPages {
        product_name: Arc::clone(&parts.web.product_name),
        branding: Arc::clone(&parts.web.branding),
        package_dir: parts.assets.folder().into(),
        log_limit,
    }
}

type Rejection = fn(ProtectionError) -> axum::response::Response;

/// Refuses unsafe requests that a browser sends from another site, cookie or not. `origins` are
/// those whose scripts may call: the API only, never the pages.
fn cross_origin_protection(
    config: &Config,
    origins: &[String],
) -> Result<CsrfLayer<Rejection>, tower_http::csrf::ConfigError> {
    let mut layer = CsrfLayer::new()
        .add_trusted_origin(config.http.public_url.origin().ascii_serialization())?;
    for origin in origins {
        layer = layer.add_trusted_origin(origin)?;
    }
    Ok(layer.with_rejection_response(|_| Problem::from(ErrorCode::Forbidden).into_response()))
}
