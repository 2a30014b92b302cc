//! Worlds in which every text somebody else wrote is hostile.

use lockbox::engine::SimTime;
use lockbox::engine::ids::{GrantId, JitId, RequestId, TicketId};
use lockbox::engine::lockbox::jit::{self, Duration, Level, Submit};
use lockbox::engine::lockbox::{grant, request, ticket};
use lockbox::engine::text::Untrusted;
use lockbox::engine::{Event, World};

use crate::stage::{Stage, access, person};

/// What came of one string: two tickets that carry it in every field.
pub struct Life {
    pub text: String,
    pub ticket: TicketId,
    pub pending: RequestId,
    pub grant: GrantId,
    pub closed: TicketId,
}

pub struct Hostile {
    pub stage: Stage,
    pub lives: Vec<Life>,
}

const MACHINE: &str = "c/web/vm-windows";

/// A world in which each text went through every command that takes one.
pub fn world(texts: &[String]) -> Hostile {
    let mut stage = Stage::new();
    let lives = texts.iter().map(|text| live(&mut stage, text)).collect();
    Hostile { stage, lives }
}

fn live(stage: &mut Stage, text: &str) -> Life {
    let said = || Untrusted::from(text);
    let ticket = open(stage, text);
    for (who, command) in [
        (
            "con",
            ticket::Command::Say {
                ticket,
                text: said(),
            },
        ),
        (
            "sue",
            ticket::Command::Review {
                ticket,
                text: said(),
            },
        ),
        (
            "sue",
            ticket::Command::TryTools {
                ticket,
                text: said(),
                sufficed: false,
            },
        ),
    ] {
        stage.act(&person(who), command).unwrap();
    }
    let ask = |ticket| Submit {
        duration: Duration::Text(said()),
        justification: said(),
        tried: Some(said()),
        ..access(ticket, &[MACHINE])
    };
    let jit = stage.submit("sue", ask(ticket)).unwrap();
    let request = stage.world.lockbox.jits[&jit].request.unwrap();
    decide(stage, request, true, said());
    let grant = stage.world.lockbox.requests[&request].grant.unwrap();
    stage.connect("sue", grant, MACHINE).unwrap();
    let act = grant::Command::Act {
        grant,
        text: said(),
    };
    stage.act(&person("sue"), act).unwrap();
    if grant.0.is_multiple_of(2) {
        let revoke = grant::Command::Revoke {
            grant,
            reason: said(),
        };
        stage.act(&person("ann"), revoke).unwrap();
    }
    let admin = |stage: &mut Stage| -> JitId {
        let ask = Submit {
            level: Level::Administrator,
            ..ask(ticket)
        };
        stage.submit("sue", ask).unwrap()
    };
    let jit = admin(stage);
    let reason = said();
    stage
        .act(&person("man"), jit::Command::Approve { jit, reason })
        .unwrap();
    let pending = stage.world.lockbox.jits[&jit].request.unwrap();
    let jit = admin(stage);
    let reason = said();
    stage
        .act(&person("man"), jit::Command::Deny { jit, reason })
        .unwrap();

    let closed = open(stage, text);
    let jit = stage.submit("sue", ask(closed)).unwrap();
    let request = stage.world.lockbox.jits[&jit].request.unwrap();
    decide(stage, request, false, said());
    let initiate = request::Command::Initiate(ask(closed));
    stage.act(&person("sue"), initiate).unwrap();
    let escalate = ticket::Command::Escalate {
        ticket: closed,
        to: "dev".into(),
        text: said(),
    };
    stage.act(&person("sue"), escalate).unwrap();
    let sufficed = ticket::Command::TryTools {
        ticket: closed,
        text: said(),
        sufficed: true,
    };
    stage.act(&person("dev"), sufficed).unwrap();
    let close = ticket::Command::Close {
        ticket: closed,
        text: said(),
    };
    stage.act(&person("con"), close).unwrap();
    Life {
        text: text.to_owned(),
        ticket,
        pending,
        grant,
        closed,
    }
}

fn open(stage: &mut Stage, text: &str) -> TicketId {
    let said = || Untrusted::from(text);
    let open = ticket::Open {
        subscription: "c".into(),
        title: said(),
        description: said(),
        severity: ticket::Severity::Moderate,
        problem: said(),
        resource: Some(MACHINE.into()),
        contact: ticket::Contact {
            first_name: said(),
            last_name: said(),
            email: said(),
            method: said(),
            time_zone: said(),
            language: said(),
            country: said(),
        },
    };
    stage
        .act(&person("con"), ticket::Command::Open(open))
        .unwrap();
    stage.world.lockbox.tickets.get_max().unwrap().0
}

fn decide(stage: &mut Stage, request: RequestId, approve: bool, reason: Untrusted) {
    let decide = request::Command::Decide {
        request,
        approve,
        reason,
    };
    stage.act(&person("ann"), decide).unwrap();
}

/// The world as it would be, had its file given this name to the world and to everyone and everything in it
/// that has one.
pub fn named(world: &World, name: &str) -> World {
    let mut world = world.clone();
    world.name = name.into();
    let persons: Vec<_> = world.people.persons.keys().cloned().collect();
    for id in persons {
        let mut person = (*world.people.persons[&id]).clone();
        person.name = name.into();
        world.people.persons.insert(id, person.into());
    }
    for (id, mut tenant) in world.people.tenants.clone() {
        tenant.name = name.into();
        world.people.tenants.insert(id, tenant);
    }
    for (id, mut subscription) in world.resources.subscriptions.clone() {
        subscription.name = name.into();
        world.resources.subscriptions.insert(id, subscription);
    }
    world
}

/// A world file with these texts wherever it takes text: one story for each, played before it opens.
pub fn file(texts: &[String]) -> String {
    let mut file = format!(
        "[world]\nname = {}\nseed = 7\nhistory_from = \"2020-11-20T00:00:00Z\"\nopens_at = \"2020-11-22T09:00:00Z\"\n",
        quoted(&texts[0])
    );
    for (n, text) in texts.iter().enumerate() {
        let t = quoted(text);
        file.push_str(&format!(
            "[[tenant]]\nid = \"t{n}\"\nname = {t}\ndomain = \"t{n}.example\"\nplan = \"standard\"\n\
             preview_enrolled = true\ntime_zone = {t}\nlanguage = {t}\ncountry = {t}\n\
             [[person]]\nid = \"owner{n}\"\nname = {t}\ntenant = \"t{n}\"\n\
             [[person]]\nid = \"sue{n}\"\nname = {t}\nvendor = \"support-engineer\"\n\
             [[subscription]]\nid = \"s{n}\"\nname = {t}\ntenant = \"t{n}\"\n\
             [[resource_group]]\nsubscription = \"s{n}\"\nname = \"g\"\nlocation = \"koreacentral\"\nresource = [{{ name = \"vm{n}\", kind = \"vm-windows\" }}]\n\
             [[assignment]]\nsubscription = \"s{n}\"\npeople = [\"owner{n}\"]\nrole = \"owner\"\n"
        ));
    }
    file.push_str(
        "[[person]]\nid = \"dev\"\nname = \"Dev\"\nvendor = \"devops-engineer\"\n\
         [[person]]\nid = \"man\"\nname = \"Man\"\nvendor = \"devops-manager\"\n",
    );
    for (n, text) in texts.iter().enumerate() {
        let t = quoted(text);
        file.push_str(&format!(
            "[[story]]\nid = \"y{n}\"\nsubscription = \"s{n}\"\n"
        ));
        let mut step = |more: &str| {
            file.push_str("[[story.step]]\n");
            file.push_str(&more.replace("TEXT", &t).replace("NN", &n.to_string()));
            file.push('\n');
        };
        step(
            "do = \"open\"\nat = \"2020-11-21T00:00:00Z\"\nby = \"ownerNN\"\ntitle = TEXT\ndescription = TEXT\n\
             problem = TEXT\nresource = \"vmNN\"\n\
             contact = { first_name = TEXT, last_name = TEXT, email = TEXT, method = TEXT, time_zone = TEXT, \
             language = TEXT, country = TEXT }",
        );
        for more in [
            "do = \"say\"\nby = \"ownerNN\"\ntext = TEXT",
            "do = \"review\"\ntext = TEXT",
            "do = \"try-tools\"\ntext = TEXT",
            "do = \"submit\"\nlevel = \"reader\"\nresources = [\"vmNN\"]\nduration = TEXT\njustification = TEXT",
            "do = \"approve\"\nby = \"ownerNN\"\nreason = TEXT",
            "do = \"connect\"",
            "do = \"act\"\ntext = TEXT",
            "do = \"revoke\"\nby = \"ownerNN\"\nreason = TEXT",
            "do = \"submit\"\nlevel = \"administrator\"\nresources = [\"vmNN\"]\njustification = TEXT",
            "do = \"deny-internally\"\nby = \"man\"\nreason = TEXT",
            "do = \"submit\"\nlevel = \"administrator\"\nresources = [\"vmNN\"]\njustification = TEXT",
            "do = \"approve-internally\"\nby = \"man\"\nreason = TEXT",
            "do = \"deny\"\nby = \"ownerNN\"\nreason = TEXT",
            "do = \"initiate\"\nlevel = \"reader\"\nresources = [\"vmNN\"]\njustification = TEXT",
            "do = \"escalate\"\nto = \"dev\"\ntext = TEXT",
        ] {
            step(&format!("{more}\nafter = \"1s\""));
        }
        if n % 2 == 0 {
            step("do = \"close\"\nby = \"ownerNN\"\ntext = TEXT\nafter = \"1s\"");
        }
    }
    file
}

/// A TOML text in quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if lockbox::engine::text::acts(c) => {
                out.push_str(&format!("\\U{:08X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The world of a file at the moment it opens, with all that led there.
pub fn play(file: &str) -> (World, SimTime, Vec<Event>) {
    let file = lockbox::world_file::parse("hostile.toml", file)
        .unwrap_or_else(|errors| panic!("{:?}", &errors[..errors.len().min(3)]));
    let mut stage = Stage {
        world: World::default(),
        now: SimTime::default(),
        journal: Vec::new(),
    };
    for (at, actor, command) in file.founding() {
        stage.now = at;
        stage.act(&actor, command).unwrap();
    }
    (stage.world, stage.now, stage.journal)
}
