//! Syslog lines, RFC 5424 and RFC 3164, into the columns of the table Syslog.
//!
//! RFC 3164 gives neither year nor zone. The zone is read as UTC; the year is the latest in which the message is
//! not more than a day after the ingestion time. A line without a priority has no facility and no severity; a
//! line without a time is no message. What RFC 5424 adds comes in the columns `MsgId` and `StructuredData`.

use std::net::IpAddr;

use chrono::{Datelike, NaiveDate, Utc};
use syslog_loose::{
    Message, ProcId, SyslogFacility, SyslogSeverity, Variant, parse_message_with_year_exact_tz,
};

use super::columns::write_json_text;
use super::reject::Fault;
use super::values::Value;
use crate::engine::ingestion::schema::TIME;
use crate::engine::time::{SimTime, Span};

fn text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Missing, Value::Text)
}

pub(super) struct Syslog {
    ingested_at: SimTime,
    structured: Vec<u8>,
}

/// Whether a line is a message with a time.
pub(super) fn looks_like(line: &str) -> bool {
    parse(line, SimTime::MAX).is_some_and(|message| message.timestamp.is_some())
}

fn parse(line: &str, latest: SimTime) -> Option<Message<&str>> {
    let latest = latest.calendar();
    // A leap day needs a leap year.
    let year = |(month, day, hour, minute, second)| {
        (0..8)
            .map(|ago| latest.year() - ago)
            .find(|year| {
                NaiveDate::from_ymd_opt(*year, month, day)
                    .and_then(|date| date.and_hms_opt(hour, minute, second))
                    .is_some_and(|time| time.and_utc() <= latest)
            })
            .unwrap_or_default()
    };
    parse_message_with_year_exact_tz(line, year, Some(Utc), Variant::Either).ok()
}

impl Syslog {
    pub fn new(ingested_at: SimTime) -> Syslog {
        Syslog {
            ingested_at,
            structured: Vec::new(),
        }
    }

    pub fn fields(
        &mut self,
        record: &[u8],
        mut show: impl FnMut(usize, &str, Value<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let line =
            std::str::from_utf8(record).map_err(|_| Fault::record("the line is not UTF-8"))?;
        let message = parse(line, self.ingested_at + Span::days(1))
            .ok_or_else(|| Fault::record("the line is no syslog message: it has no time"))?;
        let at = message
            .timestamp
            .map_or(Value::Missing, |at| Value::Instant(at.timestamp_micros()));
        let host = text(message.hostname);
        let address = message
            .hostname
            .filter(|host| host.parse::<IpAddr>().is_ok());
        let pid = match message.procid {
            Some(ProcId::PID(pid)) => Value::Long(pid.into()),
            _ => Value::Missing,
        };
        // A process may name itself in the place of a number; it is then in nothing else.
        let name = match (message.appname, message.procid.as_ref()) {
            (None, Some(ProcId::Name(name))) => Some(*name),
            (appname, _) => appname,
        };
        let severity = message.severity.map(SyslogSeverity::as_str);
        let facility = message.facility.map(SyslogFacility::as_str);
        let msg = message.msg.strip_prefix('\u{feff}').unwrap_or(message.msg);
        self.structured.clear();
        structured(&mut self.structured, &message);
        let data = match self.structured.as_slice() {
            b"" => Value::Missing,
            json => Value::Nested(std::str::from_utf8(json).unwrap_or_default()),
        };

        show(0, TIME, at)?;
        show(1, "EventTime", at)?;
        show(2, "Facility", text(facility))?;
        show(3, "HostName", host)?;
        show(4, "SeverityLevel", text(severity))?;
        show(5, "SyslogMessage", Value::Text(msg))?;
        show(6, "ProcessID", pid)?;
        show(7, "ProcessName", text(name))?;
        show(8, "HostIP", text(address))?;
        show(9, "Computer", host)?;
        show(10, "SourceSystem", Value::Text("Linux"))?;
        show(11, "MsgId", text(message.msgid))?;
        show(12, "StructuredData", data)
    }
}

/// `{"id":{"name":"value"}}`; nothing if there is none.
fn structured(into: &mut Vec<u8>, message: &Message<&str>) {
    for element in &message.structured_data {
        into.push(if into.is_empty() { b'{' } else { b',' });
        write_json_text(into, element.id);
        into.extend_from_slice(b":{");
        for (n, (name, value)) in element.params().enumerate() {
            if n > 0 {
                into.push(b',');
            }
            write_json_text(into, name);
            into.push(b':');
            write_json_text(into, &value);
        }
        into.push(b'}');
    }
    if !into.is_empty() {
        into.push(b'}');
    }
}
