//! The bare parser: what the fastest reading of the same lines costs when nothing is done with them.

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use serde_json::json;
use simd_json::{Buffers, Tape, fill_tape};

/// Bytes of the file that are read.
const SAMPLE: u64 = 256 << 20;

/// Prints a line of JSON each for one thread and for all.
pub fn measure(file: &Path) {
    let mut text = Vec::new();
    let whole = std::fs::File::open(file).unwrap();
    whole.take(SAMPLE).read_to_end(&mut text).unwrap();
    let end = text.iter().rposition(|byte| *byte == b'\n').unwrap();
    text.truncate(end + 1);
    let all = std::thread::available_parallelism().unwrap().get();
    for threads in [1, all] {
        let mut rates: Vec<f64> = (0..3).map(|_| rate(&text, threads)).collect();
        rates.sort_by(f64::total_cmp);
        let name = format!("simd-json to a tape, {threads} thread(s)");
        println!("{}", json!({ "name": name, "mb_s": rates[1] }));
    }
}

/// Million bytes a second, by so many threads with a part of the lines each.
fn rate(text: &[u8], threads: usize) -> f64 {
    let mut rest = text.to_vec();
    let mut parts = Vec::new();
    for left in (1..=threads).rev() {
        let about = rest.len() / left;
        let end = rest[about.max(1) - 1..]
            .iter()
            .position(|b| *b == b'\n')
            .unwrap();
        let tail = rest.split_off(about.max(1) + end);
        parts.push(std::mem::replace(&mut rest, tail));
    }
    let start = Instant::now();
    std::thread::scope(|scope| {
        for mut part in parts {
            scope.spawn(move || {
                let mut buffers = Buffers::default();
                for line in part.split_mut(|byte| *byte == b'\n') {
                    let mut tape = Tape::null();
                    if !line.is_empty() {
                        fill_tape(line, &mut buffers, &mut tape).unwrap();
                    }
                    std::hint::black_box(&tape);
                }
            });
        }
    });
    text.len() as f64 / 1e6 / start.elapsed().as_secs_f64()
}
