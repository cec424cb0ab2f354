//! Signatures checked against recorded vectors and for leaks.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, and clippy exempts only the test functions"
)]

mod acs3;
mod credentials;
mod dataplus;
mod encoding;
mod known_answers;
mod mns;
mod oss_v1;
mod oss_v4;
mod post_policy;
mod rpc;
mod support;
mod times;
