//! The texts of labels and banner, without their places.

use face::{Face, Gender};

/// A label, in full and abbreviated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) full: String,
    pub(crate) short: String,
}

/// Words for one face. `number` counts the faces from left to right, from 1.
pub(crate) fn label(face: &Face, number: usize) -> Label {
    let (full, short) = match (face.gender.map(words), face.age) {
        (Some((long, letter)), Some(age)) => (format!("{long} {age}"), format!("{letter}{age}")),
        (Some((long, letter)), None) => (long.to_owned(), letter.to_owned()),
        (None, Some(age)) => (age.to_string(), age.to_string()),
        (None, None) => (format!("Face {number}"), number.to_string()),
    };
    Label { full, short }
}

fn words(gender: Gender) -> (&'static str, &'static str) {
    match gender {
        Gender::Female => ("Female", "F"),
        Gender::Male => ("Male", "M"),
    }
}

/// Wordings of the banner in lines, from the fullest to the shortest.
pub(crate) fn banners(faces: &[Face]) -> Vec<Vec<String>> {
    let count = |gender| faces.iter().filter(|face| face.gender == gender).count();
    let (male, female) = (count(Some(Gender::Male)), count(Some(Gender::Female)));
    let counts = format!("Male:Female={male}:{female}");
    let short = format!("M:F={male}:{female}");
    let bare = format!("{male}:{female}");
    match (male + female, count(None)) {
        (_, 0) => vec![vec![counts], vec![short], vec![bare]],
        // No gender is known of anybody.
        (0, all) => vec![vec![format!("Faces={all}")], vec![all.to_string()]],
        (_, unknown) => vec![
            vec![format!("{counts} Unknown={unknown}")],
            vec![counts, format!("Unknown={unknown}")],
            vec![format!("{short} U={unknown}")],
            vec![short, format!("U={unknown}")],
            vec![format!("{bare}:{unknown}")],
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(gender: Option<Gender>, age: Option<u16>) -> Face {
        let rect = face::Rect {
            left: 0,
            top: 0,
            width: 9,
            height: 9,
        };
        Face {
            rect,
            probability: None,
            gender,
            gender_probability: None,
            age,
        }
    }

    #[test]
    fn labels_say_what_is_known() {
        let cases = [
            (Some(Gender::Female), Some(37), "Female 37", "F37"),
            (Some(Gender::Male), None, "Male", "M"),
            (None, Some(31), "31", "31"),
            (None, None, "Face 4", "4"),
        ];
        for (gender, age, full, short) in cases {
            let said = label(&face(gender, age), 4);
            assert_eq!((said.full.as_str(), said.short.as_str()), (full, short));
        }
    }

    #[test]
    fn the_banner_counts_the_unknown_only_when_there_are_any() {
        let couple = [
            face(Some(Gender::Male), None),
            face(Some(Gender::Female), None),
        ];
        assert_eq!(banners(&couple)[0], ["Male:Female=1:1"]);
        assert_eq!(banners(&[])[0], ["Male:Female=0:0"]);
        let some = [face(Some(Gender::Male), None), face(None, Some(3))];
        assert_eq!(banners(&some)[0], ["Male:Female=1:0 Unknown=1"]);
        assert_eq!(banners(&[face(None, Some(3))])[0], ["Faces=1"]);
    }
}
