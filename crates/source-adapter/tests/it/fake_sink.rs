//! A sink that keeps what it got and answers as the test says.

use std::ops::Deref;

use events::{AttributesReader as _, Event};
use http::HeaderMap;
use testbed::EventSink;
pub(crate) use testbed::SinkResponse as Answer;

/// A running sink; it ends with its last clone.
#[derive(Clone)]
pub(crate) struct FakeSink(EventSink);

impl FakeSink {
    /// `decide` gets each event and how often its id has come, counted from 1.
    pub(crate) async fn start(
        decide: impl Fn(&Event, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self(EventSink::responding(decide).await.unwrap())
    }

    pub(crate) async fn accepting() -> Self {
        Self(EventSink::accepting().await.unwrap())
    }

    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        let deliveries = self.deliveries().into_iter();
        deliveries.map(|delivery| delivery.headers).collect()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        let events = self.events();
        events.iter().map(|event| event.id().to_owned()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.count()
    }
}

impl Deref for FakeSink {
    type Target = EventSink;

    fn deref(&self) -> &EventSink {
        &self.0
    }
}
