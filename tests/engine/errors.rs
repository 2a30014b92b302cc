//! One test per entry of the error catalogue, named by its id: reached through `decide`, `ask` or `parse`.

use imbl::Vector;
use lockbox::engine::ids::{GrantId, JitId, MailId, RequestId, TicketId};
use lockbox::engine::lockbox::{grant, jit, request, ticket, wire};
use lockbox::engine::people;
use lockbox::engine::{Actor, Command, Query, Refusal, ask, errors, rules, world};

use crate::stage::{Stage, access, opening, person};

/// Refused as the catalogue says, and without a trace.
fn refused(
    stage: &mut Stage,
    who: &Actor,
    command: impl Into<Command>,
    expected: &errors::ErrorDef,
) -> Refusal {
    stage.elapse();
    let (world, journal) = (stage.world.clone(), stage.journal.len());
    let refusal = stage.act(who, command).unwrap_err();
    assert_eq!(
        (refusal.id.as_str(), refusal.status, refusal.code.as_str()),
        (expected.id, expected.status, expected.code)
    );
    assert!(!refusal.message.is_empty() && !refusal.remedy.is_empty() && !refusal.rule.is_empty());
    assert_eq!(
        (&stage.world, stage.journal.len()),
        (&world, journal),
        "a refusal leaves no trace"
    );
    refusal
}

fn decide(request: RequestId) -> request::Command {
    request::Command::Decide {
        request,
        approve: true,
        reason: "x".into(),
    }
}

#[test]
fn e_lb_01_an_unknown_request() {
    let mut stage = Stage::new();
    refused(
        &mut stage,
        &person("ann"),
        decide(RequestId(9)),
        &errors::LB_01,
    );
    for text in ["LB-000009", "nonsense", "LockboxRequest_x"] {
        assert_eq!(stage.world.find_request(text).unwrap_err().id, "E-LB-01");
    }
    let request = stage.pending();
    let guid = stage.world.request_guid(request);
    for text in [
        guid.clone(),
        guid.to_uppercase(),
        format!("LockboxRequest_{guid}"),
        "LB-000001".into(),
        "1".into(),
    ] {
        assert_eq!(stage.world.find_request(&text), Ok(request));
    }
}

#[test]
fn e_lb_02_a_body_that_neither_approves_nor_denies() {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"status":"Maybe"}"#,
        r#"{"status":1}"#,
        r#"{"status":"Approve","reason":4}"#,
    ] {
        let refusal = wire::approval(body).unwrap_err();
        assert_eq!(
            (refusal.id.as_str(), refusal.status),
            ("E-LB-02", 400),
            "{body}"
        );
    }
    let (approve, reason) = wire::approval(r#"{"status":"Deny","reason":"no"}"#).unwrap();
    assert_eq!((approve, reason.raw()), (false, "no"));
    assert!(wire::approval(r#"{"decision":"approve"}"#).unwrap().0);
}

#[test]
fn e_lb_03_only_an_owner_decides() {
    let mut stage = Stage::new();
    let request = stage.pending();
    refused(&mut stage, &person("con"), decide(request), &errors::LB_03);
}

#[test]
fn e_lb_04_decided_already() {
    let mut stage = Stage::new();
    let request = stage.pending();
    stage.decide("ann", request, true).unwrap();
    let refusal = refused(&mut stage, &person("bo"), decide(request), &errors::LB_04);
    assert_eq!(refusal.current_status.as_deref(), Some("Approved"));
}

#[test]
fn e_lb_05_another_filter() {
    for filter in [
        "",
        "status eq 'Pending'",
        "properties/status ne 'Pending'",
        "properties/status eq Pending",
        "properties/status eq 'Pendin'",
        "properties/status eq 'Pending' and 1 eq 1",
    ] {
        assert_eq!(
            wire::status_filter(filter).unwrap_err().id,
            "E-LB-05",
            "{filter}"
        );
    }
    assert_eq!(
        wire::status_filter("properties/status eq 'Pending'"),
        Ok(request::Status::Pending)
    );
    assert!(
        wire::status_filter("properties/status eq 'Pendin'")
            .unwrap_err()
            .message
            .contains("Pending")
    );
}

fn initiate(
    stage: &mut Stage,
    owner: &str,
    subscription: &str,
    resource: &str,
) -> request::Command {
    let ticket = stage.open(owner, subscription).unwrap();
    request::Command::Initiate(access(ticket, &[resource]))
}

#[test]
fn e_lb_06_a_plan_below_developer() {
    let mut stage = Stage::new();
    let command = initiate(&mut stage, "nor", "n", "n/web/vm");
    refused(&mut stage, &person("sue"), command, &errors::LB_06);
}

#[test]
fn e_lb_07_a_classic_machine() {
    let mut stage = Stage::new();
    let command = initiate(&mut stage, "con", "c", "c/web/classic-vm");
    let refusal = refused(&mut stage, &person("sue"), command, &errors::LB_07);
    assert!(refusal.remedy.contains("Resource Manager"));
}

#[test]
fn e_lb_08_a_preview_service_without_enrolment() {
    let mut stage = Stage::new();
    let command = initiate(&mut stage, "fay", "f", "f/web/sql-database");
    refused(&mut stage, &person("sue"), command, &errors::LB_08);
    let command = initiate(&mut stage, "con", "c", "c/web/sql-database");
    assert!(
        stage.act(&person("sue"), command).is_ok(),
        "enrolled, so the drill may start"
    );
}

#[test]
fn e_sup_01_an_unknown_ticket() {
    let mut stage = Stage::new();
    let say = ticket::Command::Say {
        ticket: TicketId(1),
        text: "x".into(),
    };
    refused(&mut stage, &person("con"), say, &errors::SUP_01);
}

#[test]
fn e_sup_02_a_closed_ticket() {
    let mut stage = Stage::new();
    let ticket = stage.open("con", "c").unwrap();
    let close = ticket::Command::Close {
        ticket,
        text: "ok".into(),
    };
    stage.act(&person("con"), close.clone()).unwrap();
    refused(&mut stage, &person("con"), close, &errors::SUP_02);
    let say = ticket::Command::Say {
        ticket,
        text: "x".into(),
    };
    refused(&mut stage, &person("con"), say, &errors::SUP_02);
}

#[test]
fn e_sup_03_a_ticket_that_is_not_valid() {
    let mut stage = Stage::new();
    for change in [
        (|o: &mut ticket::Open| o.title = " ".into()) as fn(&mut ticket::Open),
        |o| o.description = "".into(),
        |o| o.description = "x".repeat(ticket::TEXT_MAX + 1).into(),
        |o| o.resource = Some("f/web/vm-linux".into()),
    ] {
        let mut open = opening("c");
        change(&mut open);
        refused(
            &mut stage,
            &person("con"),
            ticket::Command::Open(open),
            &errors::SUP_03,
        );
    }
    let ticket = stage.open("con", "c").unwrap();
    let up = ticket::Command::Escalate {
        ticket,
        to: "lea".into(),
        text: "".into(),
    };
    let refusal = refused(&mut stage, &person("sue"), up, &errors::SUP_03);
    assert!(refusal.remedy.contains("dev"));
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"title":"t","description":"d","severity":"huge"}"#,
        r#"{"title":"t","description":"d","severity":"minimal"}"#,
        r#"{"properties":{"title":1}}"#,
    ] {
        assert_eq!(
            wire::ticket(&stage.world, None, body).unwrap_err().id,
            "E-SUP-03",
            "{body}"
        );
    }
    let arm = stage
        .world
        .arm_id(stage.world.resource(&"c/web/vm-linux".into()).unwrap());
    let body = format!(
        r#"{{"properties":{{"title":"t","description":"d","severity":"Minimal",
            "technicalTicketDetails":{{"resourceId":"{arm}"}},
            "contactDetails":{{"firstName":"민지","country":"KR"}}}}}}"#
    );
    let open = wire::ticket(&stage.world, None, &body).unwrap();
    assert_eq!(
        (open.subscription, open.resource),
        ("c".into(), Some("c/web/vm-linux".into()))
    );
    assert_eq!(open.contact.first_name.raw(), "민지");
}

#[test]
fn e_sup_04_a_customer_does_not_do_the_vendors_work() {
    let mut stage = Stage::new();
    let ticket = stage.open("con", "c").unwrap();
    let review = ticket::Command::Review {
        ticket,
        text: "x".into(),
    };
    refused(&mut stage, &person("con"), review, &errors::SUP_04);
}

#[test]
fn e_jit_01_an_unknown_jit_request() {
    let mut stage = Stage::new();
    let yes = jit::Command::Approve {
        jit: JitId(1),
        reason: "".into(),
    };
    refused(&mut stage, &person("man"), yes, &errors::JIT_01);
}

#[test]
fn e_jit_02_standard_tools_first() {
    let mut stage = Stage::new();
    let ticket = stage.open("con", "c").unwrap();
    let submit = jit::Command::Submit(access(ticket, &["c/web/vm-linux"]));
    refused(&mut stage, &person("sue"), submit, &errors::JIT_02);
}

#[test]
fn e_jit_03_not_the_engineer_on_the_case() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let submit = jit::Command::Submit(access(ticket, &["c/web/vm-linux"]));
    refused(&mut stage, &person("dev"), submit.clone(), &errors::JIT_03);
    refused(&mut stage, &person("ann"), submit, &errors::JIT_03);
}

fn waiting_inside(stage: &mut Stage) -> JitId {
    let ticket = stage.stuck_ticket("con", "c");
    let mut asked = access(ticket, &["c/web/vm-linux"]);
    asked.level = jit::Level::Administrator;
    stage.submit("sue", asked).unwrap()
}

#[test]
fn e_jit_04_the_wrong_internal_approver() {
    let mut stage = Stage::new();
    let jit = waiting_inside(&mut stage);
    for who in ["lea", "sue"] {
        let yes = jit::Command::Approve {
            jit,
            reason: "".into(),
        };
        refused(&mut stage, &person(who), yes, &errors::JIT_04);
    }
}

#[test]
fn e_jit_05_nothing_to_approve_internally() {
    let mut stage = Stage::new();
    let jit = waiting_inside(&mut stage);
    let no = jit::Command::Deny {
        jit,
        reason: "".into(),
    };
    stage.act(&person("man"), no.clone()).unwrap();
    refused(&mut stage, &person("man"), no.clone(), &errors::JIT_05);
    let yes = jit::Command::Approve {
        jit,
        reason: "".into(),
    };
    refused(&mut stage, &person("man"), yes, &errors::JIT_05);
}

#[test]
fn e_jit_06_a_jit_request_that_is_not_valid() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    for change in [
        (|s: &mut jit::Submit| s.resources = Vector::new()) as fn(&mut jit::Submit),
        |s| s.resources = Vector::unit("f/web/vm-linux".into()),
        |s| s.resources.push_back("c/web/vm-linux".into()),
        |s| s.justification = "".into(),
        |s| s.duration = jit::Duration::parse("0"),
        |s| s.duration = jit::Duration::parse("1000"),
    ] {
        let mut asked = access(ticket, &["c/web/vm-linux"]);
        change(&mut asked);
        refused(
            &mut stage,
            &person("sue"),
            jit::Command::Submit(asked),
            &errors::JIT_06,
        );
    }
}

#[test]
fn e_jit_07_customers_do_not_see_jit_requests() {
    let mut stage = Stage::new();
    stage.pending();
    for query in [Query::Jits, Query::Jit(JitId(1))] {
        assert_eq!(
            ask(&stage.world, stage.now, &person("ann"), &query)
                .unwrap_err()
                .id,
            "E-JIT-07"
        );
        assert!(ask(&stage.world, stage.now, &person("sue"), &query).is_ok());
    }
}

#[test]
fn e_gr_01_an_unknown_grant() {
    let mut stage = Stage::new();
    refused(
        &mut stage,
        &person("sue"),
        grant::Command::End { grant: GrantId(1) },
        &errors::GR_01,
    );
}

#[test]
fn e_gr_02_a_grant_that_is_over() {
    let mut stage = Stage::new();
    let grant = stage.granted();
    let end = grant::Command::End { grant };
    stage.act(&person("sue"), end.clone()).unwrap();
    refused(&mut stage, &person("sue"), end, &errors::GR_02);
    let revoke = grant::Command::Revoke {
        grant,
        reason: "".into(),
    };
    refused(&mut stage, &person("ann"), revoke, &errors::GR_02);
}

#[test]
fn e_gr_03_e_gr_04_e_gr_05_outside_the_grant() {
    let mut stage = Stage::new();
    let grant = stage.granted();
    let connect = |resource: &str| grant::Command::Connect {
        grant,
        resource: resource.into(),
    };
    refused(
        &mut stage,
        &person("dev"),
        connect("c/web/vm-windows"),
        &errors::GR_03,
    );
    refused(
        &mut stage,
        &person("sue"),
        connect("c/web/vm-linux"),
        &errors::GR_04,
    );
    let act = grant::Command::Act {
        grant,
        text: "dir".into(),
    };
    refused(&mut stage, &person("sue"), act, &errors::GR_05);
}

#[test]
fn e_gr_06_only_an_owner_revokes() {
    let mut stage = Stage::new();
    let grant = stage.granted();
    let revoke = grant::Command::Revoke {
        grant,
        reason: "".into(),
    };
    for who in ["con", "rea", "sue"] {
        refused(&mut stage, &person(who), revoke.clone(), &errors::GR_06);
    }
    refused(&mut stage, &person("fay"), revoke, &errors::GR_01);
}

#[test]
fn e_ml_01_somebody_elses_mail() {
    let mut stage = Stage::new();
    stage.pending();
    let mail = |who: &str| {
        ask(
            &stage.world,
            stage.now,
            &person(who),
            &Query::Mail(MailId(1)),
        )
    };
    assert!(mail("ann").is_ok());
    assert_eq!(mail("bo").unwrap_err().id, "E-ML-01");
}

#[test]
fn e_arm_03_no_authorization() {
    let mut stage = Stage::new();
    let refusal = refused(
        &mut stage,
        &person("rea"),
        ticket::Command::Open(opening("c")),
        &errors::ARM_03,
    );
    assert!(
        refusal
            .message
            .contains("Microsoft.Support/supportTickets/write")
    );
}

#[test]
fn e_arm_04_an_unknown_subscription_or_resource() {
    let mut stage = Stage::new();
    let refusal = stage
        .act(&person("con"), ticket::Command::Open(opening("cc")))
        .unwrap_err();
    assert_eq!(
        (refusal.id.as_str(), refusal.code.as_str()),
        ("E-ARM-04", "SubscriptionNotFound")
    );
    let ticket = stage.stuck_ticket("con", "c");
    let submit = jit::Command::Submit(access(ticket, &["c/web/vm-linus"]));
    let refusal = refused(&mut stage, &person("sue"), submit, &errors::ARM_04);
    assert!(
        refusal.remedy.contains("c/web/vm-linux"),
        "the nearest name: {}",
        refusal.remedy
    );
}

#[test]
fn e_ppl_01_an_unknown_person() {
    let mut stage = Stage::new();
    refused(
        &mut stage,
        &person("an"),
        ticket::Command::Open(opening("c")),
        &errors::PPL_01,
    );
}

#[test]
fn e_ppl_02_the_observer_only_looks() {
    let mut stage = Stage::new();
    let request = stage.pending();
    refused(
        &mut stage,
        &Actor::Observer,
        decide(request),
        &errors::PPL_02,
    );
}

#[test]
fn e_sim_01_only_the_world_file_founds_and_only_time_elapses() {
    let mut stage = Stage::new();
    let request = stage.pending();
    refused(
        &mut stage,
        &person("ann"),
        request::Command::Fail { request },
        &errors::SIM_01,
    );
    refused(
        &mut stage,
        &person("ann"),
        people::Command::Enrol {
            tenant: "fabrikam".into(),
        },
        &errors::SIM_01,
    );
    refused(&mut stage, &person("ann"), Command::Elapse, &errors::SIM_01);
}

#[test]
fn e_sim_02_a_world_that_does_not_fit_together() {
    let mut stage = Stage::new();
    let again = world::Command::Found {
        name: "x".into(),
        seed: 1,
        opens_at: stage.now,
    };
    refused(&mut stage, &Actor::Simulator, again, &errors::SIM_02);
    let enrol = people::Command::Enrol {
        tenant: "nobody".into(),
    };
    refused(&mut stage, &Actor::Simulator, enrol, &errors::SIM_02);
}

#[test]
fn e_sim_03_e_sim_04_a_number_that_is_not_there_or_does_not_fit() {
    let mut stage = Stage::new();
    let set = |name: &str, value: &str| rules::Command::Set {
        name: name.into(),
        value: value.into(),
    };
    let refusal = refused(
        &mut stage,
        &Actor::Simulator,
        set("request-expire", "5d"),
        &errors::SIM_03,
    );
    assert!(refusal.remedy.contains("request-expiry"));
    refused(
        &mut stage,
        &Actor::Simulator,
        set("request-expiry", "soon"),
        &errors::SIM_04,
    );
    stage
        .act(&Actor::Simulator, set("request-expiry", "5d"))
        .unwrap();
    let request = stage.pending();
    stage.wait(lockbox::engine::Span::days(4));
    assert_eq!(
        stage.status(request),
        request::Status::Pending,
        "the changed number is in force"
    );
}

#[test]
fn e_sim_05_a_command_that_would_fill_the_journal() {
    let mut stage = Stage::new();
    let mut open = opening("c");
    open.contact.country = "x".repeat(lockbox::engine::COMMAND_MAX).into();
    refused(
        &mut stage,
        &person("con"),
        ticket::Command::Open(open),
        &errors::SIM_05,
    );
}

#[test]
fn e_sim_02_names_that_would_act_and_roles_across_organisations() {
    let mut stage = Stage::new();
    let of = |id: &str, mail: &str| people::Person {
        id: id.into(),
        name: "\u{1b}[2J".into(),
        upn: "x@x.example".into(),
        mail: Some(mail.into()),
        side: people::Side::Customer("contoso".into()),
        isolated_identity: false,
        mfa: false,
    };
    for (id, mail) in [
        ("a\u{1b}[2J", "a@x.example"),
        ("a b", "a@x.example"),
        ("", "a@x.example"),
        ("a", "a@x.example\r\nBcc: b@x.example"),
        ("a\u{202e}", "a@x.example"),
    ] {
        let add = people::Command::AddPerson(of(id, mail));
        refused(&mut stage, &Actor::Simulator, add, &errors::SIM_02);
    }
    for outsider in ["fay", "sue"] {
        let assign = people::Command::Assign(people::Assignment {
            scope: people::Scope::Subscription("c".into()),
            principal: people::Principal::Person(outsider.into()),
            role: people::Role::Owner,
        });
        refused(&mut stage, &Actor::Simulator, assign, &errors::SIM_02);
    }
}

#[test]
fn e_sim_04_numbers_that_would_leave_the_calendar_or_block_every_decision() {
    let mut stage = Stage::new();
    for (name, value) in [
        ("request-expiry", "3000000d"),
        ("request-expiry", "0s"),
        ("latency-initialize", "4d"),
        ("grant-duration", "0s"),
        ("grant-duration", "8d"),
    ] {
        let set = rules::Command::Set {
            name: name.into(),
            value: value.into(),
        };
        refused(&mut stage, &Actor::Simulator, set, &errors::SIM_04);
    }
}

/// What a customer may not know, no refusal tells.
#[test]
fn refusals_do_not_tell_a_customer_about_a_bypass_or_about_another_organisation() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let mut asked = access(ticket, &["c/web/vm-linux"]);
    asked.exclusion = Some(jit::Exclusion::Emergency);
    let jit = stage.submit("sue", asked).unwrap();
    let grant = stage.world.lockbox.jits[&jit].grant.unwrap();
    for who in ["ann", "con", "fay"] {
        let connect = grant::Command::Connect {
            grant,
            resource: "c/web/vm-linux".into(),
        };
        let revoke = grant::Command::Revoke {
            grant,
            reason: "".into(),
        };
        for command in [connect, grant::Command::End { grant }, revoke] {
            refused(&mut stage, &person(who), command, &errors::GR_01);
        }
        let seen = ask(&stage.world, stage.now, &person(who), &Query::Grant(grant));
        assert_eq!(seen.unwrap_err().id, "E-GR-01");
        let yes = jit::Command::Approve {
            jit,
            reason: "".into(),
        };
        refused(&mut stage, &person(who), yes, &errors::JIT_07);
    }
    let request = stage.pending();
    let refusal = refused(&mut stage, &person("fay"), decide(request), &errors::LB_03);
    assert!(!refusal.remedy.contains("ann"), "{}", refusal.remedy);
}
