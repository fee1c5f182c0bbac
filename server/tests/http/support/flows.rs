//! What several files go through on the way to what they test.

use vestibule_core::mail::MailKind;
use vestibule_core::{Removed, Retention};

use super::app::{PASSWORD, TestApp, meta};
use super::mails::Mail;
use super::users::SignedIn;

impl TestApp {
    /// Asks for a change of address, reads the mail to the present one,
    /// and gives the token mailed to the new one.
    pub async fn change_token(&self, who: &SignedIn, new_email: &str) -> String {
        self.change_mail(who, new_email, PASSWORD)
            .await
            .token
            .unwrap()
    }

    /// The same, but for the whole mail.
    pub async fn change_mail(&self, who: &SignedIn, new_email: &str, password: &str) -> Mail {
        let present = self.email_of(who).await;
        expect!(self.change_email_with(who, new_email, password) => 202);
        self.mail_about(MailKind::EmailChangeRequested, &present)
            .await;
        self.mail_about(MailKind::ConfirmNewEmail, new_email).await
    }

    /// Moves an account, and gives the token of the link
    /// back that was mailed to the address it left.
    pub async fn move_account(&self, who: &SignedIn, new_email: &str) -> String {
        self.move_account_with(who, new_email, PASSWORD).await
    }

    pub async fn move_account_with(
        &self,
        who: &SignedIn,
        new_email: &str,
        password: &str,
    ) -> String {
        let left = self.email_of(who).await;
        let mail = self.change_mail(who, new_email, password).await;
        self.verify(&mail.token.unwrap()).await.expect(200);
        let mail = self.mail_about(MailKind::EmailChanged, &left).await;
        mail.token.unwrap()
    }

    /// Ann's account, whose password a thief has: Ann's session, the thief's, and the token that
    /// was mailed to Ann when the thief had moved the account.
    pub async fn stolen(&self) -> (SignedIn, SignedIn, String) {
        let ann = self.verified_user("ann@example.org").await;
        let thief = self.sign_in("ann@example.org").await;
        let token = self.move_account(&thief, "thief@example.org").await;
        (ann, thief, token)
    }

    /// Every mailed link with its page, the function of its form,
    /// and the account that it is for.
    pub async fn mailed_links(&self) -> Vec<(&'static str, &'static str, String, &'static str)> {
        let (_, welcome) = self.register("cyd@example.org").await;
        let welcome = welcome.token.unwrap();
        self.verified_user("ann@example.org").await;
        let reset = self.reset_token("ann@example.org").await;
        let eve = self.verified_user("eve@example.org").await;
        let revert = self.move_account(&eve, "eve@new.example").await;
        let dan = self.verified_user("dan@example.org").await;
        let restore = self.undo_token(&dan).await;
        vec![
            ("/verify-email", "verify_email", welcome, "cyd@example.org"),
            (
                "/reset-password",
                "reset_password",
                reset,
                "ann@example.org",
            ),
            ("/revert-email", "revert_email", revert, "eve@example.org"),
            (
                "/restore-account",
                "restore_account",
                restore,
                "dan@example.org",
            ),
        ]
    }

    /// The account is Ann's: she is notified, and so is the address that it left;
    /// hers is proved, and a reset over it lets her in.
    pub async fn anns_again(&self, left: &str) {
        self.mail_about(MailKind::EmailReverted, "ann@example.org")
            .await;
        self.mail_about(MailKind::EmailTakenBack, left).await;
        let password = "something only ann knows";
        let token = self.reset_token("ann@example.org").await;
        self.reset(&token, password).await.expect(200);
        self.mail_about(MailKind::PasswordChanged, "ann@example.org")
            .await;
        let user = expect!(self.login("ann@example.org", password) => 200).json();
        assert_eq!(user["user"]["is_email_verified"], true);
    }

    /// The address that the account has now.
    pub async fn email_of(&self, who: &SignedIn) -> String {
        let me = self.me(who).await.expect(200);
        me.json()["email"].as_str().unwrap().to_owned()
    }

    /// Takes an account back to the address that the token was mailed to, as the page does.
    pub async fn take_back(&self, token: &str) -> Result<String, &'static str> {
        match self.portal.auth.revert_email_change(token, &meta()).await {
            Ok(user) => Ok(user.email),
            Err(error) => Err(error.code().as_str()),
        }
    }

    /// Deletes the account, and gives the token of the link that undoes it.
    pub async fn undo_token(&self, who: &SignedIn) -> String {
        self.delete_account(who).await.expect(202);
        let mail = self.mail_to(&who.email).await;
        assert_eq!(mail.kind, MailKind::DeletionScheduled);
        mail.token.unwrap()
    }

    /// Undoes a deletion, as the page does.
    pub async fn undo(&self, token: &str) -> Result<String, &'static str> {
        match self.portal.auth.restore_account(token, &meta()).await {
            Ok(user) => Ok(user.email),
            Err(error) => Err(error.code().as_str()),
        }
    }

    /// Removes what has expired, as the worker does.
    pub async fn clean_up(&self, retention: &Retention) -> Removed {
        let mut run = self.portal.auth.plan_cleanup(retention);
        while self.portal.auth.clean_up(&mut run).await.unwrap() {}
        run.removed()
    }

    /// How many accounts were due and are gone.
    pub async fn purge(&self) -> u64 {
        self.clean_up(&Retention::default()).await.accounts
    }

    /// How many rows there are.
    pub async fn count(&self, of: &str) -> String {
        self.text(&format!("select cast(count(*) as text) from {of}"))
            .await
    }
}
