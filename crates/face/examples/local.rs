//! Finds faces in a file, without any service: `local <PHOTO>`.
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;

use face::local::{Analyser, Settings};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: local <PHOTO>")?;
    let picture = image::open(path)?.into_rgb8();
    let analyser = Analyser::new(Settings::default(), 2);
    for face in analyser.analyse(&picture)?.faces {
        println!("{}", serde_json::to_string(&face)?);
    }
    Ok(())
}
