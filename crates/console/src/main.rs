//! The console's process: parse, call the library, return.

use std::process::ExitCode;

use photo_console::Config;

fn main() -> ExitCode {
    let config: Config = service::settings::parse();
    service::run(|stop| async move {
        service::telemetry::init(&config.telemetry)?;
        let (access, credentials) = config.check(|name| std::env::var(name).ok())?;
        photo_console::run(config, access, credentials, stop).await
    })
}
