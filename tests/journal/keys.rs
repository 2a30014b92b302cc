//! The vault's door for people, keys from outside, and where private material is: nowhere in clear.

use std::fs;
use std::path::{Path, PathBuf};

use lockbox::crypto::{KeyKind, Secret};
use lockbox::engine::Span;
use lockbox::engine::ids::{KeyVersionId, VaultName};
use lockbox::engine::vault::access_policy::{Caller, KeyPermission};
use lockbox::engine::vault::key::{self, Attributes, KeyOperation, KeyType, Use};
use lockbox::engine::vault::trail::{Done, Outcome};
use lockbox::runtime::{Handle, Host, HostError, KeyImport, KeyReply, KeyUse, ManualWall, Receipt};

use super::stage::{dir, events, open};
use crate::keyed::{
    VAULT, act, allow, call, delete_key, logs, make_key, make_protected, make_vault, newest,
    set_enabled, update, use_key, wait,
};
use crate::tiny::{person, tiny_world};

/// Made with openssl for tests; it guards nothing.
const PEM: &[u8] = include_bytes!("../../src/crypto/fixtures/rsa-2048.pem");
const FINGERPRINT: &str = "9b14c839d844151584531b571c092704c469d0dc817491bdb8be94f8e3441151";

/// The numbers of a PKCS#1 private key: version, n, e, d, p, q, dp, dq, 1/q.
fn numbers(pem: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(pem).unwrap();
    let digits = text
        .lines()
        .filter(|l| !l.starts_with("-----"))
        .flat_map(str::bytes);
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut der) = (0_u32, 0, Vec::new());
    for digit in digits.filter(|d| *d != b'=') {
        let value = ALPHABET.iter().position(|c| *c == digit).unwrap();
        bits = (bits << 6 | u32::try_from(value).unwrap()) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            der.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    fn length(der: &[u8]) -> (usize, &[u8]) {
        match der[0] {
            short @ 0..0x80 => (short.into(), &der[1..]),
            long => {
                let n = usize::from(long & 0x7f);
                let value = der[1..=n].iter().fold(0, |v, b| v << 8 | usize::from(*b));
                (value, &der[n + 1..])
            }
        }
    }
    let (_, mut rest) = length(&der[1..]);
    let mut found = Vec::new();
    while let [2, after @ ..] = rest {
        let (bytes, body) = length(after);
        found.push(
            body[..bytes]
                .iter()
                .copied()
                .skip_while(|b| *b == 0)
                .collect(),
        );
        rest = &body[bytes..];
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn contains(file: &[u8], wanted: &[u8]) -> bool {
    file.windows(wanted.len()).any(|window| window == wanted)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Sixteen bytes in the middle of a secret number, in every form in which a careless program would keep it.
fn forms(number: &[u8]) -> Vec<Vec<u8>> {
    let middle = &number[number.len() / 2 - 8..number.len() / 2 + 8];
    let backwards: Vec<u8> = middle.iter().rev().copied().collect();
    let listed: Vec<String> = middle.iter().map(ToString::to_string).collect();
    vec![
        middle.to_vec(),
        backwards,
        hex(middle).into_bytes(),
        hex(middle).to_uppercase().into_bytes(),
        listed.join(",").into_bytes(),
    ]
}

fn import(host: &mut Host, who: &str, file: &[u8]) -> Result<Receipt, HostError> {
    let import = KeyImport {
        vault: VAULT.into(),
        key: "brought".into(),
        kty: KeyType::RsaHsm,
        file: Secret::from(file.to_vec()),
        attributes: Attributes::default(),
    };
    host.import_key(&person(who), &import)
}

fn refused(outcome: Result<impl std::fmt::Debug, HostError>) -> lockbox::engine::Refusal {
    match outcome.unwrap_err() {
        HostError::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}

fn sealed_part(dir: &Path, version: &KeyVersionId) -> PathBuf {
    dir.join("hsm/customer").join(version.as_str())
}

#[test]
fn a_served_call_is_on_the_record_and_really_done() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_vault(&mut host, VAULT, true);
    let first = make_key(&mut host, VAULT, "kek");
    let current = Use {
        version: None,
        ..call(&first, KeyOperation::Get)
    };
    let KeyReply::Key {
        kid,
        version,
        recovery_level,
        public,
    } = use_key(&mut host, "minji.kim", current.clone(), b"").unwrap()
    else {
        panic!()
    };
    assert_eq!(kid, first.kid());
    assert_eq!(
        (version.id, version.kty),
        (first.version.clone(), KeyType::Rsa)
    );
    assert_eq!(recovery_level, "CustomizedRecoverable");
    assert_eq!(public.modulus().unwrap().len() * 8, 2048);
    assert_eq!(public.exponent().unwrap(), [1, 0, 1]);

    let wrap = Use {
        operation: KeyOperation::WrapKey,
        ..current.clone()
    };
    let KeyReply::Wrapped { value, kid } =
        use_key(&mut host, "minji.kim", wrap.clone(), b"a data key").unwrap()
    else {
        panic!()
    };
    assert_eq!((kid, value.len()), (first.kid(), 256));
    let second = make_key(&mut host, VAULT, "kek");
    let unwrap = |key| call(key, KeyOperation::UnwrapKey);
    let KeyReply::Unwrapped { value: plain, .. } =
        use_key(&mut host, "minji.kim", unwrap(&first), &value).unwrap()
    else {
        panic!()
    };
    assert_eq!(plain.as_bytes(), b"a data key");

    // The vault serves both of these; only the hardware can tell what is wrong with the value.
    let wrong = refused(use_key(&mut host, "minji.kim", unwrap(&second), &value));
    assert_eq!(
        (wrong.id.as_str(), wrong.target.as_deref()),
        ("E-KV-17", Some("value"))
    );
    let long = refused(use_key(&mut host, "minji.kim", wrap, &[0; 191]));
    assert!(long.message.contains("up to 190"), "{}", long.message);
    let trail: Vec<_> = host.world().vaults[&VaultName::from(VAULT)]
        .trail
        .iter()
        .filter(|c| matches!(c.done, Done::KeyGet | Done::KeyWrap | Done::KeyUnwrap))
        .map(|c| (c.done, c.outcome.clone()))
        .collect();
    let served = |done| (done, Outcome::Served);
    assert_eq!(
        trail,
        [
            served(Done::KeyGet),
            served(Done::KeyWrap),
            served(Done::KeyUnwrap),
            served(Done::KeyUnwrap),
            served(Done::KeyWrap),
        ]
    );
    assert_eq!(host.trouble(), None);
}

#[test]
fn a_call_the_vault_refuses_is_on_the_record_too_and_nothing_is_done() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_vault(&mut host, VAULT, true);
    let key = make_key(&mut host, VAULT, "kek");
    let wrap = || call(&key, KeyOperation::WrapKey);
    let before = host.world().revision;
    let no = refused(use_key(&mut host, "bo", wrap(), b"x"));
    assert_eq!((no.id.as_str(), no.status), ("E-KV-01", 403));
    assert_eq!(host.world().revision.0, before.0 + 1);
    allow(
        &mut host,
        VAULT,
        Caller::Person("bo".into()),
        &[KeyPermission::WrapKey],
    );
    use_key(&mut host, "bo", wrap(), b"x").unwrap();
    set_enabled(&mut host, &key, false);
    let no = refused(use_key(&mut host, "bo", wrap(), b"x"));
    assert_eq!(no.id, "E-KV-02");
    // A vault that was never there has no record.
    let before = events(&host).len();
    let nowhere = Use {
        vault: "nowhere".into(),
        ..wrap()
    };
    assert_eq!(refused(use_key(&mut host, "bo", nowhere, b"x")).status, 404);
    assert_eq!(events(&host).len(), before);
}

#[test]
fn every_kind_of_key_is_made_and_an_elliptic_one_wraps_nothing() {
    let mut host = Host::memory(tiny_world(), Box::new(ManualWall::default())).unwrap();
    make_vault(&mut host, VAULT, true);
    for (name, kty, size, kind) in [
        ("r2", KeyType::RsaHsm, 2048, KeyKind::Rsa2048),
        ("r3", KeyType::Rsa, 3072, KeyKind::Rsa3072),
        ("r4", KeyType::Rsa, 4096, KeyKind::Rsa4096),
        ("ec", KeyType::Ec, 256, KeyKind::EcP256),
    ] {
        let create = key::Command::Create {
            vault: VAULT.into(),
            key: name.into(),
            kty,
            size,
            attributes: Attributes::default(),
        };
        act(&mut host, create).unwrap();
        let found = newest(&host, VAULT, name);
        let get = use_key(&mut host, "minji.kim", call(&found, KeyOperation::Get), b"");
        let KeyReply::Key { public, .. } = get.unwrap() else {
            panic!()
        };
        assert_eq!(public.kind, kind);
        let wrap = use_key(
            &mut host,
            "minji.kim",
            call(&found, KeyOperation::WrapKey),
            b"x",
        );
        assert_eq!(wrap.is_ok(), kty.is_rsa());
    }
}

#[test]
fn an_imported_key_is_the_one_of_the_file_and_leaves_no_trace_when_it_is_refused() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_vault(&mut host, VAULT, true);
    let incoming = || files(&dir.path().join("hsm/incoming")).len();
    assert_eq!(refused(import(&mut host, "bo", PEM)).id, "E-KV-01");
    assert_eq!(incoming(), 0);
    let no = refused(import(
        &mut host,
        "minji.kim",
        b"-----BEGIN PRIVATE KEY-----\n!!!",
    ));
    assert_eq!(
        (no.id.as_str(), no.target.as_deref()),
        ("E-KV-17", Some("key"))
    );
    assert!(
        no.message.starts_with("The PRIVATE KEY block has no end"),
        "{no}"
    );
    let passphrase = include_bytes!("../../src/crypto/fixtures/rsa-2048-passphrase.pem");
    let no = refused(import(&mut host, "minji.kim", passphrase));
    assert!(no.remedy.contains("openssl pkey"), "{}", no.remedy);
    assert_eq!(incoming(), 0);

    for _ in 0..2 {
        import(&mut host, "minji.kim", PEM).unwrap();
        assert_eq!(incoming(), 0);
        let brought = newest(&host, VAULT, "brought");
        let get = use_key(
            &mut host,
            "minji.kim",
            call(&brought, KeyOperation::Get),
            b"",
        );
        let KeyReply::Key {
            public, version, ..
        } = get.unwrap()
        else {
            panic!()
        };
        assert_eq!(public.fingerprint(), FINGERPRINT);
        assert_eq!(public.modulus().unwrap(), numbers(PEM)[1]);
        assert_eq!(version.imported.as_deref(), Some(FINGERPRINT));
    }
    assert_eq!(host.trouble(), None);
}

#[test]
fn no_private_material_is_in_clear_in_any_file_and_after_a_purge_the_sealed_part_is_gone() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let generated = make_protected(&mut host);
    import(&mut host, "minji.kim", PEM).unwrap();
    let brought = newest(&host, VAULT, "brought");
    update(&mut host, &brought);
    let mut wanted: Vec<(String, Vec<u8>)> = Vec::new();
    let numbers = numbers(PEM);
    assert_eq!(numbers.len(), 9);
    for (name, number) in ["d", "p", "q", "dp", "dq", "1/q"]
        .into_iter()
        .zip(&numbers[3..])
    {
        wanted.extend(
            forms(number)
                .into_iter()
                .map(|form| (name.to_owned(), form)),
        );
    }
    // The primes of a key made here are not known, but how a private key begins is.
    let pkcs8 = [
        2, 1, 0, 0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0, 4,
    ];
    wanted.push(("PKCS#8".into(), pkcs8.to_vec()));
    wanted.push(("PEM".into(), b"PRIVATE KEY-----".to_vec()));
    // And neither are account keys.
    for account in &logs(&host).accounts {
        for aek in [Some(account.microsoft), account.customer]
            .into_iter()
            .flatten()
        {
            let keystore = host.keystore().unwrap();
            let plain = keystore
                .account_key(host.world(), &logs(&host), aek)
                .unwrap();
            wanted.extend(
                forms(plain.as_bytes())
                    .into_iter()
                    .map(|f| (aek.to_string(), f)),
            );
        }
    }
    assert!(numbers[4].len() >= 128 && wanted.len() > 40);
    let found = files(dir.path());
    for part in [&generated, &brought] {
        assert!(found.contains(&sealed_part(dir.path(), &part.version)));
    }
    for path in &found {
        let file = fs::read(path).unwrap();
        for (name, bytes) in &wanted {
            assert!(!contains(&file, bytes), "{} has {name}", path.display());
        }
    }
    // What is searched for would be found.
    assert!(contains(PEM, b"PRIVATE KEY-----"));

    delete_key(&mut host, &generated);
    delete_key(&mut host, &brought);
    for key in [&generated, &brought] {
        assert!(sealed_part(dir.path(), &key.version).exists());
    }
    wait(&mut host, Span::days(7));
    for key in [&generated, &brought] {
        assert!(!sealed_part(dir.path(), &key.version).exists());
    }
    let names: Vec<PathBuf> = files(dir.path());
    for key in [&generated, &brought] {
        let named = |path: &&PathBuf| path.to_string_lossy().contains(key.version.as_str());
        assert_eq!(names.iter().find(named), None);
    }
}

#[test]
fn a_key_deleted_in_a_vault_without_soft_delete_is_destroyed_at_once() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_vault(&mut host, "forgetful", false);
    let one = make_key(&mut host, "forgetful", "one");
    let two = make_key(&mut host, "forgetful", "two");
    delete_key(&mut host, &one);
    assert!(!sealed_part(dir.path(), &one.version).exists());
    assert!(sealed_part(dir.path(), &two.version).exists());
    let gone = lockbox::engine::vault::Command::Delete {
        vault: "forgetful".into(),
    };
    act(&mut host, gone).unwrap();
    assert!(!sealed_part(dir.path(), &two.version).exists());
}

#[test]
fn a_world_in_memory_has_real_keys_and_no_file() {
    let here = std::env::current_dir().unwrap();
    let before = fs::read_dir(&here).unwrap().count();
    let mut host = Host::memory(tiny_world(), Box::new(ManualWall::default())).unwrap();
    let key = make_protected(&mut host);
    let aek = logs(&host).accounts[0].customer.unwrap();
    let keystore = host.keystore().unwrap();
    let first = keystore
        .account_key(host.world(), &logs(&host), aek)
        .unwrap();
    let next = make_key(&mut host, VAULT, "kek");
    update(&mut host, &next);
    set_enabled(&mut host, &key, false);
    let keystore = host.keystore().unwrap();
    let again = keystore
        .account_key(host.world(), &logs(&host), aek)
        .unwrap();
    assert_eq!(first.as_bytes(), again.as_bytes());
    import(&mut host, "minji.kim", PEM).unwrap();
    assert_eq!(fs::read_dir(&here).unwrap().count(), before);
    assert!(host.dir().is_none());
}

#[test]
fn the_engine_thread_uses_and_imports_keys() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_vault(&mut host, VAULT, true);
    let handle = Handle::spawn(host, None).unwrap();
    let import = KeyImport {
        vault: VAULT.into(),
        key: "brought".into(),
        kty: KeyType::Rsa,
        file: Secret::from(PEM.to_vec()),
        attributes: Attributes::default(),
    };
    let minji = person("minji.kim");
    let receipt = handle.import_key(minji.clone(), import).blocking_recv();
    assert_eq!(receipt.unwrap().unwrap().events.len(), 1);
    let wanted = KeyUse {
        call: Use {
            vault: VAULT.into(),
            key: "brought".into(),
            version: None,
            operation: KeyOperation::Get,
        },
        algorithm: lockbox::crypto::WrapAlgorithm::RsaOaep,
        value: Secret::from(Vec::new()),
    };
    let reply = handle.use_key(minji, wanted).blocking_recv().unwrap();
    let KeyReply::Key { public, .. } = reply.unwrap() else {
        panic!()
    };
    assert_eq!(public.fingerprint(), FINGERPRINT);
    assert_eq!(handle.views().borrow().trouble, None);
}
