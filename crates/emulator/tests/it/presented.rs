//! Which signatures the emulator accepts: those that the official SDKs send, and no other.

mod parsers;
mod vectors;
