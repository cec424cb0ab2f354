//! Which addresses requests may go to.
//!
//! A URL from outside can lead to where only this machine may go: to the metadata
//! service of the cloud, to another pod, to the machine itself. What counts is the address that
//! a connection is made to. So a name is judged when it is resolved for a connection, and
//! a name that changes its address between two questions gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use url::{Host, Url};

/// Which addresses requests may go to. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Reach(Option<Arc<Rules>>);

#[derive(Debug)]
struct Rules {
    /// Whether any name may lead to the public internet, or a trusted one only.
    is_open: bool,
    allowed: Networks,
    is_trusted: fn(&str) -> bool,
}

/// Networks, as an administrator lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Reach {
    /// Any address.
    #[must_use]
    pub fn anywhere() -> Self {
        Self::default()
    }

    /// Addresses on the public internet, and those in `allowed`.
    ///
    /// A name for which `is_trusted` holds may have an address in a private network, because
    /// nobody but its owner decides which one. It may not lead to this machine or to a metadata
    /// service.
    #[must_use]
    pub fn public_and(allowed: Networks, is_trusted: fn(&str) -> bool) -> Self {
        Self::by(true, allowed, is_trusted)
    }

    /// As [`public_and`](Self::public_and), but addresses on the public internet are for names
    /// for which `is_trusted` holds alone.
    #[must_use]
    pub fn only(allowed: Networks, is_trusted: fn(&str) -> bool) -> Self {
        Self::by(false, allowed, is_trusted)
    }

    fn by(is_open: bool, allowed: Networks, is_trusted: fn(&str) -> bool) -> Self {
        let rules = Rules {
            is_open,
            allowed,
            is_trusted,
        };
        Self(Some(Arc::new(rules)))
    }

    /// Whether a connection to `address` may be made, to which `name` was resolved.
    #[must_use]
    pub fn admits(&self, name: &str, address: IpAddr) -> bool {
        let Some(rules) = &self.0 else {
            return true;
        };
        let address = embedded(address);
        let is_trusted = (rules.is_trusted)(name);
        rules.allowed.contains(address)
            || ((rules.is_open || is_trusted) && is_public(address))
            || (is_trusted && is_private(address))
    }

    /// Whether a request to `url` may be made, as far as the URL tells: a name is judged once
    /// it is resolved.
    #[must_use]
    pub fn admits_url(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => self.admits("", address.into()),
            Some(Host::Ipv6(address)) => self.admits("", address.into()),
            Some(Host::Domain(_)) | None => true,
        }
    }
}

impl Networks {
    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Networks such as `10.0.0.0/8`, or single addresses, separated by commas.
impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let networks = parts.map(|part| {
            let network = part.parse::<IpNet>();
            let network = network.or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| format!("`{part}` is not a network such as `10.0.0.0/8`"))
        });
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// The IPv4 address that an IPv6 one stands for, as far as gateways turn one into the other.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let segments = v6.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        // `::ffff:0:0/96`, mapped; `64:ff9b::/96`, NAT64; `2002::/16`, 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            v4(high, low).into()
        }
        [0x2002, high, low, ..] => v4(high, low).into(),
        _ => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_special = match address.octets() {
        // "This network", protocol assignments, benchmarks, and everything from multicast on.
        [0 | 224..=255, ..] | [192, 0, 0, _] | [198, 18..=19, ..] => true,
        _ => address.is_loopback() || address.is_link_local() || address.is_documentation(),
    };
    !is_special && !is_private_v4(address) && address != METADATA
}

/// What is routed at all, but for what is set aside in it for tunnels and documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address) && address != METADATA,
        // `fc00::/7`, unique local.
        IpAddr::V6(address) => address.segments()[0] & 0xfe00 == 0xfc00,
    }
}

/// Networks of one's own, and those that providers keep for themselves (`100.64.0.0/10`), in
/// which Alibaba Cloud's internal endpoints lie.
fn is_private_v4(address: Ipv4Addr) -> bool {
    address.is_private() || matches!(address.octets(), [100, 64..=127, ..])
}

/// Alibaba Cloud's metadata service. Those of other clouds are link-local.
const METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(allowed: &str) -> Reach {
        Reach::public_and(allowed.parse().unwrap(), |name| name == "trusted.test")
    }

    #[test]
    fn only_public_addresses_are_admitted() {
        let public = ["8.8.8.8", "100.63.0.1", "172.32.0.1", "2606:4700::1111"];
        let others = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        let reach = reach("");
        for text in public {
            assert!(reach.admits("any.test", text.parse().unwrap()), "{text}");
        }
        for text in others {
            let address = text.parse().unwrap();
            assert!(!reach.admits("any.test", address), "{text}");
            assert!(Reach::anywhere().admits("any.test", address), "{text}");
        }
    }

    #[test]
    fn administrators_allow_networks() {
        let reach = reach("10.0.0.0/8, 127.0.0.1,fd00::/8");
        for (text, expected) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("127.0.0.1", true),
            ("fd00::1", true),
            ("127.0.0.2", false),
            ("192.168.0.1", false),
        ] {
            let address = text.parse().unwrap();
            assert_eq!(reach.admits("any.test", address), expected, "{text}");
        }
        for text in ["10.0.0.0/33", "example.com", "10.0.0.0/8;::1"] {
            assert!(text.parse::<Networks>().is_err(), "{text}");
        }
    }

    #[test]
    fn trusted_names_may_lead_into_private_networks_only() {
        for (text, expected) in [
            ("10.1.2.3", true),
            ("100.118.28.1", true),
            ("8.8.8.8", true),
            ("100.100.100.200", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("fe80::1", false),
        ] {
            let address = text.parse().unwrap();
            assert_eq!(
                reach("").admits("trusted.test", address),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn trusted_names_alone_are_reached_where_that_is_said() {
        let reach = Reach::only("10.0.0.0/8".parse().unwrap(), |name| name == "trusted.test");
        for (name, address, expected) in [
            ("trusted.test", "8.8.8.8", true),
            ("trusted.test", "192.168.0.1", true),
            ("trusted.test", "127.0.0.1", false),
            ("any.test", "8.8.8.8", false),
            ("any.test", "192.168.0.1", false),
            ("any.test", "10.0.0.1", true),
        ] {
            let admits = reach.admits(name, address.parse().unwrap());
            assert_eq!(admits, expected, "{name} {address}");
        }
    }

    #[test]
    fn literal_addresses_are_judged_in_every_spelling() {
        for (url, expected) in [
            ("http://8.8.8.8/", true),
            ("http://any.test/", true),
            ("http://127.1/", false),
            ("http://2130706433/", false),
            ("http://0x7f.0.0.1/", false),
            ("http://0251.0376.0251.0376/", false),
            ("http://[::1]:80/", false),
            ("http://[::ffff:a9fe:a9fe]/", false),
        ] {
            let parsed = Url::parse(url).unwrap();
            assert_eq!(reach("").admits_url(&parsed), expected, "{url}");
        }
    }
}
