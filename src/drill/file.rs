//! Drill files: TOML → [`Drill`]. Every mistake is reported with file, line, column and the nearest valid word, all
//! of them at once; those of the world file with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check::{Check, Counted, Found, Of, Unit, Wanted, What};
use super::{
    Action, Aims, Beat, Drill, Expectation, Put, Question, Records, Refused, Trigger, When,
};
use crate::engine::cluster::State;
use crate::engine::errors;
use crate::engine::ids::{PersonId, ResourceId, SubscriptionId, TableName};
use crate::engine::ingestion::ledger::Scope;
use crate::engine::lockbox::{grant, jit, request};
use crate::engine::resources::ResourceKind;
use crate::engine::rules::STATEMENTS;
use crate::engine::text::scrub;
use crate::engine::time::{SimTime, Span};
use crate::engine::words::{UnknownWord, nearest};
use crate::runtime::fingerprint;
use crate::world_file::reader::{Fields, Reader, document};
use crate::world_file::script::Script;
use crate::world_file::{WorldError, WorldFile, parse};

/// Largest drill file, in bytes.
const SIZE_MAX: usize = 1024 * 1024;
/// The table records go to and are asked for, unless a file says otherwise.
const TABLE: &str = "Drill_CL";
/// Characters of the text of a record, unless a file says otherwise.
const LENGTH: u64 = 40;
/// Records of one beat, and characters of the text of each, at most.
const RECORDS_MAX: u64 = 100_000;
const LENGTH_MAX: u64 = 10_000;

/// A file with its name.
#[derive(Debug, Clone)]
pub struct NamedText {
    pub name: String,
    pub text: String,
}

type Mistakes = Vec<WorldError>;
/// World files that were read, by path.
type Worlds = BTreeMap<PathBuf, Result<(WorldFile, String), Mistakes>>;

/// Reads drill files. `Ok` only when all of them, and the worlds they name, are good: then all can run.
pub fn read_all(files: &[NamedText]) -> Result<Vec<Drill>, Mistakes> {
    let mut worlds = Worlds::new();
    let (mut drills, mut mistakes) = (Vec::new(), Mistakes::new());
    for file in files {
        match read_with(file, &mut worlds) {
            Ok(drill) => drills.push(drill),
            Err(more) => mistakes.extend(more),
        }
    }
    // A bad world is told once, however many drills are set in it.
    let mut told = std::collections::BTreeSet::new();
    mistakes.retain(|mistake| told.insert(mistake.clone()));
    match mistakes.is_empty() {
        true => Ok(drills),
        false => Err(mistakes),
    }
}

/// Reads one drill file.
pub fn read(file: &NamedText) -> Result<Drill, Mistakes> {
    read_with(file, &mut Worlds::new())
}

const ROOT: &[&str] = &["drill", "beat", "expect", "score"];
const HEAD: &[&str] = &["id", "title", "teaches", "seed", "world", "subscription"];

fn read_with(file: &NamedText, worlds: &mut Worlds) -> Result<Drill, Mistakes> {
    let reader = Reader::new(&file.name, &file.text);
    if file.text.len() > SIZE_MAX {
        let message = format!("A drill file has at most {SIZE_MAX} bytes.");
        reader.wrong(0, "", message, None);
        return Err(reader.errors());
    }
    let document = document(&reader, &file.text);
    if !reader.errors().is_empty() {
        return Err(reader.errors());
    }
    let root = Fields::new(&reader, document.get_ref(), 0, "", ROOT);
    if !root.has("drill") {
        root.missing("drill");
    }
    let Some(head) = root.table("drill", HEAD) else {
        return Err(reader.errors());
    };
    let name = head.name("id").map(|id| id.value.to_owned());
    let title = head.untrusted("title").raw().to_owned();
    let teaches = head.untrusted("teaches").raw().to_owned();
    let seed = head.number("seed", 0..=u64::MAX);
    let Some(path) = head.required("world") else {
        return Err(reader.errors());
    };
    let path = Path::new(&file.name).with_file_name(path.value);
    let (world, mark) = match worlds.entry(path).or_insert_with_key(|path| load(path)) {
        Ok(found) => found.clone(),
        Err(why) => {
            head.wrong("world", "The world of this drill cannot be read.", None);
            return Err([reader.errors(), why.clone()].concat());
        }
    };
    let world = match seed {
        Some(seed) => world.with_seed(seed),
        None => world,
    };
    let mut script = Script::over(&world, &reader);
    let home = match head.text("subscription") {
        Some(text) => script.subscription(&text),
        None => script.home(),
    };
    let Some(home) = home else {
        if !head.has("subscription") {
            head.missing("subscription");
        }
        return Err(reader.errors());
    };
    let known: Vec<&str> = Script::fields()
        .into_iter()
        .chain(BEAT.iter().copied())
        .collect();
    let beats = root.tables("beat", &known);
    beats.iter().for_each(|beat| script.announce(beat, &home));
    let mut teller = Teller {
        reader: &reader,
        script,
        home: home.clone(),
        opens_at: world.opens_at(),
    };
    let mut read: Vec<Beat> = beats.iter().filter_map(|t| teller.beat(t)).collect();
    let aims = aims(&root);
    let expects = root.tables("expect", EXPECT);
    let mut expectations: Vec<Expectation> = expects
        .iter()
        .filter_map(|t| teller.expectation(t))
        .collect();
    if expects.is_empty() {
        root.wrong("expect", "A drill expects something: [[expect]].", None);
    }
    read.sort_by_key(|beat| beat.at);
    expectations.sort_by_key(|e| e.when.from());
    match (reader.errors(), name) {
        (errors, Some(id)) if errors.is_empty() => Ok(Drill {
            file: file.name.clone(),
            id,
            title,
            teaches,
            opens_at: world.opens_at(),
            world,
            fingerprint: mark,
            home,
            beats: read,
            expectations,
            aims,
        }),
        (errors, _) => Err(errors),
    }
}

/// `[score]`.
fn aims(root: &Fields<'_>) -> Aims {
    const AIMS: &[&str] = &[
        "refused_at_most",
        "records_lost_at_most",
        "modelled_gb_lost_at_most",
        "time_to_notice_at_most",
        "time_to_decide_at_most",
    ];
    let Some(t) = root.table("score", AIMS) else {
        return Aims::default();
    };
    let number = |key: &str| t.number(key, 0..=u64::MAX);
    Aims {
        line: t.reader.line(t.at),
        refused: number("refused_at_most"),
        records_lost: number("records_lost_at_most"),
        modelled_lost: number("modelled_gb_lost_at_most"),
        time_to_notice: t.span("time_to_notice_at_most"),
        time_to_decide: t.span("time_to_decide_at_most"),
    }
}

fn load(path: &Path) -> Result<(WorldFile, String), Mistakes> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let reader = Reader::new(&shown, "");
        reader.wrong(0, "", format!("This cannot be read: {error}."), None);
        reader.errors()
    })?;
    Ok((parse(&shown, &text)?, fingerprint(&text)))
}

/// Fields of a beat beside those of its step.
const BEAT: &[&str] = &[
    "at",
    "after",
    "on",
    "until",
    "do",
    "by",
    "note",
    "say",
    "refused",
    "rule",
    "allowed_in",
    "workspace",
    "table",
    "records",
    "length",
    "kql",
    "partial",
    "group",
    "name",
    "body",
];
const ANY: [&str; 9] = [
    "at",
    "after",
    "on",
    "until",
    "note",
    "say",
    "refused",
    "rule",
    "allowed_in",
];
/// What `on` of a beat can name.
const ON: &[&str] = &[
    "check",
    "cluster",
    "workspace",
    "vault",
    "key",
    "number",
    "of",
    "table",
    "unit",
    "is",
    "not",
    "at_least",
    "at_most",
];
const PUT: &[&str] = &["do", "by", "group", "name", "body"];
const INGEST: &[&str] = &["do", "by", "workspace", "table", "records", "length"];
const QUERY: &[&str] = &["do", "by", "workspace", "kql", "partial"];

const EXPECT: &[&str] = &[
    "at",
    "after",
    "until",
    "always",
    "check",
    "cluster",
    "workspace",
    "vault",
    "key",
    "number",
    "of",
    "table",
    "unit",
    "kql",
    "partial",
    "by",
    "is",
    "not",
    "at_least",
    "at_most",
    "because",
];

struct Teller<'a> {
    reader: &'a Reader,
    script: Script<'a>,
    home: SubscriptionId,
    opens_at: SimTime,
}

impl Teller<'_> {
    /// `at`, or `after`: counted from the moment the world opens.
    fn time(&self, t: &Fields<'_>) -> Option<SimTime> {
        let at = match (t.has("at"), t.has("after")) {
            (true, true) => {
                t.wrong("after", "There is at or after, not both.", None);
                None
            }
            (true, false) => t.time("at"),
            (false, true) => t.span("after").map(|span| self.opens_at + span),
            (false, false) => {
                let message = "This needs after = \"2h\" or at = \"2020-11-22T09:00:00Z\".";
                self.reader.wrong(t.at, &t.path, message, None);
                None
            }
        }?;
        if at < self.opens_at {
            let message = format!("The world opens later than this, at {}.", self.opens_at);
            t.wrong("at", message, None);
        }
        Some(at)
    }

    fn beat(&mut self, t: &Fields<'_>) -> Option<Beat> {
        let (at, on) = self.when(t);
        let text = |key: &str| t.text(key).map_or("", |text| text.value).to_owned();
        let (note, say) = (text("note"), text("say"));
        if !t.has("do") && note.is_empty() && say.is_empty() {
            self.reader
                .wrong(t.at, &t.path, "A beat does, notes or says something.", None);
        }
        let only = |case: &str, own: &[&str]| {
            let known: Vec<&str> = own.iter().copied().chain(ANY).collect();
            t.only(case, &known);
        };
        let action = match t.peek("do") {
            Some("ingest") => {
                only("A beat that does ingest", INGEST);
                self.ingest(t).map(Action::Ingest)
            }
            Some("query") => {
                only("A beat that does query", QUERY);
                self.question(t).map(Action::Query)
            }
            Some("cluster-put") => {
                only("A beat that does cluster-put", PUT);
                self.put(t).map(Action::Put)
            }
            Some(word) => self.step(t, word),
            None if t.has("do") => {
                t.required("do");
                None
            }
            None => {
                only("A beat without do", &[]);
                None
            }
        };
        let refused = refused(t);
        Some(Beat {
            at: at?,
            on,
            line: self.reader.line(t.at),
            action,
            note,
            say,
            refused,
        })
    }

    /// When a beat is done: at an instant, or as soon as something is so, from one instant to another.
    fn when(&self, t: &Fields<'_>) -> (Option<SimTime>, Option<Trigger>) {
        if !t.has("on") {
            if t.has("until") {
                t.wrong("until", "Only a beat with on waits until a time.", None);
            }
            return (self.time(t), None);
        }
        let from = match t.has("at") || t.has("after") {
            true => self.time(t),
            false => Some(self.opens_at),
        };
        if !t.has("until") {
            t.missing("until");
        }
        let until = t.span("until").map(|span| self.opens_at + span);
        if let (Some(from), Some(until)) = (from, until)
            && until < from
        {
            t.wrong("until", format!("This is earlier than {from}."), None);
        }
        (until, from.and_then(|from| self.trigger(t, from)))
    }

    fn trigger(&self, t: &Fields<'_>, from: SimTime) -> Option<Trigger> {
        let on = t.table("on", ON)?;
        let what = on.required_word::<What>("check")?;
        if what == What::Query {
            on.wrong("check", "A query is asked at one instant.", None);
            return None;
        }
        let mut fields = vec!["check", "is", "not"];
        fields.extend(Self::own(what));
        if numeric(what) {
            fields.extend(["at_least", "at_most"]);
        }
        on.only(&format!("A check of {what}"), &fields);
        let (check, wanted) = (self.check(&on, what), wanted(&on, what));
        Some(Trigger {
            from,
            check: check?,
            wanted: wanted?,
        })
    }

    fn put(&self, t: &Fields<'_>) -> Option<Put> {
        let (by, group) = (self.by(t), self.script.group(t, &self.home));
        let (name, body) = (t.required("name"), t.required("body"));
        Some(Put {
            by: by?,
            subscription: self.home.clone(),
            group: group?,
            name: name?.value.into(),
            body: body?.value.to_owned(),
        })
    }

    fn step(&mut self, t: &Fields<'_>, word: &str) -> Option<Action> {
        let known = Script::words().chain(["cluster-put", "ingest", "query"]);
        let Some(word) = Script::words().find(|known| *known == word) else {
            let unknown = UnknownWord::new(word, known);
            let message = format!(
                "{:?} is not known; known are {}.",
                unknown.word, unknown.known
            );
            t.wrong("do", message, unknown.nearest.as_deref());
            return None;
        };
        let (by, deeds) = self.script.step(t, &self.home, &ANY)?;
        Some(Action::Do { word, by, deeds })
    }

    fn by(&self, t: &Fields<'_>) -> Option<PersonId> {
        match t.has("by") {
            true => self.script.person(t, "by"),
            false => {
                let person = self.script.default_person();
                if person.is_none() {
                    t.missing("by");
                }
                person
            }
        }
    }

    fn thing(&self, t: &Fields<'_>, key: &str, kind: ResourceKind) -> Option<ResourceId> {
        self.script.thing(t, key, &self.home, &[kind])
    }

    fn table(t: &Fields<'_>) -> TableName {
        TableName::from(t.text("table").map_or(TABLE, |table| table.value))
    }

    fn ingest(&self, t: &Fields<'_>) -> Option<Records> {
        if !t.has("records") {
            t.missing("records");
        }
        let (by, workspace) = (
            self.by(t),
            self.thing(t, "workspace", ResourceKind::Workspace),
        );
        Some(Records {
            count: t.number("records", 1..=RECORDS_MAX)?,
            length: match t.has("length") {
                true => t.number("length", 0..=LENGTH_MAX)?,
                false => LENGTH,
            },
            table: Self::table(t),
            by: by?,
            workspace: workspace?,
        })
    }

    fn question(&self, t: &Fields<'_>) -> Option<Question> {
        let (by, workspace) = (
            self.by(t),
            self.thing(t, "workspace", ResourceKind::Workspace),
        );
        Some(Question {
            kql: t.required("kql")?.value.to_owned(),
            partial: t.flag("partial", false),
            by: by?,
            workspace: workspace?,
        })
    }

    fn expectation(&self, t: &Fields<'_>) -> Option<Expectation> {
        let from = self.time(t);
        let what = t.required_word::<What>("check");
        let always = t.flag("always", false);
        let until = t.span("until").map(|span: Span| self.opens_at + span);
        if always && !t.has("until") {
            t.missing("until");
        }
        if let (Some(from), Some(until)) = (from, until)
            && until < from
        {
            t.wrong("until", format!("This is earlier than {from}."), None);
        }
        let what = what?;
        let mut fields = vec![
            "at", "after", "until", "always", "check", "is", "not", "because",
        ];
        fields.extend(Self::own(what));
        if numeric(what) {
            fields.extend(["at_least", "at_most"]);
        }
        t.only(&format!("A check of {what}"), &fields);
        if what == What::Query && t.has("until") {
            t.wrong("until", "A query is asked at one instant.", None);
        }
        let (check, wanted) = (self.check(t, what), wanted(t, what));
        let from = from?;
        let when = match until {
            None => When::At(from),
            Some(until) if always => When::Always(from, until),
            Some(until) => When::By(from, until),
        };
        Some(Expectation {
            line: self.reader.line(t.at),
            when,
            check: check?,
            wanted: wanted?,
            because: t.text("because").map_or("", |b| b.value).to_owned(),
        })
    }

    /// Fields of a check beside those of all.
    fn own(what: What) -> &'static [&'static str] {
        match what {
            What::Encryption
            | What::EncryptionSince
            | What::Provisioning
            | What::Capacity
            | What::Accounts
            | What::Outage => &["cluster"],
            What::Link | What::Workspace | What::Retention => &["workspace"],
            What::Vault | What::VaultRetention => &["vault"],
            What::Key => &["vault", "key"],
            What::Request | What::Grant | What::GrantUntil | What::Jit => &["number"],
            What::Count => &["of", "workspace", "cluster"],
            What::Physical => &["workspace", "table", "of", "unit"],
            What::Modelled => &["workspace", "cluster", "of", "unit"],
            What::Query => &["by", "workspace", "kql", "partial"],
        }
    }

    fn check(&self, t: &Fields<'_>, what: What) -> Option<Check> {
        let cluster = || self.thing(t, "cluster", ResourceKind::Cluster);
        let workspace = || self.thing(t, "workspace", ResourceKind::Workspace);
        let unit = || match t.has("unit") {
            true => t.word::<Unit>("unit"),
            false => Some(Unit::Records),
        };
        Some(match what {
            What::Encryption
            | What::EncryptionSince
            | What::Provisioning
            | What::Capacity
            | What::Accounts => Check::Cluster(what, cluster()?),
            What::Outage => Check::Outage(cluster()?),
            What::Link | What::Workspace | What::Retention => Check::Workspace(what, workspace()?),
            What::Vault | What::VaultRetention => Check::Vault(what, self.script.vault(t)?),
            What::Key => {
                let (vault, key) = self.script.key(t)?;
                Check::Key(vault, key)
            }
            What::Request | What::Grant | What::GrantUntil | What::Jit => {
                let n = match t.has("number") {
                    true => t.number("number", 1..=1_000_000)?,
                    false => 1,
                };
                Check::Nth(what, usize::try_from(n).ok()?)
            }
            What::Count => {
                let of = t.required_word::<Counted>("of");
                let thing = match (t.has("workspace"), t.has("cluster")) {
                    (true, _) => Some(workspace()?),
                    (false, true) => Some(cluster()?),
                    _ => None,
                };
                Check::Count(of?, thing)
            }
            What::Physical => {
                let (of, workspace) = (t.required_word::<Of>("of"), workspace());
                if let Some(of @ (Of::Hidden | Of::Hot)) = of {
                    let message = format!("Only a check of modelled knows what is {of}.");
                    t.wrong("of", message, None);
                }
                Check::Physical(workspace?, Self::table(t), of?, unit()?)
            }
            What::Modelled => {
                let of = t.required_word::<Of>("of");
                let scope = match (t.has("workspace"), t.has("cluster")) {
                    (true, _) => Scope::Workspace(workspace()?),
                    (false, true) => Scope::Cluster(cluster()?),
                    _ => Scope::All,
                };
                Check::Modelled(scope, of?, unit()?)
            }
            What::Query => Check::Query(self.question(t)?),
        })
    }
}

/// What a beat must be refused with: `refused`, and with it `rule` and `allowed_in`.
fn refused(t: &Fields<'_>) -> Option<Refused> {
    if !t.has("refused") {
        for key in ["rule", "allowed_in"] {
            if t.has(key) {
                t.wrong(key, "This is said of a beat that is refused.", None);
            }
        }
        return None;
    }
    let id = t.text("refused")?;
    let known = errors::ALL.iter().map(|error| error.id);
    if !known.clone().any(|known| known == id.value) {
        let message = format!("There is no error {}.", scrub(id.value));
        t.wrong("refused", message, nearest(id.value, known));
    }
    let rule = t.text("rule");
    let rules = STATEMENTS.iter().map(|statement| statement.id);
    if let Some(rule) = &rule
        && !rules.clone().any(|known| known == rule.value)
    {
        let message = format!("There is no rule {}.", scrub(rule.value));
        t.wrong("rule", message, nearest(rule.value, rules));
    }
    Some(Refused {
        id: id.value.to_owned(),
        rule: rule.map(|rule| rule.value.to_owned()),
        allowed_in: t.span("allowed_in"),
    })
}

/// Whether what is found is a number; of a query it is one or the other.
fn numeric(what: What) -> bool {
    matches!(
        what,
        What::Capacity
            | What::Accounts
            | What::Count
            | What::Physical
            | What::Modelled
            | What::Query
    )
}

/// `is`, `not`, or `at_least` and `at_most`.
fn wanted(t: &Fields<'_>, what: What) -> Option<Wanted> {
    let said = ["is", "not"].into_iter().find(|key| t.has(key));
    let bounded = t.has("at_least") || t.has("at_most");
    match (said, bounded) {
        (None, false) => {
            t.missing("is");
            None
        }
        (Some(key), true) => {
            t.wrong(
                key,
                "This stands with at_least or at_most; one will do.",
                None,
            );
            None
        }
        (None, true) => {
            let bound = |key: &str, otherwise: u128| match t.has(key) {
                true => t.number(key, 0..=u64::MAX).map(u128::from),
                false => Some(otherwise),
            };
            Some(Wanted::Between(
                bound("at_least", 0)?,
                bound("at_most", u128::MAX)?,
            ))
        }
        (Some("is"), false) => found(t, "is", what).map(Wanted::Is),
        (Some(_), false) => found(t, "not", what).map(Wanted::Not),
    }
}

fn found(t: &Fields<'_>, key: &str, what: What) -> Option<Found> {
    if numeric(what) && t.peek(key).is_none() {
        return t.number(key, 0..=u64::MAX).map(|n| Found::Number(n.into()));
    }
    let text = t.text(key)?;
    if matches!(
        what,
        What::EncryptionSince
            | What::Retention
            | What::VaultRetention
            | What::GrantUntil
            | What::Outage
    ) {
        // As it would be shown.
        return t.span(key).map(|span| Found::Word(span.to_string()));
    }
    let words: Vec<&str> = words_of(what);
    if !words.is_empty() && !words.contains(&text.value) {
        let unknown = UnknownWord::new(text.value, words.iter().copied());
        let message = format!(
            "{:?} is not known; known are {}.",
            unknown.word, unknown.known
        );
        t.wrong(key, message, unknown.nearest.as_deref());
        return None;
    }
    Some(Found::Word(text.value.to_owned()))
}

/// The words that can be found; none: any.
fn words_of(what: What) -> Vec<&'static str> {
    let mut words: Vec<&str> = match what {
        What::Encryption => vec![
            "MmkOnly",
            "CmkActive",
            "RevocationPending",
            "Revoked",
            "Resuming",
            "TransientOutage",
            "LiveSite",
        ],
        What::Provisioning => State::ALL.iter().map(|w| w.word()).collect(),
        What::Link => vec!["unlinked", "linking", "linked", "unlinking"],
        What::Workspace | What::Vault => vec!["live", "deleted"],
        What::Key => vec!["enabled", "disabled", "deleted"],
        What::Request => request::Status::ALL.iter().map(|w| w.word()).collect(),
        What::Grant => grant::Status::ALL.iter().map(|w| w.word()).collect(),
        What::Jit => jit::State::ALL.iter().map(|w| w.word()).collect(),
        _ => return Vec::new(),
    };
    words.push("none");
    words
}
