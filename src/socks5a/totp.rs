//! Time-based one-time passwords (RFC 6238).

use super::crypto::{keyed, wiped};
use hmac::Mac;
use sha1::Sha1;
use zeroize::Zeroizing;

/// The seconds of a time step.
const STEP: u64 = 30;

/// Returns the code of 6 digits at this Unix time, by HMAC-SHA-1.
pub(super) fn code(secret: &[u8], time: u64) -> Zeroizing<String> {
    let sum: [u8; 20] = wiped(|| {
        let mut mac = keyed::<Sha1>(secret);
        mac.update(&(time / STEP).to_be_bytes());
        mac.finalize().into_bytes().into()
    });
    // RFC 4226 §5.3.
    let at = usize::from(sum[19] & 0x0F);
    let number = u32::from_be_bytes([sum[at], sum[at + 1], sum[at + 2], sum[at + 3]]) & 0x7FFF_FFFF;
    Zeroizing::new(format!("{:06}", number % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::code;

    /// RFC 6238, appendix B: the last 6 of 8 digits.
    #[test]
    fn the_codes_of_the_rfc() {
        for (time, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(*code(b"12345678901234567890", time), expected);
        }
    }

    /// RFC 2202 §3: a key that is longer than the block.
    #[test]
    fn a_long_secret() {
        use hmac::Mac;
        let mut mac = super::keyed::<sha1::Sha1>(&[0xAA; 80]);
        mac.update(b"Test Using Larger Than Block-Size Key - Hash Key First");
        let expected = [
            0xAA, 0x4A, 0xE5, 0xE1, 0x52, 0x72, 0xD0, 0x0E, 0x95, 0x70, 0x56, 0x37, 0xCE, 0x8A, 0x3B, 0x55,
            0xED, 0x40, 0x21, 0x12,
        ];
        assert!(mac.verify_slice(&expected).is_ok());
    }
}
