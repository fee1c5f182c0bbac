use std::time::Duration;

use super::*;

#[test]
fn a_refusal_carries_codes_and_typed_values() {
    let error = AuthError::ValidationFailed(vec![FieldError {
        field: Field::Email,
        code: FieldCode::InvalidEmail,
    }]);
    let flash = Flash::refused(Form::Register, error)
        .for_page("/register")
        .keep("email", "ann@")
        .keep("first_name", "");
    assert!(flash.is_for("/register") && !flash.is_for("/login"));
    assert_eq!(flash.error(), Some(ErrorCode::ValidationFailed));
    assert_eq!(
        flash.field_error(Field::Email),
        Some(FieldCode::InvalidEmail)
    );
    assert_eq!(flash.field_error(Field::Password), None);
    assert_eq!(
        (
            flash.value("email").as_str(),
            flash.value("first_name").as_str()
        ),
        ("ann@", "")
    );
}

#[test]
fn the_notice_stays_when_errors_are_removed() {
    let refused = Flash::refused(Form::ConfirmLink, AuthError::InvalidToken);
    assert_eq!(refused.without_errors().error(), None);
    let page_error = Flash::page_refused(PageError::NoCookies).without_errors();
    assert_eq!((page_error.error(), page_error.page_error()), (None, None));
    let notice = Flash::notice(Notice::EmailVerified).for_page("/verify-email");
    assert_eq!(notice.without_errors(), notice);
}

#[test]
fn a_wait_is_rounded_up() {
    let error = AuthError::RateLimited {
        retry_after: Duration::from_millis(39_001),
    };
    let flash = Flash::refused(Form::SignIn, error);
    assert_eq!(flash.retry_after(), Some(40));
    assert!(flash.has_wait());
}

#[test]
fn it_is_due_on_its_page_and_once() {
    let flash = Flash::notice(Notice::SignedOut).for_page("/login");
    assert!(flash.is_due_on("/login") && !flash.is_due_on("/account"));
    assert!(!flash.has_wait());
    assert!(!flash.shown(true).is_due_on("/login"));
}

#[test]
fn it_is_for_the_account_that_it_was_made_for() {
    let (ann, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let flash = Flash::notice(Notice::ProfileUpdated).of(ann);
    assert!(flash.is_of(Some(ann)) && !flash.is_of(Some(bob)) && !flash.is_of(None));
    assert!(Flash::notice(Notice::SignedOut).is_of(Some(bob)));
    let email = "ann@example.org".to_owned();
    let flash = Flash::notice(Notice::PasswordReset).about(Some(About { id: ann, email }));
    assert_eq!(flash.about_other_than(Some(ann)), None);
    assert_eq!(flash.about_other_than(Some(bob)), Some("ann@example.org"));
}

#[test]
fn a_missing_tick_is_reported_beside_a_wrong_password() {
    let wrong = || Flash::refused(Form::DeleteAccount, AuthError::InvalidCredentials);
    assert!(wrong().is_unticked());
    assert!(!wrong().keep(CONFIRM, "on").is_unticked());
    let box_alone = AuthError::ValidationFailed(Vec::new());
    assert!(Flash::refused(Form::DeleteAccount, box_alone).is_unticked());
    let limited = AuthError::RateLimited {
        retry_after: Duration::from_secs(1),
    };
    let limited = Flash::refused(Form::DeleteAccount, limited);
    assert!(!limited.is_unticked(), "the wait comes first");
}

#[test]
fn an_error_of_the_form_names_the_field_that_it_is_about() {
    let error =
        |form, field| Flash::refused(form, AuthError::InvalidCredentials).field_error(field);
    assert_eq!(
        error(Form::ChangePassword, Field::CurrentPassword),
        Some(FieldCode::Incorrect)
    );
    assert_eq!(
        error(Form::SignIn, Field::Password),
        None,
        "sign-in does not say which of the two was wrong"
    );
}

#[test]
fn a_password_that_is_wanted_again_is_an_error_of_its_field() {
    for form in [Form::ChangeEmail, Form::DeleteAccount] {
        let flash = Flash::refused(form, AuthError::ReauthenticationRequired);
        assert_eq!(
            flash.field_error(Field::CurrentPassword),
            Some(FieldCode::Required)
        );
    }
    for form in [Form::ConfirmLink, Form::VerifyEmail] {
        let flash = Flash::refused(form, AuthError::ReauthenticationRequired);
        assert_eq!(
            flash.field_error(Field::Password),
            Some(FieldCode::Required)
        );
    }
}

#[test]
fn what_is_too_long_for_a_cookie_is_not_kept() {
    let flash = Flash::notice(Notice::SignedOut).keep("email", &"a".repeat(MAX_VALUE_BYTES + 1));
    assert_eq!(flash.value("email"), "");
}

#[test]
fn unknown_codes_are_no_text() {
    let flash = Flash {
        code: Some("attacker says hello".to_owned()),
        fields: vec![
            ("email".to_owned(), "nonsense".to_owned()),
            ("nonsense".to_owned(), "required".to_owned()),
        ],
        ..Flash::default()
    };
    assert_eq!(flash.error(), Some(ErrorCode::Internal));
    assert_eq!(flash.field_errors().count(), 0);
}
