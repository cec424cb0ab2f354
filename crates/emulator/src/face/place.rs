//! Where the picture behind a URL is: in a bucket, and of which region, or elsewhere.
//!
//! Names of the real OSS in the region that is played mean the emulator's own OSS, and so
//! does everything under `localhost`, which not every machine resolves by itself. No name
//! is looked up here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use url::{Host, Url};

/// Where pictures are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In a bucket.
    Bucket {
        /// The bucket's region.
        region: String,
        /// Where it is served, if by the emulator.
        address: Option<SocketAddr>,
    },
    /// On this machine, by a name that need not resolve.
    Machine {
        /// Where it is served.
        address: SocketAddr,
    },
    /// Anywhere else.
    Elsewhere,
}

impl Place {
    /// Where to connect to, if the emulator knows better than the URL.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Bucket { address, .. } => *address,
            Self::Machine { address } => Some(*address),
            Self::Elsewhere => None,
        }
    }
}

/// Knows the emulator's own OSS by its names and addresses.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// Where the emulator's OSS listens.
    pub(super) oss: SocketAddr,
    /// Its names, each also with a bucket in front.
    pub(super) names: Vec<String>,
    /// Its region.
    pub(super) region: String,
    /// The bucket that the face service keeps for itself, and the region it is in whatever
    /// the emulator's own.
    pub(super) own_bucket: (&'static str, &'static str),
}

impl Places {
    /// Where the picture behind `url` is.
    pub(super) fn of(&self, url: &Url) -> Place {
        let port = url.port_or_known_default().unwrap_or_default();
        match url.host() {
            Some(Host::Domain(name)) => self.of_name(url, &name.to_ascii_lowercase(), port),
            Some(Host::Ipv4(ip)) => self.of_ip(url, ip.into(), port),
            Some(Host::Ipv6(ip)) => self.of_ip(url, ip.into(), port),
            None => Place::Elsewhere,
        }
    }

    fn of_name(&self, url: &Url, name: &str, port: u16) -> Place {
        if let Some(region) = official_region(name) {
            let address = (region == self.region).then(|| self.reachable());
            return Place::Bucket {
                region: region.to_owned(),
                address,
            };
        }
        let is_local = under(name, "localhost");
        // A name without a dot is a container's, as OSS itself takes it.
        let is_own =
            is_local || !name.contains('.') || self.names.iter().any(|known| under(name, known));
        if is_own && port == self.oss.port() {
            self.own(url)
        } else if is_local {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            Place::Machine { address }
        } else {
            Place::Elsewhere
        }
    }

    fn of_ip(&self, url: &Url, ip: IpAddr, port: u16) -> Place {
        let own = port == self.oss.port() && (ip.is_loopback() || ip == self.oss.ip());
        if own { self.own(url) } else { Place::Elsewhere }
    }

    fn own(&self, url: &Url) -> Place {
        let (bucket, region) = self.own_bucket;
        let segments = url.path_segments().into_iter().flatten();
        let in_host = || {
            url.host_str()
                .is_some_and(|host| host.split('.').next() == Some(bucket))
        };
        // Behind an IP address its first piece may stand before the bucket, see `openplatform`.
        let is_own = segments.take(2).any(|segment| segment == bucket) || in_host();
        let region = if is_own { region } else { &self.region };
        Place::Bucket {
            region: region.to_owned(),
            address: Some(self.reachable()),
        }
    }

    /// Where to connect to: a listener on all addresses has none of its own.
    fn reachable(&self) -> SocketAddr {
        if self.oss.ip().is_unspecified() {
            SocketAddr::from((Ipv4Addr::LOCALHOST, self.oss.port()))
        } else {
            self.oss
        }
    }
}

/// Points `url` to `address`, as a name server would have done, and out of TLS, whose
/// certificate would not be believed.
///
/// # Errors
/// When the URL has no place for an address.
pub(super) fn point(url: &mut Url, address: SocketAddr) -> Result<(), ()> {
    url.set_scheme("http")?;
    url.set_ip_host(address.ip())?;
    url.set_port(Some(address.port()))
}

/// Whether `name` is `domain` or below it.
fn under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The region of a host name of the real OSS: `[<bucket>.]oss-<region>[-internal].aliyuncs.com`.
fn official_region(name: &str) -> Option<&str> {
    let label = name.strip_suffix(".aliyuncs.com")?.rsplit('.').next()?;
    let region = label.strip_prefix("oss-")?;
    Some(region.strip_suffix("-internal").unwrap_or(region))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(oss: &str) -> Places {
        Places {
            oss: oss.parse().unwrap(),
            names: vec!["oss.test".to_owned()],
            region: "cn-beijing".to_owned(),
            own_bucket: ("viapi-upload", "cn-shanghai"),
        }
    }

    fn place(url: &str) -> String {
        let place = places("127.0.0.1:9000").of(&Url::parse(url).unwrap());
        let region = match &place {
            Place::Bucket { region, .. } => region,
            Place::Machine { .. } => "machine",
            Place::Elsewhere => "elsewhere",
        };
        let address = place.address().map(|address| format!(" at {address}"));
        format!("{region}{}", address.unwrap_or_default())
    }

    #[test]
    fn every_url_has_its_place() {
        let table = "
            http://b.oss-cn-beijing.aliyuncs.com/k | cn-beijing at 127.0.0.1:9000
            https://b.oss-cn-beijing-internal.aliyuncs.com/k | cn-beijing at 127.0.0.1:9000
            http://b.oss-cn-shanghai.aliyuncs.com/k | cn-shanghai
            http://oss-us-west-1.aliyuncs.com/b/k | us-west-1
            http://127.0.0.1:9000/b/k | cn-beijing at 127.0.0.1:9000
            https://127.0.0.1:9000/b/k | cn-beijing at 127.0.0.1:9000
            http://127.0.0.1:9000/viapi-upload/k | cn-shanghai at 127.0.0.1:9000
            http://127.0.0.1:9000/127/viapi-upload/k | cn-shanghai at 127.0.0.1:9000
            http://127.0.0.1:9000/b/c/viapi-upload/k | cn-beijing at 127.0.0.1:9000
            http://127.0.0.1:9000/viapi-upload-2/k | cn-beijing at 127.0.0.1:9000
            http://127.0.0.1:9001/b/k | elsewhere
            http://10.0.0.1:9000/b/k | elsewhere
            http://[::1]:9000/b/k | cn-beijing at 127.0.0.1:9000
            http://b.oss.test:9000/k | cn-beijing at 127.0.0.1:9000
            http://toss.test:9000/k | elsewhere
            http://emulator:9000/b/k | cn-beijing at 127.0.0.1:9000
            http://emulator:9001/b/k | elsewhere
            http://viapi-upload.localhost:9000/k | cn-shanghai at 127.0.0.1:9000
            http://a.localhost:8000/k | machine at 127.0.0.1:8000
            http://aliyuncs.com.evil.example/k | elsewhere
        ";
        for row in table.trim().lines() {
            let (url, expected) = row.trim().split_once(" | ").unwrap();
            assert_eq!(place(url), expected, "{url}");
        }
    }

    #[test]
    fn a_pointed_url_keeps_path_and_query_and_leaves_tls() {
        let places = places("0.0.0.0:9000");
        let mut url = Url::parse("https://b.oss-cn-beijing.aliyuncs.com/a%20b?c=d%2B").unwrap();
        let address = places.of(&url).address().unwrap();
        point(&mut url, address).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:9000/a%20b?c=d%2B");
    }
}
