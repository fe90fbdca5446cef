//! METADATA of an EAF message: `TYPE | LEN(2) | VALUE`, repeated.

use super::capabilities::Capabilities;
use super::error::Error;

const KEY_EXCHANGE: u8 = 1;
const CLIENT_CAPABILITIES: u8 = 2;
const SERVER_CAPABILITIES: u8 = 3;
const CONTEXT: u8 = 4;
const PARAMETERS: u8 = 5;
const CONTROL: u8 = 6;

/// X25519 in TLS's registry of groups.
const X25519: u16 = 0x001D;

pub(super) const NONCE: usize = 16;

/// METADATA of the client.
pub(super) struct ClientMetadata<'a> {
    pub(super) public_key: Option<[u8; 32]>,
    /// In the first message only, like the identity.
    pub(super) capabilities: Option<Capabilities>,
    pub(super) time: u64,
    pub(super) nonce: [u8; NONCE],
    pub(super) identity: &'a str,
}

impl ClientMetadata<'_> {
    /// Creates that of a later message.
    pub(super) const fn later(time: u64, nonce: [u8; NONCE]) -> Self {
        Self { public_key: None, capabilities: None, time, nonce, identity: "" }
    }

    pub(super) fn render(&self) -> Vec<u8> {
        let mut metadata = Vec::new();
        if let Some(public_key) = self.public_key {
            put(KEY_EXCHANGE, &[&X25519.to_be_bytes(), &public_key], &mut metadata);
        }
        if let Some(capabilities) = self.capabilities {
            put(CLIENT_CAPABILITIES, &[&capabilities.bits().to_be_bytes()], &mut metadata);
        }
        let context: [&[u8]; 3] = [&self.time.to_be_bytes(), &self.nonce, self.identity.as_bytes()];
        put(CONTEXT, &context, &mut metadata);
        metadata
    }
}

/// Appends an entry. Its value is shorter than 64 KiB.
fn put(kind: u8, value: &[&[u8]], metadata: &mut Vec<u8>) {
    let len: usize = value.iter().map(|part| part.len()).sum();
    let [.., high, low] = len.to_be_bytes();
    metadata.extend([kind, high, low]);
    for part in value {
        metadata.extend_from_slice(part);
    }
}

/// METADATA of the server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ServerMetadata<'a> {
    pub(super) public_key: Option<[u8; 32]>,
    pub(super) capabilities: Option<Capabilities>,
    pub(super) context: Option<(u64, [u8; NONCE])>,
    pub(super) parameters: Option<&'a [u8]>,
    pub(super) control: Option<u8>,
}

impl<'a> ServerMetadata<'a> {
    pub(super) fn parse(mut metadata: &'a [u8]) -> Result<Self, Error> {
        let mut found = Self::default();
        while !metadata.is_empty() {
            let [kind, high, low, rest @ ..] = metadata else { return Err(Error::MetadataLength) };
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            let (value, rest) = rest.split_at_checked(len).ok_or(Error::MetadataLength)?;
            found.put(*kind, value)?;
            metadata = rest;
        }
        Ok(found)
    }

    fn put(&mut self, kind: u8, value: &'a [u8]) -> Result<(), Error> {
        let size = || Error::MetadataSize { kind, len: value.len() };
        let is_twice = match kind {
            KEY_EXCHANGE => {
                let (group, key) = value.split_first_chunk().ok_or_else(size)?;
                let key = key.try_into().map_err(|_| size())?;
                match u16::from_be_bytes(*group) {
                    X25519 => self.public_key.replace(key).is_some(),
                    group => return Err(Error::KeyExchangeGroup(group)),
                }
            }
            SERVER_CAPABILITIES => {
                let bits = value.try_into().map_err(|_| size())?;
                let capabilities = Capabilities::from_bits(u32::from_be_bytes(bits));
                self.capabilities.replace(capabilities).is_some()
            }
            CONTEXT => {
                let (time, nonce) = value.split_first_chunk().ok_or_else(size)?;
                let nonce = nonce.try_into().map_err(|_| size())?;
                self.context.replace((u64::from_be_bytes(*time), nonce)).is_some()
            }
            PARAMETERS => self.parameters.replace(value).is_some(),
            CONTROL => {
                let [method] = *value else { return Err(size()) };
                self.control.replace(method).is_some()
            }
            _ => false,
        };
        if is_twice { Err(Error::MetadataTwice(kind)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &[u8] = b"\x04\x00\x18\0\0\0\0\0\0\0\x07nnnnnnnnnnnnnnnn";

    #[test]
    fn what_a_server_sends() {
        let key = [&b"\x01\x00\x22\x00\x1D"[..], &[9; 32]].concat();
        let all = [&key[..], b"\x03\x00\x04\0\0\x03\x3F", b"\x05\x00\x02ab", b"\x06\x00\x01\x81", CONTEXT];
        let expected = ServerMetadata {
            public_key: Some([9; 32]),
            capabilities: Some(Capabilities::from_bits(0x33F)),
            context: Some((7, [b'n'; 16])),
            parameters: Some(b"ab"),
            control: Some(0x81),
        };
        assert_eq!(ServerMetadata::parse(&all.concat()).unwrap(), expected);
        // Unknown types, and that of clients.
        let skipped = [&b"\x02\x00\x00\x02\x00\x01x"[..], b"\x07\x00\x00", b"\xFF\x00\x01\xFF"];
        let skipped = [&skipped[..], &all].concat().concat();
        assert_eq!(ServerMetadata::parse(&skipped).unwrap(), expected);
        assert_eq!(ServerMetadata::parse(b"").unwrap(), ServerMetadata::default());
    }

    #[test]
    fn wrong_sizes() {
        for (kind, sizes) in
            [(1, &[0, 1, 2, 33, 35][..]), (3, &[0, 3, 5]), (4, &[0, 7, 8, 23, 25]), (6, &[0, 2])]
        {
            for size in sizes {
                let mut entry = vec![kind, 0, *size];
                entry.resize(3 + usize::from(*size), 0);
                let error = ServerMetadata::parse(&entry).unwrap_err();
                let expected = usize::from(*size);
                assert!(
                    matches!(error, Error::MetadataSize { kind: k, len } if (k, len) == (kind, expected)),
                    "{error:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_there_twice() {
        let key = [&b"\x01\x00\x22\x00\x1D"[..], &[9; 32]].concat();
        for entry in [&key[..], b"\x03\x00\x04\0\0\0\0", CONTEXT, b"\x05\x00\x00", b"\x06\x00\x01\x81"] {
            let error = ServerMetadata::parse(&[entry, entry].concat()).unwrap_err();
            assert!(matches!(error, Error::MetadataTwice(kind) if kind == entry[0]), "{error:?}");
        }
    }

    #[test]
    fn lengths_past_the_end() {
        let all = [CONTEXT, b"\x05\x00\x02ab"].concat();
        for len in 1..all.len() {
            if len == CONTEXT.len() {
                continue;
            }
            assert!(matches!(ServerMetadata::parse(&all[..len]), Err(Error::MetadataLength)), "{len}");
        }
        assert!(matches!(ServerMetadata::parse(b"\x09\xFF\xFF"), Err(Error::MetadataLength)));
    }

    #[test]
    fn another_group() {
        let entry = [&b"\x01\x00\x22\x00\x17"[..], &[9; 32]].concat();
        assert!(matches!(ServerMetadata::parse(&entry), Err(Error::KeyExchangeGroup(0x17))));
    }
}
