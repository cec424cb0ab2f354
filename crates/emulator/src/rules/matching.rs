//! Match rules: which objects an event rule covers.

use serde::{Deserialize, Deserializer, Serialize};

/// How the full names of buckets and objects begin.
const ARN: &str = "acs:oss:";

/// One condition on the full name of an object, `acs:oss:<region>:<account>:<bucket>/<key>`.
///
/// `name`, `prefix` and `suffix` may be full names or, for `prefix` and `suffix`, parts of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MatchRule {
    /// Whether an object must be as the other fields say, or must not.
    #[serde(default = "must_match", deserialize_with = "boolean")]
    pub match_state: bool,
    /// The bucket, or one object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The beginning of the key, behind the bucket's full name or alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The end of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

impl MatchRule {
    /// Every object of a bucket by its full name.
    pub(crate) fn bucket(name: String) -> Self {
        Self {
            match_state: true,
            name: Some(name),
            prefix: None,
            suffix: None,
        }
    }

    /// Every object whose key begins and ends like this.
    pub(crate) fn key(prefix: &str, suffix: &str) -> Self {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            match_state: true,
            name: None,
            prefix: text(prefix),
            suffix: text(suffix),
        }
    }

    /// The bucket that it names, if it names one.
    pub(crate) fn bucket_name(&self) -> Option<&str> {
        let text = self.name.as_deref().or(self.prefix.as_deref())?;
        Pattern::of(text).bucket
    }

    /// The full names in it.
    pub(crate) fn full_names(&self) -> impl Iterator<Item = &str> {
        let texts = [&self.name, &self.prefix].into_iter().flatten();
        texts
            .map(String::as_str)
            .filter(|text| text.starts_with(ARN))
    }

    /// Whether it accepts an object.
    fn accepts(&self, bucket: &str, key: &str) -> bool {
        let name = self.name.as_deref().is_none_or(|name| {
            let name = Pattern::of(name);
            name.has_bucket(bucket) && (name.key == key || name.is_whole_bucket())
        });
        let prefix = self.prefix.as_deref().is_none_or(|prefix| {
            let prefix = Pattern::of(prefix);
            prefix.has_bucket(bucket) && key.starts_with(prefix.key)
        });
        let suffix = self.suffix.as_deref().is_none_or(|it| key.ends_with(it));
        (name && prefix && suffix) == self.match_state
    }
}

/// Whether all of `rules` accept an object.
pub(super) fn accept(rules: &[MatchRule], bucket: &str, key: &str) -> bool {
    rules.iter().all(|rule| rule.accepts(bucket, key))
}

/// Whether there may be an object that both lists accept. A yes may be wrong, a no is not.
pub(super) fn may_overlap(one: &[MatchRule], other: &[MatchRule]) -> bool {
    let both = || one.iter().chain(other);
    let mut common = Common::default();
    let possible = both()
        .filter(|rule| rule.match_state)
        .all(|rule| common.narrow(rule));
    possible && !both().any(|rule| !rule.match_state && common.is_within(rule))
}

/// What a match rule says of bucket and key.
#[derive(Debug, Clone, Copy)]
struct Pattern<'a> {
    bucket: Option<&'a str>,
    key: &'a str,
}

impl<'a> Pattern<'a> {
    fn of(text: &'a str) -> Self {
        let Some(full) = text.strip_prefix(ARN) else {
            return Self {
                bucket: None,
                key: text,
            };
        };
        let resource = full.splitn(3, ':').last().unwrap_or_default();
        let (bucket, key) = resource.split_once('/').unwrap_or((resource, ""));
        Self {
            bucket: Some(bucket),
            key,
        }
    }

    fn has_bucket(self, bucket: &str) -> bool {
        self.bucket.is_none_or(|own| own == bucket)
    }

    fn is_whole_bucket(self) -> bool {
        self.bucket.is_some() && self.key.is_empty()
    }
}

/// What all objects have in common that some rules accept.
#[derive(Debug, Default)]
struct Common<'a> {
    bucket: Option<&'a str>,
    prefix: &'a str,
    suffix: &'a str,
}

impl<'a> Common<'a> {
    /// Takes a rule into account; `false` if no object is left.
    fn narrow(&mut self, rule: &'a MatchRule) -> bool {
        let name = rule.name.as_deref().map(Pattern::of);
        let prefix = rule.prefix.as_deref().map(Pattern::of);
        // A key that is named in full begins and ends with itself.
        let suffixes = [name.map(|name| name.key), rule.suffix.as_deref()];
        let patterns = [name, prefix].into_iter().flatten();
        let mut possible = true;
        for pattern in patterns {
            possible &= self.bucket.is_none_or(|bucket| pattern.has_bucket(bucket));
            self.bucket = self.bucket.or(pattern.bucket);
            possible &= longer(&mut self.prefix, pattern.key, |text, part| {
                text.starts_with(part)
            });
        }
        for suffix in suffixes.into_iter().flatten() {
            possible &= longer(&mut self.suffix, suffix, |text, part| text.ends_with(part));
        }
        possible
    }

    /// Whether a rule is about every object that these are. It must not be asked of a single key.
    fn is_within(&self, rule: &MatchRule) -> bool {
        let in_bucket = |pattern: Pattern<'_>| {
            let own = self.bucket;
            pattern
                .bucket
                .is_none_or(|bucket| own.is_some_and(|own| own == bucket))
        };
        let name = rule.name.as_deref().map(Pattern::of);
        let prefix = rule.prefix.as_deref().map(Pattern::of);
        name.is_none_or(|name| name.is_whole_bucket() && in_bucket(name))
            && prefix.is_none_or(|it| in_bucket(it) && self.prefix.starts_with(it.key))
            && rule
                .suffix
                .as_deref()
                .is_none_or(|suffix| self.suffix.ends_with(suffix))
    }
}

/// Keeps the longer of two texts, one of which must include the other in the sense of `includes`.
fn longer<'a>(
    kept: &mut &'a str,
    text: &'a str,
    includes: impl for<'t> Fn(&'t str, &'t str) -> bool,
) -> bool {
    if includes(text, kept) {
        *kept = text;
        return true;
    }
    includes(kept, text)
}

fn must_match() -> bool {
    true
}

/// Reads `true` or `"true"`: clients send either.
fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Boolean(bool),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Boolean(value) => Ok(value),
        Either::Text(text) => text.to_ascii_lowercase().parse().map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is neither `true` nor `false`"))
        }),
    }
}
