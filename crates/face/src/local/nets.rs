//! The nets, as the program carries them.

use nets::{BadWeights, Weights};

use super::center_face::CenterFace;
use super::error::ModelError;
use super::portrait_nets::{AgeNet, GenderNet};

/// All nets, loaded.
pub(super) struct Nets {
    pub(super) detector: CenterFace,
    pub(super) age: AgeNet,
    pub(super) gender: GenderNet,
}

impl Nets {
    /// Takes some 10 ms and 20 MB.
    pub(super) fn load() -> Result<Self, ModelError> {
        Ok(Self {
            detector: read(
                "detector",
                include_bytes!("../../models/detector.data"),
                CenterFace::read,
            )?,
            age: read("age", include_bytes!("../../models/age.data"), AgeNet::read)?,
            gender: read(
                "gender",
                include_bytes!("../../models/gender.data"),
                GenderNet::read,
            )?,
        })
    }
}

fn read<T>(
    net: &'static str,
    data: &[u8],
    read: fn(&mut Weights<'_>) -> Result<T, BadWeights>,
) -> Result<T, ModelError> {
    let load = |source| ModelError::Load { net, source };
    let mut weights = Weights::new(data);
    let loaded = read(&mut weights).map_err(load)?;
    weights.finish().map_err(load)?;
    Ok(loaded)
}
