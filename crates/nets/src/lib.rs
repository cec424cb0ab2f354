//! Runs small convolutional nets on the CPU.
//!
//! A net is a function that hands a [`Tensor`] from layer to layer; its weights are read once, in
//! the order of the layers, by [`Weights`]. There is no graph to interpret. What makes it fast:
//!
//! - Channels lie next to each other, so that a convolution computes sixteen outputs at a time
//!   and needs no other order of its input.
//! - The inner loops use the widest vectors of the CPU that the program finds itself on.
//! - A [`Block`] (widen, convolve each channel, narrow) goes by in strips of a few rows: the wide
//!   tensor in its middle, six times the size of its input, never exists as a whole.

#![expect(
    clippy::inline_always,
    reason = "vectors stay in registers only within one function"
)]
#![expect(
    clippy::needless_range_loop,
    reason = "loops of a fixed length that the compiler unrolls, over several arrays at a time"
)]

mod bands;
mod block;
mod conv;
mod depthwise;
mod pool;
mod tensor;
#[cfg(test)]
mod tests;
mod upsample;
mod weights;

/// Outputs that are computed at a time.
pub(crate) const LANES: usize = 16;

pub use block::Block;
pub use conv::{Conv, Shape};
pub use depthwise::Depthwise;
pub use pool::{average_by_two, largest_of_three, mean};
pub use tensor::Tensor;
pub use upsample::Upsample;
pub use weights::{BadWeights, Weights};
