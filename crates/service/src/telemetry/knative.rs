//! The log level in Knative's `config-logging`.
//!
//! Of the whole document only the level counts: the rest speaks of Go's logger. What cannot
//! be read asks for nothing, as with Knative's own adapters.

use std::collections::BTreeMap;

use serde::Deserialize;
use tracing_subscriber::filter::LevelFilter;

#[derive(Deserialize)]
struct ZapConfig {
    level: Option<String>,
}

/// The level in `K_LOGGING_CONFIG`: the component's own, or else that of all.
pub(super) fn level(config: &str, component: Option<&str>) -> Option<LevelFilter> {
    let entries: BTreeMap<String, String> = serde_json::from_str(config).ok()?;
    let own = component.and_then(|component| entries.get(&format!("loglevel.{component}")));
    if let Some(level) = own.and_then(|level| of_zap(level)) {
        return Some(level);
    }
    let zap: ZapConfig = serde_json::from_str(entries.get("zap-logger-config")?).ok()?;
    of_zap(&zap.level?)
}

fn of_zap(level: &str) -> Option<LevelFilter> {
    match level.trim().to_ascii_lowercase().as_str() {
        "debug" => Some(LevelFilter::DEBUG),
        "info" => Some(LevelFilter::INFO),
        "warn" => Some(LevelFilter::WARN),
        "error" | "dpanic" | "panic" | "fatal" => Some(LevelFilter::ERROR),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_is_that_of_the_component_or_of_all() {
        let zap = |level: &str| format!(r#""zap-logger-config":"{{\n \"level\": \"{level}\"}}""#);
        let table = [
            (
                "of all",
                format!("{{{}}}", zap("warn")),
                Some(LevelFilter::WARN),
            ),
            (
                "its own",
                format!(r#"{{{},"loglevel.mnsosssource":"debug"}}"#, zap("info")),
                Some(LevelFilter::DEBUG),
            ),
            (
                "another's",
                format!(r#"{{{},"loglevel.controller":"debug"}}"#, zap("error")),
                Some(LevelFilter::ERROR),
            ),
            (
                "its own is none",
                format!(r#"{{{},"loglevel.mnsosssource":"loud"}}"#, zap("panic")),
                Some(LevelFilter::ERROR),
            ),
            ("none", format!("{{{}}}", zap("loud")), None),
            ("empty", "{}".to_owned(), None),
            ("not JSON", "level: info".to_owned(), None),
            ("not text", r#"{"zap-logger-config":{}}"#.to_owned(), None),
        ];
        for (name, config, expected) in table {
            assert_eq!(level(&config, Some("mnsosssource")), expected, "{name}");
        }
    }
}
