//! Fresh databases, one for each test, gone after it.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

/// The URL of a PostgreSQL role that may create databases.
const POSTGRES: &str = "TEST_POSTGRES_URL";

/// An empty database that is dropped with this value.
pub struct TestDatabase {
    url: String,
    home: Home,
}

enum Home {
    Folder { _removed_on_drop: TempDir },
    Server { admin_url: String, name: String },
}

/// SQLite, and PostgreSQL where `TEST_POSTGRES_URL` is set.
pub async fn databases() -> Vec<TestDatabase> {
    let mut databases = vec![TestDatabase::sqlite()];
    match TestDatabase::postgres().await {
        Some(database) => databases.push(database),
        None => eprintln!("PostgreSQL skipped: {POSTGRES} is not set"),
    }
    databases
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let folder = TempDir::with_prefix("vestibule-test-").unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self {
            url,
            home: Home::Folder {
                _removed_on_drop: folder,
            },
        }
    }

    /// `None` unless `TEST_POSTGRES_URL` is set.
    pub async fn postgres() -> Option<Self> {
        let admin_url = std::env::var(POSTGRES).ok().filter(|url| !url.is_empty())?;
        let name = format!("vestibule_test_{}", uuid::Uuid::new_v4().simple());
        run_on_postgres(&admin_url, &format!("create database {name}"))
            .await
            .unwrap();
        let url = with_database(&admin_url, &name);
        Some(Self {
            url,
            home: Home::Server { admin_url, name },
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of a role that may end the connections of this database; `None` for SQLite.
    pub fn admin_url(&self) -> Option<&str> {
        match &self.home {
            Home::Folder { .. } => None,
            Home::Server { admin_url, .. } => Some(admin_url),
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.home, Home::Server { .. })
    }

    /// Runs statements past the store, to bring about what no operation does.
    pub async fn execute(&self, sql: &str) {
        if self.is_postgres() {
            run_on_postgres(&self.url, sql).await.unwrap();
        } else {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
                .execute(&mut connection)
                .await
                .unwrap();
            connection.close().await.unwrap();
        }
    }

    /// How many rows there are past the store: `select count(*)` and the rest of the query.
    pub async fn count(&self, rest: &str) -> i64 {
        let sql = AssertSqlSafe(format!("select count(*) {rest}"));
        let count = if self.is_postgres() {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await
        } else {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await
        };
        count.unwrap()
    }
}

impl Drop for TestDatabase {
    /// Best effort: a test that fails must not fail a second time here.
    fn drop(&mut self) {
        let Home::Server { admin_url, name } = &self.home else {
            return;
        };
        let (admin_url, name) = (admin_url.clone(), name.clone());
        // A thread of its own, because the runtime of the
        // test cannot wait for anything in a destructor.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(drop_database(&admin_url, &name));
        });
        let _ = dropping.join();
    }
}

/// PostgreSQL 12 does not know `force`; there it works once every connection is closed.
async fn drop_database(admin_url: &str, name: &str) {
    let sql = format!("drop database if exists {name}");
    let forced = run_on_postgres(admin_url, &format!("{sql} with (force)")).await;
    if forced.is_err() {
        let _ = run_on_postgres(admin_url, &sql).await;
    }
}

async fn run_on_postgres(url: &str, sql: &str) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await?;
    connection.close().await
}

/// The URL with another database in the place of its path.
fn with_database(url: &str, name: &str) -> String {
    let (rest, query) = url
        .split_once('?')
        .map_or((url, None), |(rest, query)| (rest, Some(query)));
    let authority = rest.find("://").map_or(0, |at| at + 3);
    let end = rest[authority..]
        .find('/')
        .map_or(rest.len(), |at| authority + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_url_is_replaced() {
        for (url, expected) in [
            (
                "postgres://a:b@host:5432/postgres",
                "postgres://a:b@host:5432/x",
            ),
            ("postgres://host", "postgres://host/x"),
            ("postgres:///postgres?host=/tmp", "postgres:///x?host=/tmp"),
        ] {
            assert_eq!(with_database(url, "x"), expected);
        }
    }
}
