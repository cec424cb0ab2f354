//! What is drawn, and that nothing else changes.

use face::Face;
use image::{DynamicImage, RgbImage};
use picture::annotate::{Area, MOST_BOXES, MOST_LABELS, Plan, plan};
use proptest::prelude::*;

use crate::pictures::{annotated, somebody, woman};

fn grey_png(width: u32, height: u32) -> Vec<u8> {
    let picture =
        DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, image::Rgb([128; 3])));
    let mut file = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut file, image::ImageFormat::Png)
        .unwrap();
    file.into_inner()
}

fn whole(width: u32, height: u32) -> Area {
    Area {
        left: 0,
        top: 0,
        width: i32::try_from(width).unwrap(),
        height: i32::try_from(height).unwrap(),
    }
}

/// Everything a plan draws, as areas, with a name each.
fn areas(plan: &Plan) -> impl Iterator<Item = (&'static str, Area)> + '_ {
    let boxes = plan.boxes.iter().map(|marked| ("box", marked.area));
    let labels = plan.labels.iter().map(|plate| ("label", plate.area));
    boxes
        .chain(labels)
        .chain(plan.banner.iter().map(|plate| ("banner", plate.area)))
}

fn faces() -> impl Strategy<Value = Vec<Face>> {
    let face = (0_u32..9000, 0_u32..9000, 0_u32..2000, any::<bool>()).prop_map(
        |(left, top, side, known)| {
            if known {
                woman(left, top, side)
            } else {
                somebody(left, top, side)
            }
        },
    );
    prop::collection::vec(face, 0..12)
}

proptest! {
    #[test]
    fn nothing_is_ever_placed_outside(
        width in 1_u32..9000, height in 1_u32..9000, faces in faces(),
    ) {
        let plan = plan(width, height, &faces);
        for (what, area) in areas(&plan) {
            prop_assert!(whole(width, height).holds(&area), "{} {:?}", what, area);
            prop_assert!(area.width > 0 && area.height > 0);
        }
    }

    #[test]
    fn every_face_in_a_roomy_picture_has_its_label(
        width in 64_u32..9000, height in 64_u32..9000, faces in faces(),
    ) {
        let plan = plan(width, height, &faces);
        prop_assert_eq!(plan.labels.len(), plan.boxes.len());
        prop_assert!(plan.banner.is_some());
    }
}

#[test]
fn extreme_rectangles_are_clipped() {
    let cases = [
        ("wholly outside", woman(700, 0, 50), 0),
        ("partly outside", woman(600, 400, 500), 1),
        ("as large as can be", woman(0, 0, u32::MAX), 1),
        ("without area", woman(10, 10, 0), 0),
        (
            "at the far end of the numbers",
            woman(u32::MAX, u32::MAX, u32::MAX),
            0,
        ),
    ];
    for (name, face, boxes) in cases {
        assert_eq!(plan(640, 480, &[face]).boxes.len(), boxes, "{name}");
    }
}

#[test]
fn only_planned_areas_are_touched() {
    for (width, height) in [(64, 64), (200, 90), (640, 480)] {
        let faces = [
            woman(width / 4, height / 3, height / 3),
            somebody(width / 2, 5, height / 4),
        ];
        let plan = plan(width, height, &faces);
        let result = annotated(&grey_png(width, height), &faces).unwrap();
        let shown = image::load_from_memory(&result).unwrap().into_rgb8();
        for (x, y, pixel) in shown.enumerate_pixels() {
            // The dark lines lie around a box as well as in it.
            let near = |area: &Area, by: i32| {
                let grown = Area {
                    left: area.left - by,
                    top: area.top - by,
                    width: area.width + 2 * by,
                    height: area.height + 2 * by,
                };
                let dot = Area {
                    left: x.cast_signed(),
                    top: y.cast_signed(),
                    width: 1,
                    height: 1,
                };
                grown.holds(&dot)
            };
            let planned = plan
                .boxes
                .iter()
                .any(|marked| near(&marked.area, marked.halo))
                || plan
                    .labels
                    .iter()
                    .chain(&plan.banner)
                    .any(|plate| near(&plate.area, 0));
            assert!(
                planned || pixel.0 == [128; 3],
                "{width} x {height} at {x}, {y}"
            );
        }
    }
}

#[test]
fn a_box_is_drawn_where_the_face_is() {
    let result = annotated(&grey_png(640, 480), &[woman(200, 150, 120)]).unwrap();
    let shown = image::load_from_memory(&result).unwrap().into_rgb8();
    let amber = image::Rgb([255, 176, 0]);
    for (name, x, y) in [
        ("left", 200, 200),
        ("right", 319, 200),
        ("bottom", 250, 269),
        ("corner", 319, 269),
    ] {
        assert_eq!(*shown.get_pixel(x, y), amber, "{name}");
    }
    assert_eq!(
        *shown.get_pixel(260, 210),
        image::Rgb([128; 3]),
        "the face itself is left alone"
    );
}

/// The plan of a portrait as a document, so that a change of taste is a visible change.
#[test]
fn plan_of_a_portrait() {
    let plan = plan(512, 512, &[woman(176, 68, 96)]);
    let lines: Vec<String> = areas(&plan)
        .map(|(what, area)| {
            format!(
                "{what}: {} x {} at {}, {}",
                area.width, area.height, area.left, area.top
            )
        })
        .chain(
            plan.labels
                .iter()
                .chain(&plan.banner)
                .map(|plate| format!("{:?} {:?}", plate.lines, plate.lettering)),
        )
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    box: 96 x 96 at 176, 68
    label: 89 x 18 at 176, 50
    banner: 170 x 20 at 6, 6
    ["Female 37"] Outline(10)
    ["Male:Female=0:1"] Outline(12)
    "#);
}

#[test]
fn crowded_labels_neither_meet_nor_hide_a_neighbour() {
    // Three rows of ten, with less room between faces than a label is wide.
    let crowd: Vec<Face> = (0..30)
        .map(|index| somebody(60 + index % 10 * 110, 120 + index / 10 * 120, 60))
        .collect();
    let plan = plan(1200, 800, &crowd);
    assert_eq!(plan.labels.len(), 30);
    for (index, label) in plan.labels.iter().enumerate() {
        let overlaps = |other: &Area| {
            label.area.left < other.right()
                && other.left < label.area.right()
                && label.area.top < other.bottom()
                && other.top < label.area.bottom()
        };
        for (other, marked) in plan.boxes.iter().enumerate() {
            assert!(
                other == index || !overlaps(&marked.area),
                "label {index} hides face {other}"
            );
        }
        for (other, plate) in plan.labels.iter().enumerate() {
            assert!(
                other == index || !overlaps(&plate.area),
                "labels {index} and {other} meet"
            );
        }
        assert!(
            plan.banner.iter().all(|banner| !overlaps(&banner.area)),
            "banner on {index}"
        );
    }
}

#[test]
fn of_a_crowd_the_largest_are_marked() {
    let crowd: Vec<Face> = (0..20_000_u32)
        .map(|number| somebody(number % 200 * 40, number / 200 * 40, 10 + number % 25))
        .collect();
    let plan = plan(8000, 4000, &crowd);
    assert_eq!(plan.boxes.len(), MOST_BOXES);
    assert!(plan.boxes.iter().all(|marked| marked.area.width >= 33));
    assert!(
        plan.boxes
            .is_sorted_by_key(|marked| (marked.area.left, marked.area.top))
    );
    assert_eq!(plan.labels.len(), MOST_LABELS);
    let banner = plan.banner.unwrap();
    assert!(banner.lines.concat().contains("20000"), "{banner:?}");
}
