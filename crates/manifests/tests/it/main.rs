//! What is rendered, as clusters and people see it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside the test functions fail tests too"
)]

mod config;
mod console;
mod keda;
mod keys;
mod network;
mod pods;
mod rights;
mod rrsa;
mod sample;
mod seed;
mod standard;
mod transport_encryption;

use manifests::{Config, File, Profile, render};
use serde_json::Value;

/// The files of a profile with the default settings, and the console.
fn standard_files(profile: Profile) -> Vec<File> {
    let config = Config::load("console.enabled = true", |_| None).unwrap();
    render(&config, profile).unwrap()
}

/// All objects of files, those of kustomize aside.
fn objects(files: &[File]) -> Vec<Value> {
    let all = files.iter().flat_map(|file| file.objects().unwrap());
    all.filter(|object| object["kind"] != "Kustomization")
        .collect()
}

/// The one object of a kind and a name.
fn object(files: &[File], kind: &str, name: &str) -> Value {
    let mut found: Vec<_> = objects(files)
        .into_iter()
        .filter(|object| object["kind"] == kind && object["metadata"]["name"] == name)
        .collect();
    assert_eq!(found.len(), 1, "{kind} {name}");
    found.remove(0)
}
