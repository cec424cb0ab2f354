//! libFuzzer's binaries and our table name the same targets.

use std::collections::BTreeSet;
use std::fs;

use fuzz_entries::TARGETS;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn every_target_has_its_binary_and_every_binary_its_target() {
    let manifest = fs::read_to_string(format!("{FUZZ}/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let binaries: BTreeSet<_> = manifest["bin"]
        .as_array()
        .unwrap()
        .iter()
        .map(|binary| {
            let name = binary["name"].as_str().unwrap();
            assert_eq!(
                binary["path"].as_str(),
                Some(&*format!("fuzz_targets/{name}.rs"))
            );
            let source = fs::read_to_string(format!("{FUZZ}/fuzz_targets/{name}.rs")).unwrap();
            assert!(
                source.contains(&format!("run(\"{name}\", input)")),
                "{name} runs another"
            );
            name
        })
        .collect();
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(binaries, targets);
    assert_eq!(targets.len(), TARGETS.len(), "a name occurs twice");
}

#[test]
fn every_corpus_has_its_target() {
    for folder in fs::read_dir(format!("{FUZZ}/corpus")).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        let known = TARGETS.iter().any(|target| target.name == name);
        assert!(known, "e2e/fuzz/corpus/{name} belongs to no target");
    }
}
