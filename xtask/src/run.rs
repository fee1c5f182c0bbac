//! `cargo xtask run`: from a clone to the portal in the browser.

use std::fs;

use anyhow::Result;
use vestibule_daemons::proc::{self, Cmd};

use crate::build;
use crate::frontend::{Kind, SITE};

pub fn run(args: &[String]) -> Result<()> {
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    build::portal(Kind::Plain)?;

    println!(
        "\nServing at http://localhost:3000, unless settings say otherwise. Ctrl-C ends it.\n"
    );
    let server = Cmd::new(build::server_binary()?).arg("serve").args(args);
    match server
        .env("VESTIBULE_SITE_DIR", fs::canonicalize(SITE)?)
        .run()
    {
        // Ended by Ctrl-C is how it ends well.
        Err(_) if proc::interrupted() => Ok(()),
        result => result,
    }
}
