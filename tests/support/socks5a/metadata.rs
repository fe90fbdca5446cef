//! METADATA: `TYPE(1) | LEN(2) | VALUE`, repeated.

use std::collections::BTreeSet;

pub(crate) const KEY_EXCHANGE: u8 = 1;
pub(crate) const CLIENT_CAPABILITIES: u8 = 2;
pub(crate) const SERVER_CAPABILITIES: u8 = 3;
pub(crate) const CONTEXT: u8 = 4;
pub(crate) const PARAMETERS: u8 = 5;
pub(crate) const CHAIN_CONTROL: u8 = 6;

/// The first bytes of a key exchange's value: X25519.
const X25519: [u8; 2] = [0, 0x1d];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: u8,
    pub(crate) value: Vec<u8>,
}

impl Entry {
    pub(crate) fn new(kind: u8, value: impl Into<Vec<u8>>) -> Self {
        Self { kind, value: value.into() }
    }

    pub(crate) fn key_exchange(public: [u8; 32]) -> Self {
        Self::new(KEY_EXCHANGE, [&X25519[..], &public].concat())
    }

    /// The server's authentication context, with the client's NONCE.
    pub(crate) fn context(unix_time: u64, nonce: [u8; 16]) -> Self {
        Self::new(CONTEXT, [&unix_time.to_be_bytes()[..], &nonce].concat())
    }

    pub(crate) fn encode_all(entries: &[Self]) -> Vec<u8> {
        let encode = |entry: &Self| {
            let length = u16::try_from(entry.value.len()).expect("a short value");
            [&[entry.kind][..], &length.to_be_bytes(), &entry.value].concat()
        };
        entries.iter().flat_map(encode).collect()
    }

    pub(crate) fn decode_all(mut bytes: &[u8]) -> Result<Vec<Self>, String> {
        let mut entries = Vec::new();
        while let Some((kind, rest)) = bytes.split_first() {
            let (length, rest) = rest.split_first_chunk().ok_or("metadata without a whole LEN")?;
            let length = usize::from(u16::from_be_bytes(*length));
            let value = rest.get(..length).ok_or("metadata whose LEN runs past MLEN")?;
            entries.push(Self::new(*kind, value));
            bytes = &rest[length..];
        }
        Ok(entries)
    }
}

/// The metadata of a client's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientMetadata {
    pub(crate) public: Option<[u8; 32]>,
    pub(crate) capabilities: Option<u32>,
    pub(crate) unix_time: u64,
    pub(crate) nonce: [u8; 16],
    pub(crate) identity: String,
}

impl ClientMetadata {
    /// Holds the client to the rules for its first message, or for a later one.
    pub(crate) fn of(bytes: &[u8], first: bool) -> Result<Self, String> {
        let entries = Entry::decode_all(bytes)?;
        let mut kinds = BTreeSet::new();
        for Entry { kind, .. } in &entries {
            match *kind {
                SERVER_CAPABILITIES | PARAMETERS | CHAIN_CONTROL => {
                    return Err(format!("metadata {kind:02x} from a client"));
                }
                KEY_EXCHANGE | CLIENT_CAPABILITIES if !first => {
                    return Err(format!("metadata {kind:02x} in a later message"));
                }
                KEY_EXCHANGE | CLIENT_CAPABILITIES | CONTEXT if !kinds.insert(*kind) => {
                    return Err(format!("metadata {kind:02x} is there twice"));
                }
                _ => {}
            }
        }
        let value =
            |kind| entries.iter().find(|entry| entry.kind == kind).map(|entry| entry.value.as_slice());
        let public = match value(KEY_EXCHANGE).map(|value| value.split_first_chunk()) {
            None => None,
            Some(Some((group, key))) if *group == X25519 => {
                Some(key.try_into().map_err(|_| "a public key of another size than 32")?)
            }
            Some(_) => return Err("a key exchange of another kind than X25519".into()),
        };
        let capabilities = value(CLIENT_CAPABILITIES)
            .map(|value| value.try_into().map(u32::from_be_bytes))
            .transpose()
            .map_err(|_| "capabilities of another size than 4")?;
        if first && capabilities.is_none() {
            return Err("the first message has no client capabilities".into());
        }
        let context = value(CONTEXT).ok_or("no authentication context")?;
        let (time, rest) = context.split_first_chunk().ok_or("an authentication context without its time")?;
        let (nonce, identity) =
            rest.split_first_chunk().ok_or("an authentication context without its NONCE")?;
        if identity.len() > 255 {
            return Err(format!("an identity of {} bytes", identity.len()));
        }
        if !first && !identity.is_empty() {
            return Err("an identity in a later message".into());
        }
        let identity = String::from_utf8(identity.into()).map_err(|_| "an identity that is not UTF-8")?;
        Ok(Self { public, capabilities, unix_time: u64::from_be_bytes(*time), nonce: *nonce, identity })
    }
}
