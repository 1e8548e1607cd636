//! The promise beside a journal: from then on no epoch below it is taken (protocol rule 2).

use std::io;
use std::path::Path;

use super::crc32::crc32;
use super::cursor::fault;
use super::disk::{Disk, replace};
use super::trouble::{Damage, Trouble, about};

const NAME: &str = "promise";
const WORD: [u8; 8] = *b"PROMISED";

/// The epoch promised in this folder; 0 if none.
pub fn promised(folder: &Path) -> Result<u64, Trouble> {
    let path = folder.join(NAME);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        bytes => bytes.map_err(about(&path))?,
    };
    let whole = <[u8; 20]>::try_from(&bytes[..]).ok().and_then(|bytes| {
        let (front, crc) = bytes.split_at(16);
        let good = front[8..] == WORD && crc32(0, front).to_le_bytes() == *crc;
        good.then(|| u64::from_le_bytes(std::array::from_fn(|i| front[i])))
    });
    // Half a promise is worse than none: without it an old owner could come back.
    whole.ok_or_else(|| {
        let fault = fault("bad_promise", "the file `promise` is not whole");
        Trouble::Damage(Damage {
            position: 0,
            segment: 0,
            slot: 0,
            fault,
        })
    })
}

/// Promises an epoch, durable when it returns. It must be higher than what was promised before.
pub fn promise(disk: &dyn Disk, folder: &Path, epoch: u64) -> Result<(), Trouble> {
    let before = promised(folder)?;
    if epoch <= before {
        return Err(Trouble::Refused(format!(
            "epoch {before} is promised already, {epoch} is not higher"
        )));
    }
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&epoch.to_le_bytes());
    bytes[8..16].copy_from_slice(&WORD);
    let crc = crc32(0, &bytes[..16]);
    bytes[16..].copy_from_slice(&crc.to_le_bytes());
    let path = folder.join(NAME);
    replace(disk, &path, &bytes).map_err(about(&path))
}
