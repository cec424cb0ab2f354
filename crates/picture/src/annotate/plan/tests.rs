use face::{Gender, Rect};
use proptest::prelude::*;

use super::*;

/// A face of known gender and age.
fn woman(left: u32, top: u32, side: u32) -> Face {
    Face {
        rect: Rect {
            left,
            top,
            width: side,
            height: side,
        },
        probability: None,
        gender: Some(Gender::Female),
        gender_probability: None,
        age: Some(37),
    }
}

/// A face of which nothing is known.
fn somebody(left: u32, top: u32, side: u32) -> Face {
    Face {
        gender: None,
        age: None,
        ..woman(left, top, side)
    }
}

fn plan(width: u32, height: u32, faces: &[Face]) -> Plan {
    Plan::new((width, height), faces, Options::default())
}

fn whole(width: u32, height: u32) -> Area {
    let side = |side: u32| i32::try_from(side).unwrap();
    Area::new(0, 0, side(width), side(height))
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
        prop_assert_eq!(plan.banner.is_some(), !faces.is_empty());
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
fn only_planned_areas_are_drawn_upon() {
    for (width, height) in [(64, 64), (200, 90), (640, 480)] {
        let faces = [
            woman(width / 4, height / 3, height / 3),
            somebody(width / 2, 5, height / 4),
        ];
        let plan = plan(width, height, &faces);
        let plates = plan.labels.iter().chain(&plan.banner);
        // The dark lines lie around a box as well as in it.
        let boxes = plan.boxes.iter().map(|one| one.area.grown(one.halo));
        let planned: Vec<Area> = boxes.chain(plates.map(|plate| plate.area)).collect();
        let overlay = plan.paint(None);
        assert!(overlay.tiles() <= plan.tiles());
        for (x, y, ..) in overlay.drawn() {
            let dot = Area::new(x.cast_signed(), y.cast_signed(), 1, 1);
            assert!(
                planned.iter().any(|area| area.holds(&dot)),
                "{width} x {height} at {x}, {y}"
            );
        }
    }
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
        let overlaps = |other: &Area| label.area.meets(other);
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
    assert_eq!(plan.boxes.len(), MAX_BOXES);
    assert!(plan.boxes.iter().all(|marked| marked.area.width >= 33));
    assert!(
        plan.boxes
            .is_sorted_by_key(|marked| (marked.area.left, marked.area.top))
    );
    assert_eq!(plan.labels.len(), MAX_LABELS);
    let banner = plan.banner.unwrap();
    assert!(banner.lines.concat().contains("20000"), "{banner:?}");
}

#[test]
fn a_banner_is_drawn_when_it_is_wanted() {
    let one = [woman(200, 100, 90)];
    let cases = [
        (Mark::Box, Banner::Never, &one[..], false),
        (Mark::Box, Banner::WithBoxes, &one, true),
        (Mark::Box, Banner::WithBoxes, &[], false),
        (Mark::Box, Banner::Always, &[], true),
        (Mark::Mosaic, Banner::WithBoxes, &one, false),
        (Mark::Blur, Banner::Always, &one, true),
    ];
    for (mark, banner, faces, expected) in cases {
        let options = Options {
            mark,
            banner,
            metadata: None,
        };
        let plan = Plan::new((640, 480), faces, options);
        assert_eq!(plan.banner.is_some(), expected, "{options:?}");
        assert_eq!(
            plan.is_empty(),
            !expected && faces.is_empty(),
            "{options:?}"
        );
    }
}
