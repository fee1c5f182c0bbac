//! `cargo xtask`: it depends on nothing, so that it speaks within a second, and becomes the
//! commands once they are compiled.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

fn main() {
    let mut commands = Command::new("cargo");
    commands.args(["run", "--locked", "--package", "xtask"]);
    if env::current_exe().is_ok_and(|start| start.with_file_name("xtask").is_file()) {
        commands.arg("--quiet");
    } else {
        eprintln!(
            "The first time everything is compiled. On two cores it takes a minute until the first step, and\n\
             about 10 until the portal of `cargo xtask run` serves; the next time it takes seconds."
        );
    }
    let error = commands.arg("--").args(env::args_os().skip(1)).exec();
    eprintln!("error: cargo does not start: {error}");
    std::process::exit(1);
}
