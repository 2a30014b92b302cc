//! Who could approve a request now, why each other person cannot, and whether anybody can or was told
//! (R-LOCK-14, 28, i-30). An extension where Azure shows nothing; the right itself is in `people`.

use serde::Serialize;

use super::request::{Request, Status};
use crate::engine::ids::PersonId;
use crate::engine::people::Side;
use crate::engine::time::SimTime;
use crate::engine::world::World;

/// Whether a person could decide a request now, and if not, why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approver {
    pub person: PersonId,
    /// Got the mail when the request started.
    pub mailed: bool,
    /// None: can decide now.
    pub why_not: Option<String>,
}

impl World {
    /// Extension: who could approve the request now, and why each other person of the organisation cannot.
    /// Who can comes first.
    pub fn approvers(&self, request: &Request, now: SimTime) -> Vec<Approver> {
        let tenant = self
            .resources
            .subscriptions
            .get(&request.subscription)
            .map(|s| &s.tenant);
        let waits = request.status == Status::Pending && now < request.expires_at;
        let over = (!waits).then(|| format!("the request is {}", request.status));
        let mut list: Vec<Approver> = self
            .people
            .persons
            .values()
            .filter(|p| matches!(&p.side, Side::Customer(home) if Some(home) == tenant))
            .map(|p| Approver {
                person: p.id.clone(),
                mailed: request.approvers.contains(&p.id) && p.mail.is_some(),
                why_not: self
                    .why_not_approver(p, &request.subscription)
                    .or_else(|| over.clone()),
            })
            .collect();
        list.sort_by_key(|a| a.why_not.is_some());
        list
    }

    /// i-30: the request waits and nobody can say yes.
    pub fn nobody_can_approve(&self, request: &Request) -> bool {
        request.decision.is_none()
            && !request.status.is_final()
            && self.owners(&request.subscription).is_empty()
    }

    /// i-30: the request waits, somebody could say yes, and no mail told any of them.
    pub fn nobody_was_told(&self, request: &Request) -> bool {
        let reached = |id: &PersonId| {
            self.people
                .persons
                .get(id)
                .is_some_and(|p| p.mail.is_some())
        };
        request.status == Status::Pending
            && !self.nobody_can_approve(request)
            && !request.approvers.iter().any(reached)
    }
}
