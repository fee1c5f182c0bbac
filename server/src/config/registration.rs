//! `[registration]`

use vestibule_core::RegistrationMode;

use super::setting::settings;
use super::value::choices;

settings! {
    /// `open`: a taken address is reported. `private`: both cases answer alike and the owner gets a
    /// mail.
    MODE: RegistrationMode = "registration.mode", "VESTIBULE_REGISTRATION_MODE", "open";
}

choices!(RegistrationMode: "open" => Open, "private" => Private);
