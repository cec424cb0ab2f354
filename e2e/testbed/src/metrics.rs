//! Reads the metrics page of a binary, as Prometheus would.

use std::convert::Infallible;
use std::str::FromStr;

use anyhow::Context;

/// The samples of one metrics page.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<Sample>);

#[derive(Debug, Clone)]
struct Sample {
    name: String,
    labels: String,
    value: f64,
}

impl Samples {
    /// The sum of all samples of this name whose labels contain `label`
    /// (`reason="not_an_image"`; empty for all).
    #[must_use]
    pub fn sum(&self, name: &str, label: &str) -> f64 {
        self.0
            .iter()
            .filter(|sample| sample.name == name && sample.labels.contains(label))
            .map(|sample| sample.value)
            // Not `sum`: that of nothing is -0.
            .fold(0.0, |sum, value| sum + value)
    }

    /// The label sets of all samples of this name.
    pub fn labels<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |sample| sample.name == name)
            .map(|sample| sample.labels.as_str())
    }
}

impl FromStr for Samples {
    type Err = Infallible;

    fn from_str(page: &str) -> Result<Self, Infallible> {
        Ok(Self(page.lines().filter_map(parse_line).collect()))
    }
}

/// Fetches and parses the metrics page at `address`.
///
/// # Errors
/// When there is no response.
pub async fn scrape(http: &reqwest::Client, address: &str) -> anyhow::Result<Samples> {
    let page = async {
        http.get(format!("http://{address}/metrics"))
            .send()
            .await?
            .error_for_status()?
            .text()
            .await
    };
    let page = page
        .await
        .with_context(|| format!("no metrics at {address}"))?;
    Ok(page.parse()?)
}

fn parse_line(line: &str) -> Option<Sample> {
    if line.starts_with('#') {
        return None;
    }
    // A label value may hold blanks, so the name ends at the brace if there is one.
    let (name, labels, value) = if let Some((name, rest)) = line.split_once('{') {
        let (labels, value) = rest.rsplit_once("} ")?;
        (name, labels, value)
    } else {
        let (name, value) = line.split_once(' ')?;
        (name, "", value)
    };
    let value = value.split(' ').next()?.parse().ok()?;
    Some(Sample {
        name: name.to_owned(),
        labels: labels.to_owned(),
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn samples_are_summed_by_name_and_label() {
        let page = "# TYPE face_skipped counter\n\
            face_skipped_total{reason=\"not an image\"} 2\n\
            face_skipped_total{reason=\"own result\"} 3 1714979289.0\n\
            up 1\n\
            # EOF\n";
        let samples: Samples = page.parse().unwrap();
        for (name, label, expected) in [
            ("face_skipped_total", "", "5"),
            ("face_skipped_total", "reason=\"own result\"", "3"),
            ("up", "", "1"),
            ("down", "", "0"),
        ] {
            assert_eq!(
                samples.sum(name, label).to_string(),
                expected,
                "{name}{{{label}}}"
            );
        }
    }
}
