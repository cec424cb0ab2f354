//! The process itself: what it says and how it ends.

use std::net::TcpListener;
use std::process::{Command, Output};

fn run(args: &[&str], vars: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_source-adapter"))
        .args(args)
        .env_clear()
        .envs(vars.iter().copied())
        .output()
        .unwrap()
}

/// The one line that a failing start must consist of.
fn complaint(args: &[&str], vars: &[(&str, &str)]) -> String {
    let output = run(args, vars);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(output.stdout.is_empty());
    assert_eq!(text.lines().count(), 1, "{text}");
    text.trim().to_owned()
}

const NEEDED: [(&str, &str); 2] = [("K_SINK", "http://127.0.0.1:1/"), ("MNS_QUEUE", "photos")];

#[test]
fn failing_starts_say_what_to_do_in_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let free: &[&str] = &["--listen", "127.0.0.1:0"];
    let keys = [
        ("ACCESSKEY_ID", "AK-MARKER"),
        ("ACCESSKEY_SECRET", "SECRET-MARKER"),
    ];
    let table = [
        ("nothing set", &[][..], vec![]),
        ("port in use", &["--listen", &taken][..], NEEDED.to_vec()),
        ("no credentials", free, NEEDED.to_vec()),
        ("half a pair", free, [&NEEDED[..], &keys[..1]].concat()),
        ("no endpoint", free, [&NEEDED[..], &keys].concat()),
        (
            "no such Secret",
            &["--listen", "127.0.0.1:0", "--access-token-file", "/nowhere"],
            NEEDED.to_vec(),
        ),
    ];
    let shown: Vec<_> = table
        .iter()
        .map(|(name, args, vars)| {
            format!(
                "{name}: {}",
                complaint(args, vars).replace(&taken, "127.0.0.1:PORT")
            )
        })
        .collect();
    let shown = shown.join("\n");
    assert!(!shown.contains("MARKER"), "{shown}");
    insta::assert_snapshot!(shown, @r"
    nothing set: error: `K_SINK` is missing: set it to the http or https URL that events go to; `MNS_QUEUE` is missing: set it to the name of an MNS queue, in letters, digits and `-`
    port in use: error: address `127.0.0.1:PORT` is in use: choose another with --listen, or port 0 for any free one
    no credentials: error: no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or MNS_ACCESS_TOKEN_FILE to a mounted Secret, or ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE for RRSA, or ALIBABA_CLOUD_ECS_METADATA to the role of this machine
    half a pair: error: variable `ACCESSKEY_SECRET` is missing although `ACCESSKEY_ID` is set
    no endpoint: error: `MNS_ENDPOINT` is missing: set it, or mount a Secret with a `url`
    no such Secret: error: cannot read `/nowhere`: check that the Secret is mounted there: No such file or directory (os error 2)
    ");
}

#[test]
fn help_shows_every_variable_and_no_value() {
    let secret = "https://MARKER@sink.example/?token=MARKER";
    let secrets = [
        ("K_CA_CERTS", "MARKER"),
        ("K_SINK", secret),
        ("DELIVERY_DEAD_LETTER_SINK", secret),
    ];
    let output = run(&["--help"], &secrets);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for variable in [
        "K_SINK",
        "K_CE_OVERRIDES",
        "MNS_QUEUE",
        "DELIVERY_RETRY",
        "ADAPTER_LISTEN",
        "RUST_LOG",
    ] {
        assert!(text.contains(variable), "{variable} in {text}");
    }
    assert!(!text.contains("MARKER"), "{text}");
}
