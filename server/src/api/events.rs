use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use time::OffsetDateTime;
use url::form_urlencoded;
use utoipa::ToSchema;
use uuid::Uuid;
use vestibule_core::{
    Auth, AuthError, Field, FieldCode, FieldError, SecurityEvent, SecurityEventFilter,
};
use vestibule_web::{Bearer, Problem};

use super::bodies::ProblemBody;

/// One page of the user's own security history.
#[derive(Serialize, ToSchema)]
pub struct EventsBody {
    pub events: Vec<EventBody>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, format = Uuid)]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct EventBody {
    pub id: Uuid,
    #[schema(example = "login_success")]
    pub event_type: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// IPv4 or IPv6, as the portal saw it.
    pub ip_address: String,
    #[schema(example = "Firefox on Linux")]
    pub device: String,
    /// `false` for what was tried and refused.
    pub success: bool,
    /// What more there is to say about an event of this type.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
}

impl From<SecurityEvent> for EventBody {
    fn from(event: SecurityEvent) -> Self {
        Self {
            id: event.id,
            event_type: event.event.as_str(),
            created_at: event.created_at,
            ip_address: event.ip_address,
            device: event.device,
            success: event.success,
            details: event.details,
        }
    }
}

/// The user's own security history, newest first.
///
/// Pages hold together while new events arrive: `next_cursor` goes on exactly where its page ended.
#[utoipa::path(get, path = "/events", tag = "account", operation_id = "list_events", security(("bearer" = [])),
    params(
        ("cursor" = Option<String>, Query, format = Uuid, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Events on a page; 20 if it is left out"),
        ("filter" = Option<String>, Query, description = "Which part of the history; `all` if it is left out"),
    ),
    responses(
        (status = 200, description = "The events", body = EventsBody),
        (status = 400, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn list(
    State(auth): State<Arc<Auth>>,
    Bearer(who): Bearer,
    RawQuery(query): RawQuery,
) -> Result<Json<EventsBody>, Problem> {
    let query = EventsQuery::parse(&query.unwrap_or_default())
        .map_err(|errors| Problem::from(AuthError::ValidationFailed(errors)))?;
    let page = auth
        .list_security_events(&who, query.filter, query.cursor.as_deref(), query.limit)
        .await?;
    Ok(Json(EventsBody {
        events: page.events.into_iter().map(EventBody::from).collect(),
        next_cursor: page.next_cursor,
    }))
}

/// The query, with every error in it named. Names that are
/// unknown are ignored, like unknown fields of a body.
struct EventsQuery {
    cursor: Option<String>,
    limit: Option<u32>,
    filter: SecurityEventFilter,
}

impl EventsQuery {
    fn parse(query: &str) -> Result<Self, Vec<FieldError>> {
        let cursor = read(query, Field::Cursor, |text| Some(text.to_owned()));
        let limit = read(query, Field::Limit, |text| text.parse().ok());
        let filter = read(query, Field::Filter, SecurityEventFilter::from_code);
        match (cursor, limit, filter) {
            (Ok(cursor), Ok(limit), Ok(filter)) => Ok(Self {
                cursor,
                limit,
                filter: filter.unwrap_or(SecurityEventFilter::All),
            }),
            (cursor, limit, filter) => Err([cursor.err(), limit.err(), filter.err()]
                .into_iter()
                .flatten()
                .collect()),
        }
    }
}

/// The value of a name; one that is there twice is nobody's
/// (two readers would take different ones).
fn read<T>(
    query: &str,
    field: Field,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, FieldError> {
    let code = FieldCode::Invalid;
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut values = pairs.filter(|(name, _)| name == field.as_str());
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some((_, value)), None) => parse(&value).map(Some).ok_or(FieldError { field, code }),
        (Some(_), Some(_)) => Err(FieldError { field, code }),
    }
}
