//! Percent-encoding, of any text.

use proptest::prelude::*;
use signing::encode;

proptest! {
    #[test]
    fn encoding_round_trips(text: String, pairs in prop::collection::vec(("\\PC{1,9}", "\\PC{0,12}"), 0..5)) {
        prop_assert_eq!(encode::decode(&encode::component(&text)).unwrap(), text.clone());
        prop_assert_eq!(encode::decode(&encode::path(&text)).unwrap(), text);
        let query = encode::query(pairs.iter().map(|(name, value)| (name, value)));
        prop_assert_eq!(encode::decode_query(&query).unwrap(), pairs.clone());
        prop_assert_eq!(encode::decode_query_keeping_plus(&query).unwrap(), pairs);
    }
}
