//! Effects: the outbox, where every mail of the world becomes a file a mail reader opens.
//!
//! A mail is written after its event is durable. The journal remembers how many mails lie there, so that a
//! crash between event and file is made good at the next opening. Writing one twice gives the same file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mail_builder::MessageBuilder;

use super::error::{HostError, WRITABLE};
use crate::engine::World;
use crate::engine::ids::MailId;
use crate::engine::lockbox::Mail;
use crate::engine::lockbox::request::Status;
use crate::engine::projections::mail::{Letter, letter};
use crate::store::Journal;

pub(super) struct Outbox {
    folder: PathBuf,
    lock: PathBuf,
}

impl Outbox {
    pub fn new(dir: &Path) -> Self {
        Outbox {
            folder: outbox_path(dir),
            lock: dir.join("outbox.lock"),
        }
    }

    /// Writes the mails that are not there yet. Of the world's history, from before it opened, only those
    /// that still ask somebody for something are.
    pub fn deliver(&self, world: &World, journal: &mut dyn Journal) -> Result<(), HostError> {
        let mails = u32::try_from(world.lockbox.mails.len()).unwrap_or(u32::MAX);
        if journal.outbox()? >= mails {
            return Ok(());
        }
        // Another process may be at the same mails: one after the other.
        let lock =
            File::create(&self.lock).map_err(HostError::io("create", &self.lock, WRITABLE))?;
        lock.lock()
            .map_err(HostError::io("lock", &self.lock, WRITABLE))?;
        let written = journal.outbox()?;
        if written >= mails {
            return Ok(());
        }
        let history = journal.founded()?.unwrap_or_default();
        fs::create_dir_all(&self.folder).map_err(HostError::io(
            "create",
            &self.folder,
            WRITABLE,
        ))?;
        let mut letters = Vec::new();
        for number in written + 1..=mails {
            let id = MailId(number);
            let Some(mail) = world.lockbox.mail(id) else {
                continue;
            };
            let waits = || {
                let request = world.lockbox.requests.get(&mail.request);
                request.is_some_and(|r| r.status == Status::Pending)
            };
            if mail.revision <= history && !waits() {
                continue;
            }
            if let Some(letter) = letter(world, id, mail) {
                letters.push((self.folder.join(file_name(id, mail)), letter));
            }
        }
        write_all(&letters)?;
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(HostError::io("write", &self.folder, WRITABLE))?;
        Ok(journal.set_outbox(mails)?)
    }
}

/// Where the mails of a state directory lie.
pub fn outbox_path(dir: &Path) -> PathBuf {
    dir.join("outbox")
}

/// The file of one mail: `000007-LB-000003-minji.kim.eml`.
pub fn file_name(id: MailId, mail: &Mail) -> String {
    let person: String = mail
        .to
        .as_str()
        .chars()
        .take(60)
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => c,
            _ => '_',
        })
        .collect();
    format!("{:06}-{}-{person}.eml", id.0, mail.request)
}

/// The mail as RFC 5322 text: CRLF, names and subject encoded where they are not ASCII.
pub fn rfc5322(letter: &Letter) -> io::Result<Vec<u8>> {
    MessageBuilder::new()
        .from((letter.from_name, letter.from))
        .to((letter.to_name.clone(), address(&letter.to)))
        .subject(letter.subject.as_str())
        .date(letter.date.unix_seconds())
        .message_id(letter.message_id.as_str())
        .in_reply_to(letter.thread.as_str())
        .references(letter.thread.as_str())
        .text_body(letter.body.as_str())
        .write_to_vec()
}

/// An address that cannot become two, or another header.
fn address(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' | '>' | ',' | ';' | ':' | '"' | '(' | ')' | '[' | ']' | '\\' => '_',
            c if c.is_whitespace() || c.is_control() => '_',
            c => c,
        })
        .collect()
}

/// Threads that wait for the disk at once, when a founding has many mails to write.
const WRITERS: usize = 16;

fn write_all(letters: &[(PathBuf, Letter)]) -> Result<(), HostError> {
    let some = |part: &[(PathBuf, Letter)]| {
        part.iter().try_for_each(|(path, letter)| {
            write(path, letter).map_err(HostError::io("write", path, WRITABLE))
        })
    };
    if letters.len() <= WRITERS {
        return some(letters);
    }
    std::thread::scope(|scope| {
        let parts = letters.chunks(letters.len().div_ceil(WRITERS));
        let writers: Vec<_> = parts.map(|part| scope.spawn(move || some(part))).collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().unwrap_or(Err(HostError::Stopped)))
    })
}

/// All of it under its name, or nothing.
fn write(path: &Path, letter: &Letter) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(&rfc5322(letter)?)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimTime;
    use crate::engine::ids::{RequestId, Revision};

    fn a_letter() -> Letter {
        Letter {
            message_id: "1.7@lockbox.invalid".into(),
            thread: "1@lockbox.invalid".into(),
            from: "azure-noreply@microsoft.example",
            from_name: "Microsoft Azure (simulation)",
            to: "minji.kim@contoso.example".into(),
            to_name: "김민지".into(),
            subject: "[SIMULATION] Anfrage für Société".into(),
            date: SimTime(1_606_035_600_000_000),
            body: "one\ntwo\n".into(),
        }
    }

    #[test]
    fn a_mail_has_crlf_lines_and_only_ascii_headers_and_comes_out_the_same_twice() {
        let bytes = rfc5322(&a_letter()).unwrap();
        assert_eq!(bytes, rfc5322(&a_letter()).unwrap());
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        let (headers, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(headers.is_ascii(), "{headers}");
        assert!(headers.contains("Date: Sun, 22 Nov 2020 09:00:00 +0000"));
        assert!(headers.contains("Message-ID: <1.7@lockbox.invalid>"));
        assert!(headers.contains("References: <1@lockbox.invalid>"));
        assert!(headers.contains("In-Reply-To: <1@lockbox.invalid>"));
        assert_eq!(body, "one\r\ntwo\r\n");
    }

    #[test]
    fn hostile_names_and_addresses_add_no_header_and_no_recipient() {
        let mut hostile = a_letter();
        hostile.to = "a@b.example>\r\nBcc: <evil@x.example>, <c@d.example".into();
        hostile.to_name = "X\"\r\nBcc: evil@x.example".into();
        hostile.subject = "hello\r\nBcc: evil@x.example".into();
        let text = String::from_utf8(rfc5322(&hostile).unwrap()).unwrap();
        let headers = text.split_once("\r\n\r\n").unwrap().0;
        assert!(
            !headers.lines().any(|l| l.to_lowercase().starts_with("bcc")),
            "{headers}"
        );
    }

    #[test]
    fn a_file_name_is_safe_whoever_the_mail_is_for() {
        let mail = |to: &str| Mail {
            revision: Revision(1),
            at: SimTime(0),
            request: RequestId(3),
            to: to.into(),
            address: "a@b".into(),
        };
        let name = |to: &str| file_name(MailId(7), &mail(to));
        assert_eq!(name("minji.kim"), "000007-LB-000003-minji.kim.eml");
        assert_eq!(name("../../x/김"), "000007-LB-000003-.._.._x__.eml");
        assert!(name(&"x".repeat(500)).len() < 100);
    }
}
