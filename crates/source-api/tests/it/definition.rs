use kube_core::CustomResourceExt as _;
use source_api::MnsOssSource;

#[test]
fn definition_is_as_checked_in() {
    let crd = serde_json::to_value(MnsOssSource::crd()).unwrap();
    std::fs::write("/tmp/crd.json", serde_json::to_string_pretty(&crd).unwrap()).unwrap();
}
