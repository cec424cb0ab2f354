//! What a sink's status means: the contract of Knative's data plane.
//!
//! Other CloudEvents senders classify 408, 409, 413, 425 and the 5xx differently; a Broker,
//! a channel and the Kafka data plane do as this table does.

use http::StatusCode;

/// What a status says about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusClass {
    /// The sink has the event.
    Accepted,
    /// The same event may be accepted later.
    Retryable,
    /// The same event would be refused again.
    Refused,
}

/// Classifies a status. Every status has a class.
#[must_use]
pub fn classify(status: StatusCode) -> StatusClass {
    match status.as_u16() {
        200..=299 => StatusClass::Accepted,
        404 | 408 | 409 | 429 | 500..=599 => StatusClass::Retryable,
        _ => StatusClass::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(wanted: StatusClass) -> String {
        let all = (100..1000).filter_map(|code| StatusCode::from_u16(code).ok());
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for status in all
            .filter(|&status| classify(status) == wanted)
            .map(|status| status.as_u16())
        {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == status => *last = status,
                _ => ranges.push((status, status)),
            }
        }
        let shown: Vec<_> = ranges
            .into_iter()
            .map(|(from, to)| format!("{from}-{to}"))
            .collect();
        shown.join(" ")
    }

    #[test]
    fn every_status_has_the_class_of_the_data_plane() {
        insta::assert_snapshot!(statuses(StatusClass::Accepted), @"200-299");
        insta::assert_snapshot!(statuses(StatusClass::Retryable), @"404-404 408-409 429-429 500-599");
        insta::assert_snapshot!(statuses(StatusClass::Refused), @"100-199 300-403 405-407 410-428 430-499 600-999");
    }
}
