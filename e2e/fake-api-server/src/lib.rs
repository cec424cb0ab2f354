//! The API server of a Kubernetes cluster, in memory, for tests and benchmarks of programs
//! that talk to one.
//!
//! It keeps JSON objects by path and does what a client can tell apart from outside: versions
//! and generations, conflicts, server-side apply and merge patches, the `status` subresource,
//! finalizers, dry runs, lists and watches by label and namespace, metadata alone where a client
//! asks for it, and failures on demand. It remembers every call. It answers either a client in
//! the same process ([`FakeApiServer::answer`]) or others over a socket
//! ([`FakeApiServer::listen`]), and plays the controller of Deployments when told to
//! ([`FakeApiServer::run_deployments`]).
//!
//! What it is not: it knows no schemas, so it sets no defaults, prunes nothing and lets any
//! document pass; it authenticates and authorizes nobody; it collects no garbage; an apply
//! removes the fields that the same manager applied before and leaves out now, even if another
//! manager applied them too; the pages of a list are of different moments. JSON patches, field selectors and
//! selectors of sets are refused with an error.
//! A test that passes here has not been tried against a cluster.

mod call;
mod deployments;
mod document;
mod patch;
mod path;
mod server;
mod socket;
mod store;
mod watch;

pub use call::Call;
pub use deployments::DeploymentController;
pub use server::{Answer, FakeApiServer};
pub use socket::Socket;
