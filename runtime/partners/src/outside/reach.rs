//! Which network addresses may be asked. Who makes us ask an address of their choosing would like it to be one that only
//! we can reach: this machine, the house's network, or the cloud's own service for credentials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those of the public internet, by `https` alone.
    Public,
    /// Those of the house's own networks too, by `https` alone: never this machine, nor what is nobody's.
    Private,
    /// This machine alone, by `http` too: what is there in a test or a demonstration.
    Loopback,
}

impl Reach {
    /// What is within reach, in words.
    pub(super) const fn allowed(self) -> &'static str {
        match self {
            Reach::Public => "public",
            Reach::Private => "public or of private networks",
            Reach::Loopback => "this machine's",
        }
    }

    /// Whether an address is within reach.
    pub fn covers(self, address: IpAddr) -> bool {
        match self {
            Reach::Public => is_public(address),
            Reach::Private => !is_nobodys(address) && !address.to_canonical().is_loopback(),
            Reach::Loopback => address.to_canonical().is_loopback(),
        }
    }
}

/// What no partner, of whatever network, can have for an address: a cloud's own services, everybody, nobody.
pub fn is_nobodys(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let is_metadata = METADATA.contains(&address);
            is_metadata
                || address.is_link_local()
                || address.is_multicast()
                || address.octets()[0] == 0
                || address.is_broadcast()
        }
        IpAddr::V6(address) => {
            let is_metadata = address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            is_metadata || address.is_unicast_link_local() || address.is_multicast() || address.is_unspecified()
        }
    }
}

/// Services of clouds for their guests, at addresses that are not link-local.
const METADATA: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];

/// Source: the IANA registries of special-purpose addresses, IPv4 and IPv6.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let of_networks = matches!(
        (a, b),
        (0 | 10 | 127 | 224..=255, _) | (100, 64..=127) | (169, 254) | (172, 16..=31) | (192, 168) | (198, 18 | 19)
    );
    let of_registries = matches!((a, b, c), (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113));
    !of_networks && !of_registries && !METADATA.contains(&address)
}

/// Of the addresses that hold one of IPv4, that one counts.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(address) = address.to_ipv4_mapped() {
        return is_public_v4(address);
    }
    let words = address.segments();
    let embedded = Ipv4Addr::from((u32::from(words[6]) << 16) | u32::from(words[7]));
    match words {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(embedded),
        // Teredo and 6to4 lead to wherever their maker wrote; documentation leads nowhere.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn only_the_public_internet_is_public() {
        for public in
            ["1.1.1.1", "223.5.5.5", "172.15.0.1", "172.32.0.1", "2400:3200::1", "::ffff:1.1.1.1", "64:ff9b::101:101"]
        {
            assert!(Reach::Public.covers(of(public)), "{public}");
        }
        for hidden in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "100::1",
        ] {
            assert!(!Reach::Public.covers(of(hidden)), "{hidden}");
        }
    }

    #[test]
    fn a_private_reach_is_wide_and_never_this_machine_or_the_clouds_own_service() {
        for (address, covered) in [
            ("10.0.0.1", true),
            ("192.168.1.1", true),
            ("fd12::1", true),
            ("1.1.1.1", true),
            ("127.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("::1", false),
            ("169.254.169.254", false),
            ("fd00:ec2::254", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(Reach::Private.covers(of(address)), covered, "{address}");
        }
    }

    #[test]
    fn loopback_is_this_machine_alone() {
        for (address, here) in
            [("127.0.0.1", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false), ("1.1.1.1", false)]
        {
            assert_eq!(Reach::Loopback.covers(of(address)), here, "{address}");
        }
    }

    #[test]
    fn a_partner_may_be_in_the_house_and_never_the_clouds_own_service() {
        for (address, nobodys) in [
            ("127.0.0.1", false),
            ("10.0.0.1", false),
            ("fd12::1", false),
            ("1.1.1.1", false),
            ("169.254.169.254", true),
            ("100.100.100.200", true),
            ("fd00:ec2::254", true),
            ("fe80::1", true),
            ("0.0.0.0", true),
            ("::", true),
            ("224.0.0.1", true),
            ("255.255.255.255", true),
            ("::ffff:169.254.169.254", true),
        ] {
            assert_eq!(is_nobodys(of(address)), nobodys, "{address}");
        }
    }
}
