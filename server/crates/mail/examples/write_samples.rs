//! Writes every mail in every language into a folder as `<kind>.<language>.html`, for looking at:
//! `cargo run -p vestibule-mail --example write_samples -- FOLDER [LOGO.png]`

use std::{env, error::Error, fs, path::PathBuf};

use vestibule_core::model::Language;
use vestibule_mail::{MailLogo, MailSettings, render, samples, standalone_html};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let folder: PathBuf = arguments.next().ok_or("which folder?")?.into();
    let logo = arguments.next().map(fs::read).transpose()?;
    fs::create_dir_all(&folder)?;
    let settings = MailSettings::new("Example", "no-reply@example.org", Some("help@example.org"))?
        .with_logo(logo.as_deref().map(MailLogo::new));
    for language in Language::ALL {
        for mail in samples(*language) {
            let name = format!("{}.{language}.html", mail.kind);
            let html = render(&mail, &settings)?.html;
            fs::write(folder.join(name), standalone_html(&html, &mail, &settings))?;
        }
    }
    Ok(())
}
