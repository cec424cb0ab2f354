//! Finds the faces in a photo: one model of the result, three ways to get it.
//!
//! [`dataplus`] and [`facebody`] ask Alibaba Cloud and learn gender and age; [`local`] looks for
//! itself and knows positions only. A back end is given a [`Photo`] and asks it for the form
//! that its service takes. An answer is checked before it is used, so a [`Face`] always lies
//! inside its picture and knows only what was really said.
//!
//! This crate neither decodes files nor draws, and it knows nothing of buckets or events.

mod analysis;
mod answer;
mod backend;
mod cpu;
mod error;
mod limits;
mod photo;
mod refusal;

pub mod dataplus;
pub mod facebody;
pub mod local;

pub use analysis::{Analysis, Dimensions, Face, Gender, Rect};
pub use backend::Backend;
pub use error::{AnswerError, FaceError, FormError, Refusal};
pub use photo::{Encoded, Photo, StoredFile};
