//! Mistakes in arguments, codes of the caller, and `Debug`.

use super::proof::Terms;
use super::*;

fn mistake<T: fmt::Debug>(made: Result<T, crate::Error>) -> String {
    let error = made.unwrap_err();
    assert_eq!(error.stage(), crate::Stage::Preparation);
    format!("{:?}", Error::of(&error).unwrap())
}

fn token(len: usize) -> Result<Factor, crate::Error> {
    Factor::token(vec![b't'; len])
}

#[test]
fn mistakes() {
    let challenge = || Factor::challenge_response("s").unwrap();
    let totp = || Factor::totp("s").unwrap();
    let both = || Factor::several([token(1).unwrap(), totp()]).unwrap();
    for (made, expected) in [
        (Factor::token(""), "SecretEmpty"),
        (Factor::totp(""), "SecretEmpty"),
        (Factor::challenge_response(""), "SecretEmpty"),
        (token(65_533), "FactorTooLong(65536)"),
        (Factor::several([]), "TooFewFactors(0)"),
        (Factor::several([totp()]), "TooFewFactors(1)"),
        (Factor::several([totp(), Factor::code(|_| Ok("1".into()))]), "FactorTwice(3)"),
        (Factor::several([totp(), challenge()]), "FactorAlone(2)"),
        (Factor::several([totp(), both()]), "FactorAlone(4)"),
        (Factor::several([totp(), token(65_532).unwrap()]), "FactorTooLong(65545)"),
    ] {
        assert_eq!(mistake(made), expected);
    }
    assert!(token(65_532).is_ok());
}

#[test]
fn codes_of_the_caller() {
    let auth =
        |code: &'static str| Factor::code(move |_| Ok(code.into())).auth(&Terms { metadata: b"", time: 0 });
    assert_eq!(**auth("0123").unwrap(), *b"\x03\x00\x040123");
    assert!(matches!(auth(""), Err(Error::SecretEmpty)));
    assert!(matches!(auth("12a"), Err(Error::CodeDigits)));
    let failing = Factor::code(|_| Err("no device".into()));
    let failed = failing.auth(&Terms { metadata: b"", time: 0 });
    assert!(matches!(failed, Err(Error::CodeSource(_))));
    let at = Factor::code(|time| Ok(time.duration_since(SystemTime::UNIX_EPOCH)?.as_secs().to_string()));
    assert_eq!(**at.auth(&Terms { metadata: b"", time: 77 }).unwrap(), *b"\x03\x00\x0277");
}

#[test]
fn debug_shows_no_secret() {
    let secret = "secret-1";
    let factors = [
        Factor::public_key([0x41; 32]),
        Factor::challenge_response(secret).unwrap(),
        Factor::totp(secret).unwrap(),
        Factor::code(|_| Ok("1".into())),
        Factor::token(secret).unwrap(),
    ];
    let shown = factors.map(|factor| format!("{factor:?}"));
    let expected = ["public key", "challenge-response", "TOTP", "TOTP", "token"];
    assert_eq!(shown, expected.map(|name| format!("Factor({name})")));
}
