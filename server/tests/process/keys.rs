//! The operator's command for signing keys, beside a portal that runs.

use serde_json::Value;
use vestibule_testkit::{TestDatabase, databases, or_skip};

use crate::support::{
    Deployment, MASTER_KEY, Running, refused_in_one_line, registers, text, wait_until,
};

pub const OTHER_MASTER_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

/// The lines of a command that works, each in its columns.
fn lines(deployment: &Deployment, arguments: &[&str]) -> Vec<Vec<String>> {
    let output = deployment.run(arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let columns = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    text(&output.stdout).lines().map(columns).collect()
}

fn published(portal: &Running) -> Vec<String> {
    published_at(portal, "/.well-known/jwks.json")
}

fn published_at(portal: &Running, path: &str) -> Vec<String> {
    let answer = portal.get(path).unwrap().body;
    let (_, set) = answer.split_once("\r\n\r\n").unwrap();
    let set: Value = serde_json::from_str(set).unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_beside_a_portal_that_runs() {
    for database in databases().await {
        let deployment = Deployment::on(&database).with("VESTIBULE_MASTER_KEY", MASTER_KEY);
        assert!(deployment.run(&["migrate"]).status.success());
        rotates(&deployment);
    }
}

fn rotates(deployment: &Deployment) {
    let [empty] = &lines(deployment, &["keys"])[..] else {
        panic!("an empty database has keys");
    };
    assert!(empty.join(" ").starts_with("There is no key yet"));
    let portal = deployment.start();
    let [first] = &lines(deployment, &["keys"])[..] else {
        panic!("not one key");
    };
    assert_eq!(published(&portal), [first[0].clone()]);
    assert_eq!(first[1..3], ["signing", "since"]);

    let [done, former, next] = &lines(deployment, &["keys", "rotate"])[..] else {
        panic!("not two keys");
    };
    assert_eq!(done.join(" "), format!("{} is published.", next[0]));
    assert_eq!(former[..4], [&first[0], "signing", "believed", "until"]);
    assert_eq!(next[1..4], ["next", "signs", "from"]);
    // The portal learns of it by itself.
    wait_until(
        || published(&portal) == [first[0].clone(), next[0].clone()],
        || format!("{:?}", published(&portal)),
    );
    registers(&portal, "ann@example.org");
    let again = deployment.run(&["keys", "rotate"]);
    refused_in_one_line(&again, "", "is published already");

    let emergency = lines(deployment, &["keys", "rotate", "--emergency"]);
    assert_eq!(emergency.len(), 4, "{emergency:?}");
    let states = emergency[1..].iter().map(|key| key[1].as_str());
    assert_eq!(states.collect::<Vec<_>>(), ["signing", "withdrawn", "next"]);
    assert_eq!(portal.terminate(), Some(0));
    let other = Deployment::new()
        .with("DATABASE_URL", deployment.setting("DATABASE_URL"))
        .with("VESTIBULE_MASTER_KEY", OTHER_MASTER_KEY);
    let refused = other.run(&["keys", "rotate", "--emergency"]);
    refused_in_one_line(&refused, "", "another master key");
    assert_eq!(lines(deployment, &["keys"]).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_of_apps_are_rotated_apart_from_the_portals() {
    for database in databases().await {
        let deployment = Deployment::on(&database).with("VESTIBULE_MASTER_KEY", MASTER_KEY);
        let portal = deployment.start();
        rotates_those_of_apps(&deployment, &portal);
        assert_eq!(portal.terminate(), Some(0));
    }
}

fn rotates_those_of_apps(deployment: &Deployment, portal: &Running) {
    let rotate = ["keys", "rotate", "--set", "apps"];
    let [none] = &lines(deployment, &rotate)[..] else {
        panic!("without a client there are keys of apps");
    };
    assert!(none.join(" ").starts_with("There is no key of apps yet"));
    let redirect_uri = "--redirect-uri=https://app.example.org/";
    lines(deployment, &["client", "add", "--id=app", redirect_uri]);
    let before = lines(deployment, &["keys"]);
    let sets = before.iter().map(|key| key[4..].join(" "));
    assert_eq!(
        sets.collect::<Vec<_>>(),
        ["", "app_access EdDSA", "apps RS256"]
    );

    let rotated = lines(deployment, &rotate);
    let (done, keys) = rotated.split_at(2);
    assert!(done.iter().all(|line| line[1..] == ["is", "published."]));
    assert_eq!(keys[0], before[0], "the portal's own");
    let states = keys[1..]
        .iter()
        .map(|key| format!("{} {}", key[1], key[5..].join(" ")));
    assert_eq!(
        states.collect::<Vec<_>>(),
        [
            "signing app_access EdDSA",
            "next app_access EdDSA",
            "signing apps RS256",
            "next apps RS256"
        ]
    );
    let of_apps = [keys[3][0].clone(), keys[4][0].clone()];
    wait_until(
        || published_at(portal, "/oauth2/jwks.json") == of_apps,
        || format!("{:?}", published_at(portal, "/oauth2/jwks.json")),
    );
    let again = deployment.run(&rotate);
    refused_in_one_line(&again, "", "is published already");

    let rotated = lines(deployment, &["keys", "rotate"]);
    assert_eq!(rotated.len(), 1 + 2 + 4, "{rotated:?}");
    assert_eq!(rotated[3..], keys[1..], "those of apps");
}

/// From when a key signs is counted by the clock of this machine.
/// Here that of the database is another one.
#[tokio::test]
async fn a_clock_that_is_wrong_rotates_a_key_in_an_emergency_alone() {
    let database = or_skip!(TestDatabase::postgres().await);
    let deployment = Deployment::on(&database).with("VESTIBULE_MASTER_KEY", MASTER_KEY);
    assert!(deployment.run(&["migrate"]).status.success());
    let name = database.url().rsplit('/').next().unwrap();
    for sql in [
        "create schema odd".to_owned(),
        "create function odd.clock_timestamp() returns timestamptz language sql
         as $$select pg_catalog.clock_timestamp() + interval '1 minute'$$"
            .to_owned(),
        format!("alter database {name} set search_path = odd, pg_catalog, public"),
    ] {
        database.execute(&sql).await;
    }
    let refused = deployment.run(&["keys", "rotate"]);
    refused_in_one_line(&refused, "", "differ by");
    assert_eq!(lines(&deployment, &["keys"])[0][0], "There");
    assert_eq!(
        lines(&deployment, &["keys", "rotate", "--emergency"]).len(),
        2
    );
}
