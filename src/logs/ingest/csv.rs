//! CSV records (RFC 4180), by csv-core: the header names the fields.

use std::collections::BTreeSet;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::limits;
use super::reject::Fault;
use super::stop::Stop;
use super::values::Value;
use crate::engine::ingestion::table::{COLUMNS_MAX, valid_column};

pub(super) struct Csv {
    reader: Reader,
    names: Vec<String>,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Csv {
    pub fn new(header: &[u8]) -> Result<Csv, Stop> {
        let mut csv = Csv {
            reader: ReaderBuilder::new()
                .terminator(Terminator::Any(b'\n'))
                .build(),
            names: Vec::new(),
            text: vec![0; limits::RECORD + 1],
            ends: vec![0; COLUMNS_MAX + 1],
        };
        let header = header.trim_ascii_end();
        let names = csv
            .split(header)
            .map_err(|fault| Stop::Header(fault.reason))?;
        let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
        let mut known = BTreeSet::new();
        for name in &names {
            valid_column(name).map_err(Stop::Header)?;
            if !known.insert(name) {
                return Err(Stop::Header(format!("{name} stands twice")));
            }
        }
        csv.names = names;
        Ok(csv)
    }

    /// The fields of one record, without their quotes.
    fn split(&mut self, record: &[u8]) -> Result<impl Iterator<Item = &str>, Fault> {
        let (mut rest, mut text, mut fields) = (record, 0, 0);
        self.reader.reset();
        loop {
            let (result, read, written, ended) =
                self.reader
                    .read_record(rest, &mut self.text[text..], &mut self.ends[fields..]);
            // An empty input tells the reader that the record ends here.
            rest = &rest[read..];
            text += written;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record if rest.is_empty() => break,
                ReadRecordResult::End => break,
                ReadRecordResult::OutputEndsFull => {
                    return Err(Fault::record(format!(
                        "the record has more than {} fields",
                        COLUMNS_MAX
                    )));
                }
                ReadRecordResult::Record | ReadRecordResult::OutputFull => {
                    return Err(Fault::record("the record is no CSV"));
                }
            }
        }
        let whole = std::str::from_utf8(&self.text[..text])
            .map_err(|_| Fault::record("the record is not UTF-8"))?;
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        Ok(starts
            .zip(&self.ends[..fields])
            .map(|(start, end)| whole.get(start..*end).unwrap_or_default()))
    }

    pub fn fields(
        &mut self,
        record: &[u8],
        mut show: impl FnMut(usize, &str, Value<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let names = std::mem::take(&mut self.names);
        let shown = self.split(record).and_then(|fields| {
            let mut n = 0;
            for field in fields {
                let Some(name) = names.get(n) else {
                    n += 1;
                    continue;
                };
                match field {
                    "" => show(n, name, Value::Missing)?,
                    text => show(n, name, Value::Text(text))?,
                }
                n += 1;
            }
            if n == names.len() {
                return Ok(());
            }
            Err(Fault::record(format!(
                "the record has {n} fields, the header {}",
                names.len()
            )))
        });
        self.names = names;
        shown
    }
}
