//! Bytes to text, within bounds.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use thiserror::Error;

/// The most that is read of one file or stream. All objects of a large cluster are smaller.
pub const MAX_BYTES: u64 = 64 << 20;

/// A file or a stream that could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The system said no.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is larger than [`MAX_BYTES`].
    #[error("is larger than {} MiB and was not read", MAX_BYTES >> 20)]
    TooLarge,
    /// The bytes are no UTF-8.
    #[error("is not UTF-8: byte {offset} ends what can be read")]
    NotUtf8 {
        /// The first byte that is wrong.
        offset: usize,
        /// What can be made out of it all the same, UTF-16 among it.
        guess: String,
    },
}

/// Reads a file. Pipes are read too: `beamgate lint <(helm template .)`.
pub fn file(path: &Path) -> Result<String, ReadError> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    stream(file, usize::try_from(size).unwrap_or(0))
}

/// Reads a stream to its end, which is expected after about `size` bytes.
pub fn stream(from: impl Read, size: usize) -> Result<String, ReadError> {
    let mut bytes = Vec::with_capacity(size + 1);
    let read = from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if read as u64 > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 {
        offset: error.utf8_error().valid_up_to(),
        guess: String::from_utf8_lossy(error.as_bytes()).replace('\0', ""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_said_with_its_byte() {
        let error = stream(&b"a: \xff"[..], 0).unwrap_err();
        assert!(matches!(error, ReadError::NotUtf8 { offset: 3, .. }));
        let endless = stream(std::io::repeat(b'x'), 0).unwrap_err();
        assert!(matches!(endless, ReadError::TooLarge));
    }
}
