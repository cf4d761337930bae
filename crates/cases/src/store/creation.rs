//! Writes orders: number, row, run of the flow, first task, limit, time line, events, audit, all at once.

use contract::cases::CaseId;
use contract::contacts::ContactId;
use contract::voice::{CallId, RecordingBrief};
use kernel::{Actor, ActorKind, Ctx, Principal, Writes};
use serde_json::{Map, Value};

use super::attachment::Attached;
use super::form_answer::{self, Filling};
use super::{case, deadline, recording, work};
use crate::Cases;
use crate::case::change::LimitInput;
use crate::case::draft::{self, Draft, Identity};
use crate::case::{Case, Source, UnitRef};
use crate::course::Course;
use crate::error::{CaseError, Check};

/// What comes with a new order besides its draft.
#[derive(Clone, Debug, Default)]
pub struct Enclosed {
    /// Files that were sent before.
    pub attached: Attached,
    /// What was filled into the form of an order type.
    pub filling: Option<Filling>,
}

/// An order that is put together and not written yet.
pub(crate) struct Fresh {
    pub(crate) case: Case,
    pub(crate) writes: Writes,
}

impl Cases {
    /// Writes an order for a member of staff, or for a citizen when `by` is none. `answer` turns it into
    /// what a repetition of the same request is answered with.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field; or when the database fails.
    pub async fn create(
        &self,
        ctx: &Ctx,
        by: Option<&Principal>,
        draft: Draft,
        remember: impl FnOnce(&Case) -> Option<kernel::http::StoredAnswer> + Send,
    ) -> Result<Case, CaseError> {
        self.create_with(ctx, by, draft, &Enclosed::default(), remember).await
    }

    /// As [`Cases::create`], with files that were sent before and what was filled into the form of an order type.
    ///
    /// # Errors
    /// Those of [`Cases::create`]; [`CaseError::Form`] field by field; [`CaseError::FormChanged`] when the form
    /// was published anew since it was filled in.
    pub async fn create_with(
        &self,
        ctx: &Ctx,
        by: Option<&Principal>,
        draft: Draft,
        enclosed: &Enclosed,
        remember: impl FnOnce(&Case) -> Option<kernel::http::StoredAnswer> + Send,
    ) -> Result<Case, CaseError> {
        let Fresh { case, mut writes } = self.compose(ctx, by, draft, enclosed).await?;
        if let Some(answer) = remember(&case) {
            writes.remember(answer);
        }
        self.kit().db.write(writes).await?;
        Ok(case)
    }

    /// Puts an order together, with all that writing it needs, and writes nothing.
    ///
    /// # Errors
    /// As [`Cases::create_with`].
    pub(crate) async fn compose(
        &self,
        ctx: &Ctx,
        by: Option<&Principal>,
        mut draft: Draft,
        enclosed: &Enclosed,
    ) -> Result<Fresh, CaseError> {
        self.freshen().await?;
        let filled = match &enclosed.filling {
            Some(filling) => Some(self.fill(ctx, by, filling).await?),
            None => None,
        };
        if let Some(filled) = &filled {
            let own = &filled.order_type.draft;
            draft.kind = own.kind;
            draft.category_id = own.category_id.clone().or(draft.category_id);
        }
        let recordings = self.prepare(&mut draft).await?;
        let unit = by.map(|by| UnitRef { id: by.unit_id.clone(), path: by.unit_path.clone() });
        let identity = Identity {
            id: CaseId::generate(),
            number: self.next_number(ctx.now).await?,
            query_code: kernel::crypto::random_digits(6),
            unit,
        };
        let rules = self.rule_book();
        let own = filled.as_ref().and_then(|filled| filled.order_type.draft.flow_name.as_deref());
        let flow = self.flow_of(own, draft.kind, draft.category_id.as_deref(), draft.source)?;
        let mut variables =
            Map::from_iter([("answered_at_once".to_owned(), Value::Bool(draft.answer.is_some()))]);
        variables.insert("source".to_owned(), Value::String(draft.source.code().to_owned()));
        if let Some((version, answers)) = filled.as_ref().and_then(|filled| filled.sheet.as_ref()) {
            let facts = crate::case::form::variables(&version.form, answers);
            variables.insert("form".to_owned(), Value::Object(facts));
        }
        let (course, moves) = Course::start(flow, variables, ctx.now)?;
        let (mut case, change) = draft::write(draft, identity, &writer(ctx, by), ctx.now);
        let mut limits = Vec::new();
        for input in &change.limits {
            if let LimitInput::Start(name) = input {
                let limit = self.limit_of(&rules, *name, &case, ctx.now)?;
                case.run_limit(Some(&limit));
                limits.push((deadline::derivation(&limit), limit));
            }
        }
        let state = course.state();
        // All that is to be written is known beforehand, so that many orders share their statements.
        let mut writes = Writes::new();
        if case.citizen.contact_id.is_none() && case.citizen.phone.is_some() {
            let citizen = &case.citizen;
            let (name, phone, gender) =
                (citizen.name.trim(), citizen.phone.as_deref(), citizen.gender.as_deref());
            let file = self.ports().contacts.find_or_open(&mut writes, ctx, name, phone, gender).await?;
            case.citizen.contact_id = Some(file.0);
        }
        case::insert(&mut writes, &case, course.flow_id(), &state);
        if let Some(filled) = &filled {
            form_answer::insert(&mut writes, ctx, &case, filled);
        }
        for (derivation, limit) in &limits {
            deadline::start(&mut writes, &case.id, limit, derivation);
        }
        work::carry_out(&mut writes, ctx, &mut case, moves);
        work::tell_citizen(&mut writes, ctx, &mut case, &change.facts, &rules.operations);
        let entry = work::record(&mut writes, ctx, &case, &change);
        enclosed.attached.bind(&mut writes, by.map_or("", |by| &by.person_id), &case.id, &entry);
        for recording in recordings.iter().filter(|recording| recording.finished) {
            recording::bind_fresh(&mut writes, ctx, &case.id, recording);
        }
        Ok(Fresh { case, writes })
    }

    /// Checks a draft, fills in what the citizen's file says, and finds the call's recordings.
    async fn prepare(&self, draft: &mut Draft) -> Result<Vec<RecordingBrief>, CaseError> {
        draft.check()?;
        let mut check = Check::default();
        match &draft.category_id {
            Some(category) => self.check_category(&mut check, category),
            None if draft.source != Source::Portal => {
                check.refuse("category_id", "required", "请选择事项分类。", "Please choose a category.");
            }
            None => {}
        }
        if let Some(id) = &draft.citizen.contact_id {
            let file =
                self.ports().contacts.contact(&ContactId(id.clone())).await.map_err(CaseError::Port)?;
            match file {
                Some(file) => {
                    if draft.citizen.name.trim().is_empty() {
                        draft.citizen.name = file.name;
                    }
                    draft.citizen.phone =
                        draft.citizen.phone.take().filter(|phone| !phone.is_empty()).or(file.phone);
                    draft.citizen.gender = draft.citizen.gender.take().or(file.gender);
                }
                None => check.refuse(
                    "contact.id",
                    "unknown",
                    "没有这个服务对象。",
                    "There is no such citizen's file.",
                ),
            }
        }
        if let Some(reply) = &draft.citizen.reply {
            reply.check(&mut check, draft.citizen.phone.as_deref());
        }
        let mut recordings = Vec::new();
        if let Some(call_id) = &draft.call_id {
            let call_id = CallId(call_id.clone());
            if self.ports().calls.call(&call_id).await.map_err(CaseError::Port)?.is_none() {
                check.refuse("call_id", "unknown", "没有这通来电。", "There is no such call.");
            } else {
                recordings = self.ports().calls.recordings_of(&call_id).await.map_err(CaseError::Port)?;
            }
        }
        check.done()?;
        draft.citizen.phone =
            draft.citizen.phone.take().map(|phone| phone.trim().to_owned()).filter(|phone| !phone.is_empty());
        Ok(recordings)
    }

    pub(crate) fn check_category(&self, check: &mut Check, id: &str) {
        match self.categories().get(id) {
            None => {
                check.refuse("category_id", "unknown", "没有这个事项分类。", "There is no such category.")
            }
            Some(category) if category.active == 0 => {
                check.refuse(
                    "category_id",
                    "inactive",
                    "该事项分类已停用。",
                    "This category is no longer used.",
                );
            }
            Some(_) => {}
        }
    }
}

/// The writer: staff by their own name, citizens without an id.
fn writer(ctx: &Ctx, by: Option<&Principal>) -> Actor {
    by.map_or_else(|| Actor { kind: ActorKind::Citizen, ..ctx.actor.clone() }, Principal::actor)
}

/// Remembers nothing: for callers inside the process.
#[must_use]
pub fn forget(_: &Case) -> Option<kernel::http::StoredAnswer> {
    None
}
