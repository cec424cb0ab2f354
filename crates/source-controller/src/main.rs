//! The process: parse, call the library, return.

use std::process::ExitCode;

use clap::{Command, CommandFactory as _, FromArgMatches as _};
use source_controller::Args;
use source_controller::doctor::DoctorArgs;

fn main() -> ExitCode {
    let matches = command().get_matches();
    if let Some((_, matches)) = matches.subcommand() {
        let doctor = DoctorArgs::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
        return service::run(|_stop| doctor.run());
    }
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    service::run(|stop| async move {
        service::telemetry::init(&args.telemetry)?;
        Box::pin(source_controller::run(args, stop)).await
    })
}

/// The controller, and the command `doctor`, which needs none of the controller's settings.
fn command() -> Command {
    Args::command()
        .subcommand(DoctorArgs::command())
        .subcommand_negates_reqs(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doctor_needs_no_settings_of_the_controller() {
        command().debug_assert();
        let words = ["source-controller", "doctor", "shop/photos"];
        let matches = command().try_get_matches_from(words).unwrap();
        let (name, matches) = matches.subcommand().unwrap();
        let doctor = DoctorArgs::from_arg_matches(matches).unwrap();
        assert_eq!(name, "doctor");
        assert_eq!(doctor.source, ("shop".to_owned(), "photos".to_owned()));
        let without_image = command().try_get_matches_from(["source-controller"]);
        assert!(without_image.is_err() || std::env::var("ADAPTER_IMAGE").is_ok());
    }
}
