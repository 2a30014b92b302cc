//! What a person feels, through a real pseudo-terminal: first paint, key to first byte and to quiet, bytes per cursor
//! move, and what it costs when nothing happens; of lockbox with the demo world and with 100 000 requests, and beside
//! it other terminal programs with as much before them. One table, one run:
//!
//! ```text
//! cargo bench --bench terminal              120x40
//! cargo bench --bench terminal -- --sizes   80x24 and 200x60 as well
//! cargo bench --bench terminal -- --peers   bottom, csvlens and gitui as well, built once with cargo install
//! cargo bench --bench terminal -- --lockbox lockbox only
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

#[path = "../tests/support/pty.rs"]
#[allow(dead_code, reason = "the harness serves tests too")]
mod pty;

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pty::Pty;

const AIMED: (u16, u16) = (120, 40);
const OTHERS: [(u16, u16); 2] = [(80, 24), (200, 60)];
const MOVES: usize = 200;
/// This long without a byte, and the answer to a key is complete.
const QUIET: Duration = Duration::from_millis(40);
const IDLE: Duration = Duration::from_secs(5);
const MANY: usize = 100_000;
const DEBIAN: &str = "apt-get install -y less htop btop tig lnav visidata";
const CARGO: [&str; 3] = ["bottom", "csvlens", "gitui"];
/// What is typed into the filter, letter by letter, over and over.
const SOUGHT: [&str; 4] = ["approved", "LB-0427", "sql", "denied"];

const VI: [&str; 2] = ["j", "k"];
const ARROWS: [&str; 2] = ["\x1b[B", "\x1b[A"];

/// One line of the table, before it is measured.
struct Program {
    name: String,
    command: PathBuf,
    args: Vec<String>,
    dir: PathBuf,
    /// On the screen when it is ready.
    ready: &'static str,
    /// Brings the list up, at its top.
    prepare: &'static [&'static str],
    keys: [&'static str; 2],
    /// How far down before it goes up again.
    span: usize,
    /// Types into the filter instead of moving.
    filters: bool,
}

#[derive(Default)]
struct Row {
    name: String,
    first_byte: f64,
    ready: f64,
    p50: f64,
    p95: f64,
    quiet: f64,
    bytes: usize,
    idle_bytes: f64,
    idle_cpu: f64,
    rss: f64,
}

fn main() {
    let asked = |flag: &str| env::args().any(|a| a == flag);
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let home = scratch.path().join("home");
    fs::create_dir(&home).expect("a home");
    let mut programs = ours(scratch.path());
    if !asked("--lockbox") {
        let data = Data::write(scratch.path());
        let root = asked("--peers").then(install);
        let (found, missing) = others(&data, root.as_deref());
        programs.extend(found);
        if !missing.is_empty() {
            println!("not installed: {} ({DEBIAN})", missing.join(", "));
        }
    }
    let sizes = if asked("--sizes") { &OTHERS[..] } else { &[] };
    for size in [AIMED].iter().chain(sizes) {
        println!(
            "\n{:<26}{:>8}{:>9}{:>9}{:>9}{:>9}{:>8}{:>9}{:>7}{:>8}",
            format!("{}x{}", size.0, size.1),
            "byte ms",
            "ready ms",
            "key p50",
            "key p95",
            "quiet ms",
            "B/key",
            "idle B/s",
            "CPU %",
            "RSS MB"
        );
        let rows: Vec<Row> = programs.iter().map(|p| measured(p, &home, *size)).collect();
        if *size == AIMED {
            aims(&rows);
        }
    }
}

fn measured(program: &Program, home: &Path, size: (u16, u16)) -> Row {
    let row = measure(program, home, size);
    println!(
        "{:<26}{:>8.1}{:>9.0}{:>9.2}{:>9.2}{:>9.2}{:>8}{:>9.0}{:>7.2}{:>8.1}",
        row.name,
        row.first_byte,
        row.ready,
        row.p50,
        row.p95,
        row.quiet,
        row.bytes,
        row.idle_bytes,
        row.idle_cpu,
        row.rss
    );
    row
}

/// What we want, beside what is.
fn aims(rows: &[Row]) {
    let row = |name: &str| rows.iter().find(|row| row.name == name);
    let (Some(demo), Some(many)) = (row("lockbox"), row(&large())) else {
        return;
    };
    println!("\naims");
    let say = |what: String, is: f64, aim: f64| {
        let met = if is <= aim { "met" } else { "MISSED" };
        println!("  {what:<52}{is:>9.2}  aim ≤ {aim:<8.2}{met}");
    };
    for row in [demo, many] {
        let of = |what: &str| format!("{}: {what}", row.name);
        say(of("key to first byte p50, ms"), row.p50, 1.0);
        say(of("key to first byte p95, ms"), row.p95, 3.0);
        say(of("bytes a cursor move"), row.bytes as f64, 700.0);
    }
    say(format!("{}: RSS, MB", many.name), many.rss, 60.0);
    if let Some(less) = row("less") {
        say(
            "idle bytes/s, beside less".to_owned(),
            demo.idle_bytes,
            less.idle_bytes,
        );
        // A hundredth of a per cent is what a timer of somebody else's costs.
        say(
            "idle CPU %, beside less".to_owned(),
            demo.idle_cpu,
            less.idle_cpu + 0.01,
        );
    }
    for name in ["htop", "btop", "visidata"] {
        if let Some(other) = row(name) {
            say(
                format!("key to first byte p50, ms, beside {name}"),
                many.p50,
                other.p50,
            );
            say(
                format!("key to first byte p95, ms, beside {name}"),
                many.p95,
                other.p95,
            );
        }
    }
}

fn large() -> String {
    format!("lockbox, {MANY} requests")
}

fn ours(scratch: &Path) -> Vec<Program> {
    let lockbox = PathBuf::from(env!("CARGO_BIN_EXE_lockbox"));
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-data/hundred-thousand.toml");
    let demo = found(&lockbox, scratch, "demo", None, "pause");
    let running = found(&lockbox, scratch, "running", None, "resume");
    let many = found(&lockbox, scratch, "many", Some(&world), "pause");
    let program = |name: &str, args: &[String], prepare, span, filters| Program {
        name: name.to_owned(),
        command: lockbox.clone(),
        args: args.to_vec(),
        dir: scratch.to_owned(),
        ready: "SIMULATION",
        prepare,
        keys: VI,
        span,
        filters,
    };
    vec![
        program("lockbox", &demo, &["ga", "gg"], 12, false),
        program("lockbox, time runs", &running, &["ga", "gg"], 12, false),
        program(&large(), &many, &["gr", "gg"], 12, false),
        program("  a letter of its filter", &many, &["gr", "/"], 0, true),
    ]
}

/// A state directory with a founded world, as arguments.
fn found(
    lockbox: &Path,
    scratch: &Path,
    name: &str,
    world: Option<&Path>,
    clock: &str,
) -> Vec<String> {
    let state = scratch.join(name).display().to_string();
    let mut args = vec!["--state".to_owned(), state];
    if let Some(world) = world {
        args.extend(["--world".to_owned(), world.display().to_string()]);
    }
    args.extend(["--as".to_owned(), "observer".to_owned()]);
    let started = Instant::now();
    let done = Command::new(lockbox)
        .args(&args)
        .args(["clock", clock])
        .output()
        .expect("lockbox founds a world");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    println!(
        "founded {} in {:.1} s",
        world.map_or("the demo world".to_owned(), |w| w.display().to_string()),
        started.elapsed().as_secs_f64()
    );
    args
}

/// As many lines, rows and commits as there are requests in the large world.
struct Data {
    log: PathBuf,
    csv: PathBuf,
    repository: PathBuf,
}

impl Data {
    fn write(scratch: &Path) -> Data {
        let data = Data {
            log: scratch.join("requests.log"),
            csv: scratch.join("requests.csv"),
            repository: scratch.join("repository"),
        };
        let log: String = (0..MANY)
            .map(|n| {
                let (hour, minute, second) = (n / 3600 % 24, n / 60 % 60, n % 60);
                let day = 1 + n / 86_400;
                format!(
                    "2020-11-{day:02}T{hour:02}:{minute:02}:{second:02} LB-{n:06} Pending vm-{n} sam.taylor\n"
                )
            })
            .collect();
        fs::write(&data.log, log).expect("a log");
        let rows: String = (0..MANY)
            .map(|n| format!("LB-{n:06},Pending,vm-{n},sam.taylor\n"))
            .collect();
        fs::write(&data.csv, format!("id,status,resource,engineer\n{rows}")).expect("a csv");
        commits(&data.repository);
        data
    }
}

/// A repository with a commit for each request.
fn commits(repository: &Path) {
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(repository).args(args);
        git
    };
    fs::create_dir(repository).expect("a directory");
    let made = git(&["init", "-q", "-b", "main"]).status();
    assert!(made.is_ok_and(|s| s.success()), "git init");
    let mut import = git(&["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git fast-import");
    let mut stream = std::io::BufWriter::new(import.stdin.take().expect("its input"));
    for n in 0..MANY {
        let message = format!("LB-{n:06} Pending vm-{n}");
        write!(
            stream,
            "commit refs/heads/main\ncommitter Sam Taylor <sam.taylor@example.com> {} +0000\ndata {}\n{message}\n",
            1_600_000_000 + n,
            message.len()
        )
        .expect("git reads");
    }
    drop(stream);
    assert!(import.wait().is_ok_and(|s| s.success()), "git fast-import");
}

/// Builds what Debian has not; where it lies.
fn install() -> PathBuf {
    let home = env::var_os("HOME").expect("a home");
    let root = Path::new(&home).join(".cache/lockbox-bench");
    let done = Command::new("cargo")
        .args(["install", "--locked", "--root"])
        .arg(&root)
        .args(CARGO)
        .status();
    assert!(done.is_ok_and(|s| s.success()), "cargo install");
    root.join("bin")
}

/// The other programs that are here, and the names of those that are not.
fn others(data: &Data, root: Option<&Path>) -> (Vec<Program>, Vec<&'static str>) {
    let text = |path: &Path| path.display().to_string();
    let (log, csv) = (text(&data.log), text(&data.csv));
    type Line<'a> = (
        &'a str,
        &'a str,
        Vec<String>,
        &'a str,
        &'a [&'a str],
        [&'a str; 2],
    );
    let mut lines: Vec<Line<'static>> = vec![
        ("less", "less", vec![log.clone()], "LB-000001", &[], VI),
        ("htop", "htop", vec![], "PID", &[], ARROWS),
        (
            "btop",
            "btop",
            vec!["--utf-force".to_owned()],
            "Pid",
            &[],
            ARROWS,
        ),
        ("tig", "tig", vec![], "LB-0", &[], VI),
        ("lnav", "lnav", vec![log], "LB-0", &["g"], VI),
        ("visidata", "vd", vec![csv.clone()], "LB-000001", &[], VI),
    ];
    if root.is_some() {
        lines.extend([
            ("bottom", "btm", vec![], "PID", &[] as &[_], ARROWS),
            ("csvlens", "csvlens", vec![csv], "LB-000001", &[], VI),
            ("gitui", "gitui", vec![], "Log", &["2"], ARROWS),
        ]);
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (name, command, args, ready, prepare, keys) in lines {
        match which(command, root) {
            Some(command) => found.push(Program {
                name: name.to_owned(),
                command,
                args,
                dir: data.repository.clone(),
                ready,
                prepare,
                keys,
                span: 12,
                filters: false,
            }),
            None => missing.push(name),
        }
    }
    (found, missing)
}

fn which(command: &str, root: Option<&Path>) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut dirs = root
        .map(Path::to_owned)
        .into_iter()
        .chain(env::split_paths(&path));
    dirs.find_map(|dir| Some(dir.join(command)).filter(|file| file.is_file()))
}

fn measure(program: &Program, home: &Path, (columns, rows): (u16, u16)) -> Row {
    let home = home.display().to_string();
    let env = ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"]
        .map(|name| (name, home.as_str()));
    let args: Vec<&str> = program.args.iter().map(String::as_str).collect();
    let command = program.command.display().to_string();
    let started = Instant::now();
    let dir = program.dir.display().to_string();
    let mut pty = Pty::spawn_in(&dir, &command, &args, &env, columns, rows);
    pty.answers = true;
    let first_byte = pty.first_byte(pty::PATIENCE).unwrap_or(started) - started;
    pty.wait_for(program.ready);
    let ready = started.elapsed();
    pty.settle(Duration::from_millis(300));
    for keys in program.prepare {
        pty.send(keys);
        pty.linger(Duration::from_millis(500));
    }
    let keys = if program.filters {
        letters()
    } else {
        moves(program)
    };
    let (mut waits, mut quiets, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (key, counts) in &keys {
        // Late answers to the key before, or a refresh.
        pty.settle(QUIET);
        let before = pty.raw.len();
        let pressed = Instant::now();
        pty.send(key);
        let Some(first) = pty.first_byte(Duration::from_secs(1)) else {
            continue;
        };
        let mut last = first;
        while let Some(at) = pty.first_byte(QUIET) {
            last = at;
        }
        if *counts {
            waits.push(ms(first - pressed));
            quiets.push(ms(last - pressed));
            bytes += pty.raw.len() - before;
        }
    }
    let counted = keys.iter().filter(|(_, counts)| *counts).count();
    assert!(
        2 * waits.len() > counted,
        "{} answered {} of {counted} keys",
        program.name,
        waits.len()
    );
    waits.sort_by(f64::total_cmp);
    quiets.sort_by(f64::total_cmp);
    let (cpu_before, bytes_before, idle_from) = (cpu_ns(pty.pid()), pty.raw.len(), Instant::now());
    pty.watch(IDLE);
    let idle = idle_from.elapsed();
    Row {
        name: program.name.clone(),
        first_byte: ms(first_byte),
        ready: ms(ready),
        p50: waits[waits.len() / 2],
        p95: waits[waits.len() * 95 / 100],
        quiet: quiets[quiets.len() / 2],
        bytes: bytes / waits.len(),
        idle_bytes: (pty.raw.len() - bytes_before) as f64 / idle.as_secs_f64(),
        idle_cpu: (cpu_ns(pty.pid()) - cpu_before) as f64 / idle.as_nanos() as f64 * 100.0,
        rss: rss_mb(pty.pid()),
    }
}

/// Down and up within the screen, as a person triages; the first round is not counted.
fn moves(program: &Program) -> Vec<(String, bool)> {
    let span = program.span;
    (0..MOVES + 2 * span)
        .map(|n| (program.keys[(n / span) % 2].to_owned(), n >= 2 * span))
        .collect()
}

/// Words letter by letter, and each taken away again, which is not counted.
fn letters() -> Vec<(String, bool)> {
    let typed = |word: &'static str| word.chars().map(|c| (c.to_string(), true));
    let erased = |word: &'static str| word.chars().map(|_| ("\x7f".to_owned(), false));
    let words = || SOUGHT.iter().copied();
    (0..3)
        .flat_map(|_| words())
        .flat_map(|word| typed(word).chain(erased(word)))
        .collect()
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

/// Time on a processor of all threads so far, in nanoseconds.
fn cpu_ns(pid: u32) -> u64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return 0;
    };
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
        .filter_map(|stat| stat.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

fn rss_mb(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|l| l.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() * 1.024 / 1000.0
}
