//! EAF, METHOD X'80': versions, messages, and the session key.

use super::capabilities;
use super::factor::{self, CHALLENGE_RESPONSE, EXPIRED, Factor, REFUSED, VERIFIED};
use super::fault::{Action, Fault, Point};
use super::greeting::NOT_ACCEPTABLE;
use super::judge::End;
use super::keys::{Key, Keys, mac, session_key};
use super::line::Line;
use super::message::{HEADER, HMAC, Message};
use super::metadata::{CHAIN_CONTROL, ClientMetadata, Entry, PARAMETERS, SERVER_CAPABILITIES};
use super::random;
use super::setup::Eaf;
use std::time::SystemTime;
use x25519_dalek::{PublicKey, StaticSecret};

/// The largest difference between the clocks, in seconds.
const SKEW: u64 = 300;

/// Runs the sub-negotiation. `next` is the METHOD that follows in a chain.
pub(crate) fn negotiate(line: &mut Line, next: Option<u8>) -> Result<Key, End> {
    versions(line)?;
    let eaf = line.setup().eaf.clone();
    let mut session = Session {
        keys: Keys::of(&eaf.psk),
        now: eaf.unix_time.unwrap_or_else(system_time),
        eaf,
        transcript: Vec::new(),
        shared: Vec::new(),
        sent: 0,
        next,
    };
    let status = session.authenticate(line)?;
    line.flush()?;
    if status != VERIFIED {
        return Err(End::Refused);
    }
    let key = session_key(&session.transcript, &session.eaf.psk, &session.shared);
    line.notes.get().session_key = Some(key);
    Ok(key)
}

fn versions(line: &mut Line) -> Result<(), End> {
    let version = line.read_start(1)?[0];
    line.nothing_early()?;
    line.at(Point::EafVersion)?;
    if version != 1 {
        line.send(&[NOT_ACCEPTABLE])?;
        line.flush()?;
        return Err(End::Violation(format!("EAF of version {version:02x}")));
    }
    let own = line.setup().fault(|fault| match fault {
        Fault::EafVersion(version) => Some(*version),
        _ => None,
    });
    line.send(&[own.unwrap_or(1)])?;
    if own == Some(NOT_ACCEPTABLE) {
        line.flush()?;
        return Err(End::Refused);
    }
    Ok(())
}

fn system_time() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970").as_secs()
}

struct Session {
    eaf: Eaf,
    keys: Keys,
    now: u64,
    transcript: Vec<u8>,
    /// The X25519 shared secret, or nothing.
    shared: Vec<u8>,
    /// The number of the server's messages so far.
    sent: usize,
    next: Option<u8>,
}

impl Session {
    /// Exchanges messages up to the Result, and returns its STATUS.
    fn authenticate(&mut self, line: &mut Line) -> Result<u8, End> {
        let message = self.receive(line)?;
        let client = ClientMetadata::of(&message.metadata, true)?;
        let auth = factor::Auth::parse(&message.auth)?;
        self.judge(line, &client, &auth)?;
        let first = self.first_entries(line, &client)?;
        let method = auth.method();
        let skewed = self.now.abs_diff(client.unix_time) > SKEW;
        let forced = self.eaf.status;
        let status = match (&self.eaf.factor, &auth) {
            (_, factor::Auth::Response(response)) if !response.is_empty() => {
                return Err(End::Violation("a RESPONSE before its challenge".into()));
            }
            (Factor::Challenge(secret), factor::Auth::Response(_)) => {
                let early = line.setup().has(&Fault::NoChallenge);
                match forced {
                    None if skewed => EXPIRED,
                    None if early => VERIFIED,
                    _ => {
                        let secret = secret.clone();
                        let verified = self.challenge(line, &client, first, &secret)?;
                        let status = forced.unwrap_or(if verified { VERIFIED } else { REFUSED });
                        self.result(line, &client, CHALLENGE_RESPONSE, status, Vec::new())?;
                        return Ok(status);
                    }
                }
            }
            _ if forced.is_some() => forced.unwrap_or_default(),
            _ if skewed => EXPIRED,
            (factor, auth) if factor.method() == auth.method() => {
                factor.verify(&message.auth, &message.metadata, self.now)?
            }
            _ => REFUSED,
        };
        self.result(line, &client, method, status, first)?;
        Ok(status)
    }

    /// Sends a challenge, and returns whether the response is right.
    fn challenge(
        &mut self,
        line: &mut Line,
        client: &ClientMetadata,
        entries: Vec<Entry>,
        secret: &[u8],
    ) -> Result<bool, End> {
        let challenge = self.eaf.challenge.clone().unwrap_or_else(|| random::bytes::<32>().into());
        let length = u16::try_from(challenge.len()).expect("a short challenge");
        let auth = [&[CHALLENGE_RESPONSE][..], &length.to_be_bytes(), &challenge].concat();
        let replaced = line.setup().fault(|fault| match fault {
            Fault::ChallengeAuth(auth) => Some(auth.clone()),
            _ => None,
        });
        let auth = replaced.unwrap_or(auth);
        self.send(line, client, auth.clone(), entries)?;
        let message = self.receive(line)?;
        let later = ClientMetadata::of(&message.metadata, false)?;
        if later.nonce != client.nonce {
            return Err(End::Violation("a later message with another NONCE".into()));
        }
        let factor::Auth::Response(response) = factor::Auth::parse(&message.auth)? else {
            return Err(End::Violation("no RESPONSE after the challenge".into()));
        };
        if response.is_empty() {
            return Err(End::Violation("an empty RESPONSE".into()));
        }
        if line.setup().has(&Fault::SecondChallenge) {
            self.send(line, client, auth, Vec::new())?;
            line.act(Action::Silence)?;
        }
        Ok(response == factor::response(secret, &challenge, &client.nonce))
    }

    fn result(
        &mut self,
        line: &mut Line,
        client: &ClientMetadata,
        method: u8,
        status: u8,
        mut entries: Vec<Entry>,
    ) -> Result<(), End> {
        if let (true, Some(next), VERIFIED) = (self.eaf.chain_control, self.next, status) {
            let wrong = line.setup().fault(|fault| match fault {
                Fault::ChainControl(method) => Some(*method),
                _ => None,
            });
            entries.push(Entry::new(CHAIN_CONTROL, [wrong.unwrap_or(next)]));
        }
        let replaced = line.setup().fault(|fault| match fault {
            Fault::Result(auth) => Some(auth.clone()),
            _ => None,
        });
        self.send(line, client, replaced.unwrap_or_else(|| vec![method, status]), entries)
    }

    fn receive(&mut self, line: &mut Line) -> Result<Message, End> {
        let header = line.read_start(HEADER)?;
        let length = Message::length(header[..].try_into().expect("a header"))?;
        let rest = line.read_exact(length - HEADER)?;
        line.nothing_early()?;
        let message = [header, rest].concat();
        self.transcript.extend(&message);
        Ok(Message::decode(&message, &self.keys.client)?)
    }

    /// Sends a message with these metadata and the authentication context.
    fn send(
        &mut self,
        line: &mut Line,
        client: &ClientMetadata,
        auth: Vec<u8>,
        mut entries: Vec<Entry>,
    ) -> Result<(), End> {
        line.at(Point::EafMessage)?;
        let mut nonce = client.nonce;
        if line.setup().has(&Fault::WrongNonce) {
            nonce[15] ^= 1;
        }
        if !line.setup().has(&Fault::NoContext) {
            entries.push(Entry::context(self.now, nonce));
        }
        let mut metadata = Entry::encode_all(&entries);
        let mut lengths = None;
        for fault in &line.setup().faults {
            match fault {
                Fault::Metadata(bytes) if self.sent == 0 => metadata.extend(bytes),
                Fault::LaterMetadata(bytes) if self.sent > 0 => metadata.extend(bytes),
                Fault::Lengths(alen, mlen) => lengths = Some((*alen, *mlen)),
                _ => {}
            }
        }
        let message = Message { auth, metadata };
        let mut bytes = match lengths {
            Some(lengths) => message.encode_as(&self.keys.server, lengths),
            None => message.encode(&self.keys.server),
        };
        let version = line.setup().fault(|fault| match fault {
            Fault::MessageVersion(version) => Some(*version),
            _ => None,
        });
        if let Some(version) = version {
            bytes[0] = version;
            let end = bytes.len() - HMAC;
            let hmac = mac(&self.keys.server, &[&bytes[..end]]);
            bytes[end..].copy_from_slice(&hmac);
        }
        if line.setup().has(&Fault::WrongHmac) {
            *bytes.last_mut().expect("an HMAC") ^= 1;
        }
        let earlier = line.shared.replayed(&bytes);
        if line.setup().has(&Fault::Replay) {
            bytes = earlier.unwrap_or(bytes);
        }
        self.sent += 1;
        self.transcript.extend(&bytes);
        line.send(&bytes)?;
        if lengths.is_some() {
            line.act(Action::Silence)?;
        }
        Ok(())
    }

    /// The metadata of the server's first message before its authentication context.
    fn first_entries(&mut self, line: &Line, client: &ClientMetadata) -> Result<Vec<Entry>, End> {
        let mut entries = Vec::new();
        if let (Some(public), false) = (client.public, line.setup().has(&Fault::NoKeyExchange)) {
            let secret = StaticSecret::from(self.eaf.secret.unwrap_or_else(random::bytes));
            let shared = secret.diffie_hellman(&PublicKey::from(public));
            if !shared.was_contributory() {
                return Err(End::Violation("an all-zero shared secret".into()));
            }
            self.shared = shared.as_bytes().into();
            let zero = line.setup().has(&Fault::ZeroKey);
            let own = if zero { [0; 32] } else { PublicKey::from(&secret).to_bytes() };
            entries.push(Entry::key_exchange(own));
        }
        let capabilities =
            self.eaf.capabilities.map(|bits| Entry::new(SERVER_CAPABILITIES, bits.to_be_bytes()));
        entries.extend(capabilities);
        entries.extend(self.eaf.parameters.clone().map(|bytes| Entry::new(PARAMETERS, bytes)));
        Ok(entries)
    }

    /// Judges the capabilities, and values that must differ between connections.
    fn judge(&self, line: &Line, client: &ClientMetadata, auth: &factor::Auth) -> Result<(), End> {
        let bits = client.capabilities.unwrap_or_default();
        let offered = line.notes.get().offered.clone();
        {
            let mut connection = line.notes.get();
            connection.identity = Some(client.identity.clone());
            connection.capabilities = client.capabilities;
        }
        let exchanges_keys = client.public.is_some();
        let wrong = capabilities::wrong(bits, auth.capabilities(), exchanges_keys, &offered);
        for rule in wrong {
            line.notes.violation(format!("capabilities {bits:08x}: {rule}"));
        }
        if self.eaf.requires_key_exchange && client.public.is_none() {
            return Err(End::Violation("no key exchange parameters".into()));
        }
        if !line.shared.is_new(&client.nonce) {
            return Err(End::Violation("a NONCE for the second time".into()));
        }
        if client.public.is_some_and(|public| !line.shared.is_new(&public)) {
            return Err(End::Violation("an X25519 key for the second time".into()));
        }
        Ok(())
    }
}
