//! Corrections of derived schemas that hold for every field.

use schemars::Schema;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Value, json};

/// Corrects a schema and those inside it.
///
/// Optional means that a field may be absent. Derived schemas also allow `null`, which a
/// rule that asks `has(self.x)` takes for present: then CEL fails on the type instead of
/// telling the user what is wrong. And descriptions lose the line breaks of the source.
pub(crate) fn tidy(schema: &mut Schema) {
    Tidy.transform(schema);
}

struct Tidy;

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        drop_null_type(schema);
        unwrap_optional(schema);
        unfold_description(schema);
        transform_subschemas(self, schema);
    }
}

/// Paragraphs stay, lines within them do not.
fn unfold_description(schema: &mut Schema) {
    let Some(Value::String(text)) = schema.get_mut("description") else {
        return;
    };
    let paragraphs: Vec<_> = text
        .split("\n\n")
        .map(|lines| lines.replace('\n', " "))
        .collect();
    *text = paragraphs.join("\n\n");
}

/// `type: [string, "null"]` becomes `type: string`.
fn drop_null_type(schema: &mut Schema) {
    let Some(Value::Array(types)) = schema.get_mut("type") else {
        return;
    };
    types.retain(|name| name != "null");
    if let [only] = types.as_slice() {
        let only = only.clone();
        schema.insert("type".to_owned(), only);
    }
}

/// `anyOf: [T, {type: "null"}]` becomes `T`. What the field says of itself wins.
fn unwrap_optional(schema: &mut Schema) {
    let Some(Value::Array(options)) = schema.get("anyOf") else {
        return;
    };
    let [Value::Object(present), null] = options.as_slice() else {
        return;
    };
    if *null != json!({"type": "null"}) {
        return;
    }
    let present = present.clone();
    schema.remove("anyOf");
    let fields = schema.ensure_object();
    for (keyword, value) in present {
        fields.entry(keyword).or_insert(value);
    }
}

/// A map from text to text of at most `max_entries` entries, each at most `max_length` characters.
pub(crate) fn text_map(max_entries: u32, max_length: u32) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": max_entries,
        "additionalProperties": {"type": "string", "maxLength": max_length},
    })
}

/// A list of at most `max_items` texts, each 1 to `max_length` characters.
pub(crate) fn text_list(max_items: u32, max_length: u32) -> Schema {
    schemars::json_schema!({
        "type": "array",
        "maxItems": max_items,
        "items": {"type": "string", "minLength": 1, "maxLength": max_length},
    })
}
