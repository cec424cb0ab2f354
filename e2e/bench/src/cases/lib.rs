//! What the micro-benchmarks time, for criterion and for the rows of `micro`.

mod mns;
mod oss;
mod signing;

use std::error::Error;

/// A function with what it cannot be faster than.
#[expect(missing_debug_implementations, reason = "functions have no text")]
pub struct Case {
    /// What is done.
    pub name: &'static str,
    /// Bytes that one call goes through.
    pub bytes: usize,
    /// One call.
    pub run: Box<dyn Fn()>,
    /// What the limit is.
    pub limit_name: &'static str,
    /// One call of that, on the same bytes.
    pub limit: Box<dyn Fn()>,
}

/// All of them; each has succeeded once.
///
/// # Errors
/// When one does not do what it should.
pub fn cases() -> Result<Vec<Case>, Box<dyn Error>> {
    let parts = [signing::cases()?, mns::cases()?, oss::cases()?];
    Ok(parts.into_iter().flatten().collect())
}
