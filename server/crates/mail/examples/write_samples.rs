//! Writes every mail in every language into a folder as `<kind>.<language>.html`, for looking at:
//! `cargo run -p vestibule-mail --example write_samples -- FOLDER`

use std::{env, error::Error, fs, path::PathBuf};

use vestibule_core::model::Language;
use vestibule_mail::{MailSettings, render, samples};

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = env::args_os().nth(1).ok_or("which folder?")?.into();
    fs::create_dir_all(&folder)?;
    let settings = MailSettings::new("Example", "no-reply@example.org", Some("help@example.org"))?;
    for language in Language::ALL {
        for mail in samples(*language) {
            let name = format!("{}.{language}.html", mail.kind);
            fs::write(folder.join(name), render(&mail, &settings)?.html)?;
        }
    }
    Ok(())
}
