//! The face APIs over sockets: signatures, parameters and documents.

mod caller;
mod dataplus;
mod imm;
mod rpc;
