//! Reads an event document from standard input and shows what happened to which object.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::Read as _;

fn main() -> Result<(), Box<dyn Error>> {
    let mut document = Vec::new();
    std::io::stdin().read_to_end(&mut document)?;
    for event in oss::event::parse(&document)? {
        match event.address() {
            Ok(object) => println!(
                "{} of {} in {} ({})",
                event.name, object.key, object.bucket, object.region
            ),
            Err(error) => println!("{} of an object that has no address: {error}", event.name),
        }
    }
    Ok(())
}
