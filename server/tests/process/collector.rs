//! A collector of OpenTelemetry that keeps what it gets.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::Bytes;
use http::{HeaderMap, Method, Uri};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::support::{Deployment, wait_for};

struct Post {
    line: String,
    headers: HeaderMap,
    body: Bytes,
}

pub struct Collector {
    url: String,
    posts: Arc<Mutex<Vec<Post>>>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let posts = Arc::<Mutex<Vec<Post>>>::default();
        let kept = Arc::clone(&posts);
        let keep = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let line = format!("{method} {uri}");
            let post = Post {
                line,
                headers,
                body,
            };
            kept.lock().unwrap().push(post);
            async {}
        };
        thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, Router::new().fallback(keep)).await
            })
        });
        Self { url, posts }
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
        let decode = |post: &Post| ExportTraceServiceRequest::decode(post.body.clone()).unwrap();
        posts.iter().map(decode).collect()
    }

    /// Lines and headers of the requests.
    pub fn heads(&self) -> Vec<(String, HeaderMap)> {
        let posts = self.posts.lock().unwrap();
        let head = |post: &Post| (post.line.clone(), post.headers.clone());
        posts.iter().map(head).collect()
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
