//! Counts a waiting time down. The server writes every text that
//! is going to be shown, so that no grammar is needed here.

use web_sys::Element;
use web_sys::js_sys::Date;

use super::dom;

/// Up to here the texts say seconds, one each, and minutes after that;
/// as `waits` in `kit/messages.rs` makes them.
const SECONDS: usize = 90;

pub fn start() {
    dom::each("[data-seconds]", |clock| {
        if let Ok(seconds) = dom::get(&clock, "data-seconds").parse::<u32>() {
            tick(clock, Date::now() + f64::from(seconds) * 1000.0);
        }
    });
}

/// Shows what is left until `end`. Reads the time anew each time:
/// timers stand still while a computer sleeps.
fn tick(clock: Element, end: f64) {
    let left = end - Date::now();
    if left <= 0.0 {
        finish(&clock);
        return;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "more than nothing, and a waiting time"
    )]
    let seconds = (left / 1000.0).ceil() as usize;
    let place = if seconds <= SECONDS {
        seconds - 1
    } else {
        SECONDS + seconds.div_ceil(60) - 2
    };
    if let Some(text) = dom::get(&clock, "data-texts").split('|').nth(place) {
        clock.set_text_content(Some(text));
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most a second")]
    let next = (left % 1000.0) as i32 + 1;
    dom::later(next, move || tick(clock, end));
}

/// Says once, politely, that the wait has ended. Nothing was locked:
/// a form that is sent earlier shows how long it still takes.
fn finish(clock: &Element) {
    let done = dom::get(clock, "data-done");
    let Ok(Some(summary)) = clock.closest(".summary") else {
        clock.set_text_content(Some(&done));
        return;
    };
    dom::set(&summary, "role", "status");
    summary.set_class_name("notice");
    if let Some(text) = dom::find(&summary, "p") {
        // What a region says is spoken only if the region was there before.
        dom::later(100, move || text.set_text_content(Some(&done)));
    }
}
