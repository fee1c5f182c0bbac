//! Times as both databases keep them exactly: whole microseconds.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Postgres, Sqlite, Type};
use time::OffsetDateTime;
use vestibule_core::ports::StoreError;

/// A time in a statement: `timestamptz` on PostgreSQL, microseconds since 1970 UTC on SQLite.
///
/// The driver's own form on SQLite is text with a varying number of digits,
/// which does not sort as time does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Micros(pub OffsetDateTime);

impl Micros {
    fn to_unix(self) -> Result<i64, BoxDynError> {
        Ok(i64::try_from(
            self.0.unix_timestamp_nanos().div_euclid(1_000),
        )?)
    }

    /// Microseconds since 1970 UTC.
    pub fn unix(self) -> Result<i64, StoreError> {
        self.to_unix().map_err(StoreError::Unexpected)
    }

    fn from_unix(micros: i64) -> Result<Self, BoxDynError> {
        Ok(Self(OffsetDateTime::from_unix_timestamp_nanos(
            i128::from(micros) * 1_000,
        )?))
    }
}

impl Type<Postgres> for Micros {
    fn type_info() -> PgTypeInfo {
        <OffsetDateTime as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Micros {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <OffsetDateTime as Encode<'_, Postgres>>::encode_by_ref(&self.0, buffer)
    }
}

impl Decode<'_, Postgres> for Micros {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        <OffsetDateTime as Decode<'_, Postgres>>::decode(value).map(Self)
    }
}

impl Type<Sqlite> for Micros {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(ty)
    }
}

impl Encode<'_, Sqlite> for Micros {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<'_, Sqlite>>::encode(self.to_unix()?, buffer)
    }
}

impl Decode<'_, Sqlite> for Micros {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Self::from_unix(<i64 as Decode<'_, Sqlite>>::decode(value)?)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_time_comes_back_in_whole_microseconds_rounded_down() {
        for (time, expected) in [
            (
                datetime!(2026-11-24 08:30:00.123456789 UTC),
                datetime!(2026-11-24 08:30:00.123456 UTC),
            ),
            (
                datetime!(1969-12-31 23:59:59.999999999 UTC),
                datetime!(1969-12-31 23:59:59.999999 UTC),
            ),
        ] {
            assert_eq!(
                Micros::from_unix(Micros(time).to_unix().unwrap())
                    .unwrap()
                    .0,
                expected
            );
        }
    }
}
