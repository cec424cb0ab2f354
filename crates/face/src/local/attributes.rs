//! Age and gender of one face.
//!
//! Both nets were trained by Cydral Technology for dlib on chips of its alignment. What they say
//! are estimates from looks: an age is off by several years for most people.

use image::RgbImage;

use super::candidate::Point;
use super::chip::Chip;
use super::error::ModelError;
use super::nets::{Net, Nets};
use crate::analysis::Gender;

/// The mean of each channel over the pictures of the training.
const MEANS: [f32; 3] = [122.782, 117.001, 104.298];

/// The value of class 0 in years; that of any other class is its number.
const FIRST_AGE: f32 = 0.25;

/// What the nets say of a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Attributes {
    /// In years.
    pub(super) age: u16,
    pub(super) gender: Gender,
    /// How sure the net is of the gender, 0.5 to 1.
    pub(super) gender_probability: f32,
}

/// Estimates age and gender of the face with these landmarks.
pub(super) fn attributes(
    nets: &Nets,
    picture: &RgbImage,
    landmarks: &[Point; 5],
) -> Result<Attributes, ModelError> {
    let chip = Chip::cut(picture, landmarks);
    let ages = probabilities(&nets.age, &chip)?;
    let genders = probabilities(&nets.gender, &chip.halved())?;
    let [female, male] = genders[..] else {
        return Err(ModelError::Shape { net: "gender" });
    };
    let gender = if male > female {
        Gender::Male
    } else {
        Gender::Female
    };
    Ok(Attributes {
        age: mean_age(&ages),
        gender,
        gender_probability: male.max(female),
    })
}

fn probabilities(net: &Net, chip: &Chip) -> Result<Vec<f32>, ModelError> {
    let planes = chip.planes(|channel, value| (value - MEANS[channel]) / 256.0);
    let [probabilities] = net.run((3, chip.side(), chip.side()), &planes)?;
    Ok(probabilities)
}

/// The expected value, rounded.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a mean of 0 to 80 years; NaN becomes 0"
)]
fn mean_age(probabilities: &[f32]) -> u16 {
    let years = probabilities
        .iter()
        .enumerate()
        .map(|(class, probability)| {
            let age = if class == 0 { FIRST_AGE } else { class as f32 };
            age * probability
        });
    years.sum::<f32>().round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_the_expected_value() {
        let certain = |class: usize| {
            let mut probabilities = vec![0.0; 81];
            probabilities[class] = 1.0;
            mean_age(&probabilities)
        };
        assert_eq!(
            [certain(0), certain(1), certain(37), certain(80)],
            [0, 1, 37, 80]
        );
        let mut torn = vec![0.0; 81];
        (torn[20], torn[40]) = (0.5, 0.5);
        assert_eq!(mean_age(&torn), 30);
        assert_eq!(mean_age(&[f32::NAN; 81]), 0);
    }
}
