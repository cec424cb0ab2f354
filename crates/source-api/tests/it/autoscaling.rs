//! What annotations say about scaling.

use source_api::Autoscaling;

const KEDA: &str = "keda.autoscaling.knative.dev";

fn read(pairs: &[(&str, &str)]) -> Result<Option<Autoscaling>, String> {
    let pairs = pairs.iter();
    let annotations = pairs.map(|(name, text)| {
        let key = format!("autoscaling.eventing.knative.dev/{name}");
        (key, (*text).to_owned())
    });
    Autoscaling::try_of(&annotations.collect()).map_err(|error| error.to_string())
}

const USUAL: Autoscaling = Autoscaling {
    min_scale: 0,
    max_scale: 50,
    polling_interval_seconds: 30,
    cooldown_period_seconds: 300,
    lag_threshold: 100,
};

#[test]
fn only_the_class_requests_it() {
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&[("min-scale", "x")]), Ok(None));
    assert_eq!(read(&[("class", "disabled"), ("min-scale", "x")]), Ok(None));
    assert_eq!(read(&[("class", KEDA)]), Ok(Some(USUAL)));
    let all = [
        ("class", KEDA),
        ("min-scale", "2"),
        ("max-scale", " 8 "),
        ("polling-interval", "5"),
        ("cooldown-period", "0"),
        ("lag-threshold", "16"),
    ];
    let expected = Autoscaling {
        min_scale: 2,
        max_scale: 8,
        polling_interval_seconds: 5,
        cooldown_period_seconds: 0,
        lag_threshold: 16,
    };
    assert_eq!(read(&all), Ok(Some(expected)));
}

#[test]
fn wrong_annotation_is_named_with_what_it_must_be() {
    let table = [
        ("class", "hpa.autoscaling.knative.dev"),
        ("min-scale", "-1"),
        ("min-scale", "51"),
        ("max-scale", "0"),
        ("max-scale", "1001"),
        ("polling-interval", "30s"),
        ("cooldown-period", ""),
        ("lag-threshold", "0.5"),
    ];
    let lines = table.map(|(name, text)| {
        let mut pairs = vec![("class", KEDA)];
        pairs.push((name, text));
        read(&pairs).unwrap_err()
    });
    insta::assert_snapshot!(lines.join("\n"), @r"
    annotation `autoscaling.eventing.knative.dev/class` must be `keda.autoscaling.knative.dev` or `disabled`
    annotation `autoscaling.eventing.knative.dev/min-scale` must be a whole number from 0 to 1000
    annotation `autoscaling.eventing.knative.dev/min-scale` must not be more than `autoscaling.eventing.knative.dev/max-scale`, which is 50
    annotation `autoscaling.eventing.knative.dev/max-scale` must be a whole number from 1 to 1000
    annotation `autoscaling.eventing.knative.dev/max-scale` must be a whole number from 1 to 1000
    annotation `autoscaling.eventing.knative.dev/polling-interval` must be a whole number from 1 to 86400
    annotation `autoscaling.eventing.knative.dev/cooldown-period` must be a whole number from 0 to 86400
    annotation `autoscaling.eventing.knative.dev/lag-threshold` must be a whole number from 1 to 1000000
    ");
}
