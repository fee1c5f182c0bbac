//! `[branding]`

use std::path::Path;

use vestibule_mail::{MailColours, MailSettings};

use super::reader::Reader;
use super::setting::{Key, settings};
use crate::http::branding::colour::Colour;
use crate::http::branding::logo::Logo;
use crate::http::branding::theme::{self, Theme};

settings! {
    /// What pages and mails call the portal. One line of at most 60 characters.
    PRODUCT_NAME: String = "branding.product_name", "VESTIBULE_PRODUCT_NAME", "Vestibule";
    /// File with an SVG, PNG or WebP image of at most 256 KiB, shown beside the product name and as
    /// the icon of the tab; a square mark without the name looks best. A PNG, of at most 64 KiB, is
    /// in mails as well, where it takes the place of the product name, 40 pixels high on light and
    /// dark ground. Read at the start.
    LOGO: Option<String> = "branding.logo", "VESTIBULE_LOGO";
    /// Colour of links and buttons on light pages and in mails, `#rrggbb`. Needs a contrast of 4.5
    /// to 1 with the pages, or the start is refused with the nearest colour that has it. Default:
    /// `branding.accent_dark`, made dark enough; without either, the portal's own green.
    ACCENT: Option<String> = "branding.accent", "VESTIBULE_ACCENT";
    /// The same on dark pages. Default: `branding.accent`, made light enough.
    ACCENT_DARK: Option<String> = "branding.accent_dark", "VESTIBULE_ACCENT_DARK";
}

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
        let product_name = reader.get(PRODUCT_NAME);
        let light = read_accent(reader, ACCENT, theme::error_of_light);
        let dark = read_accent(reader, ACCENT_DARK, theme::error_of_dark);
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
    key: Key<Option<String>>,
    problem: fn(Colour) -> Option<String>,
) -> Option<Colour> {
    let text = reader.get(key)?;
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
    let path = reader.get(LOGO)?;
    let logo = Logo::read(Path::new(&path));
    logo.map_err(|remedy| reader.refuse(LOGO, &remedy)).ok()
}
