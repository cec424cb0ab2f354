//! Age and gender of one face.
//!
//! Both nets were trained by Cydral Technology for dlib on chips of its alignment. What they say
//! are estimates from looks: an age is off by several years for most people.

use image::RgbImage;
use nets::Tensor;

use super::candidate::Point;
use super::chip::Chip;
use super::error::ModelError;
use super::nets::Nets;
use crate::analysis::Gender;
use crate::attribute_set::AttributeSet;

/// The mean of each channel over the pictures of the training.
const MEANS: [f32; 3] = [122.782, 117.001, 104.298];

/// The value of class 0 in years; that of any other class is its number.
const FIRST_AGE: f32 = 0.25;

/// The value of the last class in years.
const LAST_AGE: f32 = 80.0;

/// What the nets say of a face, as far as they were run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Attributes {
    /// The age and its standard deviation, in years.
    pub(super) age: Option<(u16, f32)>,
    /// The gender and how sure the net is of it, 0.5 to 1.
    pub(super) gender: Option<(Gender, f32)>,
}

/// Estimates the attributes in `set` of the face with these landmarks.
pub(super) fn attributes(
    nets: &Nets,
    picture: &RgbImage,
    landmarks: &[Point; 5],
    set: AttributeSet,
) -> Result<Attributes, ModelError> {
    if set == AttributeSet::NONE {
        return read(None, None);
    }
    let chip = Chip::cut(picture, landmarks);
    let ages = set.age.then(|| nets.age.run(&normalised(&chip)));
    let genders = set
        .gender
        .then(|| nets.gender.run(&normalised(&chip.halved())));
    read(ages.as_deref(), genders.as_deref())
}

/// What these probabilities of ages and genders amount to.
pub(super) fn read(
    ages: Option<&[f32]>,
    genders: Option<&[f32]>,
) -> Result<Attributes, ModelError> {
    for (net, outputs) in [("age", ages), ("gender", genders)] {
        if !outputs.unwrap_or_default().iter().all(|it| it.is_finite()) {
            return Err(ModelError::NotANumber { net });
        }
    }
    let gender = match genders {
        None => None,
        Some(&[female, male]) if male > female => Some((Gender::Male, male)),
        Some(&[female, _]) => Some((Gender::Female, female)),
        Some(_) => return Err(ModelError::Shape { net: "gender" }),
    };
    Ok(Attributes {
        age: ages.map(mean_age),
        gender,
    })
}

/// The chip as both nets were trained to see it.
fn normalised(chip: &Chip) -> Tensor {
    let mut normalised = Tensor::zeros(chip.side(), chip.side(), 3);
    let (pixels, _) = normalised.values_mut().as_chunks_mut::<3>();
    for (to, from) in pixels.iter_mut().zip(chip.pixels()) {
        *to = std::array::from_fn(|channel| (from[channel] - MEANS[channel]) / 256.0);
    }
    normalised
}

/// The expected value, rounded, and the standard deviation.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "clamped to 0 to 80 years first"
)]
fn mean_age(probabilities: &[f32]) -> (u16, f32) {
    let ages = probabilities
        .iter()
        .enumerate()
        .map(|(class, probability)| {
            let age = if class == 0 { FIRST_AGE } else { class as f32 };
            (age, probability)
        });
    let mean: f32 = ages.clone().map(|(age, share)| age * share).sum();
    let variance: f32 = ages.map(|(age, share)| (age - mean).powi(2) * share).sum();
    let years = mean.round().clamp(0.0, LAST_AGE);
    (years as u16, variance.max(0.0).sqrt().min(LAST_AGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_an_error() {
        for bad in [f32::NAN, f32::INFINITY] {
            assert!(read(Some(&[bad; 81]), Some(&[0.5, 0.5])).is_err());
            assert!(read(Some(&[0.0; 81]), Some(&[0.5, bad])).is_err());
        }
        assert!(
            read(Some(&[0.0; 81]), Some(&[1.0])).is_err(),
            "half the genders"
        );
    }

    #[test]
    fn age_is_the_expected_value() {
        let certain = |class: usize| {
            let mut probabilities = vec![0.0; 81];
            probabilities[class] = 1.0;
            mean_age(&probabilities)
        };
        assert_eq!(
            [certain(0), certain(1), certain(37), certain(80)],
            [(0, 0.0), (1, 0.0), (37, 0.0), (80, 0.0)]
        );
        let mut torn = vec![0.0; 81];
        (torn[20], torn[40]) = (0.5, 0.5);
        assert_eq!(mean_age(&torn), (30, 10.0));
        assert_eq!(mean_age(&[f32::MAX; 81]).0, 80);
        assert_eq!(mean_age(&[-1.0; 81]), (0, 0.0));
    }
}
