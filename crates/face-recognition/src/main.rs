//! The service's process: parse, call the library, return.

use std::process::ExitCode;

use face_recognition::Config;

fn main() -> ExitCode {
    let config: Config = service::settings::parse();
    service::run(|stop| async move {
        service::telemetry::init(&config.telemetry)?;
        let credentials = config.check(|name| std::env::var(name).ok())?;
        face_recognition::run(config, credentials, stop).await
    })
}
