//! One process a folder: two writers in one journal would each undo the other.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::trouble::{Trouble, about};

/// Held as long as it lives; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder's lock or says that another process has it.
    pub fn take(folder: &Path) -> Result<Self, Trouble> {
        let path = folder.join("lock");
        let file = File::create(&path).map_err(about(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Trouble::Refused(format!(
                "{}: another process has this journal",
                folder.display()
            ))),
            Err(TryLockError::Error(error)) => Err(about(&path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let folder =
            std::env::temp_dir().join(format!("evermarket-twin-lock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let first = Lock::take(&folder).unwrap();
        assert!(matches!(Lock::take(&folder), Err(Trouble::Refused(_))));
        drop(first);
        Lock::take(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
