//! No core files: what is in memory includes secrets, and a file of it outlives the process.
//!
//! Deployments can forbid them as well, but most leave it to the node.

use nix::sys::resource::{Resource, setrlimit};

/// Forbids core files to this process and its children, for good.
pub(crate) fn forbid() {
    // Lowering a limit of one's own is always allowed; there is nothing to do if it is not.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
}
