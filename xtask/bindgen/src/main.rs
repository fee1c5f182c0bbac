//! Turns the wasm that cargo built into the wasm and the script that a browser loads. It is a
//! program of its own, so that the other commands need not wait until what it uses is compiled.

use std::env;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut args = env::args_os().skip(1);
    let mut next = || args.next().context("usage: xtask-bindgen WASM FOLDER");
    let (wasm, folder) = (next()?, next()?);
    Bindgen::new()
        .input_path(wasm)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .out_name("vestibule")
        .generate(folder)
}
