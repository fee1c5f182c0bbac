use super::Contract;

pub async fn a_cookie_is_bound_once_to_a_live_browser_session(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let mut store = cx.connect().await;
    assert!(
        !store
            .bind_cookie(cx.id(), "cookie", "{}", cx.now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .bind_cookie(session.id, "cookie", "{}", session.expires_at)
            .await
            .unwrap()
    );
    assert!(
        store
            .bind_cookie(session.id, "cookie", r#"{"a":1}"#, cx.now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .bind_cookie(session.id, "another", "{}", cx.now())
            .await
            .unwrap()
    );

    let record = store
        .session_by_cookie("cookie", cx.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (record.session_id, record.data.as_str(), record.expires_at),
        (session.id, r#"{"a":1}"#, session.expires_at)
    );
    assert!(
        store
            .session_by_cookie("another", cx.now())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .session_by_cookie("cookie", session.expires_at)
            .await
            .unwrap()
            .is_none()
    );
    drop(store);

    let (api, _) = cx.api_session(&user, "first").await;
    assert!(
        !cx.connect()
            .await
            .bind_cookie(api.id, "of an API session", "{}", cx.now())
            .await
            .unwrap()
    );
}

pub async fn cookie_data_is_kept_while_the_session_lives(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let mut store = cx.connect().await;
    assert!(
        store
            .bind_cookie(session.id, "cookie", "{}", cx.now())
            .await
            .unwrap()
    );
    assert!(
        store
            .update_cookie_data("cookie", r#"{"b":2}"#, cx.now())
            .await
            .unwrap()
    );
    assert_eq!(
        store
            .session_by_cookie("cookie", cx.now())
            .await
            .unwrap()
            .unwrap()
            .data,
        r#"{"b":2}"#
    );
    assert!(
        !store
            .update_cookie_data("another", "{}", cx.now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .update_cookie_data("cookie", "{}", session.expires_at)
            .await
            .unwrap()
    );
}

pub async fn an_ended_session_never_comes_back(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let unbound = cx.browser_session(&user).await;
    let mut tx = cx.begin().await;
    assert!(
        tx.bind_cookie(session.id, "cookie", "{}", cx.now())
            .await
            .unwrap()
    );
    assert_eq!(
        tx.end_session_by_cookie("another", cx.now()).await.unwrap(),
        None
    );
    assert_eq!(
        tx.end_session_by_cookie("cookie", cx.now()).await.unwrap(),
        Some(user.id)
    );
    assert_eq!(
        tx.end_session_by_cookie("cookie", cx.now()).await.unwrap(),
        None
    );
    assert!(tx.end_session(user.id, unbound.id, cx.now()).await.unwrap());
    tx.commit().await.unwrap();

    let mut store = cx.connect().await;
    assert!(
        !store
            .update_cookie_data("cookie", "{}", cx.now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .bind_cookie(session.id, "again", "{}", cx.now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .bind_cookie(unbound.id, "late", "{}", cx.now())
            .await
            .unwrap()
    );
    assert!(
        store
            .session_by_cookie("cookie", cx.now())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .principal(session.id, cx.now())
            .await
            .unwrap()
            .is_none()
    );
}
