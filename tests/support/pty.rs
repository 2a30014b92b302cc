//! A real pseudo-terminal with a real emulator behind it: a program runs in it as it would for a person, and
//! the test reads the screen.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long a person would wait before saying it hangs. Only failures ever wait this long.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Sender<Vec<u8>>,
    output: Receiver<(Instant, Vec<u8>)>,
    screen: vt100::Parser,
    /// How long a person thinks before typing; a test does not.
    pub pace: Duration,
    typed: String,
    /// Answers what a program asks its terminal, as a terminal would.
    pub answers: bool,
    answered: usize,
    /// Everything the program ever wrote.
    pub raw: Vec<u8>,
}

/// What programs ask, and what a plain terminal says.
const ANSWERS: [(&[u8], &str); 5] = [
    (b"\x1b[c", "\x1b[?62;22c"),
    (b"\x1b[0c", "\x1b[?62;22c"),
    (b"\x1b[>c", "\x1b[>41;0;0c"),
    (b"\x1b[5n", "\x1b[0n"),
    (b"\x1b[6n", "\x1b[1;1R"),
];

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn emulator(columns: u16, rows: u16) -> vt100::Parser {
    let side = |n: u16| NonZeroU16::new(n).expect("a terminal has at least one row and column");
    vt100::Parser::new(side(rows), side(columns), 0)
}

impl Pty {
    pub fn spawn(
        program: &str,
        args: &[&str],
        env: &[(&str, &str)],
        columns: u16,
        rows: u16,
    ) -> Pty {
        Pty::spawn_in(
            env!("CARGO_MANIFEST_DIR"),
            program,
            args,
            env,
            columns,
            rows,
        )
    }

    pub fn spawn_in(
        dir: &str,
        program: &str,
        args: &[&str],
        env: &[(&str, &str)],
        columns: u16,
        rows: u16,
    ) -> Pty {
        let pair = native_pty_system()
            .openpty(size(columns, rows))
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(dir);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env_remove("NO_COLOR");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let mut writer = pair.master.take_writer().expect("a writer");
        // On a thread of its own: a program that stops reading must fail a test, not hang it.
        let (keys, typed) = channel::<Vec<u8>>();
        std::thread::spawn(move || {
            while let Ok(bytes) = typed.recv() {
                if writer
                    .write_all(&bytes)
                    .and_then(|()| writer.flush())
                    .is_err()
                {
                    break;
                }
            }
        });
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0u8; 64 * 1024];
            while let Ok(n) = reader.read(&mut chunk) {
                if n == 0 || send.send((Instant::now(), chunk[..n].to_vec())).is_err() {
                    break;
                }
            }
        });
        Pty {
            child,
            master: pair.master,
            keys,
            output,
            screen: emulator(columns, rows),
            pace: Duration::ZERO,
            typed: String::new(),
            answers: false,
            answered: 0,
            raw: Vec::new(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a running child has a pid")
    }

    pub fn send(&mut self, keys: &str) {
        if self.pace.is_zero() {
            return self.press(keys);
        }
        // The same key again needs no thought.
        let again = self.typed == keys;
        self.linger(if again { self.pace / 4 } else { self.pace });
        for key in keys.chars() {
            self.press(&key.to_string());
            self.linger(self.pace / 12);
        }
        keys.clone_into(&mut self.typed);
    }

    fn press(&mut self, keys: &str) {
        self.keys
            .send(keys.as_bytes().to_vec())
            .expect("the terminal is open");
    }

    /// Looks on for a while.
    pub fn linger(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if self.take(left).is_none() {
                break;
            }
        }
    }

    /// Takes in what has been written within `wait`; true when there was something.
    fn take(&mut self, wait: Duration) -> Option<Instant> {
        match self.output.recv_timeout(wait) {
            Ok((at, bytes)) => {
                self.screen.process(&bytes);
                self.raw.extend_from_slice(&bytes);
                if self.answers {
                    self.answer();
                }
                Some(at)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    fn answer(&mut self) {
        while let Some(next) = self.raw[self.answered..].iter().position(|b| *b == 0x1b) {
            let from = self.answered + next;
            let rest = &self.raw[from..];
            let asked = ANSWERS.iter().find(|(ask, _)| rest.starts_with(ask));
            let longest = ANSWERS.iter().map(|(ask, _)| ask.len()).max();
            if asked.is_none() && Some(rest.len()) < longest {
                // Perhaps the rest of a question is still to come.
                self.answered = from;
                return;
            }
            self.answered = from + 1;
            if let Some((_, answer)) = asked {
                self.press(answer);
            }
        }
        self.answered = self.raw.len();
    }

    /// Reads on for a while, whatever comes.
    pub fn watch(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.take(left);
        }
    }

    /// When the next byte after now arrives, within the wait.
    pub fn first_byte(&mut self, wait: Duration) -> Option<Instant> {
        self.take(wait)
    }

    /// Reads on until nothing comes for `quiet`; the number of bytes.
    pub fn settle(&mut self, quiet: Duration) -> usize {
        let before = self.raw.len();
        while self.take(quiet).is_some() {}
        self.raw.len() - before
    }

    /// Waits until the screen shows it, or fails with the screen.
    pub fn wait_for(&mut self, what: &str) {
        self.wait_until(&format!("the screen shows {what:?}"), |text| {
            text.contains(what)
        });
    }

    pub fn wait_until(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !holds(&self.text()) {
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain until {what}; the screen is\n{}",
                self.text()
            );
            self.take(Duration::from_millis(50));
        }
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.master
            .resize(size(columns, rows))
            .expect("the terminal resizes");
        let side = |n: u16| NonZeroU16::new(n).expect("not zero");
        self.screen.set_size(side(rows), side(columns));
    }

    /// Sends a Unix signal by name.
    pub fn signal(&self, name: &str) {
        let done = std::process::Command::new("kill")
            .args(["-s", name, &self.pid().to_string()])
            .status()
            .expect("kill runs");
        assert!(done.success());
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the end of the program; its exit code.
    pub fn wait_exit(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            while self.take(Duration::from_millis(20)).is_some() {}
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                while self.take(Duration::from_millis(50)).is_some() {}
                return status.exit_code();
            }
            assert!(
                start.elapsed() < PATIENCE,
                "the program does not end; the screen is\n{}",
                self.text()
            );
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
