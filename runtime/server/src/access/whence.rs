//! From where somebody comes: the address, and the block that a record keeps of a member of staff's.
//!
//! One block of AES under a key of the node: who reads the journal without the key sees that two acts came from one
//! place, and not from which.

use crate::connection::Peer;
use crate::digest::DigestKey;
use crate::phrases::Code;
use crate::problem::Problem;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use facts::Key16;
use std::net::{IpAddr, Ipv6Addr};

/// What a proxy says about whom it speaks for: the last entry is its own word, those before it the caller's.
const FORWARDED: &str = "x-forwarded-for";

/// From where a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whence(pub IpAddr);

impl Whence {
    /// Of a request; none when nobody watches its connection.
    pub fn of(parts: &Parts) -> Option<Whence> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>()?.0.address;
        Some(Whence(behind(peer, &parts.headers)))
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

/// Whoever is on this machine is the proxy before us, and is believed about whom it speaks for; nobody else is.
fn behind(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let said = headers.get_all(FORWARDED).iter().next_back().and_then(|said| said.to_str().ok());
    let last = said.and_then(|said| said.rsplit(',').next()).and_then(|last| last.trim().parse().ok());
    last.filter(|_| peer.to_canonical().is_loopback()).unwrap_or(peer)
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
        let (one, other) = (DigestKey([1; 32]), DigestKey([2; 32]));
        for text in ["203.0.113.7", "2001:db8::7", "::1"] {
            let block = Whence(address(text)).block(&one);
            assert_eq!(Whence::of_block(block, &one).0, address(text));
            assert_ne!(Whence::of_block(block, &other).0, address(text));
            assert_ne!(block.0, as_v6(address(text)).octets());
        }
    }

    #[test]
    fn a_proxy_on_this_machine_is_believed_and_nobody_else() {
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED, "10.9.9.9, 203.0.113.7".parse().expect("a value"));
        let (here, there) = (address("127.0.0.1"), address("198.51.100.1"));
        assert_eq!(behind(here, &headers), address("203.0.113.7"), "its own word, not what the caller sent");
        assert_eq!(behind(there, &headers), there);
        assert_eq!(behind(here, &HeaderMap::new()), here);
        headers.insert(FORWARDED, "unknown".parse().expect("a value"));
        assert_eq!(behind(here, &headers), here);
    }
}
