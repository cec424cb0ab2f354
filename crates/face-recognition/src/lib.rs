//! Takes events about uploaded photos and puts each photo back with its faces boxed and
//! labelled.

pub mod picture;
