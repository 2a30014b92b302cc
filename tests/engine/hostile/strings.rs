//! Strings somebody hostile would write: everything a terminal, a mail reader, a spreadsheet, the bidi
//! algorithm or a parser might act on, put together by a seeded generator.

/// What each was made for: sequences that work on real terminals, and injections into our own formats.
const ATTACKS: &[&str] = &[
    // Terminals: clear, colour, cursor, alternate screen, reports, resets, insert mode, 8-bit forms.
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}[31;1mred\u{1b}[0m",
    "\u{1b}[?1049h",
    "\u{1b}[6n",
    "\u{1b}c",
    "\u{1b}[4h",
    "\u{1b}#8",
    "\u{1b}[999;999H",
    "\u{1b}[1A\u{1b}[2K",
    "\u{9b}31m",
    "\u{9d}0;owned\u{9c}",
    "\u{1b}]0;owned\u{7}",
    "\u{1b}]2;owned\u{1b}\\",
    "\u{1b}]52;c;cm0gLXJmIH4=\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    "\u{1b}]50;?\u{7}",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{1b}P$q\"p\u{1b}\\",
    "\u{90}1;1|17/ab\u{9c}",
    "\u{1b}_Gf=24;AAAA\u{1b}\\",
    "\u{1b}^private\u{1b}\\",
    "\u{1b}Xstart of string\u{1b}\\",
    "\u{9f}apc\u{9c}",
    "\u{1b}]",
    "\u{1b}",
    "ap\u{1b}[1mpro\u{1b}[0mved",
    "no\u{8}\u{8}ok\u{7f}",
    "over\rwritten",
    "\u{e}line drawing\u{f}",
    "tab\tand\u{b}vertical\u{c}feed",
    // Order and appearance of text.
    "\u{202e}devorppa\u{202c}",
    "\u{202a}\u{202b}\u{202d}",
    "\u{2066}a\u{2067}b\u{2068}c\u{2069}",
    "\u{200e}\u{200f}\u{61c}",
    "a\u{200b}d\u{200c}m\u{200d}i\u{2060}n\u{feff}",
    "\u{2061}\u{2062}\u{2063}\u{2064}\u{206a}\u{206f}",
    "so\u{ad}ft",
    "\u{115f}\u{1160}\u{3164}\u{ffa0}",
    "\u{180b}\u{180e}\u{34f}\u{17b4}",
    "\u{2028}line\u{2029}paragraph\u{85}next",
    "\u{e0001}\u{e0068}\u{e0069}\u{e007f}",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "a\u{fe00}b\u{fe0e}c\u{fe0f}\u{e0100}",
    "\u{e000}\u{f8ff}\u{f0000}\u{10fffd}",
    "\u{fdd0}\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}",
    "\u{fff9}ruby\u{fffa}base\u{fffb}\u{fffc}",
    "\u{1d173}\u{1bca0}",
    "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{30a}\u{30b}\u{30c}\u{20dd}\u{489}",
    "\u{301}\u{20e3}\u{5b0}\u{64b}\u{e31}",
    "👩‍👩‍👧‍👦👨🏽‍💻🏳️‍🌈🇰🇷1️⃣",
    "‍🔑‍",
    "高橋花子한국어テスト😀",
    "ﷺ꧅𒐫⸻﷽",
    "아\u{1100}\u{1161}\u{11a8}\u{1112}",
    "\u{0}nul\u{0}",
    // Our own signs, so that a box or a mark could be forged.
    "│ ┌ ┐ └ ┘ ▌ ┃ ╭ ╰ ─ ✓ ✗ ●",
    "”. ann approved LB-000001: “yes",
    "⟨U+202E⟩",
    "…",
    // Spreadsheets.
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "\"=1+1\"",
    "a\",\"=1+1\",\"",
    // JSON, CSV, TOML, mail, HTML, shells, format strings.
    "\"},{\"id\":\"LB-000001\",\"status\":\"Approved\"}",
    "\\u001b[2J\\x1b\\033\\e",
    "\\",
    "\\\"",
    "'\"`$(reboot)`;--",
    "a,b;c\n1,2;3",
    "\r\nBcc: <evil@x.example>\r\nX-Evil: 1\r\n\r\nbody",
    "\nBcc: evil@x.example",
    "\rTo: evil@x.example",
    "=?utf-8?B?DQpCY2M6IGV2aWw=?=",
    "=0D=0ABcc: evil@x.example",
    "a@b.example>, <c@d.example",
    "\r\n.\r\nMAIL FROM:<evil@x.example>",
    "\r\n--boundary\r\nContent-Type: text/html\r\n",
    "\"\"\"\n[world]\nseed = 1\n",
    "<script>alert(1)</script>",
    "%s%n{}{0}",
    "refused: nothing\nAPPROVED by ann\n",
    "\n\n\n\n",
    "NaN null true 1e999",
    "../../../etc/passwd",
];

const WORDS: &[&str] = &[
    "please",
    "look",
    "at",
    "the",
    "boot",
    "log",
    "승인",
    "요청",
    "Zugriff",
    "déjà",
    "データ",
    "urgent",
    "APPROVED",
    "LB-000001",
    "ok",
];

pub struct Strings {
    state: u64,
    number: usize,
}

impl Strings {
    /// Each thread of a test takes its own stretch of the same sequence of strings.
    pub fn seeded(seed: u64) -> Strings {
        Strings {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            number: 0,
        }
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % sides as u64).unwrap()
    }

    /// A character of one of the classes that act, or near one.
    fn character(&mut self) -> char {
        const RANGES: &[(u32, u32)] = &[
            (0x00, 0x1f),
            (0x7f, 0x9f),
            (0x00, 0x9f),
            (0x200b, 0x200f),
            (0x2028, 0x202e),
            (0x2060, 0x206f),
            (0xfe00, 0xfe0f),
            (0xe0000, 0xe01ef),
            (0x180b, 0x180f),
            (0xfff0, 0xffff),
            (0x300, 0x36f),
            (0x1f300, 0x1f6ff),
            (0x0, 0x10ffff),
        ];
        let (from, to) = RANGES[self.roll(RANGES.len())];
        loop {
            let at = from + u32::try_from(self.roll((to - from + 1) as usize)).unwrap();
            if let Some(c) = char::from_u32(at) {
                return c;
            }
        }
    }

    fn piece(&mut self) -> String {
        match self.roll(12) {
            0..=6 => ATTACKS[self.roll(ATTACKS.len())].to_owned(),
            7 => (0..=self.roll(6)).map(|_| self.character()).collect(),
            8 => {
                let marks = 1 + self.roll(80);
                let mark = |s: &mut Strings| char::from_u32(0x300 + s.roll(0x70) as u32).unwrap();
                "a".chars()
                    .chain((0..marks).map(|_| mark(self)).collect::<Vec<_>>())
                    .collect()
            }
            9 => ATTACKS[self.roll(ATTACKS.len())].repeat(2 + self.roll(8)),
            _ => WORDS[self.roll(WORDS.len())].to_owned(),
        }
    }
}

impl Iterator for Strings {
    type Item = String;

    /// Never blank and never twice the same: somewhere in it stands its number.
    fn next(&mut self) -> Option<String> {
        let number = self.number;
        self.number += 1;
        let mark = format!("n{number}");
        // First every attack alone, then what acts inside a word, one by one; then mixtures.
        if let Some(attack) = ATTACKS.get(number) {
            return Some(format!("{attack}{mark}"));
        }
        let singles = (0..0x20)
            .chain(0x7f..0xa0)
            .chain(0x2028..0x202f)
            .chain(0x2066..0x206a)
            .chain(0xe0020..0xe0080);
        if let Some(c) = singles
            .filter_map(char::from_u32)
            .nth(number - ATTACKS.len())
        {
            return Some(format!("co{c}de {mark}"));
        }
        let mut text = String::new();
        let pieces = 1 + self.roll(6);
        let at = self.roll(pieces + 1);
        for n in 0..=pieces {
            if n == at {
                text.push_str(&mark);
            }
            text.push_str(&self.piece());
            if self.roll(2) == 0 {
                text.push(' ');
            }
        }
        if number % 500 == 250 {
            text = text.repeat(1 + 6_000 / text.len());
        }
        Some(text)
    }
}
