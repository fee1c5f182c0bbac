//! Lists the files of `migrations/` for `src/migrate.rs`, so that a new pair is written down nowhere.

#![allow(
    clippy::print_stdout,
    reason = "this is how a build script speaks to cargo"
)]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = "../../../migrations/postgres";
    println!("cargo::rerun-if-changed={folder}");
    let mut migrations = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?.file_name().into_string().unwrap_or_default();
        let (number, _) = file.split_once('_').ok_or("a migration without number")?;
        let number: i64 = number.parse()?;
        let name = file.trim_end_matches(".sql");
        migrations.push((number, format!("{number} {name:?}")));
    }
    migrations.sort();
    let migrations: Vec<String> = migrations.into_iter().map(|(_, text)| text).collect();
    let list = format!("scripts!({})", migrations.join(", "));
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), list)?;
    Ok(())
}
