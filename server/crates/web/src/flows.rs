//! The cookies of flows: what the browser keeps of each sign-in to an app, so that nothing of it is
//! written before it is done.

use http::{HeaderMap, HeaderValue};
use time::Duration;
use vestibule_core::{Flow, hash_token};

use crate::cookies::cookies;
use crate::sealed_cookies::SealedCookies;

/// The beginning of the cookie's name; the flow's id follows.
const PREFIX: &str = "flow-";
/// What a flow is sealed for.
const LABEL: &str = "flow";
/// How long a user may take.
const LIFE: Duration = Duration::hours(1);
const ID_CHARS: usize = 8;
/// One for each app that is opened side by side.
const MAX_FLOWS: usize = 5;
/// Of all together: proxies take 8 KiB of cookies, and there are others.
const MAX_BYTES: usize = 6 * 1024;
/// Browsers keep no larger cookie than 4,096 bytes, its name and attributes included.
const MAX_FLOW_BYTES: usize = 3900;

/// A flow that begins, and what its answer sets.
pub struct BegunFlow {
    /// Its name in addresses.
    pub id: String,
    pub cookies: Vec<HeaderValue>,
}

/// Has the browser keep a new flow. The oldest ones go where there are too many.
///
/// `None` for one that no browser would keep.
pub fn begin_flow(sealing: &SealedCookies, headers: &HeaderMap, flow: &Flow) -> Option<BegunFlow> {
    let text = seal(sealing, flow)?;
    // The text is random, and so are eight characters of its hash.
    let id = hash_token(&text)[..ID_CHARS].to_owned();
    let mut kept = kept_flows(sealing, headers);
    let mut cookies = Vec::new();
    while let Some(oldest) = kept.first() {
        let bytes: usize = kept.iter().map(|flow| flow.bytes).sum();
        if kept.len() < MAX_FLOWS && bytes + text.len() <= MAX_BYTES && oldest.began_at.is_some() {
            break;
        }
        cookies.extend(remove_flow(sealing, &kept.remove(0).id));
    }
    cookies.push(sealing.plain(&name(&id), &text, LIFE)?);
    Some(BegunFlow { id, cookies })
}

/// The flow of this id, if the browser has it.
pub fn open_flow(sealing: &SealedCookies, headers: &HeaderMap, id: &str) -> Option<Flow> {
    let cookie = crate::cookie(headers, &sealing.name(&name(id)))?;
    sealing.open_text(LABEL, cookie)
}

/// A `Set-Cookie` value with what has become of the flow.
pub fn keep_flow(sealing: &SealedCookies, id: &str, flow: &Flow) -> Option<HeaderValue> {
    sealing.plain(&name(id), &seal(sealing, flow)?, LIFE)
}

/// A `Set-Cookie` value that has the browser forget the flow.
pub fn remove_flow(sealing: &SealedCookies, id: &str) -> Option<HeaderValue> {
    is_id(id).then(|| sealing.remove(&name(id)))?
}

fn seal(sealing: &SealedCookies, flow: &Flow) -> Option<String> {
    let text = sealing.seal_text(LABEL, flow, LIFE)?;
    (text.len() <= MAX_FLOW_BYTES).then_some(text)
}

fn name(id: &str) -> String {
    format!("{PREFIX}{id}")
}

fn is_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    id.len() == ID_CHARS && id.bytes().all(is_plain)
}

struct KeptFlow {
    id: String,
    bytes: usize,
    /// `None` for one that has expired, or was never one.
    began_at: Option<time::OffsetDateTime>,
}

/// Those that the browser has, the ones without use first and then the oldest.
fn kept_flows(sealing: &SealedCookies, headers: &HeaderMap) -> Vec<KeptFlow> {
    let prefix = sealing.name(PREFIX);
    let kept = cookies(headers).filter_map(|(name, value)| {
        let id = name.strip_prefix(&prefix).filter(|id| is_id(id))?;
        let flow: Option<Flow> = sealing.open_text(LABEL, value);
        Some(KeptFlow {
            id: id.to_owned(),
            bytes: value.len(),
            began_at: flow.map(|flow| flow.began_at()),
        })
    });
    let mut kept: Vec<KeptFlow> = kept.collect();
    kept.sort_by_key(|flow| flow.began_at);
    kept
}
