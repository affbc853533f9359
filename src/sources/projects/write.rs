//! The one change that devdoctor makes to a file, and only when it is told to.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Puts a new text in the place of a file's, whole or not at all: it is written beside
/// the old file, with its owner and permissions, and then takes its name.
///
/// # Errors
///
/// Why it could not be done; the file is then as it was.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.devdoctor-{}", std::process::id()));
    write(&beside, text, &std::fs::metadata(path)?)
        .and_then(|()| std::fs::rename(&beside, path))
        .inspect_err(|error| {
            // What could not be put in place is not left beside it; what was there before
            // is not ours.
            if error.kind() != io::ErrorKind::AlreadyExists {
                let _ = std::fs::remove_file(&beside);
            }
        })
}

fn write(path: &Path, text: &str, like: &Metadata) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    keep_owner(&file, like)?;
    file.set_permissions(like.permissions())?;
    file.sync_all()
}

/// Gives the file the owner that the old one has, where that is another one.
#[cfg(unix)]
fn keep_owner(file: &File, like: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let new = file.metadata()?;
    if (new.uid(), new.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    fchown(file, Some(like.uid()), Some(like.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}
