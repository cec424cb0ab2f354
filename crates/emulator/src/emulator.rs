//! The emulator as a whole: bound, then served until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::join_all;
use service::bind::BindError;
use signing::Credentials;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Admin};
use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::face::{self, Face, FaceStartError};
use crate::journal::{Journal, JournalError};
use crate::keys::Keys;
use crate::listeners::PerListener;
use crate::mns::{self, Mns};
use crate::mns_open::{self, MnsOpen};
use crate::oss::{self, Oss};
use crate::rules::Rules;
use crate::serve::serve;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::sts;
use crate::tls::{Tls, TlsError};

/// Why the emulator cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It cannot listen.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The data directory cannot be read or written.
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
    listeners: PerListener<TcpListener>,
    routers: PerListener<axum::Router>,
    mns: Arc<Mns>,
    tls: Tls,
    addresses: Addresses,
}

/// The addresses that were bound.
pub type Addresses = PerListener<SocketAddr>;

impl Emulator {
    /// Binds every listener and restores the state of the data directory. Clients may connect from
    /// now on; they are answered once [`serve`](Self::serve) runs.
    ///
    /// # Errors
    /// Permanent: an address cannot be bound, or the data directory cannot be used.
    pub async fn bind(settings: Settings, owner: Credentials) -> Result<Self, StartError> {
        let listeners = bind(settings.listen).await?;
        let addresses = bound(&listeners).map_err(StartError::Address)?;
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
        let mns_open = MnsOpen::new(Arc::clone(&shared), Arc::clone(&rules), Arc::clone(&mns));
        let face = Face::new(Arc::clone(&shared), Arc::clone(&oss), addresses.oss)?;
        let admin = Admin::new(
            Arc::clone(&shared),
            rules,
            Arc::clone(&mns),
            Arc::clone(&oss),
        );
        let routers = PerListener {
            oss: oss::router(oss),
            mns: mns::router(Arc::clone(&mns)),
            mns_open: mns_open::router(mns_open),
            face: face::router(face),
            sts: sts::router(Arc::clone(&shared)),
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

    /// The state that all services share, for tests that run the emulator in their process.
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
        let pairs = listeners.named().into_iter().zip(routers.named());
        let served = pairs
            .map(|((_, listener), (_, router))| serve(listener, router, tls.clone(), stop.clone()));
        let stop_waiting = async {
            stop.cancelled().await;
            mns.stop_waiting();
        };
        tokio::join!(join_all(served), stop_waiting);
    }
}

async fn bind(listen: PerListener<SocketAddr>) -> Result<PerListener<TcpListener>, BindError> {
    Ok(PerListener {
        oss: service::bind(listen.oss, "--oss").await?,
        mns: service::bind(listen.mns, "--mns").await?,
        mns_open: service::bind(listen.mns_open, "--mns-open").await?,
        face: service::bind(listen.face, "--face").await?,
        sts: service::bind(listen.sts, "--sts").await?,
        admin: service::bind(listen.admin, "--admin").await?,
    })
}

fn bound(listeners: &PerListener<TcpListener>) -> std::io::Result<Addresses> {
    Ok(PerListener {
        oss: listeners.oss.local_addr()?,
        mns: listeners.mns.local_addr()?,
        mns_open: listeners.mns_open.local_addr()?,
        face: listeners.face.local_addr()?,
        sts: listeners.sts.local_addr()?,
        admin: listeners.admin.local_addr()?,
    })
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
