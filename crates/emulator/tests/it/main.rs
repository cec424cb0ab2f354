//! The emulator over sockets, service by service.

mod mns;
mod running;
