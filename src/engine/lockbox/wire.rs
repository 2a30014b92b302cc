//! Errors of form: what a wire body or filter means, or why it cannot be read (`domain.md` f.7, f.8). The
//! same shape of refusal as everywhere.

use serde::Deserialize;

use super::request::Status;
use super::ticket::{Contact, Open, Severity};
use crate::engine::errors;
use crate::engine::refusal::Refusal;
use crate::engine::text::Untrusted;
use crate::engine::world::World;

/// Body of `updateApproval`: whether it approves, and the reason (E-LB-02).
pub fn approval(json: &str) -> Result<(bool, Untrusted), Refusal> {
    #[derive(Deserialize)]
    struct Body {
        // Old drafts of the API called it `decision`.
        #[serde(alias = "decision")]
        status: String,
        #[serde(default)]
        reason: Option<String>,
    }
    let body: Body = serde_json::from_str(json).map_err(|e| {
        errors::LB_02
            .says(format!("The approval cannot be read: {e}."))
            .target("status")
    })?;
    let approve = match body.status.as_str() {
        s if s.eq_ignore_ascii_case("approve") => true,
        s if s.eq_ignore_ascii_case("deny") => false,
        _ => return Err(errors::LB_02.refuse().target("status")),
    };
    Ok((approve, body.reason.unwrap_or_default().into()))
}

/// `$filter` of the request list (E-LB-05).
pub fn status_filter(odata: &str) -> Result<Status, Refusal> {
    let words: Vec<&str> = odata.split_whitespace().collect();
    let [property, op, value] = words.as_slice() else {
        return Err(errors::LB_05.refuse().target("$filter"));
    };
    let quoted = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\''));
    match (
        property.eq_ignore_ascii_case("properties/status"),
        op.eq_ignore_ascii_case("eq"),
        quoted,
    ) {
        (true, true, Some(status)) => status.parse().map_err(|e| {
            errors::LB_05
                .says(format!("In $filter, the status {e}."))
                .target("$filter")
        }),
        _ => Err(errors::LB_05.refuse().target("$filter")),
    }
}

/// A support ticket as the support API takes it (f.8): the resource, or just its `properties`. The
/// subscription comes from the resource's ARM path, or from the caller.
pub fn ticket(world: &World, subscription: Option<&str>, json: &str) -> Result<Open, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Details {
        #[serde(default)]
        first_name: String,
        #[serde(default)]
        last_name: String,
        #[serde(default)]
        primary_email_address: String,
        #[serde(default)]
        preferred_contact_method: String,
        #[serde(default)]
        preferred_time_zone: String,
        #[serde(default)]
        preferred_support_language: String,
        #[serde(default)]
        country: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Technical {
        resource_id: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        title: String,
        description: String,
        severity: String,
        #[serde(default)]
        problem_classification_id: String,
        contact_details: Option<Details>,
        technical_ticket_details: Option<Technical>,
        subscription: Option<String>,
    }
    #[derive(Deserialize)]
    struct Wrapped {
        properties: Body,
    }
    let form = |e: serde_json::Error| {
        errors::SUP_03
            .says(format!("The ticket cannot be read: {e}."))
            .target("body")
            .remedy("Give title, description and severity; see a support ticket of the REST API.")
    };
    let value: serde_json::Value = serde_json::from_str(json).map_err(form)?;
    // Parsed again from the text, so that an error names line and column.
    let body: Body = if value.get("properties").is_some() {
        serde_json::from_str::<Wrapped>(json)
            .map_err(form)?
            .properties
    } else {
        serde_json::from_str(json).map_err(form)?
    };
    let severity: Severity = body.severity.parse().map_err(|e| {
        errors::SUP_03
            .says(format!("The severity {e}."))
            .target("severity")
    })?;
    let resource = match body.technical_ticket_details.and_then(|t| t.resource_id) {
        Some(text) => Some(world.find_resource(None, &text)?),
        None => None,
    };
    let named = subscription.map(str::to_owned).or(body.subscription);
    let subscription = match (named, &resource) {
        (Some(id), _) => world.subscription(&id.as_str().into())?.id.clone(),
        (None, Some(id)) => world.resource(id)?.subscription.clone(),
        (None, None) => {
            return Err(errors::SUP_03
                .says("The ticket names neither a subscription nor a resource.")
                .target("technicalTicketDetails.resourceId"));
        }
    };
    let contact = body
        .contact_details
        .map_or_else(Contact::default, |d| Contact {
            first_name: d.first_name.into(),
            last_name: d.last_name.into(),
            email: d.primary_email_address.into(),
            method: d.preferred_contact_method.into(),
            time_zone: d.preferred_time_zone.into(),
            language: d.preferred_support_language.into(),
            country: d.country.into(),
        });
    Ok(Open {
        subscription,
        title: body.title.into(),
        description: body.description.into(),
        severity,
        problem: body.problem_classification_id.into(),
        resource,
        contact,
    })
}
