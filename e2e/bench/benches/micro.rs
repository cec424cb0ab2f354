//! How fast requests are signed and answers and events are read, each beside its limit.
//! `cargo xtask bench micro` runs a short form of the same.

use std::error::Error;

use criterion::{Criterion, Throughput};

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    for case in cases::cases()? {
        let mut group = criterion.benchmark_group(case.name);
        group.throughput(Throughput::Bytes(case.bytes as u64));
        group.bench_function("ours", |bencher| bencher.iter(&case.run));
        group.bench_function(case.limit_name, |bencher| bencher.iter(&case.limit));
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}
