//! The service's process: parse, call the library, return.

use std::process::ExitCode;

use face_recognition::Config;

fn main() -> ExitCode {
    let config: Config = service::settings::parse();
    service::run(|stop| async move {
        let identity = face_recognition::identity();
        let traces =
            service::telemetry::init_with_traces(&config.telemetry, &config.traces, &identity)?;
        let credentials = config.check(|name| std::env::var(name).ok())?;
        let outcome = face_recognition::run(config, credentials, stop).await;
        traces.finish().await;
        outcome
    })
}
