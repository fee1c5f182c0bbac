//! The deployment's own colours, as tokens of the stylesheet.

use super::colour::{Colour, READABLE};

/// What links stand on in `style/main.css`: `--ground`, `--surface` and `--sunken`.
pub const LIGHT_GROUNDS: [Colour; 3] = [
    Colour::new(0xf4, 0xf3, 0xef),
    Colour::WHITE,
    Colour::new(0xfa, 0xf9, 0xf6),
];
/// The same in the dark.
pub const DARK_GROUNDS: [Colour; 3] = [
    Colour::new(0x12, 0x15, 0x14),
    Colour::new(0x1b, 0x1f, 0x1e),
    Colour::new(0x15, 0x19, 0x18),
];
/// A derived colour goes beyond what is needed: one that merely can be read is no pleasure to.
const COMFORTABLE: f64 = 7.0;

/// The colours that an accent brings along in one theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accents {
    /// Links, buttons and the focus ring.
    pub accent: Colour,
    /// The same under the pointer, and on the wash.
    pub strong: Colour,
    /// Text on a button.
    pub on_accent: Colour,
    /// Behind what is chosen.
    pub wash: Colour,
}

/// The accents on light and dark pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    pub light: Accents,
    pub dark: Accents,
}

impl Theme {
    /// The theme of one accent or two; the other theme's is
    /// derived from the one that is given. `None` without any.
    pub fn new(light: Option<Colour>, dark: Option<Colour>) -> Option<Self> {
        let given = light.or(dark)?;
        let light = light.unwrap_or_else(|| given.darkened_to(COMFORTABLE, &LIGHT_GROUNDS));
        let dark = dark.unwrap_or_else(|| given.lightened_to(COMFORTABLE, &DARK_GROUNDS));
        Some(Self {
            light: Accents {
                accent: light,
                strong: light.mixed_with(Colour::BLACK, 0.25),
                on_accent: light.text_on_it(),
                wash: light.mixed_with(Colour::WHITE, 0.88),
            },
            dark: Accents {
                accent: dark,
                strong: dark.mixed_with(Colour::WHITE, 0.3),
                on_accent: dark.text_on_it(),
                wash: dark.mixed_with(DARK_GROUNDS[1], 0.86),
            },
        })
    }

    /// A stylesheet that sets the tokens, to be linked after the one that has the portal's own.
    pub fn stylesheet(&self) -> String {
        format!(
            "{}@media (prefers-color-scheme:dark){{{}}}\n",
            self.light.rule(),
            self.dark.rule()
        )
    }
}

impl Accents {
    fn rule(&self) -> String {
        let Self {
            accent,
            strong,
            on_accent,
            wash,
        } = self;
        format!(
            ":root{{--accent:{accent};--accent-strong:{strong};--on-accent:{on_accent};--accent-wash:{wash};}}"
        )
    }
}

/// What is wrong with an accent on light pages.
pub fn error_of_light(accent: Colour) -> Option<String> {
    let better = accent.darkened_to(READABLE, &LIGHT_GROUNDS);
    contrast_error(accent, better, &LIGHT_GROUNDS, "light")
}

/// What is wrong with an accent on dark pages.
pub fn error_of_dark(accent: Colour) -> Option<String> {
    let better = accent.lightened_to(READABLE, &DARK_GROUNDS);
    contrast_error(accent, better, &DARK_GROUNDS, "dark")
}

fn contrast_error(
    accent: Colour,
    better: Colour,
    grounds: &[Colour],
    pages: &str,
) -> Option<String> {
    let contrast = accent.least_contrast(grounds);
    // Rounded down, so that it never says 4.5 of what falls short of it.
    let shown = (contrast * 100.0).floor() / 100.0;
    let is_refused = contrast < READABLE;
    is_refused.then(|| {
        format!(
            "cannot be read on the {pages} pages: `{accent}` has a contrast of {shown:.2} to 1 with them, and links need {READABLE}; \
             the nearest that has is {better}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::colour::many;
    use super::*;

    const STYLE: &str = include_str!("../../../../style/main.css");

    /// A token's colour in the light theme, which the stylesheet sets first, or in the dark one.
    fn token(name: &str, is_dark: bool) -> Colour {
        let declaration = format!(" --{name}: ");
        let mut values = STYLE
            .split(&declaration)
            .skip(1)
            .filter_map(|rest| rest.split(';').next());
        let value = values.nth(usize::from(is_dark)).unwrap();
        let value = if value == "#fff" { "#ffffff" } else { value };
        Colour::parse(value).unwrap_or_else(|| panic!("--{name}: {value}"))
    }

    #[test]
    fn the_grounds_are_those_of_the_stylesheet() {
        for (is_dark, grounds) in [(false, LIGHT_GROUNDS), (true, DARK_GROUNDS)] {
            for (name, colour) in ["ground", "surface", "sunken"].into_iter().zip(grounds) {
                assert_eq!(token(name, is_dark), colour, "--{name}");
            }
        }
    }

    #[test]
    fn the_portals_own_colours_can_be_read() {
        for is_dark in [false, true] {
            let token = |name| token(name, is_dark);
            let check = |text, ground| {
                let contrast = token(text).contrast(token(ground));
                assert!(
                    contrast >= READABLE,
                    "{text} on {ground}, dark: {is_dark}: {contrast}"
                );
            };
            for text in [
                "ink",
                "ink-quiet",
                "accent",
                "accent-strong",
                "danger",
                "good",
                "caution",
            ] {
                for ground in ["ground", "surface", "sunken"] {
                    check(text, ground);
                }
            }
            for (text, ground) in [
                ("ink", "arch"),
                ("ink-quiet", "arch"),
                ("ink", "accent-wash"),
                ("accent-strong", "accent-wash"),
                ("on-accent", "accent"),
                ("on-accent", "accent-strong"),
                ("on-danger", "danger"),
                ("ink", "danger-wash"),
                ("danger", "danger-wash"),
                ("ink", "good-wash"),
                ("good", "good-wash"),
                ("ink", "caution-wash"),
                ("caution", "caution-wash"),
            ] {
                check(text, ground);
            }
            // What is no text needs less (WCAG 2.2, 1.4.11): the edge of an input.
            for ground in ["ground", "surface", "sunken"] {
                assert!(
                    token("line-strong").contrast(token(ground)) >= 3.0,
                    "{ground}"
                );
            }
        }
    }

    #[test]
    fn whatever_accent_is_accepted_all_its_colours_can_be_read() {
        let inks = [token("ink", false), token("ink", true)];
        let check = |accents: Accents, grounds: &[Colour], ink: Colour| {
            let Accents {
                accent,
                strong,
                on_accent,
                wash,
            } = accents;
            for (text, ground) in [
                (on_accent, accent),
                (on_accent, strong),
                (strong, wash),
                (ink, wash),
            ] {
                let contrast = text.contrast(ground);
                assert!(
                    contrast >= READABLE,
                    "{text} on {ground} of {accent}: {contrast}"
                );
            }
            assert!(accent.least_contrast(grounds) >= READABLE, "{accent}");
            assert!(strong.least_contrast(grounds) >= READABLE, "{strong}");
        };
        let mut accepted = [0, 0];
        for accent in many() {
            if error_of_light(accent).is_none() {
                accepted[0] += 1;
                let theme = Theme::new(Some(accent), None).unwrap();
                assert_eq!(theme.light.accent, accent);
                check(theme.light, &LIGHT_GROUNDS, inks[0]);
                check(theme.dark, &DARK_GROUNDS, inks[1]);
            }
            if error_of_dark(accent).is_none() {
                accepted[1] += 1;
                let theme = Theme::new(None, Some(accent)).unwrap();
                assert_eq!(theme.dark.accent, accent);
                check(theme.light, &LIGHT_GROUNDS, inks[0]);
                check(theme.dark, &DARK_GROUNDS, inks[1]);
            }
        }
        assert!(accepted.iter().all(|count| *count > 500), "{accepted:?}");
    }

    #[test]
    fn a_refusal_names_the_contrast_and_a_colour_that_will_do() {
        let accent = Colour::parse("#ff9900").unwrap();
        let error = error_of_light(accent).unwrap();
        assert!(error.contains("`#ff9900` has a contrast of 1.9"), "{error}");
        let better = Colour::parse(error.rsplit(' ').next().unwrap()).unwrap();
        assert_eq!(error_of_light(better), None);
        assert_eq!(error_of_dark(accent), None);
        let better = error_of_dark(Colour::parse("#10206b").unwrap()).unwrap();
        let better = Colour::parse(better.rsplit(' ').next().unwrap()).unwrap();
        assert_eq!(error_of_dark(better), None);
    }

    #[test]
    fn the_stylesheet_sets_the_tokens_of_both_themes() {
        let theme = Theme::new(Colour::parse("#7a1f5c"), Colour::parse("#f0a6d4")).unwrap();
        assert_eq!(
            theme.stylesheet(),
            ":root{--accent:#7a1f5c;--accent-strong:#5c1745;--on-accent:#ffffff;--accent-wash:#efe4eb;}\
             @media (prefers-color-scheme:dark){:root{--accent:#f0a6d4;--accent-strong:#f5c1e1;--on-accent:#000000;--accent-wash:#393237;}}\n"
        );
    }
}
