//! The emulator as a whole: bound, then served until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use signing::Credentials;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Admin};
use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::face::{self, Face, FaceStartError};
use crate::journal::{Journal, JournalError};
use crate::keys::Keys;
use crate::mns::{self, Mns};
use crate::oss::{self, Oss};
use crate::rules::Rules;
use crate::serve::serve;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::tls::{Tls, TlsError};

/// Why the emulator cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It cannot listen.
    #[error(transparent)]
    Bind(#[from] service::bind::BindError),
    /// What it kept cannot be read, or nothing can be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It cannot look at pictures.
    #[error(transparent)]
    Face(#[from] FaceStartError),
    /// It cannot answer over TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system does not say what was bound.
    #[error("cannot tell which address was bound")]
    Address(#[source] std::io::Error),
}

/// An emulator that listens but does not answer yet.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    listeners: Listeners,
    routers: Routers,
    mns: Arc<Mns>,
    tls: Tls,
    addresses: Addresses,
}

/// The addresses that were bound.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Of object storage.
    pub oss: SocketAddr,
    /// Of queues and topics.
    pub mns: SocketAddr,
    /// Of the face APIs.
    pub face: SocketAddr,
    /// Of the admin API.
    pub admin: SocketAddr,
}

#[derive(Debug)]
struct Listeners {
    oss: TcpListener,
    mns: TcpListener,
    face: TcpListener,
    admin: TcpListener,
}

#[derive(Debug)]
struct Routers {
    oss: axum::Router,
    mns: axum::Router,
    face: axum::Router,
    admin: axum::Router,
}

impl Emulator {
    /// Binds every listener and restores what was kept. Clients may connect from now on; they
    /// are answered once [`serve`](Self::serve) runs.
    ///
    /// # Errors
    /// Permanent: an address cannot be bound, or the data directory cannot be used.
    pub async fn bind(settings: Settings, owner: Credentials) -> Result<Self, StartError> {
        let listeners = Listeners::bind(&settings).await?;
        let addresses = listeners.addresses().map_err(StartError::Address)?;
        let (journal, blobs) = storage(&settings)?;
        let shared = Shared::new(settings, Clock::system(), Keys::new(owner), journal);
        let rules = Arc::new(Rules::new(&shared.journal)?);
        let mns = Mns::new(Arc::clone(&shared))?;
        let oss = Oss::new(
            Arc::clone(&shared),
            blobs,
            Arc::clone(&rules),
            Arc::clone(&mns),
        )?;
        shared.journal.begin()?;
        let (for_admin, for_face) = (Arc::clone(&oss), Arc::clone(&oss));
        let admin = Admin::new(Arc::clone(&shared), rules, Arc::clone(&mns), for_admin);
        let face = Face::new(Arc::clone(&shared), for_face, addresses.oss)?;
        let routers = Routers {
            oss: oss::router(oss),
            mns: mns::router(Arc::clone(&mns)),
            face: face::router(face),
            admin: admin::router(admin),
        };
        Ok(Self {
            shared,
            listeners,
            routers,
            mns,
            tls: Tls::self_signed()?,
            addresses,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What all services hold in common, for tests that run the emulator in their process.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Answers until `stop`, and then until open requests are done or a few seconds have passed.
    pub async fn serve(self, stop: CancellationToken) {
        let Self {
            listeners,
            routers,
            mns,
            tls,
            ..
        } = self;
        let stopped = stop.clone();
        let stop_waiting = async move {
            stopped.cancelled().await;
            mns.stop_waiting();
        };
        tokio::join!(
            serve(listeners.oss, routers.oss, tls.clone(), stop.clone()),
            serve(listeners.mns, routers.mns, tls.clone(), stop.clone()),
            serve(listeners.face, routers.face, tls.clone(), stop.clone()),
            serve(listeners.admin, routers.admin, tls, stop),
            stop_waiting,
        );
    }
}

impl Addresses {
    /// The addresses with their names, as they are announced.
    #[must_use]
    pub fn named(&self) -> [(&'static str, SocketAddr); 4] {
        let Self {
            oss,
            mns,
            face,
            admin,
        } = *self;
        [("oss", oss), ("mns", mns), ("face", face), ("admin", admin)]
    }
}

impl Listeners {
    async fn bind(settings: &Settings) -> Result<Self, service::bind::BindError> {
        let listen = settings.listen;
        Ok(Self {
            oss: service::bind(listen.oss, "--oss").await?,
            mns: service::bind(listen.mns, "--mns").await?,
            face: service::bind(listen.face, "--face").await?,
            admin: service::bind(listen.admin, "--admin").await?,
        })
    }

    fn addresses(&self) -> std::io::Result<Addresses> {
        Ok(Addresses {
            oss: self.oss.local_addr()?,
            mns: self.mns.local_addr()?,
            face: self.face.local_addr()?,
            admin: self.admin.local_addr()?,
        })
    }
}

fn storage(settings: &Settings) -> Result<(Journal, Blobs), JournalError> {
    let Some(data) = &settings.data else {
        return Ok((Journal::in_memory(), Blobs::in_memory()));
    };
    // The journal goes first: its lock keeps others out of the directory.
    let journal = Journal::open(data)?;
    let blobs = Blobs::in_directory(data).map_err(|source| JournalError::Io {
        path: data.clone(),
        source,
    })?;
    Ok((journal, blobs))
}
