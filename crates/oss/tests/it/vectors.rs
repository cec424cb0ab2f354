//! Checksums that an official SDK computed.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use oss::crc64::{Crc64, Digest};
use serde_json::Value;

use crate::vector;

fn bytes(value: &Value) -> Vec<u8> {
    BASE64_STANDARD
        .decode(value["data_base64"].as_str().unwrap())
        .unwrap()
}

fn sum(value: &Value) -> Crc64 {
    Crc64(value["crc64"].as_str().unwrap().parse().unwrap())
}

#[test]
fn checksums_agree_with_the_official_sdk() {
    let file: Value = serde_json::from_str(&vector("crc64.json")).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let name = &case["name"];
        if let Some(parts) = case["parts"].as_array() {
            let combined = parts.iter().fold(Crc64(0), |whole, part| {
                assert_eq!(Crc64::of(&bytes(part)), sum(part), "{name}");
                whole.combine(sum(part), part["size"].as_u64().unwrap())
            });
            assert_eq!(combined, sum(case), "{name}");
        } else {
            let mut digest = Digest::default();
            bytes(case).chunks(7).for_each(|chunk| digest.update(chunk));
            assert_eq!(digest.finish(), sum(case), "{name}");
        }
    }
}
