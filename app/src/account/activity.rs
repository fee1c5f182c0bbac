use leptos::prelude::*;
use time::Date;
use vestibule_core::model::{Principal, Purpose};
use vestibule_core::{AuthError, SecurityEvent, SecurityEventFilter};
use vestibule_i18n::{Texts, life, t};

use super::events::sentence;
use super::frame::{self, Tab};
use super::overview::here_and_now;
use super::sessions::EndOthers;
use crate::kit::{Button, ButtonStyle, Clock, PostForm, Visit, date_of, day, lifetimes};

/// Sends all data about the visitor as a file; the portal's router answers it.
const EXPORT: &str = "/account/export";

pub async fn page(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let filter = visit
        .query("show")
        .and_then(|code| SecurityEventFilter::from_code(&code))
        .unwrap_or(SecurityEventFilter::All);
    let cursor = visit.query("cursor");
    let auth = visit.auth();
    let page = match auth
        .list_security_events(&who, filter, cursor.as_deref(), None)
        .await
    {
        Ok(page) => page,
        // A link that was cut short: the list begins at its top.
        Err(AuthError::ValidationFailed(_)) => return Ok(visit.leave(&link(filter, None))),
        Err(error) => return Err(error),
    };
    let today = date_of(here_and_now(&auth.list_sessions(&who).await?, &who));
    let flash = visit.take_flash();
    let texts = visit.texts();
    let next = page.next_cursor.map(|cursor| link(filter, Some(&cursor)));
    let is_first = cursor.is_none();
    let content = view! {
        <Filters texts here=filter/>
        {by_day(texts, &page.events, today, is_first)}
        {next
            .map(|next| {
                view! {
                    <p><a class="button button-secondary" href=next rel="next">{t!(texts, "account-activity-older")}</a></p>
                }
            })}
        <NotMe texts/>
        <YourData texts/>
    };
    Ok(frame::page(&visit, Tab::Activity, &flash, content))
}

fn link(filter: SecurityEventFilter, cursor: Option<&str>) -> String {
    let page = Tab::Activity.path();
    match (filter, cursor) {
        (SecurityEventFilter::All, None) => page.to_owned(),
        (_, None) => format!("{page}?show={filter}"),
        (_, Some(cursor)) => format!("{page}?show={filter}&cursor={cursor}"),
    }
}

#[component]
fn Filters(texts: Texts, here: SecurityEventFilter) -> impl IntoView {
    let items = SecurityEventFilter::ALL.iter().map(|filter| {
        let name = match filter {
            SecurityEventFilter::All => t!(texts, "account-activity-all"),
            SecurityEventFilter::SignIns => t!(texts, "account-activity-sign-ins"),
            SecurityEventFilter::Changes => t!(texts, "account-activity-changes"),
            SecurityEventFilter::Failed => t!(texts, "account-activity-failed"),
        };
        let current = (*filter == here).then_some("true");
        view! { <li><a href=link(*filter, None) aria-current=current>{name}</a></li> }
    });
    view! {
        <nav class="filters" aria-label=t!(texts, "account-activity-filters")>
            <ul role="list">{items.collect_view()}</ul>
        </nav>
    }
}

/// The events under the days that they were on; they are in the order of their times.
fn by_day(texts: Texts, events: &[SecurityEvent], today: Date, is_first: bool) -> AnyView {
    if events.is_empty() {
        let text = if is_first {
            t!(texts, "account-activity-none")
        } else {
            t!(texts, "account-activity-no-more")
        };
        return view! { <section class="panel"><p class="empty">{text}</p></section> }.into_any();
    }
    let days = events.chunk_by(|one, next| date_of(one.created_at) == date_of(next.created_at));
    let days = days.map(|events| {
        let date = date_of(events[0].created_at);
        let id = format!("day-{date}");
        let heading = id.clone();
        let rows = events.iter().filter_map(|event| {
            let sentence = sentence(texts, event)?;
            Some(view! { <Event texts event=event.clone() sentence/> })
        });
        view! {
            <section class="panel day" aria-labelledby=id>
                <h2 id=heading>{day(texts, date, today)}</h2>
                <ul class="events" role="list">{rows.collect_view()}</ul>
            </section>
        }
    });
    view! {
        {days.collect_view()}
        // Scripts sort by the visitor's own days, and take the hint away.
        <p
            class="hint zone"
            data-today=t!(texts, "when-today")
            data-yesterday=t!(texts, "when-yesterday")
        >
            {t!(texts, "account-activity-zone")}
        </p>
    }
    .into_any()
}

#[component]
fn Event(texts: Texts, event: SecurityEvent, sentence: String) -> impl IntoView {
    let doubt = event.event.is_risky().then(|| {
        view! {
            <a class="event-doubt" href="#not-me">
                {t!(texts, "account-activity-not-me")}
                <span class="visually-hidden">": " {sentence.clone()}</span>
            </a>
        }
    });
    view! {
        <li class="event">
            <p class="event-facts">
                <span class="event-what">{sentence}</span>
                {(!event.success)
                    .then(|| {
                        view! { " " <span class="badge badge-open">{t!(texts, "account-activity-badge-failed")}</span> }
                    })}
                <br/>
                <span class="event-detail"><Clock texts at=event.created_at/> " · " {event.ip_address}</span>
            </p>
            {doubt}
        </li>
    }
}

/// What contains it when an attacker is in the account.
#[component]
fn NotMe(texts: Texts) -> impl IntoView {
    let back = life(texts, lifetimes().link(Purpose::RevertEmail));
    view! {
        <section class="panel" id="not-me" tabindex="-1" aria-labelledby="not-me-heading">
            <h2 id="not-me-heading">{t!(texts, "account-not-me-heading")}</h2>
            <p>{t!(texts, "account-not-me-text")}</p>
            <ol class="steps">
                <li>
                    <a href="/account/password">{t!(texts, "account-not-me-password")}</a>
                    " "
                    {t!(texts, "account-not-me-password-text")}
                </li>
                <li>
                    <a href="/account/email">{t!(texts, "account-not-me-email")}</a>
                    " "
                    {t!(texts, "account-not-me-email-text", life = back)}
                </li>
                <li>
                    {t!(texts, "account-not-me-reset-text")}
                    " "
                    <a href="/forgot-password">{t!(texts, "account-not-me-reset")}</a>
                </li>
            </ol>
            <EndOthers texts style=ButtonStyle::Secondary/>
        </section>
    }
}

#[component]
fn YourData(texts: Texts) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="data">
            <h2 id="data">{t!(texts, "account-data-heading")}</h2>
            <p>{t!(texts, "account-data-kept")}</p>
            <p>{t!(texts, "account-data-text")}</p>
            <PostForm action=EXPORT class="panel-actions download">
                <Button style=ButtonStyle::Secondary>{t!(texts, "account-data-download")}</Button>
            </PostForm>
            <p class="aside"><a href="/account/delete">{t!(texts, "account-data-delete")}</a></p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::{date, datetime};
    use uuid::Uuid;
    use vestibule_core::AuditEvent;
    use vestibule_core::model::Language;

    use super::*;

    fn event_of(kind: AuditEvent, created_at: OffsetDateTime) -> SecurityEvent {
        SecurityEvent {
            id: Uuid::nil(),
            event: kind,
            created_at,
            ip_address: "192.0.2.1".to_owned(),
            device: "Firefox on Linux".to_owned(),
            success: kind.is_success(),
            details: serde_json::Value::Null,
        }
    }

    #[test]
    fn events_are_grouped_by_their_day_in_utc() {
        let times = [
            datetime!(2026-11-24 00:10 UTC),
            datetime!(2026-11-23 23:50 UTC),
            datetime!(2026-11-23 10:00 UTC),
            datetime!(2026-11-20 10:00 UTC),
        ];
        let events = times.map(|at| event_of(AuditEvent::LoginSuccess, at));
        let (texts, today) = (Texts::of(Language::English), date!(2026 - 11 - 24));
        let html = Owner::new().with(|| by_day(texts, &events, today, true).to_html());
        let days = html.split("<h2").skip(1);
        let counts: Vec<usize> = days.map(|day| day.matches("<li").count()).collect();
        assert_eq!(counts, [1, 2, 1], "{html}");
    }

    #[test]
    fn every_event_of_a_history_is_a_sentence_of_its_own_in_every_language() {
        for language in Language::ALL {
            let texts = Texts::of(*language);
            let mut sentences = Vec::new();
            for kind in AuditEvent::ALL {
                let event = event_of(*kind, datetime!(2026-11-24 12:00 UTC));
                let sentence = sentence(texts, &event);
                let is_shown = SecurityEventFilter::All.shows(*kind);
                assert_eq!(sentence.is_some(), is_shown, "{kind}: {sentence:?}");
                sentences.extend(sentence);
            }
            for sentence in &sentences {
                assert!(
                    !sentence.contains('{') && !sentence.starts_with("event-"),
                    "{sentence}"
                );
            }
            let count = sentences.len();
            sentences.sort();
            sentences.dedup();
            assert_eq!(sentences.len(), count);
        }
    }
}
