//! What is asked for on the command line.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

#[derive(Debug)]
pub struct Options {
    pub what: What,
    /// Of each measure.
    pub time: Duration,
    /// In PostgreSQL, beside those that are registered, if not as many as usual.
    pub accounts: Option<u32>,
    /// Where the programs are that were built before, in the place of building them.
    pub built: Option<PathBuf>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// The portal beside what the machine could do.
    Ratios,
    /// Many accounts beside few.
    Growth,
    /// The portal beside other products.
    Peers,
}

impl Options {
    pub fn read(args: &[String]) -> Result<Self> {
        let mut options = Self {
            what: What::Ratios,
            time: Duration::from_secs(4),
            accounts: None,
            built: None,
        };
        let mut args = args.iter();
        while let Some(name) = args.next() {
            match name.as_str() {
                "--growth" => options.what = What::Growth,
                "--peers" => options.what = What::Peers,
                "--seconds" => {
                    let seconds = number(name, args.next(), 1..=60)?;
                    options.time = Duration::from_secs(seconds.into());
                }
                "--accounts" => {
                    // pgbench takes families of their own.
                    options.accounts = Some(number(name, args.next(), 100..=10_000_000)?);
                }
                "--built" => {
                    let folder = args.next().context("--built takes a folder")?;
                    options.built = Some(folder.into());
                }
                _ => bail!(
                    "`bench` knows `--growth` or `--peers`, `--seconds N`, `--accounts N` and `--built FOLDER`"
                ),
            }
        }
        Ok(options)
    }
}

fn number(name: &str, value: Option<&String>, range: RangeInclusive<u32>) -> Result<u32> {
    let number = value.and_then(|it| it.parse().ok());
    let number = number.filter(|it| range.contains(it));
    number.with_context(|| format!("{name} takes {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_bounded() {
        let of = |text: &str| {
            let args: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Options::read(&args)
        };
        let all = of("--growth --accounts 1000000 --seconds 9").unwrap();
        assert_eq!((all.accounts, all.time.as_secs()), (Some(1_000_000), 9));
        assert_eq!(all.what, What::Growth);
        assert_eq!(of("").unwrap().what, What::Ratios);
        for wrong in [
            "--seconds",
            "--seconds 0",
            "--seconds 3600",
            "--accounts 1",
            "--built",
            "--other 1",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
