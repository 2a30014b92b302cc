//! What a person feels, through a real pseudo-terminal: first paint, key to first byte, bytes per cursor
//! move, and what it costs when nothing happens; with 100 and with 100 000 requests, and `less` and `htop`
//! beside it when they are installed. One table, one run: `cargo bench --bench terminal`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

#[path = "../tests/support/pty.rs"]
#[allow(dead_code, reason = "the harness serves tests too")]
mod pty;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pty::Pty;

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
const MOVES: usize = 200;
const IDLE: Duration = Duration::from_secs(3);

struct Program<'a> {
    name: &'a str,
    command: String,
    args: Vec<String>,
    /// On the screen when it is ready.
    ready: &'a str,
    /// Brings the list up and holds everything still.
    prepare: &'a [&'a str],
    keys: [&'a str; 2],
}

struct Row {
    name: String,
    first_paint: Duration,
    p50: Duration,
    p95: Duration,
    bytes_per_move: usize,
    idle_bytes: usize,
    idle_cpu_ms: u64,
    rss_mib: u64,
}

fn main() {
    let lockbox = env!("CARGO_BIN_EXE_lockbox");
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let mut rows = Vec::new();
    for requests in ["100", "100_000"] {
        let state = found(lockbox, scratch.path(), requests);
        let name = format!("lockbox, {} requests", requests.replace('_', " "));
        rows.push(measure(&Program {
            name: &name,
            command: lockbox.to_owned(),
            args: ["--state", &state.0, "--world", &state.1, "--as", "observer"]
                .map(str::to_owned)
                .to_vec(),
            ready: "SIMULATION",
            prepare: &[" ", "gr"],
            keys: ["j", "k"],
        }));
    }
    let lines = scratch.path().join("lines.txt");
    fs::write(
        &lines,
        (0..100_000)
            .map(|n| format!("LB-{n:06} Pending vm-{n} sam.taylor\n"))
            .collect::<String>(),
    )
    .expect("a file for less");
    let arrows = ["\u{1b}[B", "\u{1b}[A"];
    for (name, args, ready, keys) in [
        (
            "less",
            vec![lines.display().to_string()],
            "LB-000001",
            ["j", "k"],
        ),
        ("htop", vec![], "PID", arrows),
    ] {
        if Command::new("which")
            .arg(name)
            .output()
            .is_ok_and(|o| o.status.success())
        {
            rows.push(measure(&Program {
                name,
                command: name.to_owned(),
                args,
                ready,
                prepare: &[],
                keys,
            }));
        } else {
            eprintln!("{name} is not installed; left out");
        }
    }
    println!(
        "{:<26} {:>9} {:>9} {:>9} {:>11} {:>10} {:>9} {:>8}",
        "120x40", "paint ms", "key p50", "key p95", "bytes/move", "idle B/3s", "idle ms", "RSS MiB"
    );
    for row in &rows {
        println!(
            "{:<26} {:>9.1} {:>9.2} {:>9.2} {:>11} {:>10} {:>9} {:>8}",
            row.name,
            ms(row.first_paint),
            ms(row.p50),
            ms(row.p95),
            row.bytes_per_move,
            row.idle_bytes,
            row.idle_cpu_ms,
            row.rss_mib
        );
    }
    let ratio = ms(rows[1].p95) / ms(rows[0].p95);
    println!("key p95 with 100 000 requests is {ratio:.2} x that with 100 (aim: 1)");
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

/// A state directory with a generated world; the state directory and the world file.
fn found(lockbox: &str, scratch: &Path, requests: &str) -> (String, String) {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-data/hundred-thousand.toml");
    let text = fs::read_to_string(template).expect("demo-data/hundred-thousand.toml");
    assert!(text.contains("requests = 100_000"));
    let world: PathBuf = scratch.join(format!("world-{requests}.toml"));
    let mut text = text.replace("requests = 100_000", &format!("requests = {requests}"));
    if requests == "100" {
        // As many waiting as there can be among so few.
        text = text
            .lines()
            .filter(|l| !l.trim_start().starts_with("pending"))
            .collect::<Vec<_>>()
            .join("\n");
    }
    fs::write(&world, text).expect("a world file");
    let state = scratch.join(format!("state-{requests}"));
    let started = Instant::now();
    let done = Command::new(lockbox)
        .args([
            "--state",
            &state.display().to_string(),
            "--world",
            &world.display().to_string(),
        ])
        .args(["--as", "observer", "clock", "show"])
        .output()
        .expect("lockbox founds a world");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    eprintln!(
        "founding {requests} requests took {:.1} s",
        started.elapsed().as_secs_f64()
    );
    (state.display().to_string(), world.display().to_string())
}

fn measure(program: &Program) -> Row {
    let args: Vec<&str> = program.args.iter().map(String::as_str).collect();
    let started = Instant::now();
    let mut pty = Pty::spawn(&program.command, &args, &[], COLUMNS, ROWS);
    pty.wait_for(program.ready);
    let first_paint = started.elapsed();
    pty.settle(Duration::from_millis(300));
    for keys in program.prepare {
        pty.send(keys);
        pty.settle(Duration::from_millis(300));
    }
    for key in program.keys {
        pty.send(key);
        pty.settle(Duration::from_millis(50));
    }
    let (mut waits, mut bytes) = (Vec::new(), 0);
    for n in 0..MOVES {
        let before = pty.raw.len();
        let pressed = Instant::now();
        // Down a dozen, up a dozen: moves within the screen, as a person triages.
        pty.send(program.keys[(n / 12) % 2]);
        let Some(at) = pty.first_byte(Duration::from_secs(2)) else {
            continue;
        };
        waits.push(at.duration_since(pressed));
        pty.settle(Duration::from_millis(20));
        bytes += pty.raw.len() - before;
    }
    assert!(
        waits.len() > MOVES / 2,
        "{} answered {} of {MOVES} keys",
        program.name,
        waits.len()
    );
    waits.sort();
    let cpu_before = cpu_ms(pty.pid());
    let bytes_before = pty.raw.len();
    let idle_until = Instant::now() + IDLE;
    while Instant::now() < idle_until {
        pty.first_byte(idle_until.saturating_duration_since(Instant::now()));
    }
    Row {
        name: program.name.to_owned(),
        first_paint,
        p50: waits[waits.len() / 2],
        p95: waits[waits.len() * 95 / 100],
        bytes_per_move: bytes / waits.len(),
        idle_bytes: pty.raw.len() - bytes_before,
        idle_cpu_ms: cpu_ms(pty.pid()) - cpu_before,
        rss_mib: rss_mib(pty.pid()),
    }
}

/// User and system time of a process so far; Linux counts it in ticks of 10 ms.
fn cpu_ms(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<u64> = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse().ok())
        .collect();
    fields.iter().sum::<u64>() * 10
}

fn rss_mib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmRSS:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}
