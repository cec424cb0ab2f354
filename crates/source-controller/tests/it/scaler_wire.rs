//! The generated code of the scaler, and how it is made.

use std::fs;
use std::path::{Path, PathBuf};

/// Makes the code that `proto/externalscaler.proto` stands for, without `protoc`, and compares it
/// with what is checked in. After a change of the proto, or of the version of tonic,
///
/// ```console
/// $ UPDATE_GENERATED=1 cargo test -p source-controller generated_code_is_up_to_date
/// ```
///
/// writes it.
#[test]
fn generated_code_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let messages = protox::compile(["externalscaler.proto"], [root.join("proto")]).unwrap();
    let halves: [(&str, bool); 2] = [("src/scaler", true), ("tests/it/support", false)];
    for (folder, is_server) in halves {
        let made = tempfile::tempdir().unwrap();
        tonic_prost_build::configure()
            .build_server(is_server)
            .build_client(!is_server)
            .emit_rerun_if_changed(false)
            .out_dir(made.path())
            .compile_fds(messages.clone())
            .unwrap();
        let name = "externalscaler.rs";
        let made = fs::read_to_string(made.path().join(name)).unwrap();
        let checked_in: PathBuf = root.join(folder).join(name);
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(&checked_in, &made).unwrap();
        }
        let found = fs::read_to_string(&checked_in).unwrap();
        assert!(
            found == made,
            "{folder}/{name} is not what the proto makes: set UPDATE_GENERATED"
        );
    }
}
