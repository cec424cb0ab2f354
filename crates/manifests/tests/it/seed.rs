//! The seed's profile against the walkthrough's own files.

use manifests::{Config, File, Profile, render};
use serde_json::Value;

use crate::standard_files;

/// File name and text, as the walkthrough has them.
const ORIGINALS: [(&str, &str); 6] = [
    ("rbac.yaml", include_str!("../seed/rbac.yaml")),
    ("secret.yaml", include_str!("../seed/secret.yaml")),
    (
        "service-entry.yaml",
        include_str!("../seed/service-entry.yaml"),
    ),
    ("service.yaml", include_str!("../seed/service.yaml")),
    ("source.yaml", include_str!("../seed/source.yaml")),
    ("trigger.yaml", include_str!("../seed/trigger.yaml")),
];

#[test]
fn seed_profile_equals_the_walkthrough_field_by_field() {
    let rendered = standard_files(Profile::Seed);
    let mut names: Vec<_> = rendered.iter().map(|file| file.path.as_str()).collect();
    names.sort_unstable();
    let originals: Vec<_> = ORIGINALS
        .iter()
        .map(|(name, _)| format!("seed/{name}"))
        .collect();
    assert_eq!(names, originals);
    for (name, text) in ORIGINALS {
        let original: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
        let file = rendered
            .iter()
            .find(|file| file.path == format!("seed/{name}"))
            .unwrap();
        assert_eq!(file.objects().unwrap(), original, "{name}");
    }
}

#[test]
fn seed_profile_takes_settings_too() {
    let settings = "mns.topic = 'uploads'\noss.target-path = 'done'\nimages.face = 'face:1'\nsample.namespace = 'photos'";
    let config = Config::load(settings, |_| None).unwrap();
    let files = render(&config, Profile::Seed).unwrap();
    let text: String = files
        .iter()
        .map(|File { text, .. }| text.as_str())
        .collect();
    for part in [
        "topic: uploads",
        "value: done",
        "image: face:1",
        "namespace: photos",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("namespace: default"));
}
