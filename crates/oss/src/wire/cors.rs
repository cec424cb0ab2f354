//! The document of a bucket's cross-origin rules.

use http::Method;
use serde::Deserialize;

use super::Document;
use crate::bucket::CorsRule;

const START: &str = "<CORSConfiguration>";
const RULE_END: &str = "</CORSRule>";
const END: &str = "</CORSConfiguration>";

#[derive(Debug, Default, Deserialize)]
pub(crate) struct CorsConfiguration {
    #[serde(rename = "CORSRule", default)]
    rules: Vec<Rule>,
}

#[derive(Debug, Default, Deserialize)]
struct Rule {
    #[serde(rename = "$value", default)]
    elements: Vec<Element>,
}

/// The elements of a rule, which may stand in any order.
#[derive(Debug, Deserialize)]
enum Element {
    AllowedOrigin(String),
    AllowedMethod(String),
    AllowedHeader(String),
    ExposeHeader(String),
    #[serde(other)]
    Other,
}

impl Document for CorsConfiguration {
    const ROOT: &'static str = "CORSConfiguration";
}

impl CorsConfiguration {
    pub(crate) fn rules(&self) -> impl Iterator<Item = CorsRule> {
        self.rules.iter().map(Rule::read)
    }
}

impl Rule {
    fn read(&self) -> CorsRule {
        let mut rule = CorsRule::default();
        for element in &self.elements {
            match element {
                Element::AllowedOrigin(text) => rule.origins.push(text.trim().to_owned()),
                Element::AllowedMethod(text) => rule.methods.extend(text.trim().parse::<Method>()),
                Element::AllowedHeader(text) => rule.headers.push(text.trim().to_owned()),
                Element::ExposeHeader(text) => rule.exposed.push(text.trim().to_owned()),
                Element::Other => {}
            }
        }
        rule
    }
}

/// The document with a rule more, behind the last one; the others count before it.
pub(crate) fn with_cors_rule(document: &str, rule: &CorsRule) -> String {
    let rule = text(rule);
    match document.rsplit_once(RULE_END) {
        Some((rules, rest)) => format!("{rules}{RULE_END}{rule}{rest}"),
        None => format!("{START}{rule}{END}"),
    }
}

fn text(rule: &CorsRule) -> String {
    let element = |name: &str, text: &str| {
        let text = quick_xml::escape::escape(text);
        format!("<{name}>{text}</{name}>")
    };
    let all = |name: &str, texts: &[String]| -> String {
        texts.iter().map(|text| element(name, text)).collect()
    };
    let methods = rule.methods.iter();
    let methods: String = methods
        .map(|method| element("AllowedMethod", method.as_str()))
        .collect();
    let origins = all("AllowedOrigin", &rule.origins);
    let headers = all("AllowedHeader", &rule.headers);
    let exposed = all("ExposeHeader", &rule.exposed);
    format!("<CORSRule>{origins}{methods}{headers}{exposed}</CORSRule>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> CorsRule {
        CorsRule {
            origins: vec!["https://a&b.example.com".to_owned()],
            methods: vec![Method::GET, Method::POST],
            headers: vec!["*".to_owned()],
            exposed: vec!["ETag".to_owned()],
        }
    }

    fn read(document: &str) -> Vec<CorsRule> {
        let read: CorsConfiguration = crate::wire::read(document.as_bytes()).unwrap();
        read.rules().collect()
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&with_cors_rule("", &rule())), [rule()]);
    }

    #[test]
    fn other_rules_stay_as_they_are() {
        let theirs = "<?xml version=\"1.0\"?>\n<CORSConfiguration><CORSRule><MaxAgeSeconds>9</MaxAgeSeconds>\
            <AllowedMethod>PUT</AllowedMethod> <AllowedOrigin>*</AllowedOrigin><Later><A/></Later></CORSRule>\
            <ResponseVary>true</ResponseVary></CORSConfiguration>\n";
        let both = with_cors_rule(theirs, &rule());
        let (start, end) = theirs.split_once("<ResponseVary>").unwrap();
        assert!(both.starts_with(start) && both.ends_with(end), "{both}");
        let [other, ours] = &*read(&both) else {
            panic!("{both}");
        };
        assert_eq!(*ours, rule());
        assert_eq!(other.methods, [Method::PUT]);
        assert_eq!(other.origins, ["*"]);
    }
}
