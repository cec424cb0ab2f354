//! Shows one event as an HTTP message, in binary and in structured mode.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use events::{EventBuilder as _, EventBuilderV10, HttpMessage};

fn main() -> Result<(), Box<dyn Error>> {
    let event = EventBuilderV10::new()
        .id("5D1E5B5C")
        .source("acs.oss")
        .ty("oss:ObjectCreated:PutObject")
        .subject("photos/人脸 1.jpg")
        .data("application/json", serde_json::json!({ "size": 12990 }))
        .build()?;
    show(&events::structured(&event)?)?;
    show(&events::binary(event)?)?;
    Ok(())
}

fn show(message: &HttpMessage) -> Result<(), Box<dyn Error>> {
    for (name, value) in &message.headers {
        println!("{name}: {}", value.to_str()?);
    }
    println!("\n{}\n", String::from_utf8_lossy(&message.body));
    Ok(())
}
