//! What the slice does when something happens elsewhere.

use contract::cases::TaskOpened;
use contract::identity::{UnitChanged, UnitDissolved};
use contract::messages::CitizenTold;
use contract::voice::RecordingFinished;
use kernel::{Event as _, Subscription};

use crate::Cases;
use crate::case::Step;

/// Returns the slice's reactions.
#[must_use]
pub fn subscriptions(cases: &Cases) -> Vec<Subscription> {
    let (binding, dispatching) = (cases.clone(), cases.clone());
    let (inheriting, telling, moving) = (cases.clone(), cases.clone(), cases.clone());
    let automatic = Subscription::new("cases.auto_dispatch", &[TaskOpened::NAME], move |envelope| {
        let cases = dispatching.clone();
        async move {
            let event: TaskOpened = envelope.read()?;
            if event.step == Step::Dispatch.code() {
                let ctx = envelope.ctx("cases.auto_dispatch", cases.kit().now());
                cases.dispatch_automatically(&ctx, &event.case_id).await?;
            }
            Ok(())
        }
    });
    vec![
        automatic,
        Subscription::new("cases.succeed_unit", &[UnitDissolved::NAME], move |envelope| {
            let cases = inheriting.clone();
            async move {
                let event: UnitDissolved = envelope.read()?;
                cases.note_dissolution(&event, envelope.at).await?;
                Ok(())
            }
        }),
        Subscription::new("cases.note_move", &[UnitChanged::NAME], move |envelope| {
            let cases = moving.clone();
            async move {
                let event: UnitChanged = envelope.read()?;
                if event.moved {
                    cases.note_unit_change(&event.unit_id, cases.kit().now()).await?;
                }
                Ok(())
            }
        }),
        Subscription::new("cases.note_told", &[CitizenTold::NAME], move |envelope| {
            let cases = telling.clone();
            async move {
                let event: CitizenTold = envelope.read()?;
                let ctx = envelope.ctx("cases.note_told", cases.kit().now());
                cases.note_told(&ctx, &event).await?;
                Ok(())
            }
        }),
        Subscription::new("cases.bind_recording", &[RecordingFinished::NAME], move |envelope| {
            let cases = binding.clone();
            async move {
                let event: RecordingFinished = envelope.read()?;
                let ctx = envelope.ctx("cases.bind_recording", cases.kit().now());
                cases.bind_recording(&ctx, &event).await?;
                Ok(())
            }
        }),
    ]
}
