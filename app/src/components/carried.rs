use leptos::prelude::*;

use super::field::HiddenField;
use crate::return_to::ReturnTo;

/// What a form takes along of where the visitor wants to go on to.
#[component]
pub fn Carried(return_to: ReturnTo) -> impl IntoView {
    return_to
        .field_value()
        .map(|path| view! { <HiddenField name="return_to" value=path/> })
}
