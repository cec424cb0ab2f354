//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use oss::Region;
use service::telemetry::TelemetryArgs;
use signing::{Credentials, CredentialsError};
use url::Url;

use crate::listeners::PerListener;
use crate::settings::{IMM_PROJECT, Public, Settings};

/// The key id that is accepted when the environment names no other. Not a secret: it opens
/// nothing but emulators.
pub const DEVELOPMENT_KEY_ID: &str = "LTAI5tEmulatorDevelopment";
/// The secret that goes with [`DEVELOPMENT_KEY_ID`].
pub const DEVELOPMENT_KEY_SECRET: &str = "emulator-development-only";

/// Emulates OSS, MNS, its OpenAPI, the face APIs and STS on this machine.
///
/// Accepts the key pair in `ALIBABA_CLOUD_ACCESS_KEY_ID` and `ALIBABA_CLOUD_ACCESS_KEY_SECRET`;
/// without these, the key id `LTAI5tEmulatorDevelopment` with the secret
/// `emulator-development-only`.
#[derive(Debug, Parser)]
#[command(name = "emulator", version)]
pub struct Args {
    /// Where OSS listens; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8901")]
    oss: SocketAddr,
    /// Where MNS listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8902")]
    mns: SocketAddr,
    /// Where the MNS OpenAPI listens, which has the event rules.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8905")]
    mns_open: SocketAddr,
    /// Where the face APIs listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8903")]
    face: SocketAddr,
    /// Where STS listens, which issues temporary keys.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8906")]
    sts: SocketAddr,
    /// Where the admin API listens. It has no protection: a client that reaches it controls the
    /// emulator.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8904")]
    admin: SocketAddr,
    /// Region to emulate.
    #[arg(long, default_value = "cn-shanghai")]
    region: Region,
    /// Account id that owns everything.
    #[arg(long, default_value = "1234567890123456", value_parser = account)]
    account: String,
    /// Keep everything in this folder; without it, in memory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write the bound addresses to this file, as JSON, once they are.
    #[arg(long, value_name = "FILE")]
    announce: Option<PathBuf>,
    /// URL under which clients reach OSS, where it is not the host they ask for.
    #[arg(long, value_name = "URL")]
    public_oss: Option<Url>,
    /// URL under which clients reach MNS, where it is not the host they ask for.
    #[arg(long, value_name = "URL")]
    public_mns: Option<Url>,
    /// Host name of OSS itself, beside IP addresses, `localhost` and names without a dot: what
    /// stands in front of it is a bucket. May be given several times.
    #[arg(long = "oss-host", value_name = "NAME")]
    oss_hosts: Vec<String>,
    /// Name of the only IMM project.
    #[arg(long, value_name = "NAME", default_value = IMM_PROJECT)]
    imm_project: String,
    /// Largest object or part, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1024 * 1024 * 1024)]
    max_object_bytes: u64,
    /// Keep the last requests, with their signatures, for `GET /captures` of the admin API.
    #[arg(long)]
    capture: bool,
    /// Seed of the random choices of faults; without it, a new one each time.
    #[arg(long, value_name = "NUMBER")]
    fault_seed: Option<u64>,
    #[command(flatten)]
    telemetry: TelemetryArgs,
}

/// The command line, taken apart.
#[derive(Debug)]
pub struct Config {
    /// How and what to log.
    pub telemetry: TelemetryArgs,
    /// Where to write the bound addresses.
    pub announce: Option<PathBuf>,
    /// Everything else.
    pub settings: Settings,
}

impl From<Args> for Config {
    fn from(args: Args) -> Self {
        let settings = Settings {
            listen: PerListener {
                oss: args.oss,
                mns: args.mns,
                mns_open: args.mns_open,
                face: args.face,
                sts: args.sts,
                admin: args.admin,
            },
            region: args.region.to_string(),
            account: args.account,
            data: args.data,
            public: Public {
                oss: args.public_oss,
                mns: args.public_mns,
            },
            oss_hosts: args
                .oss_hosts
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            imm_project: args.imm_project,
            max_object_bytes: args.max_object_bytes,
            capture: args.capture,
            seed: args.fault_seed.unwrap_or_else(rand::random),
        };
        Self {
            telemetry: args.telemetry,
            announce: args.announce,
            settings,
        }
    }
}

/// Account ids stand between colons in the names of resources.
fn account(text: &str) -> Result<String, &'static str> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("an account id is a number")
}

/// The credentials in the environment that `lookup` reads, else the development pair.
///
/// # Errors
/// When the environment holds half a pair.
pub fn credentials(
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Credentials, CredentialsError> {
    let found = Credentials::from_vars(lookup)?;
    Ok(found.unwrap_or_else(|| Credentials::new(DEVELOPMENT_KEY_ID, DEVELOPMENT_KEY_SECRET)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn help_names_the_development_key() {
        let help = Args::command().render_long_help().to_string();
        assert!(help.contains(DEVELOPMENT_KEY_ID) && help.contains(DEVELOPMENT_KEY_SECRET));
    }

    #[test]
    fn credentials_come_from_the_environment_or_are_the_development_pair() {
        let given = |name: &str| match name {
            "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some("id".to_owned()),
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some("secret".to_owned()),
            _ => None,
        };
        assert_eq!(
            credentials(given).unwrap(),
            Credentials::new("id", "secret")
        );
        let default = credentials(|_| None).unwrap();
        assert_eq!(default.access_key_id().as_str(), DEVELOPMENT_KEY_ID);
        let half = |name: &str| given(name).filter(|value| value == "id");
        assert!(credentials(half).is_err());
    }
}
