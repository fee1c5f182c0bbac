use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use super::{EmailAddress, Language};

/// An account as every face may show it; it holds no secret. The download of an account's data has
/// it as it is serialized here, a snapshot in a cache too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: Uuid,
    /// The address as its owner wrote it; mail goes to exactly this.
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub is_email_verified: bool,
    pub is_active: bool,
    /// What mails are written in, and pages while signed in.
    pub language: Language,
    #[serde(with = "rfc3339::option")]
    pub last_login_at: Option<OffsetDateTime>,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// The columns of `users` that a [`User`] is read from, which are named as its fields are: from
/// this list storage makes what its statements return and what reads it. A field that is missing
/// here does not compile there. Calls the macro `$make` with its arguments and the columns.
#[macro_export]
macro_rules! with_user_columns {
    ($make:ident!($($argument:tt)*)) => {
        $make!(
            $($argument)* id email first_name last_name is_email_verified is_active language
            last_login_at created_at updated_at
        )
    };
}

impl User {
    /// The key of the address, under which failed sign-ins are counted.
    pub(crate) fn canonical_email(&self) -> String {
        EmailAddress::parse(&self.email)
            .map_or_else(|_| self.email.clone(), |email| email.canonical().to_owned())
    }
}

/// A user with the stored password hash (a PHC or bcrypt string),
/// for the operations that check one.
#[derive(Clone)]
pub struct Account {
    pub user: User,
    pub password_hash: String,
}

/// What registration writes.
pub struct NewUser {
    pub id: Uuid,
    pub email: EmailAddress,
    pub password_hash: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub language: Language,
    pub created_at: OffsetDateTime,
}
