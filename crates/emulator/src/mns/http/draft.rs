//! Messages as they are sent, read from XML and checked.

use crate::mns::attributes::{DELAY, number};
use crate::mns::message::{
    Body, DEFAULT_PRIORITY, Draft, Extras, HIGHEST_PRIORITY, LOWEST_PRIORITY, Property,
};
use crate::mns::refusal::{Code, Refusal};
use crate::mns::xml::Element;

/// Reads a `Message` element that is to go into a queue.
pub(super) fn read(message: &Element, maximum_size_bytes: u32) -> Result<Draft, Refusal> {
    let priorities = u32::from(HIGHEST_PRIORITY)..=u32::from(LOWEST_PRIORITY);
    let priority = number(message, "Priority", priorities)?;
    Ok(Draft {
        body: body(message, maximum_size_bytes)?,
        delay_seconds: number(message, "DelaySeconds", DELAY)?,
        priority: priority
            .and_then(|it| u8::try_from(it).ok())
            .unwrap_or(DEFAULT_PRIORITY),
        extras: extras(message).into_kept(),
    })
}

/// Reads the body of a message; an empty one is no message.
pub(super) fn body(message: &Element, maximum_size_bytes: u32) -> Result<Body, Refusal> {
    let text = message.child_text("MessageBody").unwrap_or_default();
    let maximum = usize::try_from(maximum_size_bytes).unwrap_or(usize::MAX);
    if text.is_empty() || text.len() > maximum {
        let message = format!("The length of MessageBody should be between 1 and {maximum} bytes.");
        return Err(Refusal::new(Code::InvalidArgument, message));
    }
    Ok(Body::new(text))
}

/// Reads what a message carries beside its body.
pub(super) fn extras(message: &Element) -> Extras {
    let group = message
        .child_text("MessageGroupId")
        .filter(|group| !group.is_empty());
    Extras {
        group: group.map(str::to_owned),
        user: properties(message, "UserProperties", "PropertyValue"),
        system: properties(message, "SystemProperties", "SystemPropertyValue"),
    }
}

fn properties(message: &Element, list: &str, item: &str) -> Vec<Property> {
    let items = message
        .child(list)
        .into_iter()
        .flat_map(|list| &list.children);
    let property = |element: &Element| {
        let text = |name| element.child_text(name).unwrap_or_default().to_owned();
        Property {
            name: text("Name"),
            value: text("Value"),
            kind: text("Type"),
        }
    };
    items
        .filter(|element| element.name == item)
        .map(property)
        .collect()
}
