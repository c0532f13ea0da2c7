//! From where somebody comes: the address, and the block that a record keeps of a member of staff's.
//!
//! One block of AES under a key of the node: who reads the journal without the key sees that two acts came from one
//! place, and not from which.

use crate::digest::DigestKey;
use crate::phrases::Code;
use crate::problem::Problem;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use facts::Key16;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// From where a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whence(pub IpAddr);

impl Whence {
    /// A command on the node's machine: from the address that nobody has.
    pub const COMMAND: Whence = Whence(IpAddr::V6(Ipv6Addr::UNSPECIFIED));

    /// Of a request, put there by the envelope; none when nobody watches its connection.
    pub fn of(parts: &Parts) -> Option<Whence> {
        parts.extensions.get().copied()
    }

    /// The block that a record keeps.
    pub fn block(self, key: &DigestKey) -> Key16 {
        let mut block = aes_gcm::aes::Block::from(as_v6(self.0).octets());
        cipher(key).encrypt_block(&mut block);
        Key16(block.into())
    }

    /// The address of a block.
    pub fn of_block(block: Key16, key: &DigestKey) -> Whence {
        let mut block = aes_gcm::aes::Block::from(block.0);
        cipher(key).decrypt_block(&mut block);
        Whence(Ipv6Addr::from(<[u8; 16]>::from(block)).to_canonical())
    }
}

impl fmt::Display for Whence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Whence::COMMAND { f.write_str("command") } else { self.0.fmt(f) }
    }
}

fn as_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

fn cipher(key: &DigestKey) -> Aes128 {
    Aes128::new(&key.of("whence", &[]).0.into())
}

impl<S: Send + Sync> FromRequestParts<S> for Whence {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Whence, Problem> {
        Whence::of(parts).ok_or_else(|| Problem::new(Code::Internal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_block_opens_under_its_key_alone() {
        let (one, other) = (DigestKey::new([1; 32]), DigestKey::new([2; 32]));
        for text in ["203.0.113.7", "2001:db8::7", "::1"] {
            let block = Whence(address(text)).block(&one);
            assert_eq!(Whence::of_block(block, &one).0, address(text));
            assert_ne!(Whence::of_block(block, &other).0, address(text));
            assert_ne!(block.0, as_v6(address(text)).octets());
        }
        assert_eq!(Whence::of_block(Whence::COMMAND.block(&one), &one).to_string(), "command");
    }
}
