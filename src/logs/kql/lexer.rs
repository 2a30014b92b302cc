//! Text to tokens, by hand: every literal form of the language, comments dropped, a place for each token. A
//! piece that is no token becomes `Bad` with a finding, and reading goes on behind it.

use super::error::Fault;
use super::literal::{self, Value};
use super::span::Span;
use crate::engine::ingestion::schema::ColumnType;

/// Bytes of the longest query that is read at all.
pub const LONGEST: usize = 256 * 1024;

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A name, a keyword (all depend on where they stand), or an operator like `project-away`.
    Name,
    Literal(Value),
    /// An operator or mark, as in [`MARKS`]; also `!has`, `in~` and their kin.
    Mark(&'static str),
    Comment,
    Bad,
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// The longer ones first, so that the first that fits is the right one.
const MARKS: [&str; 30] = [
    "==", "!=", "=~", "!~", "<=", ">=", "=>", "<>", "..", "|", ";", ",", "(", ")", "[", "]", "{",
    "}", ":", ".", "=", "<", ">", "+", "-", "*", "/", "%", "@", "?",
];

/// Operators with a hyphen, which elsewhere is a minus.
pub const HYPHENATED: [&str; 13] = [
    "project-away",
    "project-keep",
    "project-rename",
    "project-reorder",
    "project-smart",
    "mv-expand",
    "mv-apply",
    "make-series",
    "parse-where",
    "parse-kv",
    "top-nested",
    "top-hitters",
    "sample-distinct",
];

/// What may follow a `!`.
const NEGATED: [&str; 15] = [
    "!in~",
    "!in",
    "!between",
    "!contains_cs",
    "!contains",
    "!hasprefix_cs",
    "!hasprefix",
    "!hassuffix_cs",
    "!hassuffix",
    "!has_cs",
    "!has",
    "!startswith_cs",
    "!startswith",
    "!endswith_cs",
    "!endswith",
];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    faults: Vec<Fault>,
}

/// All tokens, with comments, and an `End` behind the last.
pub(super) fn lex(text: &str) -> (Vec<Token>, Vec<Fault>) {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        faults: Vec::new(),
    };
    if text.len() > LONGEST {
        let message = format!("the query has {} bytes; the limit is {LONGEST}", text.len());
        lexer.faults.push(Fault::new(Span::new(0, 0), message));
    } else {
        while let Some(c) = lexer.peek() {
            lexer.token(c);
        }
    }
    lexer.push(Kind::End, lexer.at);
    (lexer.tokens, lexer.faults)
}

fn starts_name(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphabetic()
}

fn goes_on_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, kind: Kind, from: usize) {
        self.tokens.push(Token {
            kind,
            span: Span::new(from, self.at),
        });
    }

    fn bad(&mut self, from: usize, message: impl Into<String>) {
        self.faults
            .push(Fault::new(Span::new(from, self.at), message));
        self.push(Kind::Bad, from);
    }

    fn skip_while(&mut self, is: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !is(c)).unwrap_or(rest.len());
    }

    fn token(&mut self, c: char) {
        let from = self.at;
        let rest = self.rest();
        if c.is_whitespace() || c == '\u{feff}' {
            self.at += c.len_utf8();
        } else if rest.starts_with("//") {
            self.at += rest.find('\n').unwrap_or(rest.len());
            self.push(Kind::Comment, from);
        } else if rest.starts_with("```") || rest.starts_with("~~~") {
            self.fenced(from);
        } else if let Some((prefix, verbatim, quote)) = opens_string(rest) {
            self.at += prefix;
            self.string(from, verbatim, quote);
        } else if c.is_ascii_digit() {
            self.number(from);
        } else if starts_name(c) {
            self.name(from);
        } else if let Some(mark) = NEGATED
            .iter()
            .find(|mark| rest.starts_with(**mark) && !goes_on(&rest[mark.len()..]))
        {
            self.at += mark.len();
            self.push(Kind::Mark(mark), from);
        } else if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            self.at += mark.len();
            self.push(Kind::Mark(mark), from);
        } else {
            self.at += c.len_utf8();
            self.bad(from, format!("{c:?} has no meaning here"));
        }
    }

    fn fenced(&mut self, from: usize) {
        let (fence, inside) = self.rest().split_at(3);
        match inside.find(fence) {
            Some(length) => {
                self.at += length + 6;
                let value = Value::String(inside[..length].to_owned());
                self.push(Kind::Literal(value), from);
            }
            None => {
                self.at = self.text.len();
                self.bad(from, format!("the text has no closing {fence}"));
            }
        }
    }

    /// `self.at` stands behind the opening quote.
    fn string(&mut self, from: usize, verbatim: bool, quote: char) {
        let mut value = String::new();
        loop {
            let Some(c) = self.peek().filter(|c| *c != '\n' && *c != '\r') else {
                return self.bad(from, format!("the string has no closing {quote}"));
            };
            let at = self.at;
            self.at += c.len_utf8();
            if c == quote {
                if !(verbatim && self.peek() == Some(quote)) {
                    break;
                }
                self.at += quote.len_utf8();
                value.push(quote);
            } else if c == '\\' && !verbatim {
                match self.escape() {
                    Some(c) => value.push(c),
                    None => self.faults.push(Fault::new(
                        Span::new(at, self.at),
                        "this is no escape; write \\\\ for a backslash, or @ before the string",
                    )),
                }
            } else {
                value.push(c);
            }
        }
        self.push(Kind::Literal(Value::String(value)), from);
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Option<char> {
        let c = self.peek().filter(|c| *c != '\n' && *c != '\r')?;
        self.at += c.len_utf8();
        Some(match c {
            '\\' | '"' | '\'' => c,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'v' => '\x0b',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            _ => return None,
        })
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let hex = self
            .rest()
            .get(..digits)
            .filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += digits;
        char::from_u32(u32::from_str_radix(hex, 16).ok()?)
    }

    fn number(&mut self, from: usize) {
        let rest = self.rest();
        if rest.starts_with("0x") || rest.starts_with("0X") {
            self.at += 2;
            self.skip_while(goes_on_name);
            return match literal::long(Span::new(from, self.at).of(self.text)) {
                Some(value) => self.push(Kind::Literal(Value::Long(value)), from),
                None => self.bad(from, "this is no hexadecimal number of at most 64 bits"),
            };
        }
        let digit = |c: char| c.is_ascii_digit();
        self.skip_while(digit);
        let mut whole = true;
        // `1..5` is a range, `a[0].b` a path: a point belongs to a number only before a digit, or at its end.
        if self.rest().starts_with('.')
            && !self.rest().starts_with("..")
            && !self.rest()[1..].starts_with(starts_name)
        {
            self.at += 1;
            self.skip_while(digit);
            whole = false;
        }
        let power = self.rest().strip_prefix(['e', 'E']);
        if let Some(power) = power {
            let sign = usize::from(power.starts_with(['+', '-']));
            if power[sign..].starts_with(digit) {
                self.at += 1 + sign;
                self.skip_while(digit);
                whole = false;
            }
        }
        let number = Span::new(from, self.at).of(self.text);
        let unit_from = self.at;
        self.skip_while(goes_on_name);
        let unit = Span::new(unit_from, self.at).of(self.text);
        let value = if !unit.is_empty() {
            number
                .parse()
                .ok()
                .and_then(|n| literal::of_unit(n, unit))
                .map(Value::Timespan)
                .ok_or("this is neither a number nor a timespan like 1d, 2h, 5m, 10s or 100ms")
        } else if whole {
            number
                .parse()
                .map(Value::Long)
                .map_err(|_| "this number does not fit in 64 bits")
        } else {
            number
                .parse()
                .map(Value::Real)
                .map_err(|_| "this is no number")
        };
        match value {
            Ok(value) => self.push(Kind::Literal(value), from),
            Err(message) => self.bad(from, message),
        }
    }

    fn name(&mut self, from: usize) {
        self.at += self.peek().map_or(0, char::len_utf8);
        self.skip_while(goes_on_name);
        let name = Span::new(from, self.at).of(self.text);
        let rest = self.rest();
        if rest.starts_with('-')
            && let Some(whole) = HYPHENATED.iter().find(|whole| {
                self.text[from..].starts_with(**whole) && !goes_on(&self.text[from + whole.len()..])
            })
        {
            self.at = from + whole.len();
            return self.push(Kind::Name, from);
        }
        if name == "in" && rest.starts_with('~') {
            self.at += 1;
            return self.push(Kind::Mark("in~"), from);
        }
        match name {
            "true" => return self.push(Kind::Literal(Value::Bool(true)), from),
            "false" => return self.push(Kind::Literal(Value::Bool(false)), from),
            _ => {}
        }
        let kind = match name {
            "bool" | "boolean" => ColumnType::Bool,
            "int" => ColumnType::Int,
            "long" => ColumnType::Long,
            "real" | "double" | "decimal" => ColumnType::Real,
            "datetime" | "date" => ColumnType::Datetime,
            "timespan" | "time" => ColumnType::Timespan,
            "guid" => ColumnType::Guid,
            "dynamic" => ColumnType::Dynamic,
            _ => return self.push(Kind::Name, from),
        };
        let blank = rest.len() - rest.trim_start().len();
        if !rest[blank..].starts_with('(') {
            return self.push(Kind::Name, from);
        }
        self.at += blank + 1;
        self.typed(from, kind);
    }

    /// `datetime(2024-01-01)` and its kin; `self.at` stands behind the parenthesis.
    fn typed(&mut self, from: usize, kind: ColumnType) {
        let start = self.at;
        let Some(length) = closing(self.rest(), kind == ColumnType::Dynamic) else {
            self.skip_while(|c| c != '\n');
            return self.bad(from, format!("the {kind} literal has no closing )"));
        };
        self.at += length + 1;
        let inside = self.text[start..start + length].trim();
        let bare = match opens_string(inside) {
            Some((1, _, quote)) if kind != ColumnType::Dynamic => {
                inside[1..].strip_suffix(quote).unwrap_or(inside)
            }
            _ => inside,
        };
        let value = if bare.eq_ignore_ascii_case("null") || inside.is_empty() {
            Some(Value::Null(kind))
        } else {
            match kind {
                ColumnType::Bool => literal::boolean(bare).map(Value::Bool),
                ColumnType::Int => literal::long(bare)
                    .and_then(|n| i32::try_from(n).ok())
                    .map(Value::Int),
                ColumnType::Long => literal::long(bare).map(Value::Long),
                ColumnType::Real => literal::real(bare).map(Value::Real),
                ColumnType::Datetime => literal::datetime(bare).map(Value::Datetime),
                ColumnType::Timespan => literal::timespan(bare).map(Value::Timespan),
                ColumnType::Guid => literal::guid(bare).map(Value::Guid),
                ColumnType::Dynamic => dynamic(bare).map(Value::Dynamic),
                ColumnType::String => None,
            }
        };
        match value {
            Some(value) => self.push(Kind::Literal(value), from),
            None => {
                let example = match kind {
                    ColumnType::Bool => "bool(true)",
                    ColumnType::Int => "int(5)",
                    ColumnType::Long => "long(5)",
                    ColumnType::Real => "real(1.5)",
                    ColumnType::Datetime => "datetime(2024-05-01T10:00:00Z)",
                    ColumnType::Timespan => "timespan(1d) or time(0.12:30:00)",
                    ColumnType::Guid => "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
                    ColumnType::Dynamic => "dynamic([1, \"two\"])",
                    ColumnType::String => "a string in quotes",
                };
                self.bad(
                    from,
                    format!(
                        "this is no {kind}; write for example {example}, or to{kind}(…) to convert"
                    ),
                );
            }
        }
    }
}

fn goes_on(rest: &str) -> bool {
    rest.starts_with(goes_on_name)
}

/// Bytes up to and with the opening quote, whether escapes are off, and the quote.
fn opens_string(text: &str) -> Option<(usize, bool, char)> {
    let rest = text.strip_prefix(['h', 'H']).unwrap_or(text);
    let (verbatim, rest) = match rest.strip_prefix('@') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some((text.len() - rest.len() + 1, verbatim, quote))
}

/// Bytes up to the parenthesis that closes, with strings and nested brackets passed over in JSON.
fn closing(text: &str, json: bool) -> Option<usize> {
    if !json {
        return text
            .find([')', '\n'])
            .filter(|at| text[*at..].starts_with(')'));
    }
    let (mut depth, mut quoted, mut escaped) = (0usize, None, false);
    for (at, c) in text.char_indices() {
        match quoted {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(quote) if c == quote => quoted = None,
            Some(_) => {}
            None => match c {
                '"' | '\'' => quoted = Some(c),
                '(' | '[' | '{' => depth += 1,
                ')' if depth == 0 => return Some(at),
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    None
}

/// JSON with strings in either quote, and the language's own literals for numbers left as they are.
fn dynamic(text: &str) -> Option<String> {
    let json = if text.contains('\'') {
        let mut json = String::with_capacity(text.len());
        let (mut quoted, mut escaped) = (None, false);
        for c in text.chars() {
            match quoted {
                Some(_) if escaped => {
                    escaped = false;
                    // JSON has no escape for a single quote.
                    if c == '\'' {
                        json.pop();
                    }
                    json.push(c);
                }
                Some('\'') if c == '\'' => {
                    quoted = None;
                    json.push('"');
                }
                Some('\'') if c == '"' => json.push_str("\\\""),
                Some(quote) => {
                    escaped = c == '\\';
                    if c == quote {
                        quoted = None;
                    }
                    json.push(c);
                }
                None if c == '\'' => {
                    quoted = Some('\'');
                    json.push('"');
                }
                None => {
                    if c == '"' {
                        quoted = Some('"');
                    }
                    json.push(c);
                }
            }
        }
        json
    } else {
        text.to_owned()
    };
    let value: serde_json::Value = serde_json::from_str(&json).ok()?;
    Some(value.to_string())
}
