use std::collections::BTreeSet;

use super::*;

const LONG: Size = Size {
    photos: 600,
    window: Duration::from_mins(10),
};

#[test]
fn the_seed_decides_everything() {
    for size in [Size::SHORT, LONG] {
        assert_eq!(Schedule::new(7, size), Schedule::new(7, size));
        assert_ne!(Schedule::new(7, size), Schedule::new(8, size));
    }
}

#[test]
fn every_fault_strikes_even_in_the_shortest_run() {
    let shortest = Size {
        photos: 1,
        window: Duration::from_secs(1),
    };
    for (seed, size) in (0..100).flat_map(|seed| [(seed, Size::SHORT), (seed, shortest)]) {
        let schedule = Schedule::new(seed, size);
        let dealt: BTreeSet<_> = schedule.lanes.iter().flatten().map(|s| s.fault).collect();
        let decks: BTreeSet<_> = Lane::ALL
            .iter()
            .flat_map(|lane| lane.deck())
            .map(|(fault, _)| fault)
            .collect();
        assert_eq!(dealt, decks, "seed {seed}");
    }
}

#[test]
fn within_a_lane_one_fault_ends_before_the_next_begins() {
    for seed in 0..50 {
        for (lane, injections) in Schedule::new(seed, LONG).lanes.iter().enumerate() {
            for pair in injections.windows(2) {
                let ended = pair[0].at + pair[0].duration;
                assert!(ended < pair[1].at, "seed {seed}, lane {lane}: {pair:?}");
            }
            let last = injections.last().unwrap();
            assert!(last.at + last.duration <= LONG.window, "seed {seed}");
        }
    }
}

#[test]
fn every_photo_is_uploaded_once_and_some_are_overwritten() {
    for seed in 0..50 {
        let uploads = Schedule::new(seed, Size::SHORT).uploads;
        let photos: BTreeSet<_> = uploads.iter().map(|upload| upload.photo).collect();
        assert_eq!(photos, (0..Size::SHORT.photos).collect(), "seed {seed}");
        assert_eq!(uploads.len(), Size::SHORT.photos, "seed {seed}");
        assert!(uploads.is_sorted_by_key(|upload| upload.at), "seed {seed}");
        let overwritten = uploads.iter().filter(|u| u.overwritten_after.is_some());
        assert!((10..60).contains(&overwritten.count()), "seed {seed}");
    }
}

#[test]
fn slow_lies_between_visibility_and_timeout() {
    for size in [Size::SHORT, LONG] {
        let slowness = Slowness::of(size.window);
        let Slowness {
            visibility,
            delivery_timeout,
            slow,
            silent,
        } = slowness;
        assert!(
            visibility < slow && slow < delivery_timeout && delivery_timeout < silent,
            "{slowness:?}"
        );
    }
}

#[test]
fn an_undisturbed_run_has_the_same_uploads() {
    let (calm, wild) = (Schedule::undisturbed(3, LONG), Schedule::new(3, LONG));
    assert_eq!(calm.uploads, wild.uploads);
    assert!(calm.lanes.iter().all(Vec::is_empty));
}
