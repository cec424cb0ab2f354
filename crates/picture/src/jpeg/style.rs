//! How a JPEG was made, in the terms of the encoder that makes the next one.

use jpeg_encoder::{QuantizationTableType, SamplingFactor};

use super::frame::Component;
use super::kept::write_descriptions;
use super::profile::Profile;
use super::structure::Structure;
use super::table::{Table, transposed};
use crate::colour::Space;
use crate::orientation::{Orientation, Pose};

/// Quality when a file uses a table that it never defines; no decoder shows such a file.
const FALLBACK_QUALITY: u8 = 90;

/// Quantisation and sampling of the source, turned upright with the picture.
#[derive(Debug, Clone)]
pub(crate) struct JpegStyle {
    /// The encoder's first table: brightness, or black.
    pub(crate) primary: QuantizationTableType,
    /// Its second one: colour.
    pub(crate) secondary: QuantizationTableType,
    pub(crate) sampling: SamplingFactor,
    pub(crate) quality: u8,
    /// The colour profile.
    pub(crate) profile: Option<Vec<u8>>,
    /// Segments that describe the photo, ready to be written.
    pub(crate) descriptions: Vec<u8>,
}

impl JpegStyle {
    pub(crate) fn of(structure: &Structure<'_>, orientation: Orientation) -> Self {
        let space = structure.space;
        let sideways = orientation.is_sideways();
        // The encoder keeps its first table for the last channel of CMYK, its second for the rest.
        let (primary, secondary) = match space {
            Space::Cmyk => (3, 0),
            _ => (0, 1),
        };
        let table = |component: usize| {
            let component = structure
                .components
                .get(component)
                .or(structure.components.first());
            component.map_or(QuantizationTableType::Default, |component| {
                custom(&component.table, sideways)
            })
        };
        let mut descriptions = Vec::new();
        write_descriptions(
            &structure.metadata,
            Pose::upright(orientation),
            &mut descriptions,
        );
        Self {
            descriptions,
            primary: table(primary),
            secondary: table(secondary),
            sampling: sampling(space, &structure.components, sideways),
            quality: FALLBACK_QUALITY,
            profile: Profile::of(&structure.metadata).map(|profile| profile.bytes()),
        }
    }
}

/// Coefficients above 255 need a 16-bit table, which the encoder does not write.
fn custom(table: &Table, sideways: bool) -> QuantizationTableType {
    let table = if sideways { transposed(table) } else { *table };
    QuantizationTableType::Custom(Box::new(table.map(|step| step.clamp(1, 255))))
}

/// Chroma subsampling of the source where the encoder can interleave it, none otherwise.
pub(crate) fn sampling(space: Space, components: &[Component], sideways: bool) -> SamplingFactor {
    let [luma, chroma, ..] = components else {
        return SamplingFactor::F_1_1;
    };
    if !matches!(space, Space::YCbCr | Space::Ycck) {
        return SamplingFactor::F_1_1;
    }
    let ratio = |luma: u8, chroma: u8| luma.checked_div(chroma).unwrap_or(1);
    let across = ratio(luma.horizontal, chroma.horizontal);
    let down = ratio(luma.vertical, chroma.vertical);
    match if sideways {
        (down, across)
    } else {
        (across, down)
    } {
        (2.., 2..) => SamplingFactor::F_2_2,
        (2.., _) => SamplingFactor::F_2_1,
        (_, 2..) => SamplingFactor::F_1_2,
        _ => SamplingFactor::F_1_1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::file::Jpeg;
    use crate::jpeg::file::tests::numbered;

    fn steps(table: &QuantizationTableType) -> [u16; 64] {
        match table {
            QuantizationTableType::Custom(steps) => **steps,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn quality_is_that_of_the_source() {
        let file = numbered();
        let structure = Jpeg::parse(&file).unwrap().structure;
        let style = JpegStyle::of(&structure, Orientation::UpsideDown);
        assert_eq!(steps(&style.primary), structure.components[0].table);
        assert_eq!(steps(&style.secondary), structure.components[1].table);
        assert_eq!(style.sampling, SamplingFactor::F_2_1);
    }

    #[test]
    fn what_is_turned_sideways_is_quantised_sideways() {
        let file = numbered();
        let structure = Jpeg::parse(&file).unwrap().structure;
        let style = JpegStyle::of(&structure, Orientation::Clockwise);
        assert_eq!(steps(&style.primary)[..4], [1, 9, 17, 25]);
        assert_eq!(style.sampling, SamplingFactor::F_1_2);
    }

    #[test]
    fn only_ratios_that_the_encoder_interleaves_are_kept() {
        let component = |horizontal, vertical| Component {
            id: 0,
            horizontal,
            vertical,
            table: [1; 64],
        };
        let cases = [
            ("4:4:4", (1, 1), (1, 1), SamplingFactor::F_1_1),
            (
                "4:4:4 in large numbers",
                (2, 2),
                (2, 2),
                SamplingFactor::F_1_1,
            ),
            ("4:2:0", (2, 2), (1, 1), SamplingFactor::F_2_2),
            ("4:4:0", (1, 2), (1, 1), SamplingFactor::F_1_2),
            ("4:1:1", (4, 1), (1, 1), SamplingFactor::F_2_1),
            ("nonsense", (1, 1), (0, 0), SamplingFactor::F_1_1),
        ];
        for (name, luma, chroma, expected) in cases {
            let components = [component(luma.0, luma.1), component(chroma.0, chroma.1)];
            assert_eq!(
                sampling(Space::YCbCr, &components, false),
                expected,
                "{name}"
            );
        }
    }
}
