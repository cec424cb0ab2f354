//! The nets, as the program carries them, and how one is run.

use std::sync::Arc;

use rten::{ModelOptions, NodeId, OpRegistry, RunOptions, ThreadPool, ValueView, op_types};

use super::error::ModelError;

/// Weights at an address from which they can be read in place.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

/// A net of `models/`.
struct Embedded {
    name: &'static str,
    graph: &'static [u8],
    weights_name: &'static str,
    weights: &'static Aligned<[u8]>,
    outputs: &'static [&'static str],
}

macro_rules! embedded {
    ($name:literal, $outputs:expr) => {
        Embedded {
            name: $name,
            graph: include_bytes!(concat!("../../models/", $name, ".onnx")),
            weights_name: concat!($name, ".data"),
            weights: &Aligned(*include_bytes!(concat!("../../models/", $name, ".data"))),
            outputs: $outputs,
        }
    };
}

/// `CenterFace`: scores, sizes, offsets and landmarks, each for every fourth pixel.
static DETECTOR: Embedded = embedded!("detector", &["537", "538", "539", "540"]);
static AGE: Embedded = embedded!("age", &["probabilities"]);
static GENDER: Embedded = embedded!("gender", &["probabilities"]);

/// All nets, loaded.
pub(super) struct Nets {
    pub(super) detector: Net,
    pub(super) age: Net,
    pub(super) gender: Net,
}

impl Nets {
    /// Takes some 30 ms and 40 MB.
    pub(super) fn load(threads: usize) -> Result<Self, ModelError> {
        let pool = Arc::new(ThreadPool::with_num_threads(threads));
        Ok(Self {
            detector: Net::load(&DETECTOR, &pool)?,
            age: Net::load(&AGE, &pool)?,
            gender: Net::load(&GENDER, &pool)?,
        })
    }
}

/// One net.
pub(super) struct Net {
    name: &'static str,
    model: rten::Model,
    input: NodeId,
    outputs: Vec<NodeId>,
    options: RunOptions,
}

impl Net {
    fn load(embedded: &Embedded, pool: &Arc<ThreadPool>) -> Result<Self, ModelError> {
        let net = embedded.name;
        let model = ModelOptions::with_ops(operators())
            .external_data_static(embedded.weights_name, &embedded.weights.0)
            .load_static_slice(embedded.graph)
            .map_err(|source| ModelError::Load { net, source })?;
        let outputs = embedded.outputs.iter().map(|name| model.node_id(name));
        let outputs = outputs.collect::<Result<_, _>>();
        Ok(Self {
            name: net,
            input: *model.input_ids().first().ok_or(ModelError::Shape { net })?,
            outputs: outputs.map_err(|source| ModelError::Run { net, source })?,
            model,
            options: RunOptions::default().with_thread_pool(Some(Arc::clone(pool))),
        })
    }

    /// The outputs, in the order of [`Embedded::outputs`], for one input of `channels` planes.
    pub(super) fn run<const N: usize>(
        &self,
        (channels, height, width): (usize, usize, usize),
        data: &[f32],
    ) -> Result<[Vec<f32>; N], ModelError> {
        let net = self.name;
        let input = ValueView::from_shape([1, channels, height, width], data);
        let input = input.map_err(|_| ModelError::Shape { net })?;
        let inputs = vec![(self.input, input.into())];
        let answer = self
            .model
            .run(inputs, &self.outputs, Some(self.options.clone()));
        let answer = answer.map_err(|source| ModelError::Run { net, source })?;
        let values = answer
            .into_iter()
            .map(|output| Some(output.into_tensor::<f32>()?.into_data()));
        let values: Option<Vec<_>> = values.collect();
        values
            .and_then(|values| values.try_into().ok())
            .ok_or(ModelError::Shape { net })
    }
}

/// What the three nets are made of.
fn operators() -> OpRegistry {
    OpRegistry::with_ops(&[
        &op_types::Add,
        &op_types::AveragePool,
        &op_types::BatchNormalization,
        &op_types::Conv,
        &op_types::ConvTranspose,
        &op_types::Flatten,
        &op_types::Gemm,
        &op_types::GlobalAveragePool,
        &op_types::MaxPool,
        &op_types::Mul,
        &op_types::Pad,
        &op_types::Relu,
        &op_types::Sigmoid,
        &op_types::Softmax,
    ])
}
