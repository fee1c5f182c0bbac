//! The statements that find a mailed token by its hash, for each table and state of the account.

use vestibule_core::model::Purpose;

use crate::sql::Sql;

/// Arguments in order: the hash, the purpose where the table holds several, the time where the statement asks for it.
#[derive(Clone, Copy)]
pub(crate) struct ByHash {
    /// Consuming a token goes on to change the account, so the account is locked first; not for a token that is of no use.
    pub lock: Sql,
    pub consume: Sql,
    pub owner: Sql,
    pub find: Sql,
}

const ACTIVE: ByHash = ByHash {
    lock: Sql::both("
update users
set is_active = is_active
where id = (select user_id from one_time_tokens where token_hash = $1 and purpose = $2 and not is_used and expires_at > $3)"),
    consume: Sql::both("
update one_time_tokens
set is_used = true
where token_hash = $1 and purpose = $2 and not is_used and expires_at > $3
    and exists (
        select 1 from users u
        where u.id = one_time_tokens.user_id and u.is_active and u.deleted_at is null
    )
returning user_id"),
    owner: Sql::both("
select t.user_id
from one_time_tokens t
join users u on u.id = t.user_id
where t.token_hash = $1 and t.purpose = $2 and not t.is_used and t.expires_at > $3 and u.is_active and u.deleted_at is null"),
    find: Sql::both("
select t.user_id, t.email, t.created_at, t.expires_at,
    exists (
        select 1 from mail_outbox m where m.user_id = t.user_id and m.token_id = t.id and m.recipient = u.email
    ) as was_mailed_to_present_address
from one_time_tokens t
join users u on u.id = t.user_id
where t.token_hash = $1 and t.purpose = $2 and u.deleted_at is null"),
};

/// For an account that is scheduled for deletion. One that was closed by somebody else is not given back.
const SCHEDULED: ByHash = ByHash {
    consume: Sql::both("
update one_time_tokens
set is_used = true
where token_hash = $1 and purpose = $2 and not is_used and expires_at > $3
    and exists (
        select 1 from users u
        where u.id = one_time_tokens.user_id and not u.is_active and u.delete_at > $3 and u.deleted_at is null
    )
returning user_id"),
    owner: Sql::both("
select t.user_id
from one_time_tokens t
join users u on u.id = t.user_id
where t.token_hash = $1 and t.purpose = $2 and not t.is_used and t.expires_at > $3 and not u.is_active and u.delete_at > $3 and u.deleted_at is null"),
    ..ACTIVE
};

const RESET: ByHash = ByHash {
    lock: Sql::both("
update users
set is_active = is_active
where id = (select user_id from password_reset_tokens where token_hash = $1 and not is_used and expires_at > $2)"),
    consume: Sql::both("
update password_reset_tokens
set is_used = true
where token_hash = $1 and not is_used and expires_at > $2
    and exists (
        select 1 from users u
        where u.id = password_reset_tokens.user_id and u.is_active and u.deleted_at is null
    )
returning user_id"),
    owner: Sql::both("
select t.user_id
from password_reset_tokens t
join users u on u.id = t.user_id
where t.token_hash = $1 and not t.is_used and t.expires_at > $2 and u.is_active and u.deleted_at is null"),
    find: Sql::both("
select t.user_id, cast(null as text) as email, t.created_at, t.expires_at,
    exists (
        select 1 from mail_outbox m where m.user_id = t.user_id and m.token_id = t.id and m.recipient = u.email
    ) as was_mailed_to_present_address
from password_reset_tokens t
join users u on u.id = t.user_id
where t.token_hash = $1 and u.deleted_at is null"),
};

/// Whoever stole an account could have it deleted, so a change is reverted on one that is scheduled as well.
const REVERT: ByHash = ByHash {
    lock: Sql::both("
update users
set is_active = is_active
where id = (select user_id from email_revert_tokens where token_hash = $1 and not is_used and expires_at > $2)"),
    consume: Sql::both("
update email_revert_tokens
set is_used = true
where token_hash = $1 and not is_used and expires_at > $2
    and exists (
        select 1 from users u
        where u.id = email_revert_tokens.user_id and (u.is_active or u.delete_at > $2) and u.deleted_at is null
    )
returning user_id"),
    owner: Sql::both("
select t.user_id
from email_revert_tokens t
join users u on u.id = t.user_id
where t.token_hash = $1 and not t.is_used and t.expires_at > $2 and (u.is_active or u.delete_at > $2) and u.deleted_at is null"),
    find: Sql::both("
select t.user_id, t.email, t.created_at, t.expires_at,
    exists (
        select 1 from mail_outbox m where m.user_id = t.user_id and m.token_id = t.id and m.recipient = u.email
    ) as was_mailed_to_present_address
from email_revert_tokens t
join users u on u.id = t.user_id
where t.token_hash = $1 and u.deleted_at is null"),
};

pub(crate) const STATEMENTS: &[&[Sql]] =
    &[&ACTIVE.all(), &SCHEDULED.all(), &RESET.all(), &REVERT.all()];

impl ByHash {
    const fn all(self) -> [Sql; 4] {
        [self.lock, self.consume, self.owner, self.find]
    }
}

/// The statements for tokens of a purpose.
pub(crate) fn by_hash(purpose: Purpose) -> ByHash {
    match purpose {
        Purpose::VerifyEmail | Purpose::ChangeEmail => ACTIVE,
        Purpose::CancelDeletion => SCHEDULED,
        Purpose::ResetPassword => RESET,
        Purpose::RevertEmail => REVERT,
    }
}
