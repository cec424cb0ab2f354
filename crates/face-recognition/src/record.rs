//! What is written on a result: of which version it was made, by whom, and what was found.
//!
//! It makes a second delivery cheap. The analysis is kept in a compact form of digits and
//! separators, because OSS allows 8 KiB of metadata in all; when it does not fit, the number
//! of faces has to do.

use std::str::FromStr;

use face::{Analysis, Face, Gender, Rect};
use oss::{ETag, Metadata, NameError, ObjectMeta};

/// Marks results. Whatever carries it is never taken for a photo.
const MARK: &str = "annotated-by";
const MAKER: &str = "face-recognition";
const SOURCE_ETAG: &str = "source-etag";
const METHOD: &str = "method";
const FACES: &str = "faces";
const SIZE: &str = "size";
const ANALYSIS: &str = "analysis";

/// Room for the analysis within OSS's 8 KiB, the other entries taken off.
const LONGEST_ANALYSIS: usize = 7 * 1024;

/// What is known of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The version of the photo it was made of.
    pub source_etag: ETag,
    /// Back end and version of the drawing.
    pub method: String,
    /// Upright width and height in pixels.
    pub size: (u32, u32),
    /// How many faces were found.
    pub faces: usize,
    /// What was found; absent when there was no room to keep it.
    pub analysis: Option<Analysis>,
}

impl Record {
    /// The record of a new result.
    #[must_use]
    pub fn new(source_etag: ETag, method: &str, size: (u32, u32), analysis: Analysis) -> Self {
        let faces = analysis.faces.len();
        Self {
            source_etag,
            method: method.to_owned(),
            size,
            faces,
            analysis: Some(analysis),
        }
    }

    /// As metadata of an object.
    ///
    /// # Errors
    /// None are known: the entries are short and plain.
    pub fn metadata(&self) -> Result<Metadata, NameError> {
        let metadata = Metadata::default()
            .try_with(MARK, MAKER)?
            .try_with(SOURCE_ETAG, self.source_etag.as_str())?
            .try_with(METHOD, &self.method)?
            .try_with(SIZE, &format!("{}x{}", self.size.0, self.size.1))?
            .try_with(FACES, &self.faces.to_string())?;
        match self.analysis.as_ref().map(compact) {
            Some(text) if text.len() <= LONGEST_ANALYSIS && !text.is_empty() => {
                metadata.try_with(ANALYSIS, &text)
            }
            _ => Ok(metadata),
        }
    }

    /// Reads a result's metadata; `None` if it is not one of ours or not complete.
    #[must_use]
    pub fn read(meta: &ObjectMeta) -> Option<Self> {
        let entry = |name| meta.metadata.get(name);
        let (width, height) = entry(SIZE)?.split_once('x')?;
        let faces = entry(FACES)?.parse().ok()?;
        let analysis = match entry(ANALYSIS) {
            None if faces == 0 => Some(Analysis::default()),
            None => None,
            Some(text) => parse(text).filter(|analysis| analysis.faces.len() == faces),
        };
        Some(Self {
            source_etag: entry(SOURCE_ETAG)?.parse().ok()?,
            method: entry(METHOD)?.to_owned(),
            size: (width.parse().ok()?, height.parse().ok()?),
            faces,
            analysis,
        })
    }
}

/// Whether an object is a result, of this service or of another installation of it.
#[must_use]
pub fn is_result(meta: &ObjectMeta) -> bool {
    meta.metadata.get(MARK).is_some()
}

/// `left,top,width,height,probability,gender,age` per face, `;` between faces.
fn compact(analysis: &Analysis) -> String {
    let faces: Vec<String> = analysis.faces.iter().map(compact_face).collect();
    faces.join(";")
}

fn compact_face(face: &Face) -> String {
    let Rect {
        left,
        top,
        width,
        height,
    } = face.rect;
    let probability = face
        .probability
        .map(|share| format!("{share}"))
        .unwrap_or_default();
    let gender = match face.gender {
        Some(Gender::Female) => "F",
        Some(Gender::Male) => "M",
        None => "",
    };
    let age = face.age.map(|age| age.to_string()).unwrap_or_default();
    format!("{left},{top},{width},{height},{probability},{gender},{age}")
}

fn parse(text: &str) -> Option<Analysis> {
    let faces = text.split(';').map(parse_face).collect::<Option<_>>()?;
    Some(Analysis { faces })
}

fn parse_face(text: &str) -> Option<Face> {
    let fields: Vec<&str> = text.split(',').collect();
    let [left, top, width, height, probability, gender, age] = fields.as_slice() else {
        return None;
    };
    let probability = optional(probability).ok()?;
    if probability.is_some_and(|probability: f32| !(0.0..=1.0).contains(&probability)) {
        return None;
    }
    let gender = match *gender {
        "F" => Some(Gender::Female),
        "M" => Some(Gender::Male),
        "" => None,
        _ => return None,
    };
    Some(Face {
        rect: Rect {
            left: left.parse().ok()?,
            top: top.parse().ok()?,
            width: width.parse().ok()?,
            height: height.parse().ok()?,
        },
        probability,
        gender,
        age: optional(age).ok()?,
    })
}

/// Nothing is nothing; anything else must be readable.
fn optional<T: FromStr>(text: &str) -> Result<Option<T>, T::Err> {
    if text.is_empty() {
        Ok(None)
    } else {
        text.parse().map(Some)
    }
}

#[cfg(test)]
mod tests {
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
            any::<Option<u16>>(),
        )
            .prop_map(|(rect, probability, gender, age)| Face {
                rect,
                probability,
                gender,
                age,
            });
        prop::collection::vec(face, 1..30)
    }

    proptest! {
        #[test]
        fn what_is_kept_can_be_read(faces in faces()) {
            let analysis = Analysis { faces };
            prop_assert_eq!(parse(&compact(&analysis)), Some(analysis));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = parse(&text);
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
            age: Some(37),
        };
        let bare = Face {
            probability: None,
            gender: None,
            age: None,
            ..face.clone()
        };
        let text = compact(&Analysis {
            faces: vec![face, bare],
        });
        insta::assert_snapshot!(text, @"1,2,30,40,0.98,F,37;1,2,30,40,,,");
    }

    #[test]
    fn what_no_probability_can_be_is_refused() {
        for probability in ["NaN", "inf", "-inf", "-0.1", "1.1"] {
            assert_eq!(
                parse(&format!("1,2,3,4,{probability},,")),
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
            age: None,
        };
        let analysis = Analysis {
            faces: vec![face; 500],
        };
        let etag: ETag = "ABC".parse().unwrap();
        let metadata = Record::new(etag, "local/1", (9, 9), analysis)
            .metadata()
            .unwrap();
        assert_eq!(metadata.get(FACES), Some("500"));
        assert_eq!(metadata.get(ANALYSIS), None);
    }
}
