//! Shows times in the visitor's own zone. The server knows no zone, so it writes them in UTC.

use web_sys::Element;
use web_sys::js_sys::{Date, JSON};
use web_sys::wasm_bindgen::{JsCast as _, JsValue};

use super::dom;

// What `Intl.DateTimeFormat` is asked for.
const MOMENT: &str = r#"{"dateStyle":"long","timeStyle":"short"}"#;
const CLOCK: &str = r#"{"timeStyle":"short"}"#;
const DAY: &str = r#"{"weekday":"long","day":"numeric","month":"long","year":"numeric"}"#;

pub fn start() {
    sort_by_day();
    dom::each("time[data-locale]", |time| {
        if time.class_name() == "clock" {
            time.set_text_content(Some(&local(&time, CLOCK)));
            return;
        }
        let exact = local(&time, MOMENT);
        // A relative time has the exact one as its title. An old time is exact itself.
        let title = time.get_attribute("title");
        if title.is_none() || title == time.text_content() {
            time.set_text_content(Some(&exact));
        }
        if title.is_some() {
            dom::set(&time, "title", &exact);
        }
    });
}

/// The time of an element in the visitor's zone.
fn local(time: &Element, options: &str) -> String {
    let date = Date::new(&dom::get(time, "datetime").into());
    text_of(&date, time, options)
}

/// A date in the words of the page.
fn text_of(date: &Date, time: &Element, options: &str) -> String {
    let options = JSON::parse(options).unwrap_or(JsValue::UNDEFINED);
    date.to_locale_string(&dom::get(time, "data-locale"), &options)
        .into()
}

/// Moves events from the days of UTC to the days of the visitor.
fn sort_by_day() {
    let mut days = Vec::new();
    dom::each(".day", |day| days.push(day));
    dom::each(".zone", |zone| {
        if let Some(first) = days.first() {
            fill_days(first, &zone);
        }
        zone.remove();
    });
    // They are empty now.
    for day in days {
        day.remove();
    }
}

/// Makes a day for each day of the visitor before the `first` of the server, in its likeness.
fn fill_days(first: &Element, zone: &Element) {
    let mut last = (String::new(), None);
    dom::each(".event", |event| {
        let Some(time) = dom::find(&event, "time") else {
            return;
        };
        let name = day_name(&time, zone);
        if name != last.0 {
            last = (name, None);
        }
        if last.1.is_none() {
            last.1 = add_day(first, &last.0, &dom::get(&time, "datetime"));
        }
        if let Some(list) = &last.1 {
            let _ = list.append_child(&event);
        }
    });
}

/// The list of a new day.
fn add_day(first: &Element, name: &str, datetime: &str) -> Option<Element> {
    let day: Element = first.clone_node_with_deep(true).ok()?.unchecked_into();
    let (heading, list) = (dom::find(&day, "h2")?, dom::find(&day, "ul")?);
    let id = ["day-", datetime].concat();
    dom::set(&day, "aria-labelledby", &id);
    heading.set_id(&id);
    heading.set_text_content(Some(name));
    list.set_text_content(None);
    first.before_with_node_1(&day).ok()?;
    Some(list)
}

/// "Today", "Yesterday" or the date. The server put the words at the hint about the zone.
fn day_name(time: &Element, zone: &Element) -> String {
    let name = local(time, DAY);
    let near = Date::new_0();
    if name == text_of(&near, time, DAY) {
        return dom::get(zone, "data-today");
    }
    near.set_date(near.get_date().wrapping_sub(1));
    if name == text_of(&near, time, DAY) {
        return dom::get(zone, "data-yesterday");
    }
    name
}
