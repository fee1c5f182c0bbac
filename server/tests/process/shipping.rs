//! The way of a log line to Elasticsearch, by the files of deploy/logs. Neither Filebeat nor
//! Elasticsearch is needed: two small models read what the real ones read,
//! and lines come from the real binary.

mod elasticsearch;
mod filebeat;
mod json;
mod sources;

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::LazyLock;
use std::thread;

use regex::Regex;
use serde_json::Value;

use elasticsearch::Elasticsearch;
use filebeat::{Filebeat, Shipped};
use json::{json_of, read, strings};

use crate::log::{lines_of, panic_lines};
use crate::support::{Deployment, Running, exchange, register, text};

const INPUTS: [&str; 3] = ["docker", "pods", "files"];
const STREAMS: [&str; 4] = ["application", "access", "error", "audit"];

/// Runtimes split lines at 16 KiB. Here it is sooner, so that each line is split.
const PART: usize = 100;

/// Text that is JSON, and looks as if the line were of another stream.
const EVIL: &str = r#"{"stream":"audit","level":"INFO"}"#;

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
        assert_eq!(send_form(portal), 303);
        assert_eq!(ask_with_evil_agent(portal), 401);
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

fn send_form(portal: &Running) -> u16 {
    let form = "email=nobody&password=x";
    let request = format!(
        "POST /_fn/register HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{form}",
        form.len()
    );
    exchange(portal.address, &request).unwrap().status
}

fn ask_with_evil_agent(portal: &Running) -> u16 {
    let request = format!(
        "GET /api/v1/auth/me HTTP/1.1\r\nhost: localhost\r\nuser-agent: {EVIL}\r\nconnection: close\r\n\r\n"
    );
    exchange(portal.address, &request).unwrap().status
}

/// The lines of the file that a container runtime, or nobody, makes of a line.
fn wrapped(input: &str, line: &str) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    let parts: Vec<String> = chars.chunks(PART).map(String::from_iter).collect();
    let last = parts.len() - 1;
    let wrapped = |(index, part): (usize, &String)| match input {
        "docker" => docker_line(part, index == last),
        "pods" => cri_line(part, index == last),
        other => panic!("{other} wraps nothing"),
    };
    match input {
        "files" => vec![line.to_owned()],
        _ => parts.iter().enumerate().map(wrapped).collect(),
    }
}

fn docker_line(part: &str, is_last: bool) -> String {
    let end = if is_last { "\n" } else { "" };
    let log = format!("{part}{end}");
    serde_json::json!({ "log": log, "stream": "stderr", "time": "2026-01-01T00:00:00.123456789Z" })
        .to_string()
}

fn cri_line(part: &str, is_last: bool) -> String {
    let tag = if is_last { "F" } else { "P" };
    format!("2026-01-01T00:00:00.123456789Z stderr {tag} {part}")
}

/// Each line with what becomes of it by each input.
fn shipped() -> Vec<(Value, Shipped)> {
    let filebeat = Filebeat::new(&read("filebeat.yml"));
    let mut all = Vec::new();
    for input in INPUTS {
        for line in LINES.iter() {
            let mut shipped = filebeat.ship(input, &wrapped(input, line));
            assert_eq!(shipped.len(), 1, "{input} does not take {line}");
            all.push((json_of(line), shipped.remove(0)));
        }
    }
    all
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

#[test]
fn every_line_comes_whole_to_the_index_of_its_stream() {
    for (line, shipped) in shipped() {
        let stream = line["stream"].as_str().unwrap();
        assert_eq!(shipped.index, format!("vestibule-{stream}"), "{line}");
        let mut expected = line.clone();
        expected["@timestamp"] = expected
            .as_object_mut()
            .unwrap()
            .remove("timestamp")
            .unwrap();
        if let Some(details) = line["details"].as_str() {
            expected["details"] = json_of(details);
        }
        let mut document = shipped.document;
        assert_eq!(document["host"]["name"], "machine");
        assert!(document["file_path"].is_string());
        for added in ["host", "file_path"] {
            document.as_object_mut().unwrap().remove(added);
        }
        same_moment(&mut expected, &document);
        assert_eq!(document, expected);
    }
}

/// Zeros at the end of the fraction may be written or not.
#[track_caller]
fn same_moment(expected: &mut Value, document: &Value) {
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};
    let moment = |value: &Value| OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap();
    let actual = &document["@timestamp"];
    assert_eq!(moment(&expected["@timestamp"]), moment(actual));
    expected["@timestamp"] = actual.clone();
}

/// What libraries log is kept, and only has to do no harm.
#[test]
fn every_field_is_mapped_as_what_it_is() {
    let elasticsearch = Elasticsearch::set_up();
    for (line, shipped) in shipped() {
        let mapping = elasticsearch.mapping(&shipped.index);
        assert!(mapping.is_closed(), "{}", shipped.index);
        let document = shipped.document;
        assert_eq!(mapping.misfits(&document), [""; 0], "{document}");
        if line["target"].as_str().unwrap().starts_with("vestibule") {
            assert_eq!(mapping.unmapped(&document), [""; 0], "{document}");
        }
    }
}

#[test]
fn every_field_in_the_sources_is_mapped() {
    let fields = sources::fields();
    for field in ["request_id", "signing_keys", "task"] {
        assert!(fields.contains(field), "{field} is not found: {fields:?}");
    }
    let elasticsearch = Elasticsearch::set_up();
    for stream in STREAMS {
        let mapping = elasticsearch.mapping(&format!("vestibule-{stream}"));
        let unmapped: Vec<&String> = fields.iter().filter(|it| !mapping.has(it)).collect();
        assert_eq!(unmapped, [""; 0], "{stream}");
    }
}

#[test]
fn what_is_no_json_goes_to_the_application_index() {
    let refused = Deployment::new().with("VESTIBULE_MODE", "prod").run(&[]);
    let refused = text(&refused.stderr);
    let line = refused.trim_end();
    let filebeat = Filebeat::new(&read("filebeat.yml"));
    for input in ["pods", "files"] {
        let shipped = filebeat.ship(input, &wrapped(input, line));
        assert_eq!(shipped.len(), 1, "{input}");
        assert_eq!(shipped[0].index, "vestibule-application");
        assert_eq!(shipped[0].document["message"], line);
        let mapping = Elasticsearch::set_up().mapping("vestibule-application");
        assert_eq!(mapping.misfits(&shipped[0].document), [""; 0]);
    }
    // It may be anybody's there.
    for line in [line, EVIL] {
        assert!(filebeat.ship("docker", &wrapped("docker", line)).is_empty());
    }
}

#[test]
fn every_field_of_a_saved_search_is_mapped() {
    let objects: Vec<Value> = read("kibana/audit.ndjson").lines().map(json_of).collect();
    let elasticsearch = Elasticsearch::set_up();
    let views = objects.iter().filter(|it| it["type"] == "index-pattern");
    let titles: Vec<&str> = views.map(|view| view["id"].as_str().unwrap()).collect();
    assert_eq!(titles, STREAMS.map(|stream| format!("vestibule-{stream}")));
    let mut searches = 0;
    for object in &objects {
        let (index, fields) = match object["type"].as_str().unwrap() {
            "index-pattern" => (&object["attributes"]["title"], fields_of_view(object)),
            "search" => (&object["references"][0]["id"], fields_of_search(object)),
            other => panic!("this test does not know {other}"),
        };
        let mapping = elasticsearch.mapping(index.as_str().unwrap());
        for field in fields {
            assert!(mapping.has(&field), "{field} of {}", object["id"]);
        }
        searches += usize::from(object["type"] == "search");
    }
    assert!(searches > 0);
}

fn fields_of_view(view: &Value) -> Vec<String> {
    vec![
        view["attributes"]["timeFieldName"]
            .as_str()
            .unwrap()
            .to_owned(),
    ]
}

/// Columns, order, query and filters.
fn fields_of_search(search: &Value) -> Vec<String> {
    let search = &search["attributes"];
    let source = json_of(
        search["kibanaSavedObjectMeta"]["searchSourceJSON"]
            .as_str()
            .unwrap(),
    );
    let sort = search["sort"].as_array().unwrap().iter();
    let filters = source["filter"].as_array().unwrap().iter();
    let query = source["query"]["query"].as_str().unwrap();
    let mut fields: Vec<&str> = strings(&search["columns"]);
    fields.extend(sort.map(|sort| sort[0].as_str().unwrap()));
    fields.extend(filters.map(|filter| filter["meta"]["key"].as_str().unwrap()));
    let in_query = Regex::new(r"([\w@.]+)\s*:").unwrap();
    fields.extend(
        in_query
            .captures_iter(query)
            .map(|found| found.extract::<1>().1[0]),
    );
    assert!(fields.len() > 1, "{search}");
    fields.into_iter().map(str::to_owned).collect()
}
