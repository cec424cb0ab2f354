//! One of something for each listener: its address, its socket, its router.

use std::net::{Ipv4Addr, SocketAddr};

/// Something that each listener has. Its fields are in the order in which listeners are announced.
#[derive(Debug, Clone, Copy)]
pub struct PerListener<T> {
    /// Of object storage.
    pub oss: T,
    /// Of queues and topics.
    pub mns: T,
    /// Of the MNS OpenAPI, which has the event rules.
    pub mns_open: T,
    /// Of the face APIs.
    pub face: T,
    /// Of STS, which issues temporary keys.
    pub sts: T,
    /// Of the admin API. A client that reaches it controls the emulator.
    pub admin: T,
}

impl<T> PerListener<T> {
    /// Each with the name of its listener: that of its option and in the announcement.
    pub fn named(self) -> [(&'static str, T); 6] {
        [
            ("oss", self.oss),
            ("mns", self.mns),
            ("mns-open", self.mns_open),
            ("face", self.face),
            ("sts", self.sts),
            ("admin", self.admin),
        ]
    }
}

impl PerListener<SocketAddr> {
    /// Free ports of this machine.
    #[must_use]
    pub fn loopback() -> Self {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            oss: anywhere,
            mns: anywhere,
            mns_open: anywhere,
            face: anywhere,
            sts: anywhere,
            admin: anywhere,
        }
    }
}
