//! Customer Lockbox, from the support ticket to the audit trail (`domain.md` c.1–c.4, R-LOCK-*, R-AUD-*).
//!
//! Four rooms in a chain: a ticket may need elevated access (`jit`); if that reaches customer data the
//! customer is asked (`request`); a yes becomes access for some hours (`grant`). Indexes over the four live
//! here.

pub mod approvers;
pub mod grant;
pub mod jit;
pub mod request;
pub mod ticket;
pub mod wire;

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};

use super::ids::{GrantId, JitId, MailId, PersonId, RequestId, Revision, TicketId};
use super::time::SimTime;
use grant::Grant;
use jit::Jit;
use request::Request;
use ticket::Ticket;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockbox {
    pub tickets: OrdMap<TicketId, Arc<Ticket>>,
    pub jits: OrdMap<JitId, Arc<Jit>>,
    pub requests: OrdMap<RequestId, Arc<Request>>,
    pub grants: OrdMap<GrantId, Arc<Grant>>,
    /// Requests that wait for the customer, soonest expiry first.
    pub pending: OrdSet<(SimTime, RequestId)>,
    /// Grants in force, soonest end first.
    pub active: OrdSet<(SimTime, GrantId)>,
    /// Open tickets per engineer, for assignment.
    pub load: OrdMap<PersonId, u32>,
    /// The outbox, oldest first; the number of a mail is its place, from 1.
    pub mails: Vector<Mail>,
}

/// One mail that left for a designated approver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub revision: Revision,
    pub at: SimTime,
    pub request: RequestId,
    pub to: PersonId,
    #[serde(deserialize_with = "crate::sharing::text")]
    pub address: Arc<str>,
}

impl Lockbox {
    pub fn mail(&self, id: MailId) -> Option<&Mail> {
        self.mails.get(usize::try_from(id.0.checked_sub(1)?).ok()?)
    }

    /// Every mail with its number, oldest first.
    pub fn numbered_mails(&self) -> impl DoubleEndedIterator<Item = (MailId, &Mail)> {
        self.mails
            .iter()
            .enumerate()
            .map(|(i, mail)| (MailId(u32::try_from(i + 1).unwrap_or(u32::MAX)), mail))
    }
}

/// Changes one value of a map of shared values; nothing happens when it is not there.
fn edit<K: Ord + Clone, V: Clone>(
    map: &mut OrdMap<K, Arc<V>>,
    key: &K,
    change: impl FnOnce(&mut V),
) {
    if let Some(value) = map.get_mut(key) {
        change(Arc::make_mut(value));
    }
}
