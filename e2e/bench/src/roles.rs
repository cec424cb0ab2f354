//! The roles of this executable when it is started as a child, so that the work in it is
//! measured alone. Hidden from the help: only the groups start these.

use anyhow::Result;
use clap::Subcommand;

use crate::child::until_interrupted;
use crate::{annotate, local, peers, recovery, sink};

/// The work of a child.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// A sink that counts what is posted to it.
    #[command(hide = true)]
    ServeSink(sink::Args),
    /// Annotates one photo.
    #[command(hide = true)]
    AnnotatePhoto(annotate::Args),
    /// Looks for the faces of one photo.
    #[command(hide = true)]
    FindFaces(local::Args),
    /// Looks for the faces of one photo with `rustface`.
    #[command(hide = true)]
    FindFacesByRustface(local::RustfaceArgs),
    /// Works a queue off with our adapter and with the original.
    #[command(hide = true)]
    CompareAdapters(peers::AdapterArgs),
    /// Annotates a photo with our face service and with the original.
    #[command(hide = true)]
    CompareFaces(peers::FaceArgs),
    /// Lets an adapter lose the name of its sink.
    #[command(hide = true)]
    LoseNames(recovery::NamesArgs),
}

impl Role {
    /// Does the work to its end.
    ///
    /// # Errors
    /// As the work has it.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::ServeSink(args) => sink::serve(args).await,
            Self::AnnotatePhoto(args) => annotate::once(&args),
            Self::FindFaces(args) => local::once(&args),
            Self::FindFacesByRustface(args) => local::once_by_rustface(&args),
            Self::CompareAdapters(args) => {
                until_interrupted(Box::pin(peers::compare_adapters(args))).await
            }
            Self::LoseNames(args) => until_interrupted(Box::pin(recovery::lose_names(args))).await,
            Self::CompareFaces(args) => {
                until_interrupted(Box::pin(peers::compare_faces(args))).await
            }
        }
    }
}
