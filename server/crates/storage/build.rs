//! Lists the files of `migrations/` for `src/migrate.rs`: a new pair is written down nowhere else.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "this is how a build script speaks with cargo"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = "../../../migrations/postgres";
    println!("cargo::rerun-if-changed={folder}");
    let mut migrations = BTreeMap::new();
    for file in fs::read_dir(folder)? {
        let file = file?.file_name().into_string().unwrap_or_default();
        let (number, _) = file.split_once('_').ok_or("a migration without number")?;
        let number: i64 = number.parse()?;
        let name = file.trim_end_matches(".sql");
        migrations.insert(number, format!("{number} {name:?}"));
    }
    let migrations: Vec<String> = migrations.into_values().collect();
    let list = format!("scripts!({})", migrations.join(", "));
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), list)?;
    Ok(())
}
