//! The attributes of faces that may be estimated at all: an operator may not want some.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::analysis::Face;

/// Which attributes are estimated of a face; its place always is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeSet {
    /// Whether ages are.
    pub age: bool,
    /// Whether genders are.
    pub gender: bool,
}

/// A text that names no set of attributes. Permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it must be `age`, `gender`, both separated by a comma, or `none`")]
pub struct InvalidAttributes;

impl AttributeSet {
    /// Age and gender.
    pub const ALL: Self = Self {
        age: true,
        gender: true,
    };

    /// Neither.
    pub const NONE: Self = Self {
        age: false,
        gender: false,
    };

    /// Removes the attributes of `face` that are not in the set.
    pub fn restrict(self, face: &mut Face) {
        if !self.age {
            face.age = None;
        }
        if !self.gender {
            face.gender = None;
            face.gender_probability = None;
        }
    }
}

/// As in `age,gender`, in any order; blanks around the words are ignored.
impl FromStr for AttributeSet {
    type Err = InvalidAttributes;

    fn from_str(text: &str) -> Result<Self, InvalidAttributes> {
        if text.trim() == "none" {
            return Ok(Self::NONE);
        }
        let mut set = Self::NONE;
        for word in text.split(',') {
            match word.trim() {
                "age" => set.age = true,
                "gender" => set.gender = true,
                _ => return Err(InvalidAttributes),
            }
        }
        Ok(set)
    }
}

impl fmt::Display for AttributeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.age, self.gender) {
            (true, true) => "age,gender",
            (true, false) => "age",
            (false, true) => "gender",
            (false, false) => "none",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Gender, Rect};

    #[test]
    fn sets_are_read_in_any_order() {
        for (text, expected) in [
            ("age,gender", Some("age,gender")),
            ("gender, age", Some("age,gender")),
            ("age", Some("age")),
            (" gender ", Some("gender")),
            ("none", Some("none")),
            ("none,age", None),
            ("", None),
            ("mood", None),
            ("age,", None),
        ] {
            let read = text.parse::<AttributeSet>().ok();
            let read = read.map(|set| set.to_string());
            assert_eq!(read.as_deref(), expected, "`{text}`");
        }
    }

    #[test]
    fn faces_lose_what_is_not_in_the_set() {
        let face = Face {
            rect: Rect {
                left: 1,
                top: 2,
                width: 3,
                height: 4,
            },
            probability: Some(0.5),
            gender: Some(Gender::Male),
            gender_probability: Some(0.75),
            age: Some(37),
        };
        let restricted = |text: &str| {
            let mut face = face.clone();
            text.parse::<AttributeSet>().unwrap().restrict(&mut face);
            face
        };
        assert_eq!(restricted("age,gender"), face);
        let ageless = Face {
            age: None,
            ..face.clone()
        };
        assert_eq!(restricted("gender"), ageless);
        let genderless = Face {
            gender: None,
            gender_probability: None,
            ..face.clone()
        };
        assert_eq!(restricted("age"), genderless);
        let bare = Face {
            age: None,
            ..genderless
        };
        assert_eq!(restricted("none"), bare);
    }
}
