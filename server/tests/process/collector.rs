//! A collector of OpenTelemetry that keeps what it gets.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::support::{Deployment, wait_for};

/// One POST: its head, in lower case, and its body.
struct Post {
    head: String,
    body: Vec<u8>,
}

pub struct Collector {
    url: String,
    posts: Arc<Mutex<Vec<Post>>>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let collector = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            posts: Arc::default(),
        };
        let posts = Arc::clone(&collector.posts);
        thread::spawn(move || {
            for client in listener.incoming() {
                let posts = Arc::clone(&posts);
                thread::spawn(move || serve(client.unwrap(), &posts));
            }
        });
        collector
    }

    /// Sends traces here, and soon.
    pub fn watch(&self, deployment: Deployment) -> Deployment {
        deployment
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", &self.url)
            .with("OTEL_BSP_SCHEDULE_DELAY", "50")
    }

    /// Every span that has come.
    pub fn spans(&self) -> Vec<Span> {
        let resources = self
            .requests()
            .into_iter()
            .flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// Who sends them.
    pub fn resource(&self) -> BTreeMap<String, String> {
        let request = self.requests().into_iter().next().unwrap();
        let resource = request.resource_spans.into_iter().next().unwrap().resource;
        texts(&resource.unwrap().attributes)
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let posts = self.posts.lock().unwrap();
        let decode = |post: &Post| ExportTraceServiceRequest::decode(post.body.as_slice()).unwrap();
        posts.iter().map(decode).collect()
    }

    pub fn heads(&self) -> Vec<String> {
        let posts = self.posts.lock().unwrap();
        posts.iter().map(|post| post.head.clone()).collect()
    }

    /// Whether these bytes are anywhere in the bodies, decoded or not.
    pub fn has_seen(&self, text: &str) -> bool {
        let posts = self.posts.lock().unwrap();
        let is_text = |part: &[u8]| part == text.as_bytes();
        posts
            .iter()
            .any(|post| post.body.windows(text.len()).any(is_text))
    }

    /// Waits for the first span that is like this.
    #[track_caller]
    pub fn wait_for(&self, is_it: impl Fn(&Span) -> bool) -> Span {
        wait_for(
            || self.spans().into_iter().find(&is_it),
            || format!("{:#?}", self.spans()),
        )
    }
}

/// Answers one request after the other, until the client closes.
fn serve(client: TcpStream, posts: &Mutex<Vec<Post>>) {
    let mut answers = client.try_clone().unwrap();
    let mut client = BufReader::new(client);
    while let Some(post) = read(&mut client) {
        posts.lock().unwrap().push(post);
        let _ = answers.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    }
}

fn read(client: &mut BufReader<TcpStream>) -> Option<Post> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if client.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let length = |line: &str| line.strip_prefix("content-length: ")?.parse().ok();
    let mut body = vec![0; head.lines().find_map(length).unwrap()];
    client.read_exact(&mut body).ok()?;
    Some(Post { head, body })
}

pub fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| {
        let value = match attribute.value.clone()?.value? {
            Value::StringValue(text) => text,
            Value::IntValue(number) => number.to_string(),
            other => panic!("{}: {other:?}", attribute.key),
        };
        Some((attribute.key.clone(), value))
    };
    attributes.iter().filter_map(text).collect()
}
