//! A statement, and the macro by which a file defines its statements and lists them.

/// A statement that both databases understand, or one for each. Empty where a database has none.
#[derive(Clone, Copy)]
pub(crate) struct Sql {
    pub postgres: &'static str,
    pub sqlite: &'static str,
}

impl Sql {
    pub const fn both(sql: &'static str) -> Self {
        Self {
            postgres: sql,
            sqlite: sql,
        }
    }

    pub const fn only_postgres(sql: &'static str) -> Self {
        Self {
            postgres: sql,
            sqlite: "",
        }
    }

    pub const fn only_sqlite(sql: &'static str) -> Self {
        Self {
            postgres: "",
            sqlite: sql,
        }
    }
}

/// Defines the statements of a file, and lists them as `STATEMENTS` for the tests that have both
/// databases prepare them.
macro_rules! statements {
    ($($(#[$doc:meta])* const $name:ident: Sql = $sql:expr;)+) => {
        $($(#[$doc])* const $name: Sql = $sql;)+

        pub(crate) const STATEMENTS: &[Sql] = &[$($name),+];
    };
}
pub(crate) use statements;
