//! Safari, of which nothing is read: macOS keeps its files from every program that was not
//! given "Full Disk Access", and devdoctor asks for no such thing.

use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::facts::Gap;

/// Below the home folder, where it keeps what is its own; older versions in the second.
const FOLDERS: [&str; 2] = [
    "Library/Containers/com.apple.Safari/Data/Library",
    "Library/Safari",
];

/// Why what Safari keeps is not seen; nothing where nobody has ever used it.
pub(super) fn gap(home: &Path) -> Option<Gap> {
    let looked = FOLDERS.map(|below| std::fs::read_dir(home.join(below)).map(drop));
    looked.into_iter().find_map(why)
}

fn why(looked: Result<(), Error>) -> Option<Gap> {
    match looked {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(Gap::of(&error)),
        Ok(()) => Some(Gap::Failed(
            "devdoctor does not know the form of its files".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_is_not_what_is_not_there() {
        assert_eq!(why(Err(ErrorKind::NotFound.into())), None);
        let closed = why(Err(ErrorKind::PermissionDenied.into()));
        assert_eq!(closed, Some(Gap::Forbidden));
        assert!(matches!(why(Ok(())), Some(Gap::Failed(_))));
        assert_eq!(gap(Path::new("/nonexistent")), None);
    }
}
