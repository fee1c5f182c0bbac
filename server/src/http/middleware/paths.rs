/// Whether a path is one of these or below it, by whole segments:
/// `/health/live` is below `/health`, `/healthy` is not.
pub fn is_below(places: &[&str], path: &str) -> bool {
    places.iter().any(|place| {
        path.strip_prefix(place)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn a_path_is_below_another_by_whole_segments() {
        let places = ["/health", "/pkg"];
        for path in ["/health", "/health/", "/health/live", "/pkg/a/b.js"] {
            assert!(is_below(&places, path), "{path}");
        }
        for path in [
            "/healthanything",
            "/health.txt",
            "/Health",
            "/",
            "",
            "/x/pkg/",
            "health",
        ] {
            assert!(!is_below(&places, path), "{path}");
        }
    }
}
