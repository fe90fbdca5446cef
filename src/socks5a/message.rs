//! An EAF message: `VER | ALEN(2) | MLEN(2) | AUTH | METADATA | HMAC(32)`.

use super::crypto::{LEN, Mac, joined};
use super::error::Error;
use zeroize::Zeroizing;

pub(super) const VERSION: u8 = 1;

/// The length of VER, ALEN and MLEN.
pub(super) const HEADER: usize = 5;

/// The most bytes of AUTH or METADATA that a client accepts.
const LONGEST: usize = 4096;

/// AUTH and METADATA of a message with a valid HMAC.
pub(super) struct Message<'a> {
    pub(super) auth: &'a [u8],
    pub(super) metadata: &'a [u8],
}

/// Renders a message.
pub(super) fn seal(mac: &Mac, auth: &[u8], metadata: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let too_long = |_| Error::FactorTooLong(auth.len());
    let auth_len = u16::try_from(auth.len()).map_err(too_long)?.to_be_bytes();
    let metadata_len = u16::try_from(metadata.len()).map_err(too_long)?.to_be_bytes();
    let parts = [&[VERSION], &auth_len[..], &metadata_len, auth, metadata];
    let sum = mac.sum(&parts);
    let [version, auth_len, metadata_len, auth, metadata] = parts;
    Ok(joined(&[version, auth_len, metadata_len, auth, metadata, &sum]))
}

/// ALEN and MLEN.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    auth: usize,
    metadata: usize,
}

impl Lengths {
    pub(super) fn parse([version, lengths @ ..]: [u8; HEADER]) -> Result<Self, Error> {
        check_version(version)?;
        let [a, b, c, d] = lengths;
        let [auth, metadata] = [[a, b], [c, d]].map(|len| usize::from(u16::from_be_bytes(len)));
        for (field, len) in [("ALEN", auth), ("MLEN", metadata)] {
            if len > LONGEST {
                return Err(Error::MessageTooLong { field, len });
            }
        }
        Ok(Self { auth, metadata })
    }

    /// Returns how many bytes follow the header.
    pub(super) const fn rest(self) -> usize {
        self.auth + self.metadata + LEN
    }

    /// Checks the HMAC, before anything else is looked at.
    pub(super) fn open<'a>(
        self,
        mac: &Mac,
        header: [u8; HEADER],
        rest: &'a [u8],
    ) -> Result<Message<'a>, Error> {
        let wrong = || Error::Hmac.logged();
        let (content, sum) = rest.split_last_chunk::<LEN>().ok_or_else(wrong)?;
        if !mac.is_sum(&[&header, content], sum) {
            return Err(wrong());
        }
        let (auth, metadata) = content.split_at_checked(self.auth).ok_or_else(wrong)?;
        Ok(Message { auth, metadata })
    }
}

pub(super) const fn check_version(version: u8) -> Result<(), Error> {
    match version {
        VERSION => Ok(()),
        byte => Err(Error::Malformed { field: "VER", byte }),
    }
}
