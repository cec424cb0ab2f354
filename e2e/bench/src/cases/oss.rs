//! Event documents to be read, as OSS publishes them. The limit is a JSON parser that keeps
//! nothing.

use std::error::Error;
use std::hint::black_box;

use crate::{Case, EVENT};

/// All of them; each has succeeded once.
pub(crate) fn cases() -> Result<Vec<Case>, Box<dyn Error>> {
    Ok(vec![
        parsed("read a document of 1 event", 1)?,
        parsed("read a document of 50 events", 50)?,
    ])
}

fn parsed(name: &'static str, count: usize) -> Result<Case, Box<dyn Error>> {
    let document = format!(r#"{{"events":[{}]}}"#, vec![EVENT; count].join(","));
    let events = oss::event::parse(document.as_bytes())?;
    assert_eq!(events.len(), count, "{name}");
    let same = document.clone();
    Ok(Case {
        name,
        bytes: document.len(),
        run: Box::new(move || {
            black_box(oss::event::parse(black_box(document.as_bytes())).is_ok());
        }),
        limit_name: "serde_json, ignoring all",
        limit: Box::new(move || {
            let ignored = serde_json::from_str::<serde::de::IgnoredAny>(black_box(&same));
            black_box(ignored.is_ok());
        }),
    })
}
