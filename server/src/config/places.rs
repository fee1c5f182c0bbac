//! Folders and files that the portal needs, looked at without making or changing one.

use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

use super::reader::Reader;
use super::{Config, database, mode};
use crate::process::master_key;

pub(super) fn check(reader: &mut Reader<'_>, config: &Config) {
    if config.needs_data_dir() {
        check_data_dir(reader, config);
    }
    let Some(file) = config.database.file() else {
        return;
    };
    // The data folder is made at the start, any other one is not.
    let folder = file.parent().filter(|folder| *folder != config.data_dir);
    let problem = if file.exists() {
        writable_file(&file)
    } else {
        folder.map_or(Ok(()), |folder| writable_folder(or_working_folder(folder)))
    };
    if let Err(error) = problem {
        reader.refuse(
            database::URL,
            &format!("names {}, which cannot be written: {error}", file.display()),
        );
    }
}

fn check_data_dir(reader: &mut Reader<'_>, config: &Config) {
    let folder = &config.data_dir;
    // What is missing is made, below the nearest folder that there is.
    let mut folders = folder.ancestors().map(or_working_folder);
    let nearest = folders.find(|path| path.symlink_metadata().is_ok());
    if let Err(error) = writable_folder(nearest.unwrap_or(folder)) {
        reader.refuse(
            mode::DATA_DIR,
            &format!(
                "names {}, which cannot be written: {error}; give the folder to this user or name another",
                folder.display()
            ),
        );
    } else if config.master_key.is_none()
        && let Err(error) = master_key::read(folder)
    {
        reader.refuse(
            mode::DATA_DIR,
            &format!(
                "names {}, in which the master key cannot be used: {error}; put it back from your backup",
                folder.display()
            ),
        );
    }
}

fn or_working_folder(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

fn writable_folder(path: &Path) -> io::Result<()> {
    if !path.metadata()?.is_dir() {
        let name = path.display();
        return Err(io::Error::other(format!("{name} is not a folder")));
    }
    Ok(access(path, Access::WRITE_OK | Access::EXEC_OK)?)
}

fn writable_file(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    Ok(access(path, Access::READ_OK | Access::WRITE_OK)?)
}
