//! Hides faces whose places are known: `hide <PHOTO> <RESULT> <LEFT,TOP,WIDTH,HEIGHT>...`.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;

use face::{Face, Rect};
use picture::{Limits, Mark, Options, Picture};

const USAGE: &str = "usage: hide <PHOTO> <RESULT> <LEFT,TOP,WIDTH,HEIGHT>...";

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (photo, result) = (args.next().ok_or(USAGE)?, args.next().ok_or(USAGE)?);
    let faces = args
        .map(|place| face(&place))
        .collect::<Result<Vec<_>, _>>()?;
    let file = std::fs::read(photo)?;
    let picture = Picture::open(&file, &Limits::default())?;
    let options = Options {
        mark: Mark::Mosaic,
        ..Options::default()
    };
    let plan = picture.plan(&faces, options);
    std::fs::write(&result, picture.annotate(&plan)?.bytes)?;
    println!("{} faces are hidden in {result}", plan.marked());
    Ok(())
}

fn face(place: &str) -> Result<Face, Box<dyn Error>> {
    let numbers = place.split(',').map(str::parse);
    let [left, top, width, height] = numbers.collect::<Result<Vec<_>, _>>()?[..] else {
        return Err(USAGE.into());
    };
    Ok(Face {
        rect: Rect {
            left,
            top,
            width,
            height,
        },
        probability: None,
        gender: None,
        gender_probability: None,
        age: None,
    })
}
