//! Both databases accept every statement. Statements are plain text to the compiler, so this is
//! where a misspelt column or a wrong count of arguments shows.

mod common;

use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, Row as _, SqlSafeStr, SqliteConnection,
};
use vestibule_testkit::{TestDatabase, ok, or_skip};

#[tokio::test]
async fn every_statement_can_be_prepared_on_sqlite() {
    let database = TestDatabase::sqlite();
    common::migrated(&database).await.close().await;
    let mut connection = SqliteConnection::connect(database.url()).await.unwrap();
    for sql in vestibule_storage::sqlite_statements() {
        let prepared = (&mut connection).prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{sql}\n{prepared:?}");
    }
}

#[tokio::test]
async fn every_statement_can_be_prepared_on_postgres() {
    let database = or_skip!(TestDatabase::postgres().await);
    common::migrated(&database).await.close().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    for sql in vestibule_storage::postgres_statements() {
        let prepared = (&mut connection).prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{sql}\n{prepared:?}");
    }
    connection.close().await.unwrap();
}

/// Nothing that a request or a cleanup runs looks at a table from one end to the other.
#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let sqlite = TestDatabase::sqlite();
    common::migrated(&sqlite).await.close().await;
    let mut connection = SqliteConnection::connect(sqlite.url()).await.unwrap();
    for sql in indexed(vestibule_storage::sqlite_statements()) {
        let explain = AssertSqlSafe(format!("explain query plan {sql}"));
        let rows = ok!(sqlx::query(explain).fetch_all(&mut connection));
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let scans = plan.iter().any(|step| is_scan_in_sqlite(step));
        assert!(!scans, "{sql}\n{plan:#?}");
    }
    let postgres = or_skip!(TestDatabase::postgres().await);
    common::migrated(&postgres).await.close().await;
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    // An empty table is read as a whole unless that is dear;
    // and the plan is to be for any arguments.
    let planner = "set enable_seqscan = off; set plan_cache_mode = force_generic_plan";
    ok!(sqlx::raw_sql(planner).execute(&mut connection));
    for sql in indexed(vestibule_storage::postgres_statements()) {
        let explain = format!("prepare statement as {sql}");
        ok!(sqlx::raw_sql(AssertSqlSafe(explain)).execute(&mut connection));
        let arguments = vec!["null"; arguments_of(sql)].join(", ");
        let explain = if arguments.is_empty() {
            "explain verbose execute statement".to_owned()
        } else {
            format!("explain verbose execute statement ({arguments})")
        };
        let rows = ok!(sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut connection));
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let steps = without_alternatives(&plan);
        let scans = steps.iter().any(|step| step.contains("Seq Scan"));
        assert!(!scans, "{sql}\n{plan:#?}");
        ok!(sqlx::raw_sql("deallocate statement").execute(&mut connection));
    }
    connection.close().await.unwrap();
}

/// PostgreSQL before 14 shows two ways for a sub-query and chooses when it runs: by an index, or,
/// if it would be asked for very many rows, by a table that was read whole.
/// The second is left out here.
fn without_alternatives(plan: &[String]) -> Vec<&str> {
    let hashed: Vec<String> = plan
        .iter()
        .filter(|step| step.contains("alternatives:"))
        .flat_map(|step| step.split("hashed ").skip(1))
        .map(|rest| rest.chars().take_while(|next| *next != ')').collect())
        .collect();
    let indent = |step: &str| step.len() - step.trim_start().len();
    let mut left_out = None;
    let is_kept = |step: &&str| {
        if left_out.is_some_and(|depth| indent(step) > depth) {
            return false;
        }
        left_out = hashed
            .iter()
            .any(|name| step.trim() == name)
            .then(|| indent(step));
        left_out.is_none()
    };
    plan.iter().map(String::as_str).filter(is_kept).collect()
}

/// What is kept apart from the rest: invariants look at everything,
/// and there are only a few signing keys.
fn indexed(all: Vec<&'static str>) -> Vec<&'static str> {
    let is_distinguished = |sql: &str| {
        sql.contains("as broken")
            || sql.contains("signing_keys")
            || sql.contains("as present")
            || sql.contains("as locked")
    };
    all.into_iter()
        .filter(|sql| !is_distinguished(sql))
        .collect()
}

/// A scan of a list that was made up on the way is none, nor is one that an index puts into order.
fn is_scan_in_sqlite(step: &str) -> bool {
    step.starts_with("SCAN ")
        && !step.contains(" USING ")
        && !["VIRTUAL TABLE", "CONSTANT ROW", "seen", "LIST SUBQUERY"]
            .iter()
            .any(|part| step.contains(part))
}

fn arguments_of(sql: &str) -> usize {
    (1..100)
        .take_while(|number| {
            let name = format!("${number}");
            sql.match_indices(&name).any(|(at, _)| {
                !sql[at + name.len()..].starts_with(|next: char| next.is_ascii_digit())
            })
        })
        .count()
}

#[test]
fn statements_are_written_as_the_house_rules_say() {
    let statements = [
        vestibule_storage::postgres_statements(),
        vestibule_storage::sqlite_statements(),
    ];
    for sql in statements.concat() {
        for refused in ["now()", "current_timestamp", "select *", "returning *"] {
            assert!(!sql.contains(refused), "{sql}");
        }
        assert_eq!(sql, sql.to_lowercase());
    }
}
