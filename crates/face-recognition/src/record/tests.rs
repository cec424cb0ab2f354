use proptest::prelude::*;

use super::*;

fn faces() -> impl Strategy<Value = Vec<Face>> {
    let gender = prop_oneof![
        Just(None),
        Just(Some(Gender::Female)),
        Just(Some(Gender::Male))
    ];
    let rect = any::<[u32; 4]>().prop_map(|[left, top, width, height]| Rect {
        left,
        top,
        width,
        height,
    });
    let face = (
        rect,
        prop::option::of(0.0_f32..1.0),
        gender,
        prop::option::of(0.0_f32..1.0),
        any::<Option<u16>>(),
    )
        .prop_map(
            |(rect, probability, gender, gender_probability, age)| Face {
                rect,
                probability,
                gender,
                gender_probability,
                age,
            },
        );
    prop::collection::vec(face, 1..30)
}

proptest! {
    #[test]
    fn compact_analyses_can_be_parsed(faces in faces()) {
        let analysis = Analysis { faces };
        prop_assert_eq!(parse(&compact(&analysis)), Some(analysis));
    }
}

#[test]
fn compact_form() {
    let face = Face {
        rect: Rect {
            left: 1,
            top: 2,
            width: 30,
            height: 40,
        },
        probability: Some(0.98),
        gender: Some(Gender::Female),
        gender_probability: Some(0.75),
        age: Some(37),
    };
    let bare = Face {
        probability: None,
        gender: None,
        gender_probability: None,
        age: None,
        ..face.clone()
    };
    let text = compact(&Analysis {
        faces: vec![face, bare],
    });
    insta::assert_snapshot!(text, @"1,2,30,40,0.98,F,37,0.75;1,2,30,40,,,,");
}

#[test]
fn what_no_probability_can_be_is_refused() {
    for probability in ["NaN", "inf", "-inf", "-0.1", "1.1"] {
        assert_eq!(
            parse(&format!("1,2,3,4,{probability},,,")),
            None,
            "{probability}"
        );
    }
}

#[test]
fn a_crowd_too_large_to_keep_is_counted() {
    let face = Face {
        rect: Rect {
            left: 1000,
            top: 1000,
            width: 1000,
            height: 1000,
        },
        probability: None,
        gender: None,
        gender_probability: None,
        age: None,
    };
    let record = record(vec![face; 500]);
    let metadata = record.metadata().unwrap();
    assert_eq!(metadata.get(FACES), Some("500"));
    assert_eq!(metadata.get(ANALYSIS), None);
    let again = Record::read(&meta(metadata)).unwrap();
    let expected = Record {
        analysis: None,
        ..record
    };
    assert_eq!(again, expected, "all but the analysis is kept");
}

#[test]
fn of_a_crowd_the_largest_faces_are_listed() {
    let face = |number: u32| Face {
        rect: Rect {
            left: number,
            top: 0,
            width: 1 + number % 2,
            height: 9,
        },
        probability: None,
        gender: None,
        gender_probability: None,
        age: None,
    };
    let faces: Vec<Face> = (0..2000).map(face).collect();
    let listed = listed(Analysis { faces });
    assert_eq!(listed.faces.len(), MAX_BOXES);
    assert!(listed.faces.iter().all(|face| face.rect.width == 2));
    assert!(listed.faces.is_sorted_by_key(|face| face.rect.left));
}

fn record(faces: Vec<Face>) -> Record {
    Record {
        source_etag: "ABC".parse().unwrap(),
        method: "local/1".to_owned(),
        size: (9, 9),
        counts: Counts::of(&faces),
        drawn: Drawn {
            boxes: faces.len(),
            labels: 3,
        },
        analysis: Some(Analysis { faces }),
    }
}

fn meta(metadata: Metadata) -> ObjectMeta {
    let headers = [("etag", "\"DEF\""), ("content-length", "1")];
    let headers = headers.map(|(name, value)| {
        (
            http::HeaderName::from_static(name),
            http::HeaderValue::from_static(value),
        )
    });
    let mut meta = oss::document::object_meta(&headers.into_iter().collect(), 1).unwrap();
    meta.metadata = metadata;
    meta
}
