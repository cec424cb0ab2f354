//! What the tests stand on.

pub(crate) mod cloud;
pub(crate) mod cluster;
pub(crate) mod fixture;
pub(crate) mod fleet;
pub(crate) mod running;
