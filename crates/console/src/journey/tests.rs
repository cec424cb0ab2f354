use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn journeys() -> (
    Journeys,
    tokio::sync::broadcast::Receiver<crate::broadcaster::PageEvent>,
) {
    let broadcaster = Arc::new(Broadcaster::new());
    let news = broadcaster.subscribe();
    (Journeys::new(broadcaster, at(0)), news)
}

fn delivered(key: &'static str, etag: &'static str) -> Delivered<'static> {
    static DOCUMENT: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| "{}".into());
    Delivered {
        key,
        etag: Some(etag),
        event_id: "id",
        uploaded: Some(at(1)),
        document: &DOCUMENT,
    }
}

fn finished(key: &'static str, etag: &'static str) -> Finished<'static> {
    Finished {
        key,
        etag: Some(etag),
        faces: 2,
        at: at(9),
        steps: None,
        document: None,
    }
}

fn refusal() -> Refusal {
    Refusal {
        code: "415".to_owned(),
        reason: "no photo".to_owned(),
    }
}

#[test]
fn facts_make_a_way_in_whatever_order_they_come() {
    let orders: [&[usize]; 3] = [&[0, 1, 2, 3], &[3, 2, 1, 0], &[2, 0, 3, 1]];
    for order in orders {
        let (journeys, _news) = journeys();
        for fact in order {
            match fact {
                0 => journeys.expected("a", at(0)),
                1 => journeys.queued("a", Some("E"), at(1), 1),
                2 => journeys.delivered(&delivered("a", "E"), at(3)),
                _ => journeys.finished(&finished("a", "E"), at(9)),
            }
        }
        let journey = journeys.get("a").0.unwrap();
        assert_eq!(journey.state, State::Stored, "{order:?}");
        assert_eq!(journey.steps.len(), 4, "{order:?}");
        assert_eq!(journey.steps[&Step::Stored], at(9), "{order:?}");
        assert_eq!(journeys.counts(), (1, 0), "{order:?}");
    }
}

#[test]
fn the_face_service_knows_its_steps_better_than_the_bucket() {
    let (journeys, mut news) = journeys();
    journeys.finished(&finished("a", "E"), at(9));
    let steps = StepTimes {
        analysed: at(5),
        drawn: at(6),
        stored: at(7),
    };
    let told = Finished {
        steps: Some(steps),
        ..finished("a", "E")
    };
    for _ in 0..2 {
        journeys.finished(&told, at(10));
        journeys.finished(&finished("a", "E"), at(11));
    }
    let steps: Vec<_> = journeys.get("a").0.unwrap().steps.into_iter().collect();
    let expected = [
        (Step::Analysed, at(5)),
        (Step::Drawn, at(6)),
        (Step::Stored, at(7)),
    ];
    assert_eq!(steps, expected);
    assert_eq!(journeys.counts(), (1, 0));
    assert!(news.try_recv().is_ok() && news.try_recv().is_ok());
    assert!(news.try_recv().is_err(), "what is told twice is no news");
}

#[test]
fn results_from_before_the_start_do_not_count() {
    let journeys = Journeys::new(Arc::new(Broadcaster::new()), at(10));
    journeys.uploaded("a", "E", at(1), at(1));
    assert!(journeys.is_open("a", "E") && !journeys.is_open("a", "F"));
    journeys.finished(&finished("a", "E"), at(9));
    assert!(!journeys.is_open("a", "E"));
    assert_eq!(journeys.counts(), (0, 0));
}

#[test]
fn what_is_told_twice_is_no_news() {
    let (journeys, mut news) = journeys();
    for _ in 0..2 {
        journeys.delivered(&delivered("a", "E"), at(3));
        journeys.refused("a", refusal(), at(4));
    }
    assert_eq!(news.try_recv().unwrap().event, "photo");
    let last = news.try_recv().unwrap().data;
    assert!(last.contains(r#""state":"refused""#), "{last}");
    assert!(news.try_recv().is_err());
    assert_eq!(journeys.counts(), (0, 1));
}

#[test]
fn a_result_outweighs_a_refusal_before_and_after() {
    let (journeys, _news) = journeys();
    journeys.refused("a", refusal(), at(1));
    journeys.finished(&finished("a", "E"), at(9));
    journeys.refused("a", refusal(), at(10));
    let journey = journeys.get("a").0.unwrap();
    assert_eq!((journey.state, journey.refusal), (State::Stored, None));
}

#[test]
fn another_version_under_the_same_key_begins_again() {
    let (journeys, _news) = journeys();
    journeys.finished(&finished("a", "E"), at(9));
    journeys.delivered(&delivered("a", "F"), at(20));
    let journey = journeys.get("a").0.unwrap();
    assert_eq!((journey.state, journey.steps.len()), (State::Open, 3));
}

#[test]
fn open_ways_are_checked_in_turn_and_not_too_often() {
    let (journeys, _news) = journeys();
    for key in ["a", "b", "c"] {
        journeys.expected(key, at(0));
    }
    journeys.finished(&finished("b", "E"), at(9));
    let (pause, start) = (Duration::from_secs(4), Instant::now());
    let check = |seconds, count| -> Vec<String> {
        let due = journeys.to_check(count, pause, start + Duration::from_secs(seconds));
        due.into_iter().map(|journey| journey.key).collect()
    };
    assert_eq!(check(0, 1), ["a"]);
    assert_eq!(check(0, 9), ["c"]);
    assert!(check(3, 9).is_empty());
    assert_eq!(check(4, 9), ["a", "c"]);
    journeys.forget("a");
    assert_eq!(check(9, 9), ["c"]);
}

#[test]
fn a_face_service_that_answers_nothing_is_noticed_until_it_answers() {
    let (journeys, _news) = journeys();
    let since = |second| journeys.unanswered_since(at(second));
    assert_eq!(since(0), None, "it was asked nothing");
    journeys.delivered(&delivered("a", "E"), at(3));
    journeys.delivered(&delivered("b", "E"), at(40));
    assert_eq!(since(50), Some(at(3)));
    let given_up = Refusal {
        code: "500".to_owned(),
        ..refusal()
    };
    journeys.refused("b", given_up, at(50));
    assert_eq!(
        since(50),
        Some(at(3)),
        "the source gave up, and nobody answered"
    );
    journeys.finished(&finished("a", "E"), at(60));
    assert_eq!(since(60), None);
    journeys.delivered(&delivered("a", "E"), at(61));
    assert_eq!(since(61), None, "it has its result");
    journeys.delivered(&delivered("c", "E"), at(62));
    journeys.refused("c", refusal(), at(63));
    assert_eq!(since(63), None, "a refusal is an answer");
}

#[test]
fn an_event_that_a_broker_gave_up_is_not_waited_for() {
    let (journeys, _news) = journeys();
    journeys.delivered(&delivered("a", "E"), at(0));
    assert_eq!(journeys.unanswered_since(at(1199)), Some(at(0)));
    assert_eq!(journeys.unanswered_since(at(1200)), None);
    journeys.delivered(&delivered("b", "E"), at(1100));
    assert_eq!(journeys.unanswered_since(at(1200)), Some(at(0)));
}

#[test]
fn memory_is_bounded() {
    let (journeys, _news) = journeys();
    for number in 0..=MAX_JOURNEYS {
        journeys.expected(&number.to_string(), at(0));
    }
    assert!(journeys.get("0").0.is_none());
    assert_eq!(journeys.recent(usize::MAX).len(), MAX_JOURNEYS);
}
