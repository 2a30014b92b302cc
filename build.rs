//! Gives the crate a hash of the engine's sources, so that a snapshot made by another fold is never read.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let mut files = Vec::new();
    collect(Path::new("src/engine"), &mut files)?;
    files.sort();
    let mut hash = DefaultHasher::new();
    for file in files {
        hash.write(file.to_string_lossy().as_bytes());
        hash.write(&fs::read(&file)?);
    }
    println!("cargo:rerun-if-changed=src/engine");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=LOCKBOX_ENGINE={:016x}", hash.finish());
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
