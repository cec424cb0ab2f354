//! JPEG files that lie on their side, turned upright by the coefficients of their blocks: in any
//! size and sampling they look like the same files decoded, turned and encoded.

use image::RgbImage;
use picture::{Options, Orientation};
use proptest::prelude::*;

use crate::forge::{frame_at, tagged};
use crate::patches::{Make, distance, faces, makes};
use crate::pictures::{annotated, fixture, open, redrawn, shown, woman};

/// Of all channels of all pixels, in hundredths.
pub(crate) fn mean_distance(one: &RgbImage, other: &RgbImage) -> u64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let distances = one.pixels().zip(other.pixels());
    let sum: u64 = distances
        .map(|(one, other)| u64::from(distance(*one, *other)))
        .sum();
    100 * sum / 3 / u64::from(one.width() * one.height())
}

proptest! {
    #[test]
    fn turning_loses_no_more_than_decoding_and_encoding(make in makes(), way in 2_u32..=8) {
        let file = tagged(&make.file(), way);
        let before = shown(&file);
        // If nothing were drawn, it might stay as it is.
        let face = [woman(0, 0, 1)];
        let result = annotated(&file, &face).unwrap();
        let lost = mean_distance(&before, &shown(&result));
        let allowed = mean_distance(&before, &shown(&redrawn(&file, &face).unwrap()));
        // A single block that is quantised again is a matter of luck, many are not.
        let luck = if make.width.min(make.height) < 32 { 400 } else { 100 };
        prop_assert!(lost <= allowed + luck, "{} instead of {}", lost, allowed);
        let turned = open(&result).unwrap().header().orientation;
        prop_assert_eq!(turned, Orientation::Upright);
    }

    #[test]
    fn what_is_not_drawn_upon_is_not_quantised_again(make in makes(), way in 2_u32..=8) {
        let file = tagged(&make.file(), way);
        let result = annotated(&file, &[]).unwrap();
        if open(&result).unwrap().header().orientation == Orientation::Upright {
            let (before, after) = (shown(&file), shown(&result));
            let far = before.pixels().zip(after.pixels()).map(|(one, other)| distance(*one, *other));
            prop_assert!(make.sampling > 0 || far.max() <= Some(6), "but for what the decoder rounds");
        } else {
            prop_assert_eq!(shown(&result), shown(&file));
        }
    }

    #[test]
    fn whole_blocks_lose_nothing(
        make in makes(), units in (1_u16..8, 1_u16..8), way in 2_u32..=8,
    ) {
        // Colours of pixels that share them run into one another by the decoder's own rules.
        let make = Make { width: 8 * units.0, height: 8 * units.1, sampling: 0, ..make };
        let file = tagged(&make.file(), way);
        let (before, after) = (shown(&file), shown(&annotated(&file, &[]).unwrap()));
        let far = before.pixels().zip(after.pixels()).map(|(one, other)| distance(*one, *other));
        prop_assert!(far.max() <= Some(6), "but for what the decoder rounds");
    }

    #[test]
    fn what_is_drawn_lands_where_a_viewer_expects_it(
        make in makes(), way in 2_u32..=8, faces in faces(),
    ) {
        // Lines of one pixel have a colour of their own only if every pixel has.
        let make = Make { sampling: 0, quality: 95, ..make };
        let file = tagged(&make.file(), way);
        let one = shown(&annotated(&file, &faces).unwrap());
        let other = shown(&redrawn(&file, &faces).unwrap());
        let mean = mean_distance(&one, &other);
        prop_assert!(mean <= 800, "{} on average", mean);
    }
}

/// Written by another encoder: codes that lack symbols, colour of a quarter of the width, and
/// code that begins anew.
#[test]
fn odd_files_are_turned_as_well() {
    let names = [
        "411.jpg",
        "420.jpg",
        "422.jpg",
        "440.jpg",
        "444-icc.jpg",
        "cmyk.jpg",
        "grey.jpg",
        "optimised.jpg",
        "progressive.jpg",
        "progressive-420.jpg",
        "progressive-grey.jpg",
        "progressive-restarts.jpg",
        "restarts.jpg",
        "rgb.jpg",
        "scans-420.jpg",
    ];
    for name in names {
        for way in 2..=8 {
            let file = tagged(&fixture(name), way);
            let result = annotated(&file, &[woman(26, 18, 12)]);
            let result = result.unwrap_or_else(|error| panic!("{name}, {way}: {error}"));
            let expected = redrawn(&file, &[woman(26, 18, 12)]).unwrap();
            let mean = mean_distance(&shown(&result), &shown(&expected));
            assert!(mean <= 700, "{name}, orientation {way}: {mean}");
        }
    }
}

/// The result has one scan of all components and shows the same picture: some decoders get files of
/// several scans wrong.
#[test]
fn scans_of_one_component_each_end_as_one_of_all() {
    let [together, apart] = ["420.jpg", "scans.jpg"].map(fixture);
    for way in 2..=8 {
        let [one, other] =
            [&together, &apart].map(|file| annotated(&tagged(file, way), &[]).unwrap());
        let scans = other.windows(2).filter(|pair| pair == b"\xff\xda");
        assert_eq!(scans.count(), 1, "orientation {way}");
        let mean = mean_distance(&shown(&one), &shown(&other));
        assert!(mean <= 500, "orientation {way}: {mean}");
    }
}

/// Also where all of it is decoded.
#[test]
fn scans_of_coarse_colour_are_decoded_as_they_are() {
    let names = ["420.jpg", "scans-420.jpg"];
    let [together, apart] = names.map(|name| shown(&redrawn(&fixture(name), &[]).unwrap()));
    let mean = mean_distance(&together, &apart);
    assert!(mean <= 500, "{mean}");
}

/// A turned photo takes few strips of memory, a long one included.
#[test]
fn memory_is_a_fraction_of_the_pixels() {
    let cases = [(4000, 3000), (8165, 6124), (30_000, 3_300)];
    for (width, height) in cases {
        for way in 2..=8 {
            let mut file = tagged(&fixture("420.jpg"), way);
            let at = frame_at(&file) + 5;
            file[at..at + 2].copy_from_slice(&u16::to_be_bytes(height));
            file[at + 2..at + 4].copy_from_slice(&u16::to_be_bytes(width));
            file.resize(200_000, 0); // Long enough to be believed.
            let picture = open(&file).unwrap();
            let plan = picture.plan(&[], Options::default());
            let pixels = 3 * u64::from(width) * u64::from(height);
            let part = pixels / picture.annotate_bytes(&plan);
            assert!(part >= 8, "{width} x {height}, orientation {way}: {part}");
        }
    }
}
