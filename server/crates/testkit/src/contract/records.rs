//! What a user reads back: the history, sessions, mails, tokens; and what is kept for that.

use time::Duration;
use uuid::Uuid;
use vestibule_core::mail::{MailKind, MailStatus, NewMail};
use vestibule_core::model::{EmailAddress, Language, Purpose, SessionKind, User};
use vestibule_core::ports::StoreError;
use vestibule_core::{AuditEvent, SecurityEventFilter};

use super::Contract;
use crate::builders::{self, DEVICE, USER_AGENT};

pub async fn an_event_of_nobody_that_is_there_is_refused(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let gone = cx.id();
    let mut store = cx.writer().await;
    let event = builders::audit(cx.id(), Some(gone), AuditEvent::LoginFailure, cx.now());
    let refused = store.insert_audit(&event).await;
    assert!(matches!(refused, Err(StoreError::Orphan)), "{refused:?}");
    let session = builders::session(cx.id(), gone, SessionKind::Api, cx.now());
    let refused = store.insert_session(&session, None).await;
    assert!(matches!(refused, Err(StoreError::Orphan)), "{refused:?}");
    let event = builders::audit(cx.id(), Some(user.id), AuditEvent::LoginFailure, cx.now());
    ok!(store.insert_audit(&event));
}

pub async fn every_event_is_read_back_in_parts(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    let mut store = cx.writer().await;
    let (mut written, mut refresh) = (Vec::new(), Uuid::nil());
    let of_a_user = AuditEvent::ALL
        .iter()
        .filter(|event| **event != AuditEvent::AccountDeleted);
    for (number, event) in (0_i64..).zip(of_a_user) {
        // Some at one moment.
        cx.advance(Duration::milliseconds(number % 2));
        let record = builders::audit(cx.id(), Some(ann.id), *event, cx.now());
        ok!(store.insert_audit(&record));
        written.push(record.id);
        if *event == AuditEvent::TokenRefreshed {
            refresh = record.id;
        }
        let record = builders::audit(cx.id(), Some(bob.id), *event, cx.now());
        ok!(store.insert_audit(&record));
    }
    written.sort();
    written.reverse();
    let (mut read, mut before) = (Vec::new(), (cx.now(), Uuid::max()));
    loop {
        let part = ok!(store.event_records(ann.id, before, 4));
        assert!(part.len() <= 4);
        let Some(last) = part.last() else { break };
        before = (last.created_at, last.id);
        read.extend(part.iter().map(|entry| entry.id));
    }
    assert_eq!(read, written);
    // Page after page of the history as well, by id; a refresh is no part of it.
    written.retain(|id| *id != refresh);
    let (mut read, mut before) = (Vec::new(), Uuid::max());
    loop {
        let part = ok!(store.history(ann.id, AuditEvent::ALL, before, 3));
        assert!(part.len() <= 3);
        let Some(last) = part.last() else { break };
        assert_eq!(last.user_agent.as_deref(), Some(USER_AGENT));
        assert_eq!(last.success, last.event.is_success());
        assert_eq!(last.details, r#"{"method":"password"}"#);
        before = last.id;
        read.extend(part.iter().map(|entry| entry.id));
    }
    assert_eq!(read, written);
}

pub async fn a_filter_shows_exactly_its_events(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut store = cx.writer().await;
    // The deletion of an account is nobody's event.
    let of_a_user = AuditEvent::ALL
        .iter()
        .filter(|event| **event != AuditEvent::AccountDeleted);
    for event in of_a_user.clone() {
        let record = builders::audit(cx.id(), Some(user.id), *event, cx.now());
        ok!(store.insert_audit(&record));
    }
    for filter in SecurityEventFilter::ALL {
        let wanted: Vec<AuditEvent> = of_a_user
            .clone()
            .copied()
            .filter(|event| filter.shows(*event))
            .collect();
        let found = ok!(store.history(user.id, &wanted, Uuid::max(), 100));
        let mut found: Vec<&str> = found.iter().map(|entry| entry.event.as_str()).collect();
        let mut wanted: Vec<&str> = wanted.iter().map(|event| event.as_str()).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{filter}");
    }
    let none = ok!(store.history(user.id, &[], Uuid::max(), 100));
    assert!(none.is_empty());
}

pub async fn a_password_given_again_is_noted_in_its_session(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (session, _) = cx.api_session(&user, "A").await;
    let (other, _) = cx.api_session(&user, "B").await;
    cx.advance(Duration::minutes(30));
    let authenticated_at = async |id: Uuid| {
        let mut store = cx.reader().await;
        let principal = some!(store.principal(id, cx.now()));
        principal.session.authenticated_at
    };
    assert_eq!(authenticated_at(session.id).await, session.created_at);
    let again = async |id: Uuid| {
        let mut store = cx.writer().await;
        ok!(store.reauthenticate(id, cx.now()))
    };
    assert!(again(session.id).await);
    assert_eq!(authenticated_at(session.id).await, cx.now());
    assert_eq!(authenticated_at(other.id).await, other.created_at);
    let mut tx = cx.begin().await;
    ok!(tx.end_sessions(user.id, None, cx.now()));
    ok!(tx.commit());
    assert!(!again(session.id).await);
    assert!(!again(cx.id()).await);
}

pub async fn a_device_is_known_by_its_name_and_where_asked_by_its_user_agent(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    let known = async |user: &User, device: &str, agent: Option<&str>| {
        let mut store = cx.writer().await;
        let found = store
            .account_to_sign_in(&user.email, device, agent, cx.now())
            .await;
        let (account, history) = found.unwrap().unwrap();
        assert_eq!(account.user, *user);
        assert_eq!(account.password_hash, builders::PASSWORD_HASH);
        (history.has_sessions, history.knows_device)
    };
    assert_eq!(known(&ann, DEVICE, Some(USER_AGENT)).await, (false, false));
    cx.browser_session(&ann).await;
    // A browser is known by its cookie alone.
    assert_eq!(known(&ann, DEVICE, Some(USER_AGENT)).await, (true, false));
    cx.api_session(&ann, "A").await;
    assert_eq!(known(&ann, DEVICE, Some(USER_AGENT)).await, (true, true));
    assert_eq!(known(&ann, "phone", Some(USER_AGENT)).await, (true, false));
    assert_eq!(known(&ann, DEVICE, Some("other")).await, (true, false));
    assert_eq!(known(&ann, DEVICE, None).await, (true, true));
    assert_eq!(known(&bob, DEVICE, Some(USER_AGENT)).await, (false, false));
    let mut nameless = builders::session(cx.id(), bob.id, SessionKind::Api, cx.now());
    nameless.user_agent = None;
    let mut tx = cx.begin().await;
    ok!(tx.insert_session(&nameless, None));
    ok!(tx.end_sessions(bob.id, None, cx.now()));
    ok!(tx.commit());
    for agent in [None, Some("")] {
        assert_eq!(
            known(&bob, DEVICE, agent).await,
            (true, true),
            "ended or not"
        );
    }
    assert_eq!(known(&bob, DEVICE, Some("other")).await, (true, false));
    let mut store = cx.writer().await;
    let unknown = store
        .account_to_sign_in("eve@example.org", DEVICE, None, cx.now())
        .await;
    assert!(unknown.unwrap().is_none());
}

pub async fn a_language_is_kept_and_is_the_mails(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    assert_eq!(user.language, Language::English);
    cx.advance(Duration::hours(1));
    let mut store = cx.writer().await;
    let set = some!(store.set_language(user.id, Language::German, cx.now()));
    assert_eq!((set.language, set.updated_at), (Language::German, cx.now()));
    assert!(
        ok!(store.set_language(user.id, Language::German, cx.now())).is_none(),
        "again is no change"
    );
    // The mail was written before; it is put into words when it is sent.
    let lease = cx.id();
    let mail = some!(store.claim_mail(lease, cx.now() + Duration::minutes(2), cx.now()));
    assert_eq!(mail.language, Language::German);
    // Of a newer version, which knows more.
    cx.database
        .execute("update users set language = 'eo'")
        .await;
    let read = some!(store.user_by_id(user.id));
    assert_eq!(read.language, Language::English);
    let mut new = builders::new_user(cx.id(), "bob@example.org", cx.now());
    new.language = Language::German;
    drop(store);
    let mut tx = cx.begin().await;
    let bob = ok!(tx.insert_user(&new));
    assert_eq!(bob.language, Language::German);
}

pub async fn sessions_mails_and_tokens_are_read_back(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    cx.user("bob@example.org").await;
    let (first, _) = cx.api_session(&user, "A").await;
    cx.advance(Duration::hours(1));
    let second = cx.browser_session(&user).await;
    let mut tx = cx.begin().await;
    ok!(tx.end_session(user.id, first.id, cx.now()));
    let mail = mail_of_change(&cx, &user);
    ok!(tx.enqueue_mail(&mail));
    ok!(tx.commit());
    let mut store = cx.writer().await;
    let sessions = ok!(store.session_records(user.id));
    let sessions = sessions
        .iter()
        .map(|record| (record.session.id, record.ended_at));
    assert_eq!(
        sessions.collect::<Vec<_>>(),
        [(second.id, None), (first.id, Some(second.created_at))]
    );
    let mails = ok!(store.mail_records(user.id));
    assert_eq!(
        mails
            .iter()
            .map(|mail| (
                mail.kind,
                mail.recipient.as_str(),
                mail.context.other_email.as_deref()
            ))
            .collect::<Vec<_>>(),
        [
            (
                MailKind::EmailChanged,
                "old@example.org",
                Some("new@example.org")
            ),
            (MailKind::Welcome, "ann@example.org", None),
        ]
    );
    assert!(mails.iter().all(|mail| mail.status == MailStatus::Pending));
    assert_eq!(mails[0].context, mail.context);
    let families = ok!(store.refresh_records(user.id));
    let families = families
        .iter()
        .map(|family| (family.session_id, family.is_revoked, family.rotated_at));
    assert_eq!(families.collect::<Vec<_>>(), [(first.id, true, None)]);
    drop(store);
    links_are_read_back(&cx, &user).await;
}

fn mail_of_change(cx: &Contract, user: &User) -> NewMail {
    let mut mail = builders::mail(cx.id(), MailKind::EmailChanged, user, cx.now());
    "old@example.org".clone_into(&mut mail.recipient);
    mail.context.other_email = Some("new@example.org".to_owned());
    mail
}

async fn links_are_read_back(cx: &Contract, user: &User) {
    for (purpose, hash) in [
        (Purpose::VerifyEmail, "verify"),
        (Purpose::ResetPassword, "reset"),
        (Purpose::ChangeEmail, "change"),
        (Purpose::RevertEmail, "revert"),
    ] {
        cx.advance(Duration::seconds(1));
        let mut token = builders::link(cx.id(), user.id, purpose, hash, cx.now());
        token.email = matches!(purpose, Purpose::ChangeEmail | Purpose::RevertEmail)
            .then(|| EmailAddress::parse("New@example.org").unwrap());
        let mut store = cx.writer().await;
        ok!(store.insert_link(&token));
    }
    let mut store = cx.writer().await;
    let tokens = ok!(store.link_records(user.id));
    assert_eq!(
        tokens
            .iter()
            .map(|token| (token.purpose, token.email.as_deref(), token.is_used))
            .collect::<Vec<_>>(),
        [
            (Purpose::RevertEmail, Some("New@example.org"), false),
            (Purpose::ChangeEmail, Some("New@example.org"), false),
            (Purpose::ResetPassword, None, false),
            (Purpose::VerifyEmail, None, false),
        ]
    );
}

pub async fn a_token_is_found_dead_or_alive(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    for purpose in [
        Purpose::VerifyEmail,
        Purpose::ResetPassword,
        Purpose::ChangeEmail,
    ] {
        let hash = format!("hash of {purpose}");
        let mut token = builders::link(cx.id(), user.id, purpose, &hash, cx.now());
        token.email = (purpose == Purpose::ChangeEmail)
            .then(|| EmailAddress::parse("new@example.org").unwrap());
        let mut mail = builders::mail(cx.id(), MailKind::VerifyEmail, &user, cx.now());
        mail.token_id = Some(token.id);
        let mut tx = cx.begin().await;
        ok!(tx.insert_link(&token));
        ok!(tx.enqueue_mail(&mail));
        ok!(tx.void_links(user.id));
        ok!(tx.commit());
        let mut store = cx.writer().await;
        let found = some!(store.find_link(&hash, cx.now()));
        assert!(!found.is_live);
        assert_eq!(
            (found.purpose, &found.owner, found.expires_at),
            (purpose, &user, token.expires_at)
        );
        assert_eq!(
            found.email.as_deref(),
            token.email.as_ref().map(EmailAddress::as_str)
        );
        assert!(found.was_mailed_to_present_address);
        cx.database
            .execute("update users set email = 'other@example.org'")
            .await;
        let found = some!(store.find_link(&hash, cx.now()));
        assert!(!found.was_mailed_to_present_address);
        cx.database
            .execute("update users set email = 'ann@example.org'")
            .await;
        none!(store.find_link("other", cx.now()));
    }
    // Of a newer version, which mails links of other kinds.
    cx.database
        .execute("update mailed_links set purpose = 'other' where purpose = 'verify_email'")
        .await;
    let mut store = cx.writer().await;
    let unknown = store.find_link("hash of verify_email", cx.now()).await;
    assert!(unknown.unwrap().is_none());
}

pub async fn a_pending_change_is_the_newest_until_it_ends(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let pending = async || {
        let mut store = cx.reader().await;
        ok!(store.pending_change(user.id, cx.now()))
    };
    assert!(pending().await.is_none());
    for email in ["first@example.org", "Second@example.org"] {
        cx.advance(Duration::minutes(1));
        let mut token = builders::link(cx.id(), user.id, Purpose::ChangeEmail, email, cx.now());
        token.email = Some(EmailAddress::parse(email).unwrap());
        let mut store = cx.writer().await;
        ok!(store.insert_link(&token));
    }
    let newest = ok!(pending());
    assert_eq!(newest.email, "Second@example.org");
    assert_eq!(
        (newest.requested_at, newest.expires_at),
        (cx.now(), cx.now() + Duration::hours(1))
    );
    let mut store = cx.writer().await;
    assert!(ok!(store.void_pending_change(user.id, cx.now())));
    assert!(!ok!(store.void_pending_change(user.id, cx.now())));
    assert!(pending().await.is_none());
    let mut token = builders::link(cx.id(), user.id, Purpose::ChangeEmail, "third", cx.now());
    token.email = Some(EmailAddress::parse("x@example.org").unwrap());
    ok!(store.insert_link(&token));
    cx.advance(Duration::hours(1));
    assert!(pending().await.is_none());
    assert!(!ok!(store.void_pending_change(user.id, cx.now())));
}
