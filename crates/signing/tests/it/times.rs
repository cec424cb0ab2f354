//! The forms of a time.

use jiff::Timestamp;
use signing::time;

use crate::support::now;

type Parse = fn(&str) -> Option<Timestamp>;

#[test]
fn times_are_read_in_the_forms_that_clients_send() {
    let table: [(&str, Parse, Option<Timestamp>); 6] = [
        (
            "Mon, 06 May 2024 07:08:09 GMT",
            time::parse_http_date,
            Some(now()),
        ),
        ("2024-05-06T07:08:09Z", time::parse_http_date, None),
        ("20240506T070809Z", time::parse_iso_basic, Some(now())),
        ("20240506T070809", time::parse_iso_basic, None),
        (
            "2024-05-06T07:08:09Z",
            time::parse_iso_extended,
            Some(now()),
        ),
        ("2024-13-06T07:08:09Z", time::parse_iso_extended, None),
    ];
    for (text, parse, expected) in table {
        assert_eq!(parse(text), expected, "{text}");
    }
}
