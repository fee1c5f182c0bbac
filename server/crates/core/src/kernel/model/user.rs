use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{EmailAddress, Language};

/// An account as every face may show it; it holds no secret.
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
    pub last_login_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
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
