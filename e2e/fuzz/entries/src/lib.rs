//! The fuzz targets, called by libFuzzer and by the test suite.
//!
//! Each target gives bytes to the readers of one kind of input from outside and then asserts
//! what must hold for any input: that what was read stays within its bounds, that it survives
//! being written and read again, that two readers of the same text agree. `e2e/fuzz/` runs the
//! targets for hours with coverage; `tests/it` runs them for seconds on the stable toolchain,
//! over the same corpus.
//!
//! No logic of the project is here, and nothing is read that a stranger cannot send.

mod clocks;
mod cloud_events;
mod credentials;
mod emulated;
mod event;
mod faces;
mod http_text;
mod mns_texts;
mod names;
mod objects;
mod pictures;
mod settings;
mod signatures;
mod telling;

/// One kind of input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also that of its corpus and of its libFuzzer binary.
    pub name: &'static str,
    /// Reads the input and asserts what must hold. Panics if it does not.
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// All targets.
pub const TARGETS: [Target; 24] = [
    target("adapter_message", event::message),
    target("clocks", clocks::read),
    target("cloud_event", cloud_events::read),
    target("credentials", credentials::read),
    target("emulator_documents", emulated::documents),
    target("emulator_form", emulated::form),
    target("emulator_requests", emulated::requests),
    target("face_answers", faces::answers),
    target("face_authorization", faces::authorization),
    target("face_nets", faces::nets),
    target("face_signatures", signatures::face),
    target("mns_documents", mns_texts::documents),
    target("mns_notification", mns_texts::notification),
    target("mns_signatures", signatures::mns),
    target("names", names::read),
    target("oss_answers", objects::answers),
    target("oss_event", event::document),
    target("oss_signatures", signatures::oss),
    target("picture_decode", pictures::decode),
    target("picture_exif", pictures::exif),
    target("picture_header", pictures::header),
    target("picture_patch", pictures::patched),
    target("result_record", objects::record),
    target("settings", settings::read),
];

/// Runs the target called `name`.
///
/// # Panics
/// When there is none, or when the input breaks something.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    assert!(target.is_some(), "no target is called `{name}`");
    if let Some(target) = target {
        (target.run)(input);
    }
}
