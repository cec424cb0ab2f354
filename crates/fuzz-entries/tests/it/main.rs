//! The fuzz targets on the stable toolchain: over the corpus, and over what a mutator makes
//! of it in a few seconds.

mod corpus;
mod mutation;
mod mutator;
mod targets;
mod trial;
