//! What stands beside the course of an order: rules change applications and errands in memory, and here rows and
//! tasks follow. An open application or errand has one task; when it is done with, so is its task.

use contract::cases::TaskId;
use kernel::Ctx;

use super::work::{Work, close, open};
use super::{application, errand};
use crate::case::application::{Application, ApplicationState};
use crate::case::errand::Errand;
use crate::case::limit::{Limit, LimitName};
use crate::case::{Step, Task};
use crate::error::CaseError;

/// A task that has to be open.
struct Wanted {
    subject: String,
    step: Step,
    task: Task,
}

impl Work {
    /// Writes what a rule changed beside the course, and opens and closes tasks accordingly.
    pub(super) async fn settle_side_work(
        &mut self,
        ctx: &Ctx,
        applications: &[Application],
        errands: &[Errand],
    ) -> Result<(), CaseError> {
        for one in &mut self.case.errands {
            if let (None, Some(days)) = (one.due_at, one.days) {
                let (calendar, near) = (&self.rules.calendar, self.rules.limits.near_percent());
                let limit = Limit::compute(calendar, LimitName::Close, days, near, one.given_at)?;
                one.due_at = Some(limit.due_at);
                one.yellow_at = Some(limit.yellow_at);
            }
        }
        let case_id = self.case.id.clone();
        for one in self.case.applications.iter().filter(|one| !applications.contains(one)) {
            application::put(self.tx.conn(), &case_id, one).await?;
        }
        for one in self.case.errands.iter().filter(|one| !errands.contains(one)) {
            errand::put(self.tx.conn(), &case_id, one).await?;
        }
        let wanted = self.wanted(ctx);
        let finished: Vec<TaskId> = self
            .case
            .tasks
            .iter()
            .filter(|task| {
                let is = |one: &Wanted| Some(&one.subject) == task.subject.as_ref() && one.step == task.step;
                task.subject.is_some() && !wanted.iter().any(is)
            })
            .map(|task| task.id.clone())
            .collect();
        for id in finished {
            close(&mut self.tx, ctx, &mut self.case, &id, true);
        }
        for one in wanted {
            let known = |task: &Task| task.subject.as_ref() == Some(&one.subject) && task.step == one.step;
            if !self.case.tasks.iter().any(known) {
                open(&mut self.tx, ctx, &mut self.case, one.task);
            }
        }
        Ok(())
    }

    fn wanted(&self, ctx: &Ctx) -> Vec<Wanted> {
        let blank = |subject: &str, step: Step| Task {
            id: TaskId::generate(),
            token: None,
            step,
            subject: Some(subject.to_owned()),
            unit: None,
            person_id: None,
            opened_at: ctx.now,
            due_at: None,
            yellow_at: None,
        };
        let decisions =
            self.case.applications.iter().filter(|one| one.state == ApplicationState::Open).map(|one| {
                let task =
                    Task { due_at: one.due_at(), yellow_at: one.yellow_at(), ..blank(&one.id, one.step()) };
                Wanted { subject: one.id.clone(), step: one.step(), task }
            });
        let errands = self.case.errands.iter().filter_map(|one| {
            let (step, unit, person_id) = one.waits_for()?;
            let runs = unit.is_some() || person_id.is_some();
            let task = Task {
                unit: unit.cloned(),
                person_id: person_id.map(ToOwned::to_owned),
                due_at: one.due_at.filter(|_| runs),
                yellow_at: one.yellow_at.filter(|_| runs),
                ..blank(&one.id, step)
            };
            Some(Wanted { subject: one.id.clone(), step, task })
        });
        decisions.chain(errands).collect()
    }
}
