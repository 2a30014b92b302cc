//! A private key from outside, read as what it is: PKCS#8 or PKCS#1, PEM or DER. Only finds the key; what it
//! is worth is the library's to say.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rsa::KeyPair;
use zeroize::Zeroizing;

use super::envelope::Secret;
use super::error::HsmError;

const WANTED: &str = "Import an RSA private key of 2048, 3072 or 4096 bits, as PKCS#8 or PKCS#1, without a passphrase";
const DECRYPT: &str = "Take the passphrase off first, with openssl pkey -in KEY -out PLAIN_KEY, and destroy the plain file afterwards";

/// The key as PKCS#8.
pub(super) fn pkcs8(input: &[u8]) -> Result<Secret, HsmError> {
    let text = std::str::from_utf8(input).ok();
    let key = match text.filter(|text| text.contains("-----BEGIN ")) {
        Some(text) => from_pem(text)?,
        None => KeyPair::from_pkcs8(input)
            .or_else(|refusal| KeyPair::from_der(input).map_err(|_| refusal))
            .map_err(refused)?,
    };
    // The library zeroises its document when it is dropped.
    let document = key
        .as_der()
        .map_err(|_| HsmError::library("encode an imported key"))?;
    Ok(Secret::from(document.as_ref().to_vec()))
}

fn from_pem(text: &str) -> Result<KeyPair, HsmError> {
    let mut first = None;
    for block in text.split("-----BEGIN ").skip(1) {
        let Some((label, rest)) = block.split_once("-----") else {
            continue;
        };
        first = first.or(Some(label));
        if !label.ends_with("PRIVATE KEY") {
            continue;
        }
        let Some((body, _)) = rest.split_once("-----END ") else {
            let what = format!("the {label} block has no end: the file is cut short");
            return Err(refusal(what, WANTED));
        };
        if label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED") {
            return Err(refusal("the key is protected by a passphrase", DECRYPT));
        }
        let read: fn(&[u8]) -> Result<KeyPair, KeyRejected> = match label {
            "PRIVATE KEY" => KeyPair::from_pkcs8,
            "RSA PRIVATE KEY" => KeyPair::from_der,
            other => {
                return Err(refusal(
                    format!("this is {other:?}, and that cannot be imported"),
                    WANTED,
                ));
            }
        };
        let der = base64(body).ok_or_else(|| {
            refusal(
                format!("the {label} block is damaged: what is in it is not base64"),
                WANTED,
            )
        })?;
        return read(&der).map_err(refused);
    }
    let label = first.unwrap_or_default();
    Err(refusal(
        format!("there is a {label:?} block here and no private key"),
        WANTED,
    ))
}

fn refusal(what: impl Into<String>, remedy: &'static str) -> HsmError {
    HsmError::NotImportable {
        what: what.into(),
        remedy,
    }
}

fn refused(why: KeyRejected) -> HsmError {
    let what = match why.description_() {
        "TooSmall" => "the RSA key has fewer than 2048 bits",
        "TooLarge" => "the RSA key has more than 4096 bits",
        "WrongAlgorithm" => "the key is not a plain RSA key, and others cannot wrap",
        "InconsistentComponents" => "the parts of the RSA key do not fit together",
        _ => "this is no private key that can be read",
    };
    refusal(what, WANTED)
}

/// The key is of a size that no vault takes.
pub(super) fn unusual(bits: usize) -> HsmError {
    refusal(format!("the RSA key has {bits} bits"), WANTED)
}

/// Base64 with line breaks. Written here because the bytes are a key: nothing of them stays behind.
fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Never grows, so that no copy is left behind.
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut bits, mut count, mut digits, mut padding) = (0_u32, 0, 0_usize, 0_usize);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        digits += 1;
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    ((digits + padding).is_multiple_of(4) && padding <= 2 && bits == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_reads_what_is_right_and_nothing_else() {
        let bytes = |text| base64(text).map(|b| b.to_vec());
        for (text, plain) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9v\r\nYmE=\n", b"fooba"),
            ("+/8=", &[0xfb, 0xff]),
        ] {
            assert_eq!(bytes(text).as_deref(), Some(plain), "{text:?}");
        }
        for text in [
            "Z", "Zg", "Zg=", "Zh==", "Z===", "Zg==Zg==", "Zm9v!", "=", "=Zg=",
        ] {
            assert_eq!(bytes(text), None, "{text:?}");
        }
    }
}
