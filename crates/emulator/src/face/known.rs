//! Gender and age of the people in a picture, as the picture's owner says they are.
//!
//! A lever for tests that need certain answers: a header that came with the picture, such as
//! `female/37, male/40` from left to right, replaces what the nets see.

/// The header, metadata of an OSS object, that tells who is in a picture.
pub(super) const HEADER: &str = "x-oss-meta-emulator-faces";

/// What is known of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Person {
    /// As the face APIs count: 0 female, 1 male.
    pub(super) gender: u8,
    /// In years.
    pub(super) age: u16,
}

/// Reads the header; `None` if it makes no sense.
pub(super) fn parse(text: &str) -> Option<Vec<Person>> {
    text.split(',')
        .map(|person| parse_person(person.trim()))
        .collect()
}

fn parse_person(text: &str) -> Option<Person> {
    let (gender, age) = text.split_once('/')?;
    let gender = match gender {
        "female" => 0,
        "male" => 1,
        _ => return None,
    };
    Some(Person {
        gender,
        age: age.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_read_from_left_to_right() {
        let expected = vec![Person { gender: 0, age: 37 }, Person { gender: 1, age: 40 }];
        assert_eq!(parse("female/37, male/40"), Some(expected));
    }

    #[test]
    fn what_makes_no_sense_tells_nothing() {
        for text in [
            "",
            "female",
            "female/",
            "female/-1",
            "woman/37",
            "female/37,",
            "1/37",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
