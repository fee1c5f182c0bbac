use leptos::prelude::*;

/// Private characters stand for the parts; catalogues and addresses know none of them.
const FIRST_SLOT: u32 = 0xE000;
const SLOTS: u32 = 10;

/// The place of a part in a sentence, to be given to the catalogue as the value of a variable: each
/// language puts it where its grammar wants it.
pub fn slot(index: usize) -> String {
    let slot = u32::try_from(index).ok().filter(|index| *index < SLOTS);
    slot.and_then(|index| char::from_u32(FIRST_SLOT + index))
        .map(String::from)
        .unwrap_or_default()
}

/// A sentence in which some parts are more than text, for example links:
/// each part comes where its [`slot`] is.
#[component]
pub fn Sentence(#[prop(into)] text: String, parts: Vec<AnyView>) -> impl IntoView {
    let mut parts: Vec<Option<AnyView>> = parts.into_iter().map(Some).collect();
    let mut views = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|character| slot_index(character).is_some()) {
        let mut after = rest.split_off(at);
        let index = slot_index(after.remove(0));
        views.extend(plain(rest));
        // A part is there once, whatever the text says.
        views.extend(index.and_then(|index| parts.get_mut(index)?.take()));
        rest = after;
    }
    views.extend(plain(rest));
    views
}

/// An email address in a sentence.
pub fn address(email: String) -> AnyView {
    view! { <bdi class="address">{email}</bdi> }.into_any()
}

/// A link in a sentence.
pub fn link(to: String, text: String) -> AnyView {
    view! { <a href=to>{text}</a> }.into_any()
}

/// An empty text would be shown as a space.
fn plain(text: String) -> Option<AnyView> {
    (!text.is_empty()).then(|| text.into_any())
}

fn slot_index(character: char) -> Option<usize> {
    let index = u32::from(character).checked_sub(FIRST_SLOT)?;
    (index < SLOTS).then(|| usize::try_from(index).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: String, parts: Vec<AnyView>) -> String {
        Owner::new().with(|| view! { <p><Sentence text parts/></p> }.to_html())
    }

    fn without_markers(html: &str) -> String {
        html.replace("<!>", "").replace("<!---->", "")
    }

    #[test]
    fn parts_come_where_the_language_wants_them() {
        let parts = || {
            vec![
                view! { <a href="/a">"first"</a> }.into_any(),
                view! { <b>"second"</b> }.into_any(),
            ]
        };
        let text = format!("{} before {} & <done>.", slot(1), slot(0));
        assert_eq!(
            without_markers(&html(text, parts())),
            "<p><b>second</b> before <a href=\"/a\">first</a> &amp; &lt;done&gt;.</p>"
        );
    }

    #[test]
    fn a_made_up_slot_is_nothing() {
        let text = format!("{}{}{}", slot(0), slot(0), slot(7));
        let parts = vec![view! { <b>"x"</b> }.into_any()];
        assert_eq!(without_markers(&html(text, parts)), "<p><b>x</b></p>");
    }
}
