#![doc = include_str!("../README.md")]

pub mod credentials;
pub mod encode;
mod error;
pub mod headers;
mod mac;
mod scope;
mod target;
pub mod time;

pub mod acs3;
pub mod dataplus;
pub mod mns;
pub mod oss;
pub mod rpc;

pub use credentials::{
    AccessKeyId, AccessKeySecret, Credentials, CredentialsError, LiveCredentials, SecretDocument,
    SecurityToken,
};
pub use error::SignError;
