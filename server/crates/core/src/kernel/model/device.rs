//! "Firefox on Linux": browsers freeze their user-agent strings,
//! so browser and system are all there is to read.

/// The only words among the names of programs.
pub const ANDROID_APP: &str = "Android app";
pub const APPLE_APP: &str = "Apple app";

/// What a device is called whose user agent names nothing.
pub const UNKNOWN_DEVICE: &str = "Unknown device";

/// Longer names of programs are none that people know.
const MAX_PROGRAM_CHARS: usize = 40;

/// In this order: later names are part of earlier ones' strings.
const BROWSERS: &[(&str, &str)] = &[
    ("FBAN/", "Facebook"),
    ("FBAV/", "Facebook"),
    ("Instagram ", "Instagram"),
    (" Line/", "LINE"),
    ("MicroMessenger/", "WeChat"),
    ("TikTok", "TikTok"),
    ("musical_ly", "TikTok"),
    ("BytedanceWebview/", "TikTok"),
    ("LinkedInApp", "LinkedIn"),
    ("[Pinterest/", "Pinterest"),
    ("Snapchat/", "Snapchat"),
    ("GSA/", "Google app"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-", "Python"),
    ("Python", "Python"),
    ("aiohttp/", "Python"),
    ("node", "Node.js"),
    ("undici", "Node.js"),
    ("Go-http-client/", "Go"),
    ("Java", "Java"),
    ("Dart/", "Dart"),
    ("GuzzleHttp/", "PHP"),
    ("okhttp/", ANDROID_APP),
    ("CFNetwork/", APPLE_APP),
    ("PostmanRuntime/", "Postman"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// A name of the device to show; "Unknown device" where the user agent is not recognised.
pub fn device_name(user_agent: Option<&str>) -> String {
    let agent = user_agent.unwrap_or_default();
    let find = |table: &[(&str, &'static str)]| {
        table
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (find(BROWSERS), find(SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => program_name(agent).unwrap_or(UNKNOWN_DEVICE).to_owned(),
    }
}

/// `axios` of `axios/1.7.2`: what a program calls itself, without its version (RFC 9110, 10.1.5).
fn program_name(agent: &str) -> Option<&str> {
    let first = agent.split_ascii_whitespace().next()?;
    let (name, version) = first.split_once('/')?;
    let is_name = name.len() <= MAX_PROGRAM_CHARS
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    (is_name && version.starts_with(|c: char| c.is_ascii_alphanumeric()) && name != "Mozilla")
        .then_some(name)
}

/// Program and system of a name that [`device_name`] made of both, so that other languages can say
/// it their way; names that apps chose for themselves are no such.
pub fn program_and_system(name: &str) -> Option<(&str, &str)> {
    let is_in = |table: &[(&str, &str)], name: &str| table.iter().any(|(_, known)| *known == name);
    name.split_once(" on ")
        .filter(|(program, system)| is_in(BROWSERS, program) && is_in(SYSTEMS, system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_made_of_program_and_system_fall_into_them() {
        assert_eq!(
            program_and_system("Samsung Internet on Android"),
            Some(("Samsung Internet", "Android"))
        );
        for name in [
            "curl",
            UNKNOWN_DEVICE,
            "Phone on desk",
            "Firefox on desk",
            "Ann on Linux",
        ] {
            assert_eq!(program_and_system(name), None, "{name}");
        }
    }

    #[test]
    fn common_agents_are_named() {
        let cases = [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/480.0.0]",
                "Facebook on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0 Mobile Safari/537.36 Instagram 350.0.0 Android",
                "Instagram on Android",
            ),
            ("curl/8.9.1", "curl"),
            ("python-httpx/0.27.0", "Python"),
            ("Python/3.12 aiohttp/3.9", "Python"),
            ("node", "Node.js"),
            ("Go-http-client/2.0", "Go"),
            ("Apache-HttpClient/5.3 (Java/21)", "Java"),
            ("axios/1.7.2", "axios"),
            ("Wget/1.24.5", "Wget"),
            ("Mozilla/5.0", "Unknown device"),
            ("<script>/1", "Unknown device"),
            ("something else", "Unknown device"),
        ];
        for (agent, name) in cases {
            assert_eq!(device_name(Some(agent)), name);
        }
        assert_eq!(device_name(None), "Unknown device");
    }
}
