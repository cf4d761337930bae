//! The common part of every behaviour: take an order up, and carry out what its rule asks for.

use std::sync::Arc;

use contract::cases::{CaseId, CitizenReplyDue, TaskClosed, TaskId, TaskOpened};
use kernel::{Audit, Ctx, Principal, Tx, Writes};
use serde_json::{Value, json};
use sqlx::AnyConnection;

use super::form_answer::Gate;
use super::{attachment, case, deadline, external_link, task, timeline, timer};
use crate::case::action::Action;
use crate::case::application::Application;
use crate::case::change::{Change, CourseInput, Fact, LimitInput};
use crate::case::errand::Errand;
use crate::case::form;
use crate::case::limit::{Limit, LimitName, LimitRules};
use crate::case::operation_rule::OperationRules;
use crate::case::reply;
use crate::case::timeline::EntryKind;
use crate::case::{Case, Step, Task, UnitRef};
use crate::course::{Course, Move};
use crate::error::CaseError;
use crate::{Cases, RuleBook};

/// An order that somebody has taken up, in a transaction. Dropping it changes nothing.
pub(crate) struct Work {
    pub(crate) tx: Tx,
    pub(crate) case: Case,
    pub(super) rules: RuleBook,
    cases: Cases,
    /// The unit that had it when it was taken up.
    unit: Option<UnitRef>,
    co_units: Vec<String>,
    applications: Vec<Application>,
    errands: Vec<Errand>,
    gate: Gate,
    /// Whose files go to the line that the change writes, and under which step or ticket they came.
    files: Option<Files>,
}

/// Files that wait for a change.
pub(crate) enum Files {
    /// Those of a member of staff for an action.
    Of { person_id: String, action: Action },
    /// Those of a ticket or a link.
    Under { upload_id: String, step: &'static str },
}

impl Cases {
    /// Takes an order up for `action`: it exists for this person, the person may do this, nobody changed it
    /// since `version`, and it is at the step.
    pub(crate) async fn take_up(
        &self,
        by: &Principal,
        id: &CaseId,
        version: i64,
        action: Action,
    ) -> Result<Work, CaseError> {
        if !by.has(action.capability()) {
            return Err(CaseError::Forbidden(action));
        }
        let gate = self.gate(by, id, version, action).await?;
        let mut work = self.open(id).await?;
        work.gate = gate;
        action.permit(&work.case, by)?;
        work.expect_version(version)?;
        if let Err(error) = action.fits(&work.case, &work.rules.operations) {
            // Rows of one order are read one after the other: somebody may have moved it in between.
            let current = case::version(work.tx.conn(), id).await?;
            work.expect_same(current)?;
            return Err(error);
        }
        work.claim().await?;
        work.take_files(Files::Of { person_id: by.person_id.clone(), action });
        Ok(work)
    }

    /// Takes an order up for `action`, applies its rule, and finishes: whatever needs no rows of its own.
    ///
    /// # Errors
    /// Those of taking it up, and of the rule.
    pub(crate) async fn perform(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        action: Action,
        rule: impl FnOnce(&mut Case, &OperationRules) -> Result<Change, CaseError> + Send,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, action).await?;
        let change = rule(&mut work.case, &work.rules.operations)?;
        work.finish(ctx, change).await
    }

    /// Takes an order up for something that is no action of staff. The caller checks what is to be checked
    /// and then claims it.
    pub(crate) async fn open(&self, id: &CaseId) -> Result<Work, CaseError> {
        self.freshen().await?;
        let rules = self.rule_book();
        let mut tx = self.kit().db.begin().await?;
        let case = case::load(tx.conn(), id).await?.ok_or(CaseError::NotFound)?;
        let co_units = case.co_units.clone();
        let (applications, errands) = (case.applications.clone(), case.errands.clone());
        let (gate, files) = (Gate::default(), None);
        let unit = case.unit.clone();
        Ok(Work { tx, case, cases: self.clone(), rules, unit, co_units, applications, errands, gate, files })
    }
}

impl Work {
    /// Lets files that wait go to the line that the change writes.
    pub(crate) fn take_files(&mut self, files: Files) {
        self.files = Some(files);
    }

    fn expect_version(&self, version: i64) -> Result<(), CaseError> {
        if self.case.version == version {
            Ok(())
        } else {
            Err(CaseError::Stale { current: self.case.version })
        }
    }

    fn expect_same(&self, current: i64) -> Result<(), CaseError> {
        if self.case.version == current { Ok(()) } else { Err(CaseError::Stale { current }) }
    }

    /// Takes the order for a change, or learns that somebody was faster.
    pub(crate) async fn claim(&mut self) -> Result<(), CaseError> {
        if case::claim(self.tx.conn(), &self.case.id, self.case.version).await? {
            self.case.version += 1;
            return Ok(());
        }
        Err(CaseError::Stale { current: case::version(self.tx.conn(), &self.case.id).await? })
    }

    /// Carries a change out and commits. Returns the order as it is then.
    pub(crate) async fn finish(mut self, ctx: &Ctx, change: Change) -> Result<Case, CaseError> {
        self.case.updated_at = ctx.now;
        for input in &change.limits {
            self.change_limit(ctx, *input).await?;
        }
        let mut course = self.load_course(&change).await?;
        let before: Vec<TaskId> = self.case.tasks.iter().map(|task| task.id.clone()).collect();
        let steps: Vec<Step> = self.case.tasks.iter().map(|task| task.step).collect();
        for input in &change.course {
            self.steer(ctx, course.as_mut(), input).await?;
        }
        self.limit_steps(ctx, &before, &steps).await?;
        if reply::is_off(&change.facts) {
            while let Some(id) = self.case.task(Step::Telling).map(|task| task.id.clone()) {
                close(&mut self.tx, ctx, &mut self.case, &id, false);
            }
        }
        tell_citizen(&mut self.tx, ctx, &mut self.case, &change.facts, &self.rules.operations);
        let (applications, errands) = self.take_before();
        self.settle_side_work(ctx, &applications, &errands).await?;
        case::update(self.tx.conn(), &self.case).await?;
        if self.co_units != self.case.co_units {
            case::replace_co_units(self.tx.conn(), &self.case).await?;
        }
        // Passed down within the unit it is still the unit's; given away it is not.
        if let Some(unit) = self.unit.take()
            && !self.case.unit.as_ref().is_some_and(|now| now.path.starts_with(&unit.path))
        {
            external_link::end_links_of(self.tx.conn(), &self.case.id, &unit.id, ctx.now).await?;
        }
        if let Some((course, version)) = course {
            super::flow::save_instance(self.tx.conn(), &self.case, &course, version).await?;
        }
        let entry = record(&mut self.tx, ctx, &self.case, &change);
        match &self.files {
            Some(Files::Of { person_id, action }) => {
                attachment::bind_step(self.tx.conn(), &self.case.id, person_id, action.code(), &entry)
                    .await?;
            }
            Some(Files::Under { upload_id, step }) => {
                attachment::bind_upload(self.tx.conn(), &self.case.id, upload_id, step, &entry).await?;
            }
            None => {}
        }
        self.tx.commit().await?;
        Ok(self.case)
    }

    /// Takes what stood beside the course before the rule ran.
    pub(super) fn take_before(&mut self) -> (Vec<Application>, Vec<Errand>) {
        (std::mem::take(&mut self.applications), std::mem::take(&mut self.errands))
    }

    async fn change_limit(&mut self, ctx: &Ctx, input: LimitInput) -> Result<(), CaseError> {
        match input {
            LimitInput::Extend { name, days } => {
                let limit = deadline::extend(&mut self.tx, &self.case.id, name, days, &self.rules).await?;
                self.move_limit(limit.as_ref()).await?;
            }
            LimitInput::Pause(name) => {
                deadline::pause(self.tx.conn(), &self.case.id, name, ctx.now).await?;
                self.move_limit(None).await?;
            }
            LimitInput::Unpause(name) => {
                let limit =
                    deadline::unpause(&mut self.tx, &self.case.id, name, ctx.now, &self.rules).await?;
                self.move_limit(limit.as_ref()).await?;
            }
            LimitInput::Start(name) => {
                let limit = self.cases.limit_of(&self.rules, name, &self.case, ctx.now)?;
                deadline::start(&mut self.tx, &self.case.id, &limit, &deadline::derivation(&limit));
                self.case.run_limit(Some(&limit));
            }
            LimitInput::Meet(name) => {
                deadline::end(self.tx.conn(), &self.case.id, name, Some(ctx.now)).await?;
                self.case.run_limit(None);
            }
            LimitInput::Cancel(name) => {
                deadline::end(self.tx.conn(), &self.case.id, name, None).await?;
                self.case.run_limit(None);
            }
            LimitInput::Resume(name) => {
                let resumed = deadline::resume(&mut self.tx, &self.case.id, name).await?;
                self.case.yellow_at = resumed.map(|(yellow_at, _)| yellow_at);
                self.case.due_at = resumed.map(|(_, due_at)| due_at);
            }
        }
        Ok(())
    }

    /// Ends the limits of steps that are over, and starts those of steps that began, where a rule sets one.
    async fn limit_steps(&mut self, ctx: &Ctx, before: &[TaskId], steps: &[Step]) -> Result<(), CaseError> {
        for step in steps {
            let over = !self.case.tasks.iter().any(|task| task.step == *step);
            let Some(name) = LimitName::of_step(*step).filter(|_| over) else { continue };
            if deadline::end(self.tx.conn(), &self.case.id, name, Some(ctx.now)).await?
                && name != LimitName::Review
            {
                self.case.run_limit(None);
            }
        }
        let fresh: Vec<usize> = (0..self.case.tasks.len())
            .filter(|at| !before.contains(&self.case.tasks[*at].id) && self.case.tasks[*at].token.is_some())
            .collect();
        for at in fresh {
            let Some(name) = LimitName::of_step(self.case.tasks[at].step) else { continue };
            let Some(limit) = self.cases.step_limit_of(&self.rules, name, &self.case, ctx.now)? else {
                continue;
            };
            deadline::start(&mut self.tx, &self.case.id, &limit, &deadline::derivation(&limit));
            let task = &mut self.case.tasks[at];
            task.due_at = Some(limit.due_at);
            task.yellow_at = Some(limit.yellow_at);
            let id = task.id.clone();
            task::set_limit(self.tx.conn(), &id, &limit).await?;
            if name != LimitName::Review {
                self.case.run_limit(Some(&limit));
            }
        }
        Ok(())
    }

    /// Puts a limit that moved into the order and its open tasks.
    async fn move_limit(&mut self, limit: Option<&Limit>) -> Result<(), CaseError> {
        self.case.run_limit(limit);
        let (yellow_at, due_at) = (self.case.yellow_at, self.case.due_at);
        for task in self.case.tasks.iter_mut().filter(|task| task.subject.is_none()) {
            task.yellow_at = yellow_at;
            task.due_at = due_at;
        }
        task::move_limits(self.tx.conn(), &self.case.id, yellow_at, due_at).await
    }

    async fn load_course(&mut self, change: &Change) -> Result<Option<(Course, i64)>, CaseError> {
        let flows = change.course.iter().any(|input| {
            matches!(input, CourseInput::Complete { .. } | CourseInput::Jump { .. } | CourseInput::Cancel)
        });
        if !flows {
            return Ok(None);
        }
        let (flow_id, state, version) = super::flow::instance(self.tx.conn(), &self.case.id).await?;
        let flow = self.cases.flow(&flow_id, self.tx.conn()).await?;
        Ok(Some((Course::restore(flow, &state)?, version)))
    }

    async fn steer(
        &mut self,
        ctx: &Ctx,
        course: Option<&mut (Course, i64)>,
        input: &CourseInput,
    ) -> Result<(), CaseError> {
        let missing = || CaseError::Flow { step: None, reason: "the flow is not loaded".to_owned() };
        match input {
            CourseInput::Complete { step, action, variables } => {
                let (course, _) = course.ok_or_else(missing)?;
                let token = self.case.task(*step).and_then(|task| task.token.clone()).ok_or_else(|| {
                    CaseError::Flow { step: Some(*step), reason: "no such task is open".to_owned() }
                })?;
                if form::goes_forward(*step, action) && !self.gate.refusals.is_empty() {
                    return Err(CaseError::Form(std::mem::take(&mut self.gate.refusals)));
                }
                let mut variables = variables.clone();
                if !self.gate.variables.is_empty() {
                    variables["form"] = Value::Object(std::mem::take(&mut self.gate.variables));
                }
                let moves = course.complete(*step, &token, action, &variables, ctx.now)?;
                carry_out(&mut self.tx, ctx, &mut self.case, moves);
                Ok(())
            }
            CourseInput::Jump { step } => {
                let (course, _) = course.ok_or_else(missing)?;
                let moves = course.jump(*step, "reopened", ctx.now)?;
                carry_out(&mut self.tx, ctx, &mut self.case, moves);
                Ok(())
            }
            CourseInput::Cancel => {
                let (course, _) = course.ok_or_else(missing)?;
                let moves = course.cancel("ended", ctx.now)?;
                carry_out(&mut self.tx, ctx, &mut self.case, moves);
                Ok(())
            }
            CourseInput::Move => {
                let (unit, person_id) = (self.case.unit.clone(), self.case.person_id.clone());
                let mut moved = Vec::new();
                for task in self.case.tasks.iter_mut().filter(|task| task.step.is_the_units()) {
                    task.unit.clone_from(&unit);
                    task.person_id.clone_from(&person_id);
                    moved.push(task.clone());
                }
                for task in moved {
                    task::relocate(self.tx.conn(), &task).await?;
                    tell_opened(&mut self.tx, ctx, &self.case, &task);
                }
                Ok(())
            }
            CourseInput::HandOver { from, to, people } => {
                let mut moved = Vec::new();
                let is_old = |task: &&mut Task| task.unit.as_ref().is_some_and(|unit| unit.id == *from);
                for task in self.case.tasks.iter_mut().filter(is_old) {
                    task.unit = Some(to.clone());
                    task.person_id = task.person_id.take().filter(|person| people.contains(person));
                    moved.push(task.clone());
                }
                for task in moved {
                    task::relocate(self.tx.conn(), &task).await?;
                    tell_opened(&mut self.tx, ctx, &self.case, &task);
                }
                Ok(())
            }
            CourseInput::OpenAside { step } => {
                let task = Task {
                    token: None,
                    due_at: None,
                    yellow_at: None,
                    ..fresh(&self.case, None, *step, ctx)
                };
                open(&mut self.tx, ctx, &mut self.case, task);
                Ok(())
            }
            CourseInput::CloseAside { step } => {
                let aside: Vec<TaskId> = self
                    .case
                    .tasks
                    .iter()
                    .filter(|task| task.step == *step && task.token.is_none() && task.subject.is_none())
                    .map(|task| task.id.clone())
                    .collect();
                for id in aside {
                    close(&mut self.tx, ctx, &mut self.case, &id, true);
                }
                Ok(())
            }
        }
    }
}

/// Carries out what the flow wants done.
pub(crate) fn carry_out(writes: &mut Writes, ctx: &Ctx, case: &mut Case, moves: Vec<Move>) {
    for one in moves {
        match one {
            Move::Open { token, step, person_id } => {
                let mut task = fresh(case, Some(token), step, ctx);
                task.person_id = person_id.or(task.person_id);
                open(writes, ctx, case, task);
            }
            Move::Close { token, done } => {
                let known = case.tasks.iter().find(|task| task.token.as_deref() == Some(token.as_str()));
                if let Some(id) = known.map(|task| task.id.clone()) {
                    close(writes, ctx, case, &id, done);
                }
            }
            Move::SetTimer { timer_id, fire_at } => timer::set_flow(writes, case, &timer_id, fire_at),
            Move::CancelTimer { timer_id } => timer::cancel_flow(writes, case, &timer_id),
            Move::Ended => {}
        }
    }
}

fn fresh(case: &Case, token: Option<String>, step: Step, ctx: &Ctx) -> Task {
    let (unit, person_id) = match step {
        _ if step.is_the_units() => (case.unit.clone(), case.person_id.clone()),
        Step::Amendment => (None, case.created_by.clone()),
        _ => (None, None),
    };
    Task {
        id: TaskId::generate(),
        token,
        step,
        subject: None,
        unit,
        person_id,
        opened_at: ctx.now,
        due_at: case.due_at,
        yellow_at: case.yellow_at,
    }
}

pub(super) fn open(writes: &mut Writes, ctx: &Ctx, case: &mut Case, task: Task) {
    task::insert(writes, &case.id, &task);
    tell_opened(writes, ctx, case, &task);
    case.tasks.push(task);
}

fn tell_opened(writes: &mut Writes, ctx: &Ctx, case: &Case, task: &Task) {
    writes.emit(
        ctx,
        &TaskOpened {
            case_id: case.id.clone(),
            task_id: task.id.clone(),
            number: case.number.clone(),
            unit_id: task.unit.as_ref().map(|unit| unit.id.clone()),
            person_id: task.person_id.clone(),
            capability: task.step.capability().to_owned(),
            step: task.step.code().to_owned(),
            due_at: task.due_at.map(|at| at.0),
        },
    );
}

pub(super) fn close(writes: &mut Writes, ctx: &Ctx, case: &mut Case, id: &TaskId, done: bool) {
    let Some(at) = case.tasks.iter().position(|task| task.id == *id) else { return };
    let task = case.tasks.remove(at);
    task::close(writes, &task.id, done, ctx);
    writes.emit(
        ctx,
        &TaskClosed {
            case_id: case.id.clone(),
            task_id: task.id,
            unit_id: task.unit.map(|unit| unit.id),
            person_id: task.person_id,
            capability: task.step.capability().to_owned(),
            step: task.step.code().to_owned(),
            state: if done { "done" } else { "cancelled" }.to_owned(),
        },
    );
}

/// Sees to it that the citizen hears what facts say, in the agreed way: in writing by an event, else by a call
/// where none is on the way.
pub(super) fn tell_citizen(
    writes: &mut Writes,
    ctx: &Ctx,
    case: &mut Case,
    facts: &[Fact],
    rules: &OperationRules,
) {
    let Some(moment) = reply::due(facts, rules) else { return };
    let Some(agreed) = &case.citizen.reply else { return };
    if agreed.way.is_written() {
        let due = CitizenReplyDue {
            case_id: case.id.clone(),
            moment: moment.code().to_owned(),
            round: case.reopened,
        };
        writes.emit(ctx, &due);
    } else if reply::needs_call(case, moment, rules) {
        open_telling(writes, ctx, case);
    }
}

/// Opens the task of calling the citizen.
pub(super) fn open_telling(writes: &mut Writes, ctx: &Ctx, case: &mut Case) {
    let task = Task { token: None, due_at: None, yellow_at: None, ..fresh(case, None, Step::Telling, ctx) };
    open(writes, ctx, case, task);
}

/// Writes the time line, tells others, and audits. Returns the id of the line.
pub(crate) fn record(writes: &mut Writes, ctx: &Ctx, case: &Case, change: &Change) -> String {
    let entry = timeline::insert(writes, ctx, &case.id, change);
    for fact in &change.facts {
        match fact.clone() {
            Fact::Dispatched(mut event) => {
                event.due_at = case.due_at.map(|at| at.0);
                writes.emit(ctx, &event);
            }
            Fact::Accepted(mut event) => {
                event.due_at = case.due_at.map(|at| at.0);
                writes.emit(ctx, &event);
            }
            fact => fact.emit(writes, ctx),
        }
    }
    let detail = json!({
        "number": case.number,
        "status": case.status.code(),
        "unit_id": change.unit_id,
        "data": change.data,
    });
    writes.audit(ctx, Audit::new(change.audit, "case", case.id.as_str()).detail(detail));
    entry
}

/// Reads an order for `by`, or says that there is none.
pub(crate) async fn read(conn: &mut AnyConnection, by: &Principal, id: &CaseId) -> Result<Case, CaseError> {
    let case = case::load(conn, id).await?.ok_or(CaseError::NotFound)?;
    Action::Read.permit(&case, by)?;
    Ok(case)
}

impl Cases {
    /// Reads an order.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read it.
    pub async fn read(&self, by: &Principal, id: &CaseId) -> Result<Case, CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        read(&mut conn, by, id).await
    }

    /// Reads the time line of an order, oldest first.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read the order.
    pub async fn timeline(&self, by: &Principal, id: &CaseId) -> Result<Vec<timeline::Entry>, CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        let case = read(&mut conn, by, id).await?;
        let mut entries = timeline::of(&mut conn, id).await?;
        if !case.shows_citizen_to(by) {
            // Even with its middle hidden, an address says something of whose it is.
            for entry in entries.iter_mut().filter(|entry| entry.kind == EntryKind::ReplyAgreed.code()) {
                entry.data = "{}".to_owned();
            }
        }
        Ok(entries)
    }
}

impl RuleBook {
    /// Reads the rules in force.
    pub(crate) fn new(
        limits: LimitRules,
        operations: OperationRules,
        calendar: Arc<kernel::calendar::WorkCalendar>,
    ) -> Self {
        Self { limits, operations, calendar }
    }
}
