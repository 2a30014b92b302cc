//! One test per rule of the Lockbox chapters, named by its id. Each fails if the rule is broken.

use lockbox::engine::lockbox::jit::{Bypass, Duration, Exclusion, Level, Reach, State};
use lockbox::engine::lockbox::request::{Operation, Status};
use lockbox::engine::lockbox::{grant, jit, request, ticket};
use lockbox::engine::people::{self, Assignment, Principal, Role, Scope, SupportPlan, VendorRole};
use lockbox::engine::projections::activity_log::Subject;
use lockbox::engine::projections::{activity_log, mail};
use lockbox::engine::resources::{Coverage, ResourceKind};
use lockbox::engine::{Actor, Answer, Fact, Query, Span, ask, rules};

use crate::stage::{Stage, access, person};

#[test]
fn r_lock_01_02_lockbox_works_from_the_developer_plan_on_and_needs_no_switch() {
    for (plan, asked) in [
        (SupportPlan::Basic, false),
        (SupportPlan::Developer, true),
        (SupportPlan::Standard, true),
        (SupportPlan::ProfessionalDirect, true),
        (SupportPlan::Unified, true),
    ] {
        let mut stage = Stage::new();
        let set = people::Command::SetPlan {
            tenant: "contoso".into(),
            plan,
        };
        stage.act(&Actor::Simulator, set).unwrap();
        let ticket = stage.stuck_ticket("ann", "c");
        let jit = stage
            .submit("sue", access(ticket, &["c/web/vm-linux"]))
            .unwrap();
        let jit = &stage.world.lockbox.jits[&jit];
        assert_eq!(jit.request.is_some(), asked, "{plan}");
        assert_eq!(jit.bypass, (!asked).then_some(Bypass::PlanTooLow), "{plan}");
    }
}

#[test]
fn r_lock_03_38_every_request_is_tied_to_an_open_ticket_of_the_organisation() {
    let mut stage = Stage::new();
    let request = stage.pending();
    let ticket = stage.world.lockbox.requests[&request].ticket;
    assert!(stage.world.lockbox.tickets.contains_key(&ticket));
    let nowhere = lockbox::engine::ids::TicketId(0);
    assert_eq!(
        stage
            .submit("sue", access(nowhere, &["c/web/vm-linux"]))
            .unwrap_err()
            .id,
        "E-SUP-01"
    );
    let close = ticket::Command::Close {
        ticket,
        text: "done".into(),
    };
    stage.act(&person("con"), close).unwrap();
    assert_eq!(
        stage
            .submit("sue", access(ticket, &["c/web/vm-linux"]))
            .unwrap_err()
            .id,
        "E-SUP-02"
    );
}

#[test]
fn r_lock_04_a_request_can_be_started_tracked_and_read_after_it_is_over() {
    let mut stage = Stage::new();
    let request = stage.pending();
    let list = |stage: &Stage| {
        ask(
            &stage.world,
            stage.now,
            &person("ann"),
            &Query::Requests { status: None },
        )
    };
    assert_eq!(list(&stage), Ok(Answer::Requests(vec![request])));
    stage.decide("ann", request, false).unwrap();
    stage.wait(Span::days(80));
    assert_eq!(list(&stage), Ok(Answer::Requests(vec![request])));
    let history: Vec<Status> = stage.world.lockbox.requests[&request]
        .history
        .iter()
        .map(|c| c.status)
        .collect();
    assert_eq!(
        history,
        [
            Status::Initializing,
            Status::Pending,
            Status::Denying,
            Status::Denied
        ]
    );
}

#[test]
fn r_lock_05_06_somebody_of_the_organisation_opens_a_ticket_and_a_support_engineer_gets_it() {
    let mut stage = Stage::new();
    for outsider in ["fay", "sue"] {
        assert_eq!(stage.open(outsider, "c").unwrap_err().id, "E-ARM-03");
    }
    let ticket = stage.open("con", "c").unwrap();
    let ticket = &stage.world.lockbox.tickets[&ticket];
    assert_eq!(ticket.assigned_to, Some("sue".into()));
    assert_eq!(ticket.opened_by, "con".into());
}

#[test]
fn r_lock_07_08_elevated_access_is_refused_until_standard_tools_failed() {
    let mut stage = Stage::new();
    let ticket = stage.open("con", "c").unwrap();
    let asked = access(ticket, &["c/web/vm-windows"]);
    assert_eq!(
        stage.submit("sue", asked.clone()).unwrap_err().id,
        "E-JIT-02"
    );
    let mut told = asked;
    told.tried = Some("boot diagnostics".into());
    assert!(stage.submit("sue", told).is_ok());
    assert!(stage.world.lockbox.tickets[&ticket].tools_tried);
}

#[test]
fn r_lock_07_tools_that_suffice_resolve_the_ticket_without_any_access() {
    let mut stage = Stage::new();
    let ticket = stage.open("con", "c").unwrap();
    let tools = ticket::Command::TryTools {
        ticket,
        text: "restart".into(),
        sufficed: true,
    };
    stage.act(&person("sue"), tools).unwrap();
    assert_eq!(
        stage.world.lockbox.tickets[&ticket].phase,
        ticket::Phase::Resolved
    );
    assert_eq!(
        stage
            .submit("sue", access(ticket, &["c/web/vm-windows"]))
            .unwrap_err()
            .id,
        "E-SUP-02"
    );
}

#[test]
fn r_lock_09_another_engineer_may_ask_only_after_an_escalation() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let asked = access(ticket, &["c/web/vm-windows"]);
    assert_eq!(
        stage.submit("dev", asked.clone()).unwrap_err().id,
        "E-JIT-03"
    );
    stage.escalate(ticket, "dev");
    assert!(stage.submit("dev", asked.clone()).is_ok());
    assert_eq!(stage.submit("sue", asked).unwrap_err().id, "E-JIT-03");
}

/// Each factor alone turns the outcome.
#[test]
fn r_lock_10_scope_identity_and_level_each_flip_the_evaluation() {
    let outcome = |engineer: &str, resources: &[&str], level: Level| {
        let mut stage = Stage::new();
        let ticket = stage.stuck_ticket("con", "c");
        stage.escalate(ticket, engineer);
        let mut asked = access(ticket, resources);
        asked.level = level;
        let jit = stage.submit(engineer, asked).unwrap();
        stage.state(jit)
    };
    let one = ["c/web/vm-windows"];
    let far = ["c/web/vm-windows", "c/data/tls"];
    assert_eq!(outcome("dev", &one, Level::Reader), State::AwaitingCustomer);
    assert_eq!(
        outcome("dev", &far, Level::Reader),
        State::AwaitingInternalApproval
    );
    assert_eq!(
        outcome("dev", &one, Level::Administrator),
        State::AwaitingInternalApproval
    );
    assert_eq!(
        outcome("dev", &far, Level::Administrator),
        State::RejectedByPolicy
    );
    assert_eq!(
        outcome("dev", &one, Level::Operator),
        State::AwaitingCustomer
    );
    assert_eq!(
        outcome("mfa", &one, Level::Operator),
        State::AwaitingInternalApproval
    );
    assert_eq!(outcome("mfa", &one, Level::Reader), State::AwaitingCustomer);
    assert_eq!(
        outcome("bare", &one, Level::Reader),
        State::RejectedByPolicy
    );
}

#[test]
fn r_lock_11_an_internal_approval_comes_before_the_customer_is_asked() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let mut asked = access(ticket, &["c/web/vm-windows"]);
    asked.level = Level::Administrator;
    let jit = stage.submit("sue", asked.clone()).unwrap();
    assert_eq!(
        stage.world.lockbox.jits[&jit].internal,
        Some(VendorRole::DevOpsManager)
    );
    assert!(stage.world.lockbox.requests.is_empty());
    let yes = jit::Command::Approve {
        jit,
        reason: "ok".into(),
    };
    assert_eq!(
        stage.act(&person("lea"), yes.clone()).unwrap_err().id,
        "E-JIT-04"
    );
    stage.act(&person("man"), yes).unwrap();
    assert_eq!(stage.state(jit), State::AwaitingCustomer);
    let second = stage.submit("sue", asked).unwrap();
    stage
        .act(
            &person("man"),
            jit::Command::Deny {
                jit: second,
                reason: "no".into(),
            },
        )
        .unwrap();
    assert_eq!(stage.state(second), State::RejectedInternally);
    assert_eq!(stage.world.lockbox.requests.len(), 1);
}

#[test]
fn r_lock_12_a_request_starts_only_when_customer_data_is_reached() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let mut asked = access(ticket, &["c/web/vm-windows"]);
    asked.reach = Reach::Platform;
    let jit = stage.submit("sue", asked).unwrap();
    assert_eq!(stage.state(jit), State::Granted);
    assert_eq!(
        stage.world.lockbox.jits[&jit].bypass,
        Some(Bypass::NoCustomerData)
    );
    assert!(stage.world.lockbox.requests.is_empty());
}

#[test]
fn r_lock_13_the_customer_is_notified_and_nothing_is_granted_while_the_request_waits() {
    let mut stage = Stage::new();
    let request = stage.pending();
    assert_eq!(stage.status(request), Status::Pending);
    assert_eq!(Status::Pending.title(), "Customer Notified (Pending)");
    stage.wait(Span::days(3));
    assert!(stage.world.lockbox.grants.is_empty());
}

#[test]
fn r_lock_14_every_owner_with_a_mailbox_gets_exactly_one_mail_and_nobody_else() {
    let mut stage = Stage::new();
    stage.pending();
    let to: Vec<&str> = stage
        .world
        .lockbox
        .mails
        .iter()
        .map(|m| m.to.as_str())
        .collect();
    assert_eq!(to, ["ann", "bo"]);
    let request = &stage.world.lockbox.requests.get_max().unwrap().1;
    assert!(
        request
            .approvers
            .contains(&lockbox::engine::ids::PersonId::from("cy")),
        "an Owner without mailbox still approves"
    );
}

#[test]
fn r_lock_14_management_group_owners_count_and_resource_group_owners_never_do() {
    let mut stage = Stage::new();
    let above = Assignment {
        scope: Scope::ManagementGroup("top".into()),
        principal: Principal::Person("rea".into()),
        role: Role::Owner,
    };
    stage
        .act(&Actor::Simulator, people::Command::Assign(above))
        .unwrap();
    let request = stage.pending();
    assert_eq!(
        stage.decide("gro", request, true).unwrap_err().id,
        "E-LB-03"
    );
    assert!(stage.decide("rea", request, true).is_ok());
}

#[test]
fn r_lock_15_the_mail_links_to_the_lockbox_blade_and_names_the_request() {
    let mut stage = Stage::new();
    let request = stage.pending();
    let (id, first) = stage.world.lockbox.numbered_mails().next().unwrap();
    let letter = mail::letter(&stage.world, id, first).unwrap();
    assert!(
        letter
            .body
            .contains("Microsoft_Azure_Lockbox/LockboxMenu/requests/")
    );
    assert!(letter.body.contains(&stage.world.request_guid(request)));
    assert!(letter.body.contains("Customer Lockbox blade"));
    assert!(letter.body.contains("SIMULATION"));
}

#[test]
fn r_lock_16_the_approver_sees_all_pending_requests_of_the_organisation_and_no_other() {
    let mut stage = Stage::new();
    let first = stage.pending();
    stage.wait(Span::hours(1));
    let second = stage.pending();
    let ticket = stage.stuck_ticket("fay", "f");
    stage
        .submit("sue", access(ticket, &["f/web/vm-linux"]))
        .unwrap();
    let pending = ask(&stage.world, stage.now, &person("bo"), &Query::Pending);
    assert_eq!(
        pending,
        Ok(Answer::Requests(vec![first, second])),
        "soonest expiry first"
    );
    stage.decide("bo", first, true).unwrap();
    let pending = ask(&stage.world, stage.now, &person("bo"), &Query::Pending);
    assert_eq!(pending, Ok(Answer::Requests(vec![second])));
    let all = ask(&stage.world, stage.now, &Actor::Observer, &Query::Pending).unwrap();
    assert!(matches!(all, Answer::Requests(ids) if ids.len() == 2));
}

#[test]
fn r_lock_17_18_a_request_shows_its_details_and_leads_to_its_ticket() {
    let mut stage = Stage::new();
    let request = stage.pending();
    assert_eq!(
        ask(
            &stage.world,
            stage.now,
            &person("ann"),
            &Query::Request(request)
        ),
        Ok(Answer::Yes)
    );
    let found = stage.world.request(request).unwrap();
    assert_eq!(found.engineer, "sue".into());
    assert_eq!(found.justification.raw(), "look at the boot log");
    let ticket = stage.world.ticket(found.ticket).unwrap();
    assert_eq!(ticket.opened_by, "con".into());
    assert!(
        ticket
            .conversation
            .iter()
            .any(|m| m.kind == ticket::MessageKind::ToolsTried)
    );
    assert_eq!(found.ticket.to_string().len(), 15);
}

#[test]
fn r_lock_19_20_at_four_days_to_the_microsecond_the_request_expires_without_access() {
    let mut stage = Stage::new();
    let request = stage.pending();
    stage.wait(Span(Span::days(4).0 - 1));
    assert_eq!(stage.status(request), Status::Pending);
    stage.wait(Span::micros(1));
    assert_eq!(stage.status(request), Status::Expired);
    assert!(stage.world.lockbox.grants.is_empty());
    let expired = stage
        .journal
        .iter()
        .find(|e| matches!(e.fact, Fact::Request(request::Fact::Expired { .. })))
        .unwrap();
    assert_eq!(expired.at, stage.now);
    assert_eq!(expired.actor, Actor::Time);
    assert_eq!(
        stage.state(lockbox::engine::ids::JitId(1)),
        State::ExpiredNoAccess
    );
    assert!(
        stage
            .world
            .lockbox
            .tickets
            .values()
            .all(|t| t.phase.is_open()),
        "i-33: the ticket stays open"
    );
}

#[test]
fn r_lock_19_at_the_expiry_instant_the_expiry_wins_over_a_decision() {
    let mut stage = Stage::new();
    let request = stage.pending();
    stage.now = stage.now + Span::days(4);
    // Even on a world in which time has not acted yet.
    let late = request::Command::Decide {
        request,
        approve: true,
        reason: "late".into(),
    };
    let refusal =
        lockbox::engine::decide(&stage.world, stage.now, &person("ann"), &late.into()).unwrap_err();
    assert_eq!(
        (refusal.id.as_str(), refusal.current_status.as_deref()),
        ("E-LB-04", Some("Expired"))
    );
}

#[test]
fn r_lock_21_22_26_approve_grants_and_deny_ends_it_with_the_reason_on_record() {
    let mut stage = Stage::new();
    let yes = stage.pending();
    stage.decide("ann", yes, true).unwrap();
    assert_eq!(stage.status(yes), Status::Approved);
    let granted = stage.world.lockbox.requests[&yes].grant.unwrap();
    assert_eq!(
        stage.world.lockbox.grants[&granted].status,
        grant::Status::Active
    );
    let no = stage.pending();
    stage.decide("bo", no, false).unwrap();
    assert_eq!(stage.status(no), Status::Denied);
    let denied = &stage.world.lockbox.requests[&no];
    assert_eq!(denied.decision.as_ref().unwrap().reason.raw(), "because");
    assert_eq!(stage.state(denied.jit), State::RejectedByCustomer);
    let before = stage.journal.len();
    stage.wait(Span::days(4));
    let about_it = stage.journal[before..].iter().filter(|e| matches!(&e.fact, Fact::Request(f) if format!("{f:?}").contains(&format!("{no:?}")))).count();
    assert_eq!(about_it, 0, "nothing more happens to a denied request");
}

#[test]
fn r_lock_23_a_grant_covers_exactly_its_engineer_and_its_resources() {
    let mut stage = Stage::new();
    let grant = stage.granted();
    assert_eq!(
        stage
            .connect("dev", grant, "c/web/vm-windows")
            .unwrap_err()
            .id,
        "E-GR-03"
    );
    assert_eq!(
        stage
            .connect("sue", grant, "c/web/vm-linux")
            .unwrap_err()
            .id,
        "E-GR-04"
    );
    assert!(stage.connect("sue", grant, "c/web/vm-windows").is_ok());
}

#[test]
fn r_lock_24_a_grant_ends_at_eight_hours_and_takes_its_session_with_it() {
    let mut stage = Stage::new();
    let grant = stage.granted();
    stage.wait(Span(Span::hours(8).0 - 1));
    stage.connect("sue", grant, "c/web/vm-windows").unwrap();
    stage.wait(Span::micros(1));
    let over = &stage.world.lockbox.grants[&grant];
    assert_eq!(over.status, grant::Status::Expired);
    assert_eq!(over.sessions[0].closed_at, Some(stage.now));
    assert!(over.sessions[0].forced);
    assert_eq!(
        stage
            .connect("sue", grant, "c/web/vm-windows")
            .unwrap_err()
            .id,
        "E-GR-02"
    );
    assert_eq!(stage.status(over_request(&stage, grant)), Status::Completed);
}

fn over_request(
    stage: &Stage,
    grant: lockbox::engine::ids::GrantId,
) -> lockbox::engine::ids::RequestId {
    stage.world.lockbox.grants[&grant].request.unwrap()
}

#[test]
fn r_lock_25_a_duration_is_hours_or_a_text_and_is_kept() {
    let hours = |text: &str| Duration::parse(text).span(&rules::Rules::default());
    assert_eq!(hours("8"), Span::hours(8));
    assert_eq!(hours("2h30m"), Span::minutes(150));
    assert_eq!(hours(""), Span::hours(8));
    assert_eq!(hours("the lifetime of the support request"), Span::hours(8));
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let mut asked = access(ticket, &["c/web/vm-linux"]);
    asked.duration = Duration::parse("2");
    let jit = stage.submit("sue", asked.clone()).unwrap();
    let request = stage.world.lockbox.jits[&jit].request.unwrap();
    stage.decide("ann", request, true).unwrap();
    let grant = stage.world.lockbox.requests[&request].grant.unwrap();
    let grant = &stage.world.lockbox.grants[&grant];
    assert_eq!(grant.until - grant.from, Span::hours(2));
    asked.duration = Duration::parse("8d");
    assert_eq!(stage.submit("sue", asked).unwrap_err().id, "E-JIT-06");
}

#[test]
fn r_lock_27_the_first_decision_counts() {
    let mut stage = Stage::new();
    let request = stage.pending();
    stage.decide("ann", request, false).unwrap();
    let refusal = stage.decide("bo", request, true).unwrap_err();
    assert_eq!(
        (refusal.id.as_str(), refusal.current_status.as_deref()),
        ("E-LB-04", Some("Denied"))
    );
    assert!(stage.world.lockbox.grants.is_empty());
}

#[test]
fn r_lock_28_r_perm_01_contributor_reader_group_owner_outsider_and_engineer_cannot_decide() {
    let mut stage = Stage::new();
    let request = stage.pending();
    for who in ["con", "rea", "gro", "kvc", "fay", "sue", "man"] {
        let refusal = stage.decide(who, request, true).unwrap_err();
        assert_eq!(
            (refusal.id.as_str(), refusal.status),
            ("E-LB-03", 403),
            "{who}"
        );
        let may_read = !matches!(who, "gro" | "kvc" | "fay");
        assert_eq!(
            refusal.remedy.contains("ann"),
            may_read,
            "the remedy names who can: {}",
            refusal.remedy
        );
    }
    assert_eq!(stage.status(request), Status::Pending);
}

#[test]
fn r_lock_28_the_right_to_decide_is_tested_when_deciding() {
    let mut stage = Stage::new();
    let request = stage.pending();
    let of = |who: &str| Assignment {
        scope: Scope::Subscription("c".into()),
        principal: Principal::Person(who.into()),
        role: Role::Owner,
    };
    stage
        .act(&Actor::Simulator, people::Command::Unassign(of("ann")))
        .unwrap();
    stage
        .act(&Actor::Simulator, people::Command::Assign(of("con")))
        .unwrap();
    assert_eq!(
        stage.decide("ann", request, true).unwrap_err().id,
        "E-LB-03"
    );
    assert!(stage.decide("con", request, true).is_ok());
}

#[test]
fn r_lock_29_30_31_coverage_follows_the_tables_of_the_document() {
    use ResourceKind::*;
    for kind in ResourceKind::ALL {
        let expected = match kind {
            CloudServiceWebRole
            | CloudServiceWorkerRole
            | VmWindows
            | VmLinux
            | ScaleSetWindows
            | ScaleSetLinux => Coverage::Ga,
            StorageAccount | SqlDatabase | DataExplorer | ManagedDisk | MemoryDump
            | SubscriptionTransfer | Cluster => Coverage::Preview,
            ClassicVm | Workspace => Coverage::NotCovered,
            // Names of vaults are unique, so there is none at Fabrikam.
            KeyVault => continue,
        };
        let mut stage = Stage::new();
        let id = format!("f/web/{kind}");
        let resource = stage.world.resource(&id.as_str().into()).unwrap();
        assert_eq!(stage.world.coverage(resource), expected, "{kind}");
        // Fabrikam is not enrolled, so only what is generally available is asked for.
        let ticket = stage.stuck_ticket("fay", "f");
        let jit = stage.submit("sue", access(ticket, &[&id])).unwrap();
        let jit = if *kind == SubscriptionTransfer {
            stage
                .act(
                    &person("man"),
                    jit::Command::Approve {
                        jit,
                        reason: "ok".into(),
                    },
                )
                .unwrap();
            jit
        } else {
            jit
        };
        let jit = &stage.world.lockbox.jits[&jit];
        let bypass = match expected {
            Coverage::Ga => None,
            Coverage::Preview => Some(Bypass::NotEnrolled),
            Coverage::NotCovered => Some(Bypass::NotCovered),
        };
        assert_eq!(jit.bypass, bypass, "{kind}");
        assert_eq!(jit.request.is_some(), bypass.is_none(), "{kind}");
    }
    assert!(
        Bypass::NotCovered.sentence().contains("migrate"),
        "the migration hint"
    );
}

#[test]
fn r_lock_32_enrolment_makes_preview_services_ask_the_customer() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("fay", "f");
    let asked = access(ticket, &["f/web/storage-account"]);
    let before = stage.submit("sue", asked.clone()).unwrap();
    assert_eq!(
        stage.world.lockbox.jits[&before].bypass,
        Some(Bypass::NotEnrolled)
    );
    stage
        .act(
            &Actor::Simulator,
            people::Command::Enrol {
                tenant: "fabrikam".into(),
            },
        )
        .unwrap();
    let after = stage.submit("sue", asked).unwrap();
    assert!(stage.world.lockbox.jits[&after].request.is_some());
}

#[test]
fn r_lock_33_34_35_exclusions_ask_nobody_and_say_what_could_be_read() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let mut run = |exclusion, resource: &str| {
        let mut asked = access(ticket, &[resource]);
        asked.exclusion = Some(exclusion);
        let jit = stage.submit("sue", asked).unwrap();
        let jit = stage.world.lockbox.jits[&jit].clone();
        assert_eq!(jit.state, State::Granted);
        assert_eq!(jit.request, None);
        (jit.bypass, jit.readable)
    };
    assert_eq!(
        run(Exclusion::Emergency, "c/web/vm-linux"),
        (Some(Bypass::Emergency), None)
    );
    assert_eq!(
        run(Exclusion::Inadvertent, "c/web/vm-linux"),
        (Some(Bypass::Inadvertent), Some(true))
    );
    assert_eq!(
        run(Exclusion::Inadvertent, "c/data/tls"),
        (Some(Bypass::Inadvertent), Some(false))
    );
    assert!(stage.world.activity.is_empty() && stage.world.lockbox.mails.is_empty());
    let seen = ask(&stage.world, stage.now, &person("ann"), &Query::Grants);
    assert_eq!(
        seen,
        Ok(Answer::Grants(vec![])),
        "i-32: not the customer's to see"
    );
    let god = ask(&stage.world, stage.now, &Actor::Observer, &Query::Grants).unwrap();
    assert!(matches!(god, Answer::Grants(ids) if ids.len() == 3));
}

#[test]
fn r_lock_36_the_guests_event_log_tells_what_the_engineer_did_and_where_it_is_copied() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let jit = stage
        .submit("sue", access(ticket, &["c/data/watched"]))
        .unwrap();
    let request = stage.world.lockbox.jits[&jit].request.unwrap();
    stage.decide("ann", request, true).unwrap();
    let grant = stage.world.lockbox.requests[&request].grant.unwrap();
    stage.connect("sue", grant, "c/data/watched").unwrap();
    stage
        .act(
            &person("sue"),
            grant::Command::Act {
                grant,
                text: "eventvwr.exe".into(),
            },
        )
        .unwrap();
    stage
        .act(&person("sue"), grant::Command::End { grant })
        .unwrap();
    let log = stage
        .world
        .windows_events(&stage.world.lockbox.grants[&grant]);
    let ids: Vec<u16> = log.iter().map(|e| e.event_id).collect();
    assert_eq!(ids, [4624, 4688, 4634]);
    assert!(log[1].message.contains("eventvwr.exe"));
    assert!(
        log.iter()
            .all(|e| e.copied_to == Some("c/data/linked".into()))
    );
}

#[test]
fn r_lock_36_a_linux_guest_writes_no_windows_event_log() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let jit = stage
        .submit("sue", access(ticket, &["c/web/vm-linux"]))
        .unwrap();
    let request = stage.world.lockbox.jits[&jit].request.unwrap();
    stage.decide("ann", request, true).unwrap();
    let grant = stage.world.lockbox.requests[&request].grant.unwrap();
    stage.connect("sue", grant, "c/web/vm-linux").unwrap();
    assert!(
        stage
            .world
            .windows_events(&stage.world.lockbox.grants[&grant])
            .is_empty()
    );
}

#[test]
fn r_lock_37_data_of_a_linked_workspace_is_under_lockbox_and_shared_store_data_is_not() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let linked = stage
        .submit("sue", access(ticket, &["c/data/linked"]))
        .unwrap();
    assert!(stage.world.lockbox.jits[&linked].request.is_some());
    let shared = stage
        .submit("sue", access(ticket, &["c/web/log-analytics-workspace"]))
        .unwrap();
    assert_eq!(
        stage.world.lockbox.jits[&shared].bypass,
        Some(Bypass::NotCovered)
    );
}

#[test]
fn r_aud_01_02_03_04_05_the_activity_log_holds_one_create_and_one_outcome_each_with_its_caller() {
    let mut stage = Stage::new();
    let approved = stage.pending();
    stage.decide("ann", approved, true).unwrap();
    let denied = stage.pending();
    stage.decide("bo", denied, false).unwrap();
    let expired = stage.pending();
    stage.wait(Span::days(4));
    let log: Vec<_> = stage
        .world
        .activity
        .iter()
        .filter_map(|a| match a.subject {
            Subject::Lockbox { request, operation } => Some((request, operation)),
            Subject::Administrative { .. } => None,
        })
        .collect();
    use Operation::*;
    assert_eq!(
        log,
        [
            (approved, Create),
            (approved, Approve),
            (denied, Create),
            (denied, Deny),
            (expired, Create),
            (expired, Expire)
        ]
    );
    let wire: Vec<_> = stage
        .world
        .activity
        .iter()
        .map(|a| activity_log::wire(&stage.world, a).unwrap())
        .map(|w| {
            let field = |pointer: &str| w.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            (
                field("/operationName/localizedValue"),
                field("/operationName/value"),
                field("/caller"),
            )
        })
        .collect();
    let name = |what: &str| {
        format!("Microsoft.CustomerLockbox/requests/activitylog/{what}LockboxRequest/action")
    };
    assert_eq!(
        wire[1],
        (
            "Approve Lockbox Request".into(),
            name("Approve"),
            "ann@x.example".into()
        )
    );
    assert_eq!(
        wire[3],
        (
            "Deny Lockbox Request".into(),
            name("Deny"),
            "bo@x.example".into()
        )
    );
    assert_eq!(
        wire[5],
        (
            "Lockbox Request Expiry".into(),
            name("Expire"),
            "Microsoft Customer Lockbox".into()
        )
    );
    assert_eq!(wire[0].0, "Create Lockbox Request");
    for label in [
        "Expire Lockbox Request",
        "Lockbox Request Expiry",
        "expire",
        "expiry",
    ] {
        assert_eq!(
            Operation::parse(label).unwrap(),
            Expire,
            "both labels are accepted"
        );
    }
}

#[test]
fn r_aud_02_each_of_the_four_operations_can_be_filtered() {
    let mut stage = Stage::new();
    let first = stage.pending();
    stage.decide("ann", first, true).unwrap();
    let second = stage.pending();
    stage.decide("ann", second, false).unwrap();
    stage.pending();
    stage.wait(Span::days(4));
    for (operation, count) in [
        (Operation::Create, 3),
        (Operation::Approve, 1),
        (Operation::Deny, 1),
        (Operation::Expire, 1),
    ] {
        let query = Query::Activity {
            operation: Some(operation),
            back: None,
        };
        let answer = ask(&stage.world, stage.now, &person("rea"), &query).unwrap();
        assert!(
            matches!(answer, Answer::Activity(places) if places.len() == count),
            "{operation}"
        );
    }
}

#[test]
fn r_aud_06_the_log_looks_back_ninety_days_and_never_forgets() {
    let mut stage = Stage::new();
    stage.pending();
    let created = stage.now;
    let seen = |stage: &Stage, back| {
        let query = Query::Activity {
            operation: Some(Operation::Create),
            back,
        };
        match ask(&stage.world, stage.now, &person("ann"), &query).unwrap() {
            Answer::Activity(places) => places.len(),
            other => panic!("{other:?}"),
        }
    };
    stage.now = created + Span::days(90);
    assert_eq!(seen(&stage, None), 1);
    stage.now = created + Span::days(90) + Span::micros(1);
    assert_eq!(seen(&stage, None), 0);
    assert_eq!(seen(&stage, Some(Span::days(365))), 1);
}

#[test]
fn r_perm_08_what_a_role_does_not_carry_is_refused_with_403() {
    let mut stage = Stage::new();
    let request = stage.pending();
    for (who, sees) in [
        ("rea", true),
        ("con", true),
        ("kvc", false),
        ("gro", false),
        ("fay", false),
    ] {
        let answer = ask(
            &stage.world,
            stage.now,
            &person(who),
            &Query::Request(request),
        );
        match answer {
            Ok(_) => assert!(sees, "{who}"),
            Err(refusal) => {
                assert!(!sees, "{who}");
                assert_eq!(
                    (refusal.status, refusal.code.as_str()),
                    (403, "AuthorizationFailed")
                );
            }
        }
    }
    assert_eq!(
        stage.open("rea", "c").unwrap_err().id,
        "E-ARM-03",
        "a Reader opens no ticket"
    );
    assert!(
        stage.open("kvc", "c").is_ok(),
        "a Key Vault Contributor does (b.3)"
    );
}

#[test]
fn nobody_can_approve_is_said_and_the_request_expires() {
    let mut stage = Stage::new();
    let set = people::Command::SetPlan {
        tenant: "northwind".into(),
        plan: SupportPlan::Developer,
    };
    stage.act(&Actor::Simulator, set).unwrap();
    let ticket = stage.stuck_ticket("nor", "n");
    let jit = stage.submit("sue", access(ticket, &["n/web/vm"])).unwrap();
    let request = stage.world.lockbox.jits[&jit].request.unwrap();
    assert!(
        stage
            .world
            .nobody_can_approve(&stage.world.lockbox.requests[&request])
    );
    assert!(stage.world.lockbox.mails.is_empty());
    let refusal = stage.decide("nor", request, true).unwrap_err();
    assert!(refusal.remedy.contains("Nobody is Owner"));
    stage.wait(Span::days(4));
    assert_eq!(stage.status(request), Status::Expired);
}

#[test]
fn revoking_a_grant_ends_its_session_and_the_request_says_revoked() {
    let mut stage = Stage::new();
    let grant = stage.granted();
    stage.connect("sue", grant, "c/web/vm-windows").unwrap();
    stage.wait(Span::hours(1));
    let revoke = grant::Command::Revoke {
        grant,
        reason: "enough".into(),
    };
    assert_eq!(
        stage.act(&person("con"), revoke.clone()).unwrap_err().id,
        "E-GR-06"
    );
    stage.act(&person("bo"), revoke).unwrap();
    let over = &stage.world.lockbox.grants[&grant];
    assert_eq!(
        (over.status, over.sessions[0].forced),
        (grant::Status::Revoked, true)
    );
    assert_eq!(over.sessions[0].closed_at, Some(stage.now));
    assert_eq!(stage.status(over_request(&stage, grant)), Status::Revoked);
    assert_eq!(
        stage
            .connect("sue", grant, "c/web/vm-windows")
            .unwrap_err()
            .id,
        "E-GR-02"
    );
}

#[test]
fn transient_statuses_can_be_seen_when_a_latency_is_configured() {
    let mut stage = Stage::new();
    for name in [
        "latency-initialize",
        "latency-decide",
        "latency-complete",
        "latency-revoke",
    ] {
        let set = rules::Command::Set {
            name: name.into(),
            value: "2m".into(),
        };
        stage.act(&Actor::Simulator, set).unwrap();
    }
    let request = stage.pending();
    let mut seen = vec![stage.status(request)];
    let created = stage.now;
    stage.wait(Span::minutes(2));
    seen.push(stage.status(request));
    assert_eq!(
        stage.world.lockbox.requests[&request].expires_at,
        created + Span::days(4)
    );
    stage.decide("ann", request, true).unwrap();
    seen.push(stage.status(request));
    assert!(
        stage.world.lockbox.grants.is_empty(),
        "no access while Approving"
    );
    stage.wait(Span::minutes(2));
    seen.push(stage.status(request));
    stage.wait(Span::hours(8));
    seen.push(stage.status(request));
    stage.wait(Span::minutes(2));
    seen.push(stage.status(request));
    use Status::*;
    assert_eq!(
        seen,
        [
            Initializing,
            Pending,
            Approving,
            Approved,
            Completing,
            Completed
        ]
    );
}

#[test]
fn a_failing_service_ends_a_request_in_error_or_unknown_and_never_in_access() {
    for (latency, approve, expected) in [
        ("latency-initialize", false, Status::Error),
        ("latency-decide", true, Status::Unknown),
    ] {
        let mut stage = Stage::new();
        let set = rules::Command::Set {
            name: latency.into(),
            value: "2m".into(),
        };
        stage.act(&Actor::Simulator, set).unwrap();
        let request = stage.pending();
        if approve {
            stage.decide("ann", request, true).unwrap();
        }
        stage
            .act(&Actor::Simulator, request::Command::Fail { request })
            .unwrap();
        stage.wait(Span::days(5));
        assert_eq!(stage.status(request), expected);
        assert!(stage.world.lockbox.grants.is_empty());
        assert_eq!(stage.state(lockbox::engine::ids::JitId(1)), State::Failed);
    }
}

#[test]
fn r_lock_06_tickets_go_to_the_support_engineer_with_the_fewest() {
    let mut stage = Stage::new();
    let mut second = (**stage.world.person(&"sue".into()).unwrap()).clone();
    second.id = "abe".into();
    stage
        .act(&Actor::Simulator, people::Command::AddPerson(second))
        .unwrap();
    let assigned = |stage: &mut Stage| {
        let ticket = stage.open("con", "c").unwrap();
        stage.world.lockbox.tickets[&ticket]
            .assigned_to
            .clone()
            .unwrap()
    };
    let first: Vec<_> = (0..4).map(|_| assigned(&mut stage).to_string()).collect();
    assert_eq!(first, ["abe", "sue", "abe", "sue"]);
    for ticket in stage
        .world
        .lockbox
        .tickets
        .keys()
        .copied()
        .collect::<Vec<_>>()
    {
        if stage.world.lockbox.tickets[&ticket].assigned_to == Some("sue".into()) {
            stage
                .act(
                    &person("con"),
                    ticket::Command::Close {
                        ticket,
                        text: "ok".into(),
                    },
                )
                .unwrap();
        }
    }
    assert_eq!(assigned(&mut stage).as_str(), "sue");
}

#[test]
fn r_lock_38_a_closed_ticket_moves_no_request_forward() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let mut asked = access(ticket, &["c/web/vm-linux"]);
    asked.level = Level::Administrator;
    let jit = stage.submit("sue", asked).unwrap();
    let request = {
        let jit = stage
            .submit("sue", access(ticket, &["c/web/vm-linux"]))
            .unwrap();
        stage.world.lockbox.jits[&jit].request.unwrap()
    };
    stage
        .act(
            &person("con"),
            ticket::Command::Close {
                ticket,
                text: "ok".into(),
            },
        )
        .unwrap();
    let yes = jit::Command::Approve {
        jit,
        reason: "ok".into(),
    };
    assert_eq!(stage.act(&person("man"), yes).unwrap_err().id, "E-SUP-02");
    assert_eq!(
        stage.decide("ann", request, true).unwrap_err().id,
        "E-SUP-02"
    );
    assert!(
        stage.decide("ann", request, false).is_ok(),
        "saying no is always possible"
    );
}

#[test]
fn r_lock_25_a_duration_beyond_all_measure_is_refused_and_nothing_breaks() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    for text in ["4294967295", "99999999999999999999", "106751991d"] {
        let mut asked = access(ticket, &["c/web/vm-linux"]);
        asked.duration = Duration::parse(text);
        let kept_as_text = matches!(asked.duration, Duration::Text(_));
        assert_eq!(stage.submit("sue", asked).is_ok(), kept_as_text, "{text}");
    }
}

/// Who sees what, question by question.
#[test]
fn r_perm_08_each_question_shows_each_person_what_is_theirs_to_see() {
    use lockbox::engine::ids::{MailId, RequestId, TicketId};
    let mut stage = Stage::new();
    let request = stage.pending();
    stage.decide("ann", request, true).unwrap();
    let pending = stage.pending();
    let ticket = stage.stuck_ticket("fay", "f");
    stage
        .submit("sue", access(ticket, &["f/web/classic-vm"]))
        .unwrap();
    let bypass = stage.world.lockbox.grants.get_max().unwrap().0;
    let count = |who: &Actor, query: Query| match ask(&stage.world, stage.now, who, &query) {
        Ok(Answer::Requests(ids)) => ids.len(),
        Ok(Answer::Tickets(ids)) => ids.len(),
        Ok(Answer::Jits(ids)) => ids.len(),
        Ok(Answer::Grants(ids)) => ids.len(),
        Ok(Answer::Activity(places)) => places.len(),
        Ok(Answer::Mails(ids)) => ids.len(),
        Ok(Answer::Approvers(list)) => list.len(),
        Ok(Answer::Yes) => 1,
        // The rest is about keys and clusters, not about Lockbox.
        Ok(_) => unreachable!(),
        Err(_) => 0,
    };
    let table = |who: &Actor| {
        [
            count(who, Query::Requests { status: None }),
            count(who, Query::Pending),
            count(who, Query::Request(pending)),
            count(who, Query::Tickets),
            count(who, Query::Ticket(ticket)),
            count(who, Query::Jits),
            count(who, Query::Grants),
            count(who, Query::Grant(bypass)),
            count(
                who,
                Query::Activity {
                    operation: None,
                    back: None,
                },
            ),
            count(who, Query::Mails),
            count(who, Query::Mail(MailId(1))),
            count(who, Query::Request(RequestId(99))) + count(who, Query::Ticket(TicketId(1))),
        ]
    };
    assert_eq!(
        table(&Actor::Observer),
        [2, 1, 1, 3, 1, 3, 2, 1, 3, 4, 1, 0]
    );
    assert_eq!(table(&person("ann")), [2, 1, 1, 2, 0, 0, 1, 0, 3, 2, 1, 0]);
    assert_eq!(table(&person("con")), [2, 1, 1, 2, 0, 0, 1, 0, 3, 0, 0, 0]);
    assert_eq!(table(&person("kvc")), [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(table(&person("fay")), [0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(table(&person("gro")), [0; 12]);
    assert_eq!(table(&person("sue")), [2, 1, 1, 3, 1, 3, 2, 1, 3, 0, 0, 0]);
}

/// Who did what because of what, for one whole course each. A why-chain walks these.
#[test]
fn every_consequence_names_its_cause_and_its_actor() {
    let course = |latency: bool, play: &dyn Fn(&mut Stage)| {
        let mut stage = Stage::new();
        if latency {
            let set = rules::Command::Set {
                name: "latency-decide".into(),
                value: "1m".into(),
            };
            stage.act(&Actor::Simulator, set).unwrap();
        }
        let ticket = stage.stuck_ticket("con", "c");
        stage
            .submit("sue", access(ticket, &["c/web/vm-windows"]))
            .unwrap();
        play(&mut stage);
        let first = stage
            .journal
            .iter()
            .position(|e| matches!(e.fact, Fact::Ticket(_)))
            .unwrap() as u64
            + 1;
        let lines: Vec<String> = stage
            .journal
            .iter()
            .skip(first as usize - 1)
            .map(|e| {
                let json = serde_json::to_value(&e.fact).unwrap();
                let (room, fact) = json.as_object().unwrap().iter().next().unwrap();
                let name = fact.as_object().unwrap().keys().next().unwrap();
                let cause = e
                    .cause
                    .map_or("-".to_owned(), |c| (c.0 + 1 - first).to_string());
                format!(
                    "{} {room}.{name} by {} because {cause}",
                    e.revision.0 + 1 - first,
                    e.actor
                )
            })
            .collect();
        lines.join("\n")
    };
    let request = lockbox::engine::ids::RequestId(1);
    let grant = lockbox::engine::ids::GrantId(1);
    let approve_and_expire: &dyn Fn(&mut Stage) = &|stage| {
        stage.decide("ann", request, true).unwrap();
        stage.wait(Span::minutes(1));
        stage.connect("sue", grant, "c/web/vm-windows").unwrap();
        stage.wait(Span::hours(8));
    };
    insta::assert_snapshot!("approved_and_ended", course(false, approve_and_expire));
    insta::assert_snapshot!(
        "approved_and_ended_with_latency",
        course(true, approve_and_expire)
    );
    insta::assert_snapshot!(
        "denied",
        course(false, &|stage| {
            stage.decide("bo", request, false).unwrap();
        })
    );
    insta::assert_snapshot!("expired", course(false, &|stage| stage.wait(Span::days(4))));
    insta::assert_snapshot!(
        "revoked",
        course(false, &|stage| {
            stage.decide("ann", request, true).unwrap();
            stage.connect("sue", grant, "c/web/vm-windows").unwrap();
            stage
                .act(
                    &person("bo"),
                    grant::Command::Revoke {
                        grant,
                        reason: "x".into(),
                    },
                )
                .unwrap();
        })
    );
    insta::assert_snapshot!(
        "bypassed",
        course(false, &|stage| {
            let ticket = *stage.world.lockbox.tickets.keys().next().unwrap();
            let mut asked = access(ticket, &["c/web/vm-windows"]);
            asked.exclusion = Some(Exclusion::Emergency);
            stage.submit("sue", asked).unwrap();
            stage
                .act(&person("sue"), grant::Command::End { grant })
                .unwrap();
        })
    );
}
