use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::TestApp;

/// Nobody can write, and on PostgreSQL nobody can connect, until it is over.
pub enum Outage {
    Postgres {
        admin: PgConnection,
        database: String,
    },
    Sqlite(SqliteConnection),
}

impl Outage {
    pub async fn begin(app: &TestApp) -> Self {
        let url = app.database.url();
        if !app.database.is_postgres() {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            connection.execute("begin immediate").await.unwrap();
            return Self::Sqlite(connection);
        }
        let admin_url = app.database.admin_url().unwrap();
        let mut outage = Self::Postgres {
            admin: PgConnection::connect(admin_url).await.unwrap(),
            database: url.rsplit('/').next().unwrap().to_owned(),
        };
        outage.allow_connections(false).await;
        outage
    }

    async fn allow_connections(&mut self, allowed: bool) {
        let Self::Postgres { admin, database } = self else {
            return;
        };
        let sql = format!("alter database {database} with allow_connections {allowed}");
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
        if !allowed {
            let sql = format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
            );
            admin.execute(AssertSqlSafe(sql)).await.unwrap();
        }
    }

    pub async fn end(mut self) {
        self.allow_connections(true).await;
        if let Self::Sqlite(connection) = self {
            connection.close().await.unwrap();
        }
    }
}
