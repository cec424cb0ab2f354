//! Work on the rows of a tensor, shared by threads.

use std::thread;

use crate::tensor::Tensor;

/// Rows that are worth a thread.
const MIN_ROWS: usize = 8;

/// Calls `work` with each part of the tensor and the number of its first row, in as many threads
/// at a time as there are parts, and no more than `threads`.
pub(crate) fn in_bands(
    tensor: &mut Tensor,
    threads: usize,
    work: impl Fn(usize, &mut [f32]) + Sync,
) {
    let height = tensor.height();
    let rows = height.div_ceil(threads.max(1)).max(MIN_ROWS);
    let length = tensor.row_length();
    if rows >= height || length == 0 {
        work(0, tensor.values_mut());
        return;
    }
    let bands = tensor.values_mut().chunks_mut(rows * length);
    thread::scope(|scope| {
        for (number, band) in bands.enumerate() {
            let work = &work;
            scope.spawn(move || work(number * rows, band));
        }
    });
}
