//! XML documents of OSS: writing answers, reading request bodies.

use quick_xml::escape::escape;
use serde::de::DeserializeOwned;

use super::error::{OssError, Result};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A document being written. Element names are ours and never escaped, text always is.
#[derive(Debug)]
pub(crate) struct Xml {
    text: String,
    root: &'static str,
}

impl Xml {
    /// Begins a document with an open root element.
    pub(crate) fn new(root: &'static str) -> Self {
        Self {
            text: format!("{DECLARATION}<{root}>"),
            root,
        }
    }

    /// Adds an element that holds text.
    pub(crate) fn text(&mut self, element: &str, text: &str) -> &mut Self {
        let escaped = escape(text);
        for part in ["<", element, ">", &escaped, "</", element, ">"] {
            self.text.push_str(part);
        }
        self
    }

    /// Adds an element that holds what `fill` adds.
    pub(crate) fn nest(&mut self, element: &str, fill: impl FnOnce(&mut Self)) -> &mut Self {
        for part in ["<", element, ">"] {
            self.text.push_str(part);
        }
        fill(self);
        for part in ["</", element, ">"] {
            self.text.push_str(part);
        }
        self
    }

    /// Adds text to the element that is open.
    pub(crate) fn content(&mut self, text: &str) -> &mut Self {
        self.text.push_str(&escape(text));
        self
    }

    /// Closes the root element.
    pub(crate) fn finish(mut self) -> String {
        for part in ["</", self.root, ">"] {
            self.text.push_str(part);
        }
        self.text
    }
}

/// Reads a request body. White space around text does not count, as with the service.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let text = std::str::from_utf8(body).map_err(|_| OssError::malformed_xml())?;
    quick_xml::de::from_str(text).map_err(|_| OssError::malformed_xml())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_elements_nest() {
        let mut xml = Xml::new("Root");
        xml.text("Key", "a&b<c>\"d\"").nest("Owner", |xml| {
            xml.text("ID", "1");
        });
        insta::assert_snapshot!(xml.finish(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <Root><Key>a&amp;b&lt;c&gt;&quot;d&quot;</Key><Owner><ID>1</ID></Owner></Root>
        "#);
    }
}
