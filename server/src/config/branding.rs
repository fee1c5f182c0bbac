use std::path::Path;

use vestibule_mail::{MailColours, MailSettings};

use super::reader::Reader;
use crate::http::branding::colour::Colour;
use crate::http::branding::logo::Logo;
use crate::http::branding::theme::{self, Theme};

/// How the deployment is called and looks.
#[derive(Clone, Debug)]
pub struct BrandingConfig {
    pub product_name: String,
    pub logo: Option<Logo>,
    /// `None`: the portal's own colours.
    pub theme: Option<Theme>,
}

impl BrandingConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let product_name = reader.text("branding.product_name").trim().to_owned();
        let light = read_accent(reader, "branding.accent", theme::error_of_light);
        let dark = read_accent(reader, "branding.accent_dark", theme::error_of_dark);
        Self {
            product_name,
            logo: read_logo(reader),
            theme: Theme::new(light, dark),
        }
    }

    /// Mails that look like it: the same colours, and the
    /// logo where it is a kind that mail programs show.
    pub fn apply_to(&self, mails: MailSettings) -> MailSettings {
        let logo = self.logo.as_ref().and_then(Logo::for_mails);
        mails.with_colours(self.mail_colours()).with_logo(logo)
    }

    fn mail_colours(&self) -> MailColours {
        self.theme
            .map_or_else(MailColours::default, |theme| MailColours {
                accent: theme.light.accent.to_string(),
                on_accent: theme.light.on_accent.to_string(),
                accent_dark: theme.dark.accent.to_string(),
                on_accent_dark: theme.dark.on_accent.to_string(),
            })
    }
}

fn read_accent(
    reader: &mut Reader<'_>,
    key: &str,
    problem: fn(Colour) -> Option<String>,
) -> Option<Colour> {
    let text = reader.optional_text(key)?;
    let Some(accent) = Colour::parse(text.trim()) else {
        reader.refuse(key, &format!("must be a colour like #0e6358, not `{text}`"));
        return None;
    };
    if let Some(remedy) = problem(accent) {
        reader.refuse(key, &remedy);
    }
    Some(accent)
}

fn read_logo(reader: &mut Reader<'_>) -> Option<Logo> {
    let path = reader.optional_text("branding.logo")?;
    let logo = Logo::read(Path::new(&path));
    logo.map_err(|remedy| reader.refuse("branding.logo", &remedy))
        .ok()
}
