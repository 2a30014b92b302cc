//! Lists, pages, sentences, the activity log and mails.

use std::collections::BTreeSet;

use lockbox::console::blades::{Blade, Eye, WORDS};
use lockbox::console::doc::{self, Bar, Block};
use lockbox::console::theme::Token;
use lockbox::console::{Format, once};
use lockbox::engine::projections::activity_log;
use lockbox::engine::projections::mail::letter;
use lockbox::engine::projections::sentence::sentence;
use lockbox::engine::text::inert_json;
use lockbox::engine::{Actor, Event, SimTime, World};
use lockbox::runtime::effects::{file_name, rfc5322};
use serde_json::Value;

use super::worlds::{Hostile, Life, file, named, play, world};
use super::{batches, inert, one_inert_line};

const FORMATS: [Format; 4] = [Format::Table, Format::Plain, Format::Csv, Format::Json];

#[test]
fn hostile_strings_in_every_field_let_nothing_out() {
    batches(|n, texts| {
        let hostile = world(texts);
        sentences(&hostile.stage.world, &hostile.stage.journal);
        lists(n, &hostile, texts);
        for (i, life) in hostile.lives.iter().enumerate() {
            let world = named(&hostile.stage.world, &life.text);
            pages(i, &world, hostile.stage.now, life);
            mails(&world, life);
        }
        activity(&hostile.stage.world, texts);
    });
}

#[test]
fn hostile_strings_in_every_field_of_a_world_file_let_nothing_out() {
    batches(|n, texts| {
        // One in ten; the engine behind is the one above.
        if n % 10 != 0 {
            return;
        }
        let (world, now, events) = play(&file(texts));
        assert!(
            world.stories.skipped.is_empty(),
            "{:?}",
            world.stories.skipped
        );
        sentences(&world, &events);
        let lives = Vec::new();
        let stage = crate::stage::Stage {
            world,
            now,
            journal: events,
        };
        lists(n, &Hostile { stage, lives }, texts);
    });
}

fn sentences(world: &World, events: &[Event]) {
    for event in events {
        let said = sentence(world, event);
        one_inert_line(&event.revision, &said);
        let (open, close) = (said.matches('“').count(), said.matches('”').count());
        assert_eq!(open, close, "somebody left the quotes: {said}");
        // The same text in many events is the same JSON.
        if !event.revision.0.is_multiple_of(16) {
            continue;
        }
        let shown = inert_json(&serde_json::to_string(event).unwrap()).into_owned();
        one_inert_line(&event.revision, &shown);
        assert_eq!(&serde_json::from_str::<Event>(&shown).unwrap(), event);
    }
}

/// Every list, one of the strings being everybody's name.
fn lists(n: usize, hostile: &Hostile, texts: &[String]) {
    let now = hostile.stage.now;
    for (i, (word, blade)) in WORDS.iter().enumerate() {
        let world = named(&hostile.stage.world, &texts[(n + i) % texts.len()]);
        let eye = Eye {
            world: &world,
            now,
            actor: &Actor::Observer,
        };
        let rows = blade.ids(eye, None).unwrap().len();
        // Of each list one format; the other three with the next strings. The rules name nobody.
        let format = FORMATS[(n + i) % 4];
        if *blade != Blade::Rules || n < 4 {
            let width = [40, 80, 120, 200][(n + i) % 4];
            let out = once(&world, now, &Actor::Observer, word, format, width).unwrap();
            inert_but_tabs(&(word, format), format, &out);
            match format {
                Format::Table => {
                    assert_eq!(out.lines().count(), rows.max(1) + usize::from(rows > 0))
                }
                Format::Plain => {
                    assert_eq!(out.lines().count(), rows, "{word}");
                    let tabs = blade.columns().len() - 1;
                    assert!(out.lines().all(|l| l.matches('\t').count() == tabs));
                }
                Format::Csv => csv(word, &out, rows),
                Format::Json => {
                    let found = texts_of(&serde_json::from_str(&out).unwrap());
                    // Whatever a stranger wrote, a program reads it as it was written.
                    let whole = match blade {
                        Blade::Tickets | Blade::Requests | Blade::Activity => texts,
                        _ => &[],
                    };
                    for text in whole {
                        assert!(found.contains(text), "{word} has no {text:?}");
                    }
                }
            }
        }
    }
}

fn inert_but_tabs(what: &dyn std::fmt::Debug, format: Format, out: &str) {
    match format {
        // The tabs between the columns; how many there are is counted.
        Format::Plain => inert(what, &out.replace('\t', " ")),
        _ => inert(what, out),
    }
}

/// One record a row, and nothing a spreadsheet would run.
fn csv(word: &str, out: &str, rows: usize) {
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let columns = reader.headers().unwrap().len();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), rows, "{word}");
    for record in &records {
        assert_eq!(record.len(), columns);
        for field in record {
            let risky = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
            let formula = field.trim_start().starts_with(risky);
            assert!(!formula, "{word} has the formula {field:?}");
        }
    }
}

fn texts_of(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::String(text) => drop(found.insert(text.clone())),
            Value::Array(items) => rest.extend(items),
            Value::Object(map) => rest.extend(map.values()),
            _ => {}
        }
    }
    found
}

/// A page of each kind in one of the formats; and where a stranger speaks, the bar stands before it.
fn pages(i: usize, world: &World, now: SimTime, life: &Life) {
    let mail = world.lockbox.mails.len() - 1;
    let blades = [
        format!("request/{}", life.pending),
        format!("ticket/{}", life.ticket),
        format!("ticket/{}", life.closed),
        format!("grant/{}", life.grant),
        format!("mail/{}", 1 + i * 7 % mail),
    ];
    // With 25 strings to a world, each of the five in each of the formats.
    let page = &blades[i % 5];
    let format = FORMATS[i / 5 % 4];
    let width = [60, 80, 120][i % 3];
    let out = once(world, now, &Actor::Observer, page, format, width).unwrap();
    inert(&(page, format), &out);
    match format {
        Format::Json => assert!(serde_json::from_str::<Value>(&out).unwrap().is_array()),
        Format::Csv => csv(
            page,
            &out,
            out.lines().skip(1).filter(|l| !l.is_empty()).count(),
        ),
        Format::Table | Format::Plain => {}
    }
    let eye = Eye {
        world,
        now,
        actor: &Actor::Observer,
    };
    let doc = Blade::parse(world, &Actor::Observer, page)
        .unwrap()
        .doc(eye)
        .unwrap();
    for (blocks, width) in [(&doc.main, width), (&doc.side, 38)] {
        boxed(page, blocks, width);
    }
}

fn boxed(page: &str, blocks: &[Block], width: u16) {
    for line in doc::layout(blocks, width) {
        for piece in &line.pieces {
            one_inert_line(&page, &piece.cell.text);
            assert!(
                usize::from(piece.x) + piece.cell.width() <= usize::from(width),
                "{page}"
            );
            // A stranger's words stand behind the bar; a title, of one line, beside its label.
            if piece.cell.tone == Token::Stranger {
                assert!(line.bar == Bar::Side || piece.x == 14, "{page}: {line:?}");
            } else {
                assert_ne!(line.bar, Bar::Side, "{page}: {line:?}");
            }
            assert!(line.bar == Bar::None || piece.x == 2);
        }
    }
}

fn activity(world: &World, texts: &[String]) {
    let mut found = BTreeSet::new();
    for activity in &world.activity {
        let wire = activity_log::wire(world, activity).unwrap();
        // As the command line prints it.
        let out = inert_json(&format!("{wire:#}")).into_owned();
        inert(&activity.subject, &out);
        let back: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(back, wire);
        found.extend(texts_of(&back));
    }
    assert!(texts.iter().all(|text| found.contains(text)));
}

fn mails(world: &World, life: &Life) {
    let mails = world.lockbox.mails.iter().enumerate();
    let (place, mail) = mails
        .filter(|(_, mail)| mail.request == life.pending)
        .last()
        .unwrap();
    let id = lockbox::engine::ids::MailId(u32::try_from(place).unwrap() + 1);
    let letter = letter(world, id, mail).unwrap();
    for line in [
        &letter.to,
        &letter.to_name,
        &letter.subject,
        &letter.message_id,
        &letter.thread,
    ] {
        one_inert_line(&id, line);
    }
    inert(&id, &letter.body);
    // Our own words are as many lines as ever; the others bear the mark.
    let marked = letter
        .body
        .lines()
        .filter(|l| l.starts_with("  | "))
        .count();
    let said = world.lockbox.requests[&life.pending]
        .justification
        .lines()
        .count();
    assert_eq!(marked, said);
    assert_eq!(letter.body.lines().count() - marked, 20, "{}", letter.body);
    let name = file_name(id, mail);
    assert!(
        name.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    );
    mail_file(&rfc5322(&letter).unwrap());
}

/// RFC 5322 as strict readers want it: ASCII, lines that end in CR LF, our headers once and no others, one
/// recipient.
fn mail_file(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_ascii(), "{text}");
    let lines: Vec<&str> = text.split("\r\n").collect();
    for line in &lines {
        inert(&"a line of a mail", &line.replace('\t', " "));
        assert!(!line.contains('\n') && line.len() <= 998, "{line:?}");
    }
    let head = lines.iter().position(|l| l.is_empty()).unwrap();
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in &lines[..head] {
        if line.starts_with([' ', '\t']) {
            headers.last_mut().unwrap().1.push_str(line);
        } else {
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "Content-Transfer-Encoding",
        "Content-Type",
        "Date",
        "From",
        "In-Reply-To",
        "MIME-Version",
        "Message-ID",
        "References",
        "Subject",
        "To",
    ];
    assert_eq!(names, expected, "{text}");
    let to = &headers.iter().find(|(name, _)| name == "To").unwrap().1;
    let mut outside = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in to.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if !quoted => outside.push(c),
            _ => {}
        }
    }
    assert!(!quoted, "{to}");
    assert_eq!(outside.matches('<').count(), 1, "{to}");
    assert_eq!(outside.matches('@').count(), 1, "{to}");
    assert!(!outside.contains([',', ';']), "{to}");
}
