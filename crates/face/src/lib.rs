#![doc = include_str!("../README.md")]

mod analysis;
mod attribute_set;
mod backend;
mod call;
mod cpu;
mod error;
mod lenient_string;
mod limits;
mod photo;
mod refusal;
mod response;
mod rpc;
mod vendor;

pub mod dataplus;
pub mod facebody;
pub mod imm;
pub mod local;

pub use analysis::{Analysis, Dimensions, Face, Gender, Rect};
pub use attribute_set::{AttributeSet, InvalidAttributes};
pub use backend::Backend;
pub use error::{FaceError, FormError, Refusal, ResponseError};
pub use photo::{Encoded, Photo, StoredFile};
