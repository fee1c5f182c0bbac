//! `[retention]`

use vestibule_core::Retention;

use super::reader::Reader;
use super::setting::settings;

settings! {
    /// Days that audit events are kept; 0 for ever. Those of a refresh or a refusal go after 30
    /// days in any case.
    AUDIT_DAYS: u32 =
        "retention.audit_days", "VESTIBULE_AUDIT_RETENTION_DAYS", "365", in 0..=36_500;
    /// Days after which an account is deleted whose address was never confirmed, if nobody signed
    /// in to it for as long and no session is left; 0 never.
    UNVERIFIED_DAYS: u32 =
        "retention.unverified_days", "VESTIBULE_UNVERIFIED_RETENTION_DAYS", "0", in 0..=3650;
}

pub(super) fn read(reader: &mut Reader<'_>) -> Retention {
    Retention {
        audit_days: reader.get(AUDIT_DAYS),
        unverified_days: reader.get(UNVERIFIED_DAYS),
    }
}
