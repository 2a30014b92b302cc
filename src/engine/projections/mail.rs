//! The mail a designated approver gets (R-LOCK-14, 15): its words. The outbox writes it as a file.

use crate::engine::ids::MailId;
use crate::engine::lockbox::Mail;
use crate::engine::text::scrub;
use crate::engine::time::SimTime;
use crate::engine::world::World;

/// A mail, ready for a mail format. All text is scrubbed already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub message_id: String,
    /// Id all mails about one request refer to, so that a reader threads them.
    pub thread: String,
    pub from: &'static str,
    pub from_name: &'static str,
    pub to: String,
    pub to_name: String,
    pub subject: String,
    pub date: SimTime,
    pub body: String,
}

/// The words of one mail of the outbox.
pub fn letter(world: &World, id: MailId, mail: &Mail) -> Option<Letter> {
    let request = world.lockbox.requests.get(&mail.request)?;
    let person = world.people.persons.get(&mail.to)?;
    let subscription = world.resources.subscriptions.get(&request.subscription)?;
    let guid = world.request_guid(request.id);
    let link = format!(
        "https://portal.azure.example/#blade/Microsoft_Azure_Lockbox/LockboxMenu/requests/{guid}"
    );
    let mut resources = String::new();
    for resource in request.resources.iter() {
        resources.push_str(&format!("  {resource}\n"));
    }
    let justification: String = request
        .justification
        .lines()
        .map(|line| format!("  | {line}\n"))
        .collect();
    let engineer = match world.people.persons.get(&request.engineer) {
        Some(known) => format!("{} ({})", known.name, request.engineer),
        None => request.engineer.to_string(),
    };
    let body = format!(
        "SIMULATION - this is an exercise in lockbox; nobody at Microsoft sent it.\n\n\
         A Microsoft engineer asks for access to data of your organisation.\n\n\
         Request:             {id} ({guid})\n\
         Service Request ID:  {ticket}\n\
         Subscription:        {name} ({subscription_guid})\n\
         Engineer:            {engineer}\n\
         Permission:          {level}\n\
         Resources:\n{resources}\
         Reason, in the engineer's words:\n{justification}\n\
         You are a designated approver, because you are Owner of this subscription.\n\
         Review and decide on the Customer Lockbox blade:\n{link}\n\n\
         In lockbox: lockbox request show {id}\n\n\
         If nobody decides, the request expires at {expires} and access is not given.\n",
        id = request.id,
        ticket = request.ticket,
        name = subscription.name,
        subscription_guid = world.subscription_guid(&request.subscription),
        level = request.level,
        expires = request.expires_at.to_http_date(),
    );
    Some(Letter {
        message_id: format!("{guid}.{}@lockbox.invalid", id.0),
        thread: format!("{guid}@lockbox.invalid"),
        from: "azure-noreply@microsoft.example",
        from_name: "Microsoft Azure (simulation)",
        to: scrub(&mail.address).into_owned(),
        to_name: person.name.to_string(),
        subject: format!(
            "[SIMULATION] Customer Lockbox request {} pending approval - {}",
            request.id, subscription.name
        ),
        date: mail.at,
        body,
    })
}
