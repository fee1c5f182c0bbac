//! What a page costs on the wire: its own bytes and those of everything that it makes a browser
//! fetch. Bodies only, as a browser that speaks brotli gets them.

use std::path::Path;

use anyhow::{Result, bail};

use super::http;

pub struct Part {
    pub path: String,
    pub bytes: usize,
}

pub struct Weight {
    /// What must be there before the form can be submitted:
    /// the page, and all that blocks its display.
    pub form: Vec<Part>,
    /// What brings its islands to life.
    pub islands: Vec<Part>,
}

pub fn total(parts: &[Part]) -> usize {
    parts.iter().map(|part| part.bytes).sum()
}

pub fn weigh(port: u16, path: &str) -> Result<Weight> {
    let html = read(port, path)?;
    let links = links(&html);
    let mut late = links.late;
    for script in late.clone().iter().filter(|path| is_script(path)) {
        late.extend(imports(&read(port, script)?, script));
    }
    late.retain(|path| !links.blocking.contains(path));
    late.sort();
    late.dedup();
    let form = std::iter::once(path.to_owned()).chain(links.blocking);
    Ok(Weight {
        form: form.map(|path| part(port, path)).collect::<Result<_>>()?,
        islands: late
            .into_iter()
            .map(|path| part(port, path))
            .collect::<Result<_>>()?,
    })
}

/// By its name; a version may follow as `?v=`.
fn is_script(path: &str) -> bool {
    let file = path.split('?').next().unwrap_or_default();
    Path::new(file).extension().is_some_and(|it| it == "js")
}

fn part(port: u16, path: String) -> Result<Part> {
    let bytes = fetch(port, &path, Some("br"))?.len();
    Ok(Part { path, bytes })
}

fn read(port: u16, path: &str) -> Result<String> {
    Ok(String::from_utf8_lossy(&fetch(port, path, None)?).into_owned())
}

fn fetch(port: u16, path: &str, encoding: Option<&str>) -> Result<Vec<u8>> {
    let answer = http::get(port, path, encoding)?;
    if answer.status != 200 {
        bail!("GET {path} answers {}", answer.status);
    }
    Ok(answer.body)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Links {
    blocking: Vec<String>,
    late: Vec<String>,
}

/// The files that the `link` and `script` elements of a page name.
fn links(html: &str) -> Links {
    let mut links = Links::default();
    for tag in tags(html, "<link") {
        let relation = attribute(tag, "rel").unwrap_or_default();
        let Some(path) = attribute(tag, "href") else {
            continue;
        };
        match relation.as_str() {
            "stylesheet" => links.blocking.push(path),
            "modulepreload" | "preload" => links.late.push(path),
            _ => {}
        }
    }
    for tag in tags(html, "<script") {
        let Some(path) = attribute(tag, "src") else {
            continue;
        };
        let waits = ["defer", "async", "module"]
            .iter()
            .any(|word| tag.contains(word));
        if waits {
            links.late.push(path);
        } else {
            links.blocking.push(path);
        }
    }
    links
}

/// The insides of all elements that open with `start`.
fn tags<'a>(html: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    html.split(start)
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap_or_default())
}

/// The value of an attribute, quoted or not.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    let value = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next()?,
        _ => rest.split_whitespace().next()?,
    };
    Some(value.replace("&amp;", "&"))
}

/// The scripts beside it that a script imports, as wasm-bindgen's snippets are.
fn imports(script: &str, path: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let specifiers = script.split("from").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|it| matches!(it, '"' | '\''))?;
        rest[1..].split(quote).next()?.strip_prefix("./")
    });
    specifiers.map(|file| format!("{folder}/{file}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_distinguished() {
        let html = r#"<head><link rel="stylesheet" href="/pkg/vestibule.css"><link rel=icon href=/favicon.svg>
            <link rel="modulepreload" href="/pkg/vestibule.js" crossorigin="x"/>
            <link rel="preload" href="/pkg/vestibule.wasm?v=1&amp;w=2" as="fetch">
            <script src="/block.js"></script><script type="module" src="/later.js"></script>
            <script type="module" nonce="x">import("/pkg/vestibule.js")</script></head>"#;
        let strings = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let expected = Links {
            blocking: strings(&["/pkg/vestibule.css", "/block.js"]),
            late: strings(&[
                "/pkg/vestibule.js",
                "/pkg/vestibule.wasm?v=1&w=2",
                "/later.js",
            ]),
        };
        assert_eq!(links(html), expected);
    }

    #[test]
    fn imports_are_found() {
        let script =
            "import{a}from'./snippets/x/inline0.js';import { b } from \"./c.js\";Array.from(d)";
        assert_eq!(
            imports(script, "/pkg/vestibule.js"),
            ["/pkg/snippets/x/inline0.js", "/pkg/c.js"]
        );
    }
}
