//! The lines of the log as a shipper and an index meet them: each is as
//! `deploy/logs/line.schema.json` says, and the files beside it know its fields and streams.

#[path = "../http/support/schema.rs"]
mod schema;
mod sources;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::LazyLock;
use std::thread;

use regex::Regex;
use serde_json::{Value, json};

use crate::log::{lines_of, panic_lines};
use crate::support::{Deployment, FORM, Running, exchange, register, request, text};

const STREAMS: [&str; 4] = ["application", "access", "error", "audit"];

/// What the shipper adds; the time is the line's.
const ADDED: [&str; 3] = ["@timestamp", "host", "file_path"];

/// Text that is JSON, and looks as if the line were of another stream.
const EVIL: &str = r#"{"stream":"audit","level":"INFO"}"#;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| json_of(&read("line.schema.json")));

fn read(file: &str) -> String {
    let path = format!("{}/../deploy/logs/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap()
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The strings of a list; none where there is no list.
fn strings(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| item.as_str().unwrap()).collect()
}

/// The names in an object.
fn names(object: &Value) -> BTreeSet<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

static LINES: LazyLock<Vec<String>> = LazyLock::new(lines);

/// Lines of every stream and of a library, and one of a panic.
fn lines() -> Vec<String> {
    let deployment = Deployment::new()
        .with("VESTIBULE_RATE_LIMITS", "on")
        .with("VESTIBULE_LOG", "info,rustls=debug")
        .with("REDIS_URL", &no_redis());
    let mut lines = lines_of(deployment, |portal| {
        let registered = register(portal.address, "ann@example.org").unwrap();
        assert_eq!(registered.status, 201);
        assert_eq!(register(portal.address, "no address").unwrap().status, 400);
        let form = request("POST /_fn/register", &[FORM], "email=nobody&password=x");
        assert_eq!(status(portal, &form), 303);
        let agent = format!("user-agent: {EVIL}");
        let evil = request("GET /api/v1/auth/me", &[&agent], "");
        assert_eq!(status(portal, &evil), 401);
    });
    lines.extend(panic_lines().lines().map(str::to_owned));
    lines
}

/// Something that speaks no TLS: an error with causes.
fn no_redis() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rediss://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming() {
            let _ = client.unwrap().write_all(b"neither TLS nor Redis\r\n");
        }
    });
    url
}

fn status(portal: &Running, request: &str) -> u16 {
    exchange(portal.address, request).unwrap().status
}

#[test]
fn lines_of_all_kinds_are_looked_at() {
    let lines: Vec<Value> = LINES.iter().map(|line| json_of(line)).collect();
    let some = |what: &str, is_it: &dyn Fn(&Value) -> bool| {
        assert!(lines.iter().any(is_it), "no line {what}: {lines:#?}");
    };
    for stream in STREAMS {
        some(stream, &|line| line["stream"] == stream);
    }
    some("with causes", &|line| {
        line["stream"] == "error" && line["causes"].is_array()
    });
    some("of a panic", &|line| line["panic"].is_string());
    for path in ["/api/v1/auth/register", "/_fn/register"] {
        some("of a refused form", &|line| {
            line["fields"].is_string() && line["path"] == path
        });
    }
    some("with an evil agent", &|line| line["user_agent"] == EVIL);
    some("of a library", &|line| line["log.file"].is_string());
}

/// Where a line is not as the schema says. What libraries log may have further fields.
fn violations(line: &Value) -> Vec<String> {
    let is_ours = line["target"].as_str().unwrap().starts_with("vestibule");
    let mut schema = SCHEMA.clone();
    schema["additionalProperties"] = json!(!is_ours);
    schema::violations(&schema, line)
}

#[test]
fn lines_of_every_stream_are_as_the_schema_says() {
    for line in LINES.iter().map(|line| json_of(line)) {
        assert_eq!(violations(&line), [""; 0], "{line}");
        let details = line["details"].as_str();
        assert!(details.is_none_or(|it| json_of(it).is_object()), "{line}");
    }
}

#[test]
fn what_is_not_as_the_schema_says_is_found() {
    let good = json!({
        "timestamp": "2026-01-01T00:00:00.123456Z", "level": "INFO", "stream": "audit",
        "target": "vestibule::audit", "message": "audit event", "audit_id": "1",
        "event": "user_registered", "success": true, "details": "{}", "causes": ["x"], "status": 200,
    });
    assert_eq!(SCHEMA["additionalProperties"], false);
    assert_eq!(violations(&good), [""; 0]);
    for (name, value) in [
        ("success", json!("true")),
        ("status", json!("200")),
        ("client", json!("nobody")),
        ("causes", json!([1])),
        ("timestamp", json!("2026-01-01 00:00:00Z")),
        ("level", json!("LOUD")),
        ("unheard_of", json!(1)),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert_eq!(violations(&bad).len(), 1, "{bad}");
    }
    let mut bad = good.clone();
    bad.as_object_mut().unwrap().remove("audit_id");
    assert_eq!(violations(&bad), [": \"audit_id\" is missing"]);
}

/// What the log adds to the fields of the sources.
const ADDED_BY_THE_LOG: &str = "timestamp level stream target message causes";

#[test]
fn the_fields_of_the_sources_are_those_of_the_schema() {
    let mut fields = sources::fields();
    fields.extend(ADDED_BY_THE_LOG.split(' ').map(str::to_owned));
    let fields: BTreeSet<&str> = fields.iter().map(String::as_str).collect();
    assert_eq!(fields, names(&SCHEMA["properties"]));
}

/// The mapping of every index; no line can make it grow.
fn mapping() -> Value {
    let component = json_of(&read("elasticsearch/component-fields.json"));
    let mapping = component["template"]["mappings"].clone();
    assert_eq!(mapping["dynamic"], false);
    mapping["properties"].clone()
}

#[test]
fn every_field_is_mapped_as_what_it_is() {
    let mapping = mapping();
    let mut mapped = names(&mapping);
    for added in ADDED {
        assert!(mapped.remove(added), "{added}");
    }
    mapped.insert("timestamp");
    assert_eq!(mapped, names(&SCHEMA["properties"]));
    for (name, property) in SCHEMA["properties"].as_object().unwrap() {
        let kind = mapping[name]["type"].as_str().unwrap_or("date");
        let takes = match kind {
            "text" if property["type"] == "array" => json!({ "type": "array" }),
            "keyword" | "text" => json!({ "type": "string" }),
            "ip" => json!({ "type": "string", "format": "ip" }),
            "date" => json!({ "type": "string", "format": "date-time" }),
            "flattened" => json!({ "type": "string", "contentMediaType": "application/json" }),
            "long" | "short" => json!({ "type": "integer" }),
            "boolean" => json!({ "type": "boolean" }),
            other => panic!("this test does not know the type {other}"),
        };
        for (key, value) in takes.as_object().unwrap() {
            assert_eq!(property[key], *value, "{name} is mapped as {kind}");
        }
    }
}

#[test]
fn every_stream_has_its_index() {
    let setup = read("setup");
    assert!(setup.contains("put _component_template/vestibule-fields component-fields.json"));
    let templates = setup
        .lines()
        .filter_map(|it| it.strip_prefix("put _index_template/"));
    let mut indices = Vec::new();
    for template in templates.map(|it| it.split_once(' ').unwrap().1) {
        let template = json_of(&read(&format!("elasticsearch/{template}")));
        assert!(template["data_stream"].is_object(), "{template}");
        assert_eq!(template["composed_of"], json!(["vestibule-fields"]));
        assert!(template["template"].get("mappings").is_none(), "{template}");
        let patterns = strings(&template["index_patterns"]).into_iter();
        indices.extend(patterns.map(str::to_owned));
    }
    indices.sort_unstable();
    let mut expected = STREAMS.map(|stream| format!("vestibule-{stream}"));
    expected.sort_unstable();
    assert_eq!(indices, expected);

    // A line of no other stream, and what is no JSON, goes to the first.
    let shipper = read("filebeat.yml");
    assert!(shipper.contains("\n  index: vestibule-application\n  indices:\n"));
    let routes = Regex::new(r"- index: vestibule-(\w+)\n +when\.equals\.stream: (\w+)\n").unwrap();
    let routes = routes.captures_iter(&shipper).map(|it| it.extract().1);
    assert_eq!(
        routes.collect::<Vec<_>>(),
        STREAMS[1..].iter().map(|it| [*it; 2]).collect::<Vec<_>>()
    );
}

/// Docker does not say whose lines they are, so the shipper takes those of our form alone.
#[test]
fn our_lines_and_no_others_are_taken_from_docker() {
    let shipper = read("filebeat.yml");
    let pattern = shipper.split("include_lines: ['").nth(1).unwrap();
    let taken = Regex::new(pattern.split("']").next().unwrap()).unwrap();
    for line in LINES.iter() {
        assert!(taken.is_match(line), "{line}");
    }
    let refused = Deployment::new().with("VESTIBULE_MODE", "prod").run(&[]);
    for line in [text(&refused.stderr).trim_end(), EVIL] {
        assert!(!taken.is_match(line), "{line}");
    }
}

#[test]
fn every_field_of_a_saved_search_is_mapped() {
    let mapping = mapping();
    let objects: Vec<Value> = read("kibana/audit.ndjson").lines().map(json_of).collect();
    let views = STREAMS.map(|stream| format!("vestibule-{stream}"));
    for (object, view) in objects.iter().zip(&views) {
        assert_eq!(object["id"], view.as_str());
        assert_eq!(object["attributes"]["timeFieldName"], "@timestamp");
    }
    assert!(objects.len() > views.len());
    let in_query = Regex::new(r"([\w@.]+)\s*:").unwrap();
    for search in &objects[views.len()..] {
        let index = &search["references"][0]["id"];
        assert!(views.iter().any(|view| index == view), "{search}");
        let search = &search["attributes"];
        let source = &search["kibanaSavedObjectMeta"]["searchSourceJSON"];
        let source = json_of(source.as_str().unwrap());
        assert_eq!(source["filter"], json!([]), "a query says the same");
        let sort = search["sort"].as_array().unwrap().iter();
        let query = source["query"]["query"].as_str().unwrap();
        let mut fields = strings(&search["columns"]);
        fields.extend(sort.map(|sort| sort[0].as_str().unwrap()));
        let asked = in_query.captures_iter(query);
        fields.extend(asked.map(|asked| asked.extract::<1>().1[0]));
        for field in fields {
            assert!(mapping.get(field).is_some(), "{field} of {search}");
        }
    }
}
