//! Files a person names on the command line.

use std::io::Read;
use std::path::Path;

use super::failure::Failure;

/// Largest file that is read, in bytes; a ticket or a world is far smaller.
const MAX: u64 = 64 * 1024 * 1024;

/// The text of a file; `-` is standard input.
pub fn text_file(path: &Path, what: &str) -> Result<String, Failure> {
    String::from_utf8(file(path, what)?).map_err(|_| {
        Failure::bad_input(
            "InvalidFile",
            what,
            format!("The {what} file {} is not UTF-8 text.", path.display()),
            "Name a readable text file.",
        )
    })
}

/// The bytes of a file; `-` is standard input.
pub fn file(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let bad =
        |message: String| Failure::bad_input("InvalidFile", what, message, "Name a readable file.");
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(MAX + 1)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX + 1).read_to_end(&mut bytes))
    };
    read.map_err(|e| bad(format!("The {what} file {shown} cannot be read: {e}.")))?;
    if bytes.len() as u64 > MAX {
        return Err(bad(format!(
            "The {what} file {shown} is larger than {MAX} bytes."
        )));
    }
    Ok(bytes)
}
