//! What the slice does when something happens elsewhere.

use contract::voice::RecordingFinished;
use kernel::{Event as _, Subscription};

use crate::Cases;

/// Returns the slice's reactions.
#[must_use]
pub fn subscriptions(cases: &Cases) -> Vec<Subscription> {
    let binding = cases.clone();
    vec![Subscription::new("cases.bind_recording", &[RecordingFinished::NAME], move |envelope| {
        let cases = binding.clone();
        async move {
            let event: RecordingFinished = envelope.read()?;
            let ctx = envelope.ctx("cases.bind_recording", cases.kit().now());
            cases.bind_recording(&ctx, &event).await?;
            Ok(())
        }
    })]
}
