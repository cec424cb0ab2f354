use super::*;

const RECEIVE: Call = Call {
    service: Service::Mns,
    operation: "ReceiveMessage",
};

fn fault(json: &str) -> Fault {
    serde_json::from_str(json).unwrap()
}

fn strikes(faults: &Faults, calls: usize) -> Vec<bool> {
    (0..calls)
        .map(|_| faults.inject(RECEIVE).count > 0)
        .collect()
}

#[test]
fn a_fault_strikes_only_what_it_names() {
    let cases = [
        ("same operation", "mns", "ReceiveMessage", true),
        ("any operation", "mns", "*", true),
        ("other operation", "mns", "SendMessage", false),
        ("other service", "oss", "*", false),
    ];
    for (name, service, operation, expected) in cases {
        let faults = Faults::new(0);
        let json = format!(r#"{{"service":"{service}","operation":"{operation}","kind":"drop"}}"#);
        faults.add(fault(&json)).unwrap();
        assert_eq!(
            faults.inject(RECEIVE).drop_point == Some(DropPoint::BeforeHandling),
            expected,
            "{name}"
        );
    }
}

#[test]
fn times_are_used_up() {
    let faults = Faults::new(0);
    faults
        .add(fault(
            r#"{"service":"mns","operation":"*","kind":"drop","times":2}"#,
        ))
        .unwrap();
    assert_eq!(strikes(&faults, 4), [true, true, false, false]);
    assert_eq!(faults.list()[0].struck, 2);
}

#[test]
fn duplicates_are_counted_when_something_was_received() {
    let faults = Faults::new(0);
    faults
        .add(fault(
            r#"{"service":"mns","operation":"*","kind":"duplicate","times":1}"#,
        ))
        .unwrap();
    let delete = Call::new(Service::Mns, "DeleteMessage");
    assert_eq!(faults.inject(delete).duplicate, None, "not a receive");
    // The first finds the queue empty.
    for _ in 0..2 {
        assert_eq!(faults.inject(RECEIVE).duplicate, Some(1));
        assert_eq!(faults.list()[0].struck, 0);
    }
    faults.duplicated(1);
    assert_eq!(faults.list()[0].struck, 1);
    assert_eq!(faults.inject(RECEIVE).duplicate, None, "used up");
    faults.clear();
    faults.duplicated(1);
}

#[test]
fn chances_repeat_with_the_seed() {
    let json = r#"{"service":"mns","operation":"*","kind":"drop","probability":0.5}"#;
    let run = |seed| {
        let faults = Faults::new(seed);
        faults.add(fault(json)).unwrap();
        strikes(&faults, 64)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn faults_that_strike_together_add_up() {
    let faults = Faults::new(0);
    for kind in [
        r#""kind":"latency","latency_ms":20"#,
        r#""kind":"latency","latency_ms":30"#,
        r#""kind":"error","status":503,"code":"ServiceUnavailable""#,
        r#""kind":"error","status":500,"code":"InternalError""#,
        r#""kind":"skew","skew_seconds":-1200"#,
        r#""kind":"drop","after":true"#,
        r#""kind":"truncate""#,
        r#""kind":"duplicate""#,
    ] {
        faults
            .add(fault(&format!(
                r#"{{"service":"mns","operation":"*",{kind}}}"#
            )))
            .unwrap();
    }
    let expected = Injection {
        latency: Duration::from_millis(50),
        error: Some((
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable".to_owned(),
        )),
        drop_point: Some(DropPoint::AfterHandling),
        duplicate: Some(8),
        skew: SignedDuration::from_secs(-1200),
        count: 8,
    };
    assert_eq!(faults.inject(RECEIVE), expected);
}

#[test]
fn removed_faults_strike_no_more() {
    let faults = Faults::new(0);
    let drop = fault(r#"{"service":"mns","operation":"*","kind":"drop"}"#);
    let first = faults.add(drop.clone()).unwrap();
    faults.add(drop).unwrap();
    assert!(faults.remove(first.id));
    assert!(!faults.remove(first.id));
    assert_eq!(faults.list().len(), 1);
    faults.clear();
    assert_eq!(faults.inject(RECEIVE), Injection::default());
}

#[test]
fn nonsense_is_refused_in_one_line() {
    let cases = [
        (
            r#"{"service":"mns","operation":"*","kind":"drop","probability":1.5}"#,
            "`1.5`",
        ),
        (
            r#"{"service":"mns","operation":"*","kind":"error","status":200,"code":"c"}"#,
            "`200`",
        ),
        (
            r#"{"service":"oss","operation":"*","kind":"duplicate"}"#,
            "`oss`",
        ),
    ];
    for (json, quoted) in cases {
        let refused = Faults::new(0).add(fault(json)).unwrap_err().to_string();
        assert!(refused.contains(quoted), "{json}: {refused}");
    }
}
