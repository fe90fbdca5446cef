//! What a client makes of a proxy's messages, by the simplest possible parser.

use super::super::KEYS;
use super::super::keys::mac;
use super::super::metadata::ClientMetadata;
use super::{CHALLENGE_RESPONSE, Client};

/// The proxy closed the connection.
pub(super) const CLOSED: &str = "closed";

const HEADER: usize = 5;
const HMAC: usize = 32;
const MOST: usize = 4096;

/// The outcome of messages.
pub(super) struct Heard {
    /// The bytes up to the end of the Result, if it is a good one.
    pub(super) consumed: usize,
    /// The challenge that was answered.
    pub(super) challenge: Option<Vec<u8>>,
    /// What the user learns, or the error as text.
    pub(super) outcome: Result<Told, String>,
}

#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) time: u64,
    pub(super) capabilities: Option<u32>,
    pub(super) parameters: Option<Vec<u8>>,
}

impl Client {
    pub(super) fn hear(&self, wire: &[u8], own: &ClientMetadata) -> Heard {
        let (mut consumed, mut challenge, mut told) = (0, None, Told::default());
        let outcome = loop {
            let is_first = consumed == 0;
            match self.message(&wire[consumed..], own, is_first, challenge.is_some(), &mut told) {
                Err(error) => break Err(error),
                Ok((len, next)) => {
                    consumed += len;
                    match next {
                        Some(next) => challenge = Some(next),
                        None => break Ok(told),
                    }
                }
            }
        };
        Heard { consumed, challenge, outcome }
    }

    /// The length of the first message, and the challenge if it is one.
    fn message(
        &self,
        wire: &[u8],
        own: &ClientMetadata,
        is_first: bool,
        has_responded: bool,
        told: &mut Told,
    ) -> Result<(usize, Option<Vec<u8>>), String> {
        let (auth, metadata, len) = opened(wire)?;
        let found = Found::of(metadata)?;
        let time = match found.context {
            Some((time, nonce)) if nonce == own.nonce => time,
            _ => return Err("Replayed".into()),
        };
        if found.public.is_some() && !(is_first && self.exchanges_keys) {
            return Err("KeyExchangeUnexpected".into());
        }
        let challenge = self.check_auth(auth, time, own, has_responded)?;
        if is_first && self.exchanges_keys {
            let public = found.public.ok_or("KeyExchangeMissing")?;
            // Any private key makes zeros of a point of small order.
            if x25519_dalek::x25519([9; 32], public) == [0; 32] {
                return Err("KeyExchangeWeak".into());
            }
        }
        if let Some(method) = found.control {
            return Err(format!("ControlUnexpected({method})"));
        }
        told.time = time;
        told.capabilities = found.capabilities.or(told.capabilities);
        told.parameters = found.parameters.or_else(|| told.parameters.take());
        Ok((len, challenge))
    }

    fn check_auth(
        &self,
        auth: &[u8],
        time: u64,
        own: &ClientMetadata,
        has_responded: bool,
    ) -> Result<Option<Vec<u8>>, String> {
        let mid = *auth.first().ok_or("AuthLength(0)")?;
        if mid != self.mid() {
            return Err(format!("Malformed {{ field: \"MID\", byte: {mid} }}"));
        }
        let is_due = mid == CHALLENGE_RESPONSE && !has_responded;
        match auth[1..] {
            [0] if is_due => Err("ChallengeMissing".into()),
            [0] => Ok(None),
            [status] => {
                let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
                let skew = signed(time) - signed(own.unix_time);
                let status = match status {
                    1 => "Refused".into(),
                    2 => "Expired".into(),
                    3 => "RateLimited".into(),
                    other => format!("Other({other})"),
                };
                Err(format!("Refused {{ status: {status}, skew: {skew} }}"))
            }
            [high, low, ref challenge @ ..] if is_due => match usize::from(high) * 256 + usize::from(low) {
                len @ (..16 | 1025..) => Err(format!("ChallengeLength({len})")),
                len if len != challenge.len() => Err(format!("AuthLength({})", auth.len())),
                _ => Ok(Some(challenge.to_vec())),
            },
            _ => Err(format!("AuthLength({})", auth.len())),
        }
    }
}

/// AUTH, METADATA, and the length of a whole message with a right HMAC.
fn opened(wire: &[u8]) -> Result<(&[u8], &[u8], usize), String> {
    if let Some(byte) = wire.first().filter(|version| **version != 1) {
        return Err(format!("Malformed {{ field: \"VER\", byte: {byte} }}"));
    }
    let [_, a, b, c, d, ..] = *wire else { return Err(CLOSED.into()) };
    let [auth, metadata] = [[a, b], [c, d]].map(|len| usize::from(len[0]) * 256 + usize::from(len[1]));
    for (field, len) in [("ALEN", auth), ("MLEN", metadata)] {
        if len > MOST {
            return Err(format!("MessageTooLong {{ field: {field:?}, len: {len} }}"));
        }
    }
    let end = HEADER + auth + metadata;
    let Some(message) = wire.get(..end + HMAC) else { return Err(CLOSED.into()) };
    let (covered, sum) = message.split_at(end);
    if mac(&KEYS.server, &[covered]) != sum {
        return Err("Hmac".into());
    }
    Ok((&covered[HEADER..HEADER + auth], &covered[HEADER + auth..], end + HMAC))
}

#[derive(Default)]
struct Found {
    public: Option<[u8; 32]>,
    capabilities: Option<u32>,
    context: Option<(u64, [u8; 16])>,
    parameters: Option<Vec<u8>>,
    control: Option<u8>,
}

impl Found {
    fn of(mut metadata: &[u8]) -> Result<Self, String> {
        let (mut found, mut kinds) = (Self::default(), [false; 256]);
        while let Some((&kind, rest)) = metadata.split_first() {
            let [high, low, rest @ ..] = rest else { return Err("MetadataLength".into()) };
            let len = usize::from(*high) * 256 + usize::from(*low);
            let value = rest.get(..len).ok_or("MetadataLength")?;
            metadata = &rest[len..];
            let is_sized = match kind {
                1 => len == 34,
                3 => len == 4,
                4 => len == 24,
                6 => len == 1,
                _ => true,
            };
            if !is_sized {
                return Err(format!("MetadataSize {{ kind: {kind}, len: {len} }}"));
            }
            match kind {
                1 => match u16::from_be_bytes([value[0], value[1]]) {
                    0x1D => found.public = value[2..].try_into().ok(),
                    group => return Err(format!("KeyExchangeGroup({group})")),
                },
                3 => found.capabilities = value.try_into().map(u32::from_be_bytes).ok(),
                4 => {
                    let (time, nonce) = value.split_at(8);
                    let time = u64::from_be_bytes(time.try_into().expect("8 bytes"));
                    found.context = Some((time, nonce.try_into().expect("16 bytes")));
                }
                5 => found.parameters = Some(value.into()),
                6 => found.control = Some(value[0]),
                _ => continue,
            }
            if std::mem::replace(&mut kinds[usize::from(kind)], true) {
                return Err(format!("MetadataTwice({kind})"));
            }
        }
        Ok(found)
    }
}
