//! Colours, and whether text in one can be read on another (WCAG 2.2).

use std::fmt;

/// What text needs against its ground (WCAG 2.2, 1.4.3 Contrast, level AA).
pub const READABLE: f64 = 4.5;

/// A colour in sRGB, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    pub const BLACK: Self = Self([0; 3]);
    pub const WHITE: Self = Self([255; 3]);

    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// `#rrggbb`; `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let are_hexadecimal = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let number = are_hexadecimal.then(|| u32::from_str_radix(digits, 16).ok())??;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// How bright it looks, from 0 to 1 (WCAG 2.2, relative luminance).
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The contrast with another colour, from 1 to 21 (WCAG 2.2, contrast ratio).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The least contrast with any of the grounds.
    pub fn least_contrast(self, grounds: &[Self]) -> f64 {
        let contrasts = grounds.iter().map(|ground| self.contrast(*ground));
        contrasts.fold(21.0, f64::min)
    }

    /// Black or white, whichever is easier to read on it. One of them always has a contrast of at
    /// least 4.58, the square root of 21: the two contrasts multiply to 21.
    pub fn text_on_it(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// A mixture with so much of another colour, from 0 to 1.
    pub fn mixed_with(self, other: Self, share: f64) -> Self {
        let mut mixture = self.0;
        for (channel, other) in mixture.iter_mut().zip(other.0) {
            *channel = rounded(f64::from(*channel) * (1.0 - share) + f64::from(other) * share);
        }
        Self(mixture)
    }

    /// The nearest darker shade of the same hue that has the contrast with every ground, or black.
    pub fn darkened_to(self, contrast: f64, grounds: &[Self]) -> Self {
        let shades = (0..100).map(|step| self.mixed_with(Self::BLACK, f64::from(step) / 100.0));
        nearest(shades, contrast, grounds).unwrap_or(Self::BLACK)
    }

    /// The nearest lighter shade that has the contrast with every ground, or white. On the way to
    /// white it also gets the light that its hue allows:
    /// white alone would make it dull, light alone glaring.
    pub fn lightened_to(self, contrast: f64, grounds: &[Self]) -> Self {
        let brightest = f64::from(self.0.into_iter().max().unwrap_or_default()).max(1.0);
        let shades = (0..100).map(|step| {
            let share = f64::from(step) / 100.0;
            let factor = 1.0 + (255.0 / brightest - 1.0) * share;
            let lit = Self(self.0.map(|channel| rounded(f64::from(channel) * factor)));
            lit.mixed_with(Self::WHITE, share)
        });
        nearest(shades, contrast, grounds).unwrap_or(Self::WHITE)
    }
}

fn nearest(
    mut shades: impl Iterator<Item = Colour>,
    contrast: f64,
    grounds: &[Colour],
) -> Option<Colour> {
    shades.find(|shade| shade.least_contrast(grounds) >= contrast)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and 255"
)]
fn rounded(channel: f64) -> u8 {
    channel.round().clamp(0.0, 255.0) as u8
}

/// Colours all over the cube.
#[cfg(test)]
pub(super) fn many() -> impl Iterator<Item = Colour> {
    let levels = || (0..=255).step_by(17);
    levels().flat_map(move |red| {
        levels().flat_map(move |green| levels().map(move |blue| Colour::new(red, green, blue)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    /// The values of the contrast checker at webaim.org.
    #[test]
    fn contrast_is_that_of_the_standard() {
        for (one, two, contrast) in [
            ("#000000", "#ffffff", 21.0),
            ("#ffffff", "#ffffff", 1.0),
            ("#767676", "#ffffff", 4.54),
            ("#777777", "#ffffff", 4.48),
            ("#ff0000", "#ffffff", 4.0),
            ("#0000ff", "#ffffff", 8.59),
            // Reckoned, for both sides of the knee of the curve: 10/255 is below it, 11/255 above.
            ("#0a0a0a", "#000000", 1.061),
            ("#0b0b0b", "#000000", 1.067),
        ] {
            let (one, two) = (colour(one), colour(two));
            for found in [one.contrast(two), two.contrast(one)] {
                assert!((found - contrast).abs() < 0.005, "{one} {two}: {found}");
            }
        }
    }

    #[test]
    fn a_colour_is_six_hexadecimal_digits() {
        assert_eq!(colour("#0E6358").to_string(), "#0e6358");
        for text in [
            "",
            "#",
            "0e6358",
            "#fff",
            "#0e63588",
            "#0e635g",
            "#+e6358",
            "#ü6358",
            "teal",
            "#0e6358;}",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    #[test]
    fn black_or_white_can_be_read_on_every_colour() {
        for ground in many() {
            let contrast = ground.text_on_it().contrast(ground);
            assert!(contrast >= READABLE, "{ground}: {contrast}");
        }
    }

    #[test]
    fn every_colour_can_be_made_readable_and_one_that_is_stays() {
        let (light, dark) = ([colour("#e9e7df")], [colour("#1b1f1e")]);
        for any in many() {
            for (made, grounds) in [
                (any.darkened_to(READABLE, &light), &light),
                (any.lightened_to(READABLE, &dark), &dark),
            ] {
                assert!(made.least_contrast(grounds) >= READABLE, "{any}: {made}");
                if any.least_contrast(grounds) >= READABLE {
                    assert_eq!(made, any);
                }
            }
        }
    }

    #[test]
    fn a_lighter_shade_keeps_its_hue() {
        assert_eq!(
            colour("#0e6358").lightened_to(7.0, &[colour("#1b1f1e")]),
            colour("#60b7ab")
        );
    }
}
