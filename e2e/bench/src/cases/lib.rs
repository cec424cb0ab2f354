//! The functions that the micro-benchmarks time, for criterion and for the rows of `micro`.

mod mns;
mod oss;
mod signing;
mod spans;

use std::error::Error;

/// An event as OSS publishes it: an upload of one object.
pub const EVENT: &str = include_str!("event.json");

/// A function with what it cannot be faster than.
#[expect(missing_debug_implementations, reason = "functions have no text")]
pub struct Case {
    /// Name of the work.
    pub name: &'static str,
    /// Bytes that one call goes through.
    pub bytes: usize,
    /// One call.
    pub run: Box<dyn Fn()>,
    /// Name of the limit.
    pub limit_name: &'static str,
    /// One call of that, on the same bytes.
    pub limit: Box<dyn Fn()>,
}

/// All of them; each has succeeded once.
///
/// # Errors
/// When one does not do what it should.
pub fn cases() -> Result<Vec<Case>, Box<dyn Error>> {
    let parts = [
        signing::cases()?,
        mns::cases()?,
        oss::cases()?,
        spans::cases()?,
    ];
    Ok(parts.into_iter().flatten().collect())
}
