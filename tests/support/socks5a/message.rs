//! An EAF message: `VER=01 | ALEN(2) | MLEN(2) | AUTH | METADATA | HMAC(32)`.

use super::keys::{Key, mac};

/// The bytes before AUTH, and the bytes of the HMAC.
pub(crate) const HEADER: usize = 5;
pub(crate) const HMAC: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) auth: Vec<u8>,
    pub(crate) metadata: Vec<u8>,
}

impl Message {
    pub(crate) fn encode(&self, key: &Key) -> Vec<u8> {
        let length = |field: &[u8]| u16::try_from(field.len()).expect("a short field");
        self.encode_as(key, (length(&self.auth), length(&self.metadata)))
    }

    /// Encodes the message with these values of ALEN and MLEN, which the HMAC covers.
    pub(crate) fn encode_as(&self, key: &Key, (alen, mlen): (u16, u16)) -> Vec<u8> {
        let mut message = vec![1];
        message.extend(alen.to_be_bytes());
        message.extend(mlen.to_be_bytes());
        message.extend(&self.auth);
        message.extend(&self.metadata);
        message.extend(mac(key, &[&message]));
        message
    }

    /// Returns the message's length if these are its first five bytes.
    pub(crate) fn length(header: [u8; HEADER]) -> Result<usize, String> {
        let [version, a, b, c, d] = header;
        if version != 1 {
            return Err(format!("an EAF message has VER {version:02x}"));
        }
        Ok(HEADER + usize::from(u16::from_be_bytes([a, b])) + usize::from(u16::from_be_bytes([c, d])) + HMAC)
    }

    /// Decodes a whole message. Checks the HMAC before it looks at AUTH or METADATA.
    pub(crate) fn decode(bytes: &[u8], key: &Key) -> Result<Self, String> {
        let header = bytes.first_chunk().ok_or("an EAF message without a header")?;
        if Self::length(*header)? != bytes.len() {
            return Err(format!("an EAF message of {} bytes, which ALEN and MLEN deny", bytes.len()));
        }
        let (covered, hmac) = bytes.split_at(bytes.len() - HMAC);
        if mac(key, &[covered]) != hmac {
            return Err("an EAF message with a wrong HMAC".into());
        }
        let alen = usize::from(u16::from_be_bytes([bytes[1], bytes[2]]));
        let (auth, metadata) = covered[HEADER..].split_at(alen);
        Ok(Self { auth: auth.into(), metadata: metadata.into() })
    }
}
