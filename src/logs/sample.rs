//! Sample records that look real: a pure function of a seed, the table, a span of time and a count. Hosts,
//! users and operations are few and unequal, durations have a long tail, messages carry ids, and the requests
//! and traces of one span belong together by `OperationId`.
//!
//! All numbers come from integers and square roots, so a record is the same on every machine.

use std::io::{self, Write};

use arrow::array::RecordBatch;

use super::ingest::{Fault, Rows, Stop, Value, write_json};
use crate::engine::ingestion::builtin;
use crate::engine::ingestion::schema::{Columns, TIME};
use crate::engine::random;
use crate::engine::time::{SimTime, Span};
use crate::engine::words::words;

words! {
    /// The built-in tables of which sample records can be made.
    Table {
        AppRequests = "AppRequests",
        AppTraces = "AppTraces",
        Heartbeat = "Heartbeat",
        Syslog = "Syslog",
    }
}

/// How busy the hours of a day are, in UTC, where people work in East Asia.
const DAY: [i128; 24] = [
    80, 95, 100, 90, 75, 90, 98, 96, 88, 70, 60, 55, 52, 50, 42, 30, 20, 14, 10, 9, 11, 18, 32, 55,
];

/// Records to be made.
#[derive(Debug, Clone)]
pub struct Sample {
    pub table: Table,
    pub seed: u64,
    /// GUID of the subscription the machines and applications are in.
    pub subscription: String,
    /// They are spread over this span, its end not included.
    pub from: SimTime,
    pub to: SimTime,
    pub count: u64,
}

/// What takes the fields of a record one by one.
type Put<'a> = dyn FnMut(&str, Value<'_>) + 'a;

impl Sample {
    /// The records in the columns of their table, by time.
    pub fn batch(&self) -> Result<RecordBatch, Stop> {
        let columns = self.columns();
        let mut rows = Rows::new(&columns, self.from);
        for n in 0..self.count {
            let mut place = 0;
            let mut fault: Option<Fault> = None;
            self.record(n, &mut |name, value| {
                let put = rows.field(place, name, value);
                fault = fault.take().or(put.err());
                place += 1;
            });
            if let Some(fault) = fault {
                return Err(Stop::misfit(&fault));
            }
            rows.end();
        }
        rows.batch()
    }

    /// One JSON object a line.
    pub fn ndjson(&self, into: &mut impl Write) -> io::Result<()> {
        let mut line = Vec::new();
        for n in 0..self.count {
            line.clear();
            self.record(n, &mut |name, value| {
                line.push(if line.is_empty() { b'{' } else { b',' });
                write_json(&mut line, Value::Text(name));
                line.push(b':');
                write_json(&mut line, value);
            });
            line.extend_from_slice(b"}\n");
            into.write_all(&line)?;
        }
        Ok(())
    }

    /// CSV with all columns of the table.
    pub fn csv(&self, into: &mut impl Write) -> io::Result<()> {
        let columns = self.columns();
        let mut writer = csv::Writer::from_writer(into);
        writer.write_record(columns.iter().map(|c| &*c.name))?;
        for n in 0..self.count {
            let mut fields = vec![Vec::new(); columns.len()];
            self.record(n, &mut |name, value| {
                let place = columns.iter().position(|c| &*c.name == name);
                if let Some(field) = place.and_then(|place| fields.get_mut(place)) {
                    match value {
                        Value::Missing => {}
                        Value::Text(text) => field.extend_from_slice(text.as_bytes()),
                        Value::Instant(at) => {
                            field.extend_from_slice(SimTime(at).to_string().as_bytes());
                        }
                        value => write_json(field, value),
                    }
                }
            });
            writer.write_record(fields)?;
        }
        writer.flush()
    }

    /// Lines of RFC 5424, as the machines of the table Syslog would send them.
    pub fn syslog(&self, into: &mut impl Write) -> io::Result<()> {
        for n in 0..self.count {
            let (mut dice, at) = self.dice(n);
            let message = Message::throw(&mut dice);
            writeln!(
                into,
                "<{}>1 {at} {} {} {} - - {}",
                message.facility.1 * 8 + message.severity.1,
                message.host,
                message.process,
                message.pid.map_or("-".to_owned(), |pid| pid.to_string()),
                message.text
            )?;
        }
        Ok(())
    }

    fn columns(&self) -> Columns {
        builtin::columns(self.table.word()).unwrap_or_default()
    }

    /// Shows the n-th record field by field, `TimeGenerated` first.
    fn record(&self, n: u64, put: &mut Put<'_>) {
        let (mut dice, at) = self.dice(n);
        put(TIME, Value::Instant(at.0));
        match self.table {
            Table::AppRequests => self.request(n, &mut dice, put),
            Table::AppTraces => self.trace(&mut dice, put),
            Table::Heartbeat => self.heartbeat(n, &mut dice, put),
            Table::Syslog => self.message(at, &mut dice, put),
        }
    }

    /// The dice and the time of the n-th record. The span is cut into as many slots as there are records, short
    /// ones where much goes on.
    fn dice(&self, n: u64) -> (Dice, SimTime) {
        let purpose = format!("sample/{}/{}/{}", self.table, self.from.0, self.to.0);
        let mut dice = Dice::new(random::bytes(self.seed, &purpose, n));
        let slot = self.slot(n);
        let wide = u64::try_from(self.slot(n + 1).0 - slot.0)
            .unwrap_or(1)
            .max(1);
        let within = i64::try_from(dice.below(wide)).unwrap_or_default();
        (dice, SimTime(slot.0 + within))
    }

    /// Where the slot of the n-th record begins.
    fn slot(&self, n: u64) -> SimTime {
        let count = i128::from(self.count.max(1));
        let mut left = self.work(self.from, self.to).max(1) * i128::from(n.min(self.count)) / count;
        let mut at = self.from;
        while at < self.to {
            let hour = self.hour(at);
            let done = self.work(at, hour);
            if left < done {
                let pace = self.pace(at);
                return SimTime(at.0 + i64::try_from(left / pace).unwrap_or_default());
            }
            left -= done;
            at = hour;
        }
        self.to
    }

    /// How much goes on in a span.
    fn work(&self, from: SimTime, to: SimTime) -> i128 {
        let mut sum = 0;
        let mut at = from;
        while at < to {
            let hour = self.hour(at).min(to);
            sum += i128::from(hour.0 - at.0) * self.pace(at);
            at = hour;
        }
        sum
    }

    /// The end of the hour an instant is in, or of the span.
    fn hour(&self, at: SimTime) -> SimTime {
        let hour = Span::hours(1).0;
        SimTime((at.0.div_euclid(hour) + 1) * hour).min(self.to)
    }

    /// How busy it is. Machines send their heartbeats day and night.
    fn pace(&self, at: SimTime) -> i128 {
        let hour = at.0.div_euclid(Span::hours(1).0).rem_euclid(24);
        match self.table {
            Table::Heartbeat => 1,
            _ => DAY[usize::try_from(hour).unwrap_or_default()],
        }
    }

    /// What belongs to the n-th operation of the span, in whatever table.
    fn operation(&self, n: u64) -> (Dice, String) {
        let purpose = format!("sample/operation/{}/{}", self.from.0, self.to.0);
        let mut dice = Dice::new(random::bytes(self.seed, &purpose, n));
        let id = dice.hex(32);
        (dice, id)
    }

    fn resource(&self, group: &str, kind: &str, name: &str) -> String {
        format!(
            "/subscriptions/{}/resourcegroups/{group}/providers/{kind}/{name}",
            self.subscription
        )
    }

    fn request(&self, n: u64, dice: &mut Dice, put: &mut Put<'_>) {
        let (mut its, operation_id) = self.operation(n);
        let operation = its.operation();
        let user = its.user();
        let status = dice.status(operation);
        let millis = match status {
            503 | 504 => 30_000.0 + dice.tail(4.0),
            _ => dice.tail(operation.millis),
        };
        let url = operation.url(&mut its);
        let slot = ["blue", "green"][usize::from(dice.chance(300))];
        let retry = u64::from(dice.chance(60)) * (1 + dice.below(2));
        put("Id", Value::Text(&dice.hex(16)));
        put("Name", Value::Text(operation.name));
        put("Url", Value::Text(&url));
        put("Success", Value::Bool(status < 400));
        put("ResultCode", Value::Text(&status.to_string()));
        put("DurationMs", Value::Real(millis));
        put("OperationName", Value::Text(operation.name));
        put("OperationId", Value::Text(&operation_id));
        put("ParentId", Value::Text(&operation_id));
        put("UserId", Value::Text(&user));
        put("AppVersion", Value::Text(dice.version()));
        put("AppRoleName", Value::Text(operation.role));
        put(
            "AppRoleInstance",
            Value::Text(&instance(operation, &mut its)),
        );
        put("ClientIP", Value::Text(&its.client()));
        put("ItemCount", Value::Long(1));
        let properties = format!("{{\"slot\":\"{slot}\",\"retry\":{retry}}}");
        put("Properties", Value::Nested(&properties));
        let id = self.resource("rg-shop", "microsoft.insights/components", operation.role);
        put("_ResourceId", Value::Text(&id));
    }

    fn trace(&self, dice: &mut Dice, put: &mut Put<'_>) {
        // Few operations write many traces.
        let (mut its, operation_id) = self.operation(dice.skewed(self.count.max(1)));
        let operation = its.operation();
        let user = its.user();
        let _url = operation.url(&mut its);
        let severity = dice.pick(&[(780, 1), (90, 0), (90, 2), (37, 3), (3, 4)]);
        let number = dice.below(100_000);
        let millis = dice.tail(12.0);
        let attempt = 1 + dice.skewed(5);
        let message = match (severity, dice.below(3)) {
            (0, 0) => format!("Cache miss for key session:{user}:{number}"),
            (0, _) => format!(
                "Query executed in {millis} ms rows={} plan=idx_{attempt}",
                dice.skewed(500)
            ),
            (1, 0) => format!("Order {number} processed for user {user} in {millis} ms"),
            (1, 1) => format!("Request finished {} in {millis} ms", operation.name),
            (1, _) => format!(
                "Message {} acknowledged on queue orders-{}",
                dice.hex(8),
                dice.below(4)
            ),
            (2, 0) => format!("Retrying call to payments, attempt {attempt} after {millis} ms"),
            (2, _) => format!(
                "Slow query on table Orders: {millis} ms, {} rows",
                dice.below(90_000)
            ),
            (3, 0) => format!(
                "Unhandled exception System.{}Exception: operation {number} failed at Service.Handle(line {})",
                EXCEPTIONS[usize::try_from(dice.skewed(5)).unwrap_or_default()],
                40 + dice.below(300)
            ),
            (3, _) => {
                format!("Request to inventory timed out after {millis} ms (correlation {number})")
            }
            _ => format!(
                "Circuit breaker for payments opened after {} failures",
                5 + dice.below(20)
            ),
        };
        put("Message", Value::Text(&message));
        put("SeverityLevel", Value::Long(severity));
        put("OperationName", Value::Text(operation.name));
        put("OperationId", Value::Text(&operation_id));
        put("ParentId", Value::Text(&dice.hex(16)));
        put("UserId", Value::Text(&user));
        put("SDKVersion", Value::Text("dotnetc:2.16.0"));
        put("AppVersion", Value::Text(dice.version()));
        put("AppRoleName", Value::Text(operation.role));
        put(
            "AppRoleInstance",
            Value::Text(&instance(operation, &mut its)),
        );
        put("ClientIP", Value::Text(&its.client()));
        put("ItemCount", Value::Long(1));
        let category = ["Shop.Orders", "Shop.Payments", "Shop.Catalog"];
        let category = category[usize::try_from(dice.skewed(3)).unwrap_or_default()];
        let properties = format!(
            "{{\"CategoryName\":\"{category}\",\"EventId\":{}}}",
            dice.skewed(40)
        );
        put("Properties", Value::Nested(&properties));
        let id = self.resource("rg-shop", "microsoft.insights/components", operation.role);
        put("_ResourceId", Value::Text(&id));
    }

    /// Every machine in turn.
    fn heartbeat(&self, n: u64, dice: &mut Dice, put: &mut Put<'_>) {
        let machine = n % MACHINES;
        let name = host(machine);
        let windows = machine % 3 == 1;
        let purpose = "sample/computer";
        let number = u32::try_from(machine).unwrap_or_default();
        let group = format!("rg-{}", role(machine));
        let own = |linux, on_windows| Value::Text(if windows { on_windows } else { linux });
        put(
            "SourceComputerId",
            Value::Text(&random::guid(self.seed, purpose, number)),
        );
        put(
            "ComputerIP",
            Value::Text(&format!("203.0.113.{}", 10 + machine)),
        );
        put("Computer", Value::Text(&name));
        put("Category", Value::Text("Direct Agent"));
        put("OSType", own("Linux", "Windows"));
        put(
            "OSName",
            own("Ubuntu", "Microsoft Windows Server 2019 Datacenter"),
        );
        put("OSMajorVersion", own("18", "10"));
        put("OSMinorVersion", own("04", "0"));
        put("Version", own("1.13.33", "10.20.18040.0"));
        put("SCAgentChannel", Value::Text("Direct"));
        put("IsGatewayInstalled", Value::Bool(false));
        put("ComputerEnvironment", Value::Text("Azure"));
        put(
            "RemoteIPCountry",
            Value::Text(["South Korea", "Japan"][usize::from(dice.chance(20))]),
        );
        put("SubscriptionId", Value::Text(&self.subscription));
        put("ResourceGroup", Value::Text(&group));
        put("Resource", Value::Text(&name));
        let id = self.resource(&group, "microsoft.compute/virtualmachines", &name);
        put("_ResourceId", Value::Text(&id));
    }

    fn message(&self, at: SimTime, dice: &mut Dice, put: &mut Put<'_>) {
        let message = Message::throw(dice);
        let address = format!(
            "10.1.{}.{}",
            message.machine / 16,
            4 + message.machine % 200
        );
        put("EventTime", Value::Instant(at.0 / 1_000_000 * 1_000_000));
        put("Facility", Value::Text(message.facility.0));
        put("HostName", Value::Text(&message.host));
        put("SeverityLevel", Value::Text(message.severity.0));
        put("SyslogMessage", Value::Text(&message.text));
        put("ProcessID", message.pid.map_or(Value::Missing, Value::Long));
        put("ProcessName", Value::Text(message.process));
        put("HostIP", Value::Text(&address));
        put("Computer", Value::Text(&message.host));
        put("CollectorHostName", Value::Text(&message.host));
        put("SourceSystem", Value::Text("Linux"));
        let group = format!("rg-{}", role(message.machine));
        let kind = "microsoft.compute/virtualmachines";
        let id = self.resource(&group, kind, &message.host);
        put("_ResourceId", Value::Text(&id));
    }
}

const MACHINES: u64 = 40;
const USERS: u64 = 20_000;
const EXCEPTIONS: [&str; 5] = ["Timeout", "NullReference", "Argument", "IO", "Sql"];

fn role(machine: u64) -> &'static str {
    ["web", "app", "db", "k8s", "gw"][usize::try_from(machine % 5).unwrap_or_default()]
}

fn host(machine: u64) -> String {
    format!("vm-{}-{machine:04}", role(machine))
}

fn instance(operation: &Operation, dice: &mut Dice) -> String {
    format!("{}-{:02}", operation.role, dice.skewed(6))
}

/// What the application is asked for.
struct Operation {
    /// How often, of a thousand.
    weight: u64,
    name: &'static str,
    role: &'static str,
    path: &'static str,
    /// The shortest it takes.
    millis: f64,
}

const fn asked(
    weight: u64,
    name: &'static str,
    role: &'static str,
    path: &'static str,
    millis: f64,
) -> Operation {
    Operation {
        weight,
        name,
        role,
        path,
        millis,
    }
}

const OPERATIONS: &[Operation] = &[
    asked(
        310,
        "GET Catalog/Search",
        "shop-web",
        "/api/v1/search?q=item",
        24.0,
    ),
    asked(220, "GET Orders/Item", "shop-api", "/api/v1/orders/", 9.0),
    asked(150, "GET Users/Profile", "shop-api", "/api/v2/users/", 6.0),
    asked(120, "GET Health/Live", "shop-web", "/health", 0.4),
    asked(80, "POST Cart/Add", "shop-api", "/api/v1/cart/", 14.0),
    asked(50, "POST Orders/Create", "shop-api", "/api/v1/orders", 38.0),
    asked(
        40,
        "POST Payments/Charge",
        "shop-pay",
        "/api/v1/payments/",
        120.0,
    ),
    asked(20, "POST Session/Login", "shop-web", "/login", 55.0),
    asked(10, "DELETE Cart/Item", "shop-api", "/api/v1/cart/", 8.0),
];

impl Operation {
    fn url(&self, dice: &mut Dice) -> String {
        match self.path.ends_with(['/', 'm']) {
            true => format!("https://shop.example{}{}", self.path, dice.skewed(60_000)),
            false => format!("https://shop.example{}", self.path),
        }
    }
}

/// A message of a Linux machine; facility and severity with their numbers (RFC 5424).
struct Message {
    machine: u64,
    host: String,
    facility: (&'static str, u8),
    severity: (&'static str, u8),
    process: &'static str,
    pid: Option<i64>,
    text: String,
}

impl Message {
    fn throw(dice: &mut Dice) -> Message {
        let machine = dice.skewed(MACHINES);
        let number = dice.below(65_536);
        let service = dice.skewed(24);
        let ip = dice.client();
        let kind = dice.pick(&[
            (330, 0),
            (240, 1),
            (200, 2),
            (140, 3),
            (60, 4),
            (25, 5),
            (5, 6),
        ]);
        let (facility, severity, process, text) = match kind {
            0 => (
                ("cron", 9),
                ("info", 6),
                "CRON",
                format!("(root) CMD (/usr/lib/sysstat/sa1 {service} 1)"),
            ),
            1 => (
                ("daemon", 3),
                ("info", 6),
                "systemd",
                format!("Started Session {number} of user svc{service}."),
            ),
            2 => (
                ("auth", 4),
                ("info", 6),
                "sshd",
                format!("Accepted publickey for svc{service} from {ip} port {number} ssh2"),
            ),
            3 => (
                ("auth", 4),
                ("warning", 4),
                "sshd",
                format!("Failed password for invalid user admin{service} from {ip} port {number}"),
            ),
            4 => (
                ("kern", 0),
                ("notice", 5),
                "kernel",
                format!("[{number}.{service:06}] eth0: link up, 10000 Mbps"),
            ),
            5 => (
                ("daemon", 3),
                ("err", 3),
                "systemd",
                format!(
                    "svc{service}.service: Main process exited, code=exited, status={}",
                    1 + service % 3
                ),
            ),
            _ => (
                ("kern", 0),
                ("crit", 2),
                "kernel",
                format!("Out of memory: Killed process {number} (svc{service})"),
            ),
        };
        let pid = match process {
            "kernel" => None,
            "systemd" => Some(1),
            _ => Some(300 + i64::try_from(dice.below(32_000)).unwrap_or_default()),
        };
        Message {
            machine,
            host: host(machine),
            facility,
            severity,
            process,
            pid,
            text,
        }
    }
}

/// Numbers that follow from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn new(seed: [u8; 32]) -> Dice {
        let mut first = [0; 8];
        first.copy_from_slice(&seed[..8]);
        Dice(u64::from_le_bytes(first))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, each as likely.
    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// Below `n`, the low ones far more often.
    fn skewed(&mut self, n: u64) -> u64 {
        let u = u128::from(self.next() >> 32);
        let cube = (u * u * u) >> 64;
        ((cube * u128::from(n)) >> 32) as u64
    }

    fn chance(&mut self, of_a_thousand: u64) -> bool {
        self.below(1_000) < of_a_thousand
    }

    /// One of the choices by its weight, of a thousand together.
    fn pick(&mut self, choices: &[(u64, i64)]) -> i64 {
        let mut left = self.below(1_000);
        for (weight, choice) in choices {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *choice,
            }
        }
        0
    }

    /// At least `base`, mostly not much more, now and then very much more (Pareto), to a thousandth.
    fn tail(&mut self, base: f64) -> f64 {
        let u = self.below(1 << 32) as f64 / 4_294_967_296.0;
        let long = (base / (1.0 - u).sqrt()).min(60_000.0);
        (long * 1_000.0).round() / 1_000.0
    }

    fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }

    fn operation(&mut self) -> &'static Operation {
        let mut left = self.below(1_000);
        for operation in OPERATIONS {
            match left.checked_sub(operation.weight) {
                Some(rest) => left = rest,
                None => return operation,
            }
        }
        &OPERATIONS[0]
    }

    /// A third is not signed in.
    fn user(&mut self) -> String {
        match self.chance(330) {
            true => String::new(),
            false => format!("u{:06}", self.skewed(USERS)),
        }
    }

    fn client(&mut self) -> String {
        let n = self.skewed(4_000);
        format!("198.18.{}.{}", 100 + n / 250, 1 + n % 250)
    }

    fn version(&mut self) -> &'static str {
        match self.chance(120) {
            true => "2.14.1",
            false => "2.14.0",
        }
    }

    fn status(&mut self, operation: &Operation) -> i64 {
        let good = match operation.name {
            "POST Orders/Create" | "POST Cart/Add" => 201,
            "DELETE Cart/Item" => 204,
            _ => 200,
        };
        self.pick(&[
            (930, good),
            (22, 404),
            (15, 304),
            (12, 401),
            (8, 400),
            (6, 500),
            (4, 503),
            (2, 429),
            (1, 504),
        ])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::io::Cursor;

    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Float64Type, Int32Type, TimestampMicrosecondType};

    use super::super::ingest::{Ingest, arrow_types};
    use super::*;

    fn sample(table: Table) -> Sample {
        Sample {
            table,
            seed: 42,
            subscription: random::guid_of(42, "subscription", "contoso-prod"),
            from: "2020-11-22T08:00:00Z".parse().unwrap(),
            to: "2020-11-22T09:00:00Z".parse().unwrap(),
            count: 4_000,
        }
    }

    fn texts(batch: &RecordBatch, column: &str) -> Vec<String> {
        let array = batch.column_by_name(column).unwrap().as_string_view();
        array.iter().flatten().map(str::to_owned).collect()
    }

    fn counts(texts: Vec<String>) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for text in texts {
            *counts.entry(text).or_default() += 1;
        }
        counts
    }

    #[test]
    fn the_same_seed_gives_the_same_records_and_another_gives_others() {
        for table in Table::ALL {
            let one = sample(*table).batch().unwrap();
            assert_eq!(one, sample(*table).batch().unwrap());
            let other = Sample {
                seed: 43,
                ..sample(*table)
            };
            assert_ne!(one, other.batch().unwrap(), "{table}");
        }
    }

    #[test]
    fn records_have_the_columns_of_their_table_and_lie_in_their_span_by_time() {
        for table in Table::ALL {
            let sample = sample(*table);
            let batch = sample.batch().unwrap();
            let columns = builtin::columns(table.word()).unwrap();
            assert_eq!(batch.schema(), arrow_types::schema(&columns), "{table}");
            assert_eq!(batch.num_rows(), 4_000);
            let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            let span = sample.from.0..sample.to.0;
            assert!(times.values().is_sorted(), "{table}");
            assert!(times.values().iter().all(|t| span.contains(t)), "{table}");
            for (column, array) in columns.iter().zip(batch.columns()) {
                let given = match array.as_string_view_opt() {
                    Some(texts) => texts.iter().any(|t| t.is_some_and(|t| !t.is_empty())),
                    None => array.null_count() < array.len(),
                };
                assert!(given, "{table} never fills {}", column.name);
            }
        }
    }

    #[test]
    fn an_empty_span_and_no_record_at_all_are_fine() {
        let sample = sample(Table::Syslog);
        let moment = Sample {
            to: sample.from,
            count: 3,
            ..sample.clone()
        };
        assert_eq!(moment.batch().unwrap().num_rows(), 3);
        let none = Sample { count: 0, ..sample };
        assert_eq!(none.batch().unwrap().num_rows(), 0);
    }

    #[test]
    fn values_are_unequal_as_in_life() {
        let requests = sample(Table::AppRequests).batch().unwrap();
        let names = counts(texts(&requests, "Name"));
        assert_eq!(names.len(), OPERATIONS.len());
        assert!(names.values().max().unwrap() > &(10 * names.values().min().unwrap()));
        let codes = counts(texts(&requests, "ResultCode"));
        assert!(codes["200"] > 3_000 && codes["500"] > 5 && codes["404"] > 30);
        let millis = requests.column_by_name("DurationMs").unwrap();
        let mut millis = millis.as_primitive::<Float64Type>().values().to_vec();
        millis.sort_by(f64::total_cmp);
        let at = |share: f64| millis[(share * 4_000.0) as usize];
        assert!(at(0.95) > 4.0 * at(0.5) && at(0.999) > 20.0 * at(0.5));
        let success = requests.column_by_name("Success").unwrap().as_boolean();
        let failed = success.len() - success.true_count();
        assert!((50..400).contains(&failed), "{failed}");

        let traces = sample(Table::AppTraces).batch().unwrap();
        let severity = traces.column_by_name("SeverityLevel").unwrap();
        let severity = severity.as_primitive::<Int32Type>().values();
        let errors = severity.iter().filter(|s| **s >= 3).count();
        assert!((80..400).contains(&errors), "{errors}");
        let messages: BTreeSet<_> = texts(&traces, "Message").into_iter().collect();
        assert!(messages.len() > 3_500, "{}", messages.len());

        let hosts = counts(texts(&sample(Table::Syslog).batch().unwrap(), "HostName"));
        assert!(hosts.values().max().unwrap() > &(8 * hosts.values().min().unwrap()));
        let beats = counts(texts(
            &sample(Table::Heartbeat).batch().unwrap(),
            "Computer",
        ));
        assert!(beats.len() == 40 && beats.values().all(|n| *n == 100));
    }

    #[test]
    fn every_trace_belongs_to_a_request_of_the_same_user() {
        let requests = sample(Table::AppRequests).batch().unwrap();
        let ids = texts(&requests, "OperationId");
        let of: BTreeMap<_, _> = ids.into_iter().zip(texts(&requests, "UserId")).collect();
        let traces = sample(Table::AppTraces).batch().unwrap();
        let users = texts(&traces, "UserId");
        for (id, user) in texts(&traces, "OperationId").iter().zip(&users) {
            assert_eq!(of.get(id), Some(user));
        }
    }

    /// Written out and read in again they are what they were; what RFC 5424 does not carry is the machine's.
    #[test]
    fn what_is_written_out_is_read_in_again() {
        for table in Table::ALL {
            let sample = Sample {
                count: 500,
                ..sample(*table)
            };
            let columns = builtin::columns(table.word()).unwrap();
            let expected =
                super::super::ingest::encode(&sample.batch().unwrap(), &columns).unwrap();
            let mut written = vec![Vec::new(), Vec::new()];
            sample.ndjson(&mut written[0]).unwrap();
            sample.csv(&mut written[1]).unwrap();
            for bytes in written {
                let mut chunks = Ingest::new(columns.clone(), sample.from).read(Cursor::new(bytes));
                let chunk = chunks.next().unwrap().unwrap();
                assert_eq!((chunk.rows, chunk.rejected), (500, 0), "{table}");
                assert!(chunk.parquet == expected.parquet, "{table}");
            }
        }
        let sample = sample(Table::Syslog);
        let mut lines = Vec::new();
        sample.syslog(&mut lines).unwrap();
        let columns = builtin::columns("Syslog").unwrap();
        let mut chunks = Ingest::new(columns, sample.from).read(Cursor::new(lines));
        let chunk = chunks.next().unwrap().unwrap();
        assert_eq!((chunk.rows, chunk.rejected), (4_000, 0));
        for name in [
            "Facility",
            "SeverityLevel",
            "ProcessName",
            "ProcessID",
            "SyslogMessage",
        ] {
            assert!(chunk.columns.iter().any(|c| &*c.name == name), "{name}");
        }
    }

    type Write = fn(&Sample, &mut Vec<u8>) -> io::Result<()>;

    /// The files of `demo-data/logs`: what they are called, what is in them, how it is written.
    const FILES: [(&str, &[u8], Table, u64, Write); 3] = [
        (
            "requests.ndjson",
            include_bytes!("../../demo-data/logs/requests.ndjson"),
            Table::AppRequests,
            250,
            Sample::ndjson,
        ),
        (
            "heartbeat.csv",
            include_bytes!("../../demo-data/logs/heartbeat.csv"),
            Table::Heartbeat,
            400,
            Sample::csv,
        ),
        (
            "syslog.log",
            include_bytes!("../../demo-data/logs/syslog.log"),
            Table::Syslog,
            1_000,
            Sample::syslog,
        ),
    ];

    fn written(table: Table, count: u64, write: Write) -> Vec<u8> {
        let sample = Sample {
            seed: 20_201_122,
            subscription: random::guid_of(20_201_122, "subscription", "contoso-prod"),
            count,
            ..sample(table)
        };
        let mut bytes = Vec::new();
        write(&sample, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_files_of_the_demo_are_these_samples_and_land_whole() {
        for (name, file, table, count, write) in FILES {
            assert!(file.len() < 200_000, "{name}");
            assert!(
                file == written(table, count, write),
                "{name}: write it anew, see below"
            );
            let columns = builtin::columns(table.word()).unwrap();
            let ingest = Ingest {
                file: Some(name.to_owned()),
                ..Ingest::new(columns, SimTime::default())
            };
            let chunks = ingest.read(Cursor::new(file)).map(Result::unwrap);
            let landed: Vec<_> = chunks.map(|c| (c.rows, c.rejected)).collect();
            assert_eq!(landed, [(count, 0)], "{name}");
        }
    }

    #[test]
    #[ignore = "writes the files of demo-data/logs"]
    fn the_files_of_the_demo_are_written_anew() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/demo-data/logs");
        for (name, _, table, count, write) in FILES {
            std::fs::write(format!("{folder}/{name}"), written(table, count, write)).unwrap();
        }
    }
}
