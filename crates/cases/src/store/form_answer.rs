//! Rows of `cases_form_answer`: what was filled in, form by form, each with the version that it was filled in with.

mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::cases::{CaseFormFilled, CaseId};
use forms::{Effects, FieldType, Form, Reader, Refusal, ScriptError, access};
use kernel::db::Statement;
use kernel::{Audit, Ctx, Principal, Timestamp, Writes};
use serde_json::{Map, Value, json};
use sqlx::AnyConnection;

use super::form::FormVersion;
use super::{case, search, timeline};
use crate::Cases;
use crate::case::action::Action;
use crate::case::change::Change;
use crate::case::form::{self, Standpoint};
use crate::case::order_type::OrderType;
use crate::case::timeline::EntryKind;
use crate::case::{Case, Step};
use crate::course::Flow;
use crate::error::{CaseError, Check};

/// A script is given up after so long, whatever it is doing.
const SCRIPT_MS: i64 = 500;

/// What somebody fills in while writing an order.
#[derive(Clone, Debug, Default)]
pub struct Filling {
    /// The order type.
    pub order_type_id: String,
    /// The version of its form that was filled in.
    pub form_id: Option<String>,
    /// The answers.
    pub answers: Map<String, Value>,
}

/// A filling that was checked.
pub(crate) struct Filled {
    pub(crate) order_type: OrderType,
    pub(crate) sheet: Option<(Arc<FormVersion>, Map<String, Value>)>,
}

/// A form of an order, filled in or still to be.
pub struct Sheet {
    /// The version that it is filled in with.
    pub form: Arc<FormVersion>,
    /// All answers; the reader may not see each of them.
    pub answers: Map<String, Value>,
    /// When it changed last; none when nobody filled it in yet.
    pub updated_at: Option<i64>,
    /// Who changed it.
    pub updated_by: String,
    /// Whether it is the form of the step at which the order stands.
    pub own: bool,
}

/// What is filled in at a step.
pub struct StepFilling<'a> {
    /// The form by its name.
    pub form: &'a str,
    /// The version that the reader saw.
    pub form_id: &'a str,
    /// The answers; fields that are missing stay as they are.
    pub answers: &'a Map<String, Value>,
    /// Whether everything that is required has to be there.
    pub whole: bool,
}

/// A form that is about to be filled in.
pub struct FreshForm {
    /// The version.
    pub form_id: String,
    /// The form as the reader sees it.
    pub form: forms::schema::Schema,
    /// What it begins with.
    pub answers: Map<String, Value>,
    /// Keys that can be filled in.
    pub editable: Vec<String>,
    /// Keys that have to be filled in.
    pub required: Vec<String>,
}

/// What the forms say to a step that is about to be done.
#[derive(Default)]
pub(crate) struct Gate {
    /// What is missing.
    pub(crate) refusals: Vec<Refusal>,
    /// What conditions of the flow see.
    pub(crate) variables: Map<String, Value>,
}

type Row = (String, String, String, i64, String);

async fn rows(conn: &mut AnyConnection, id: &CaseId) -> Result<Vec<Row>, CaseError> {
    Ok(sqlx::query_as(
        "select form_name, form_id, answers, updated_at, updated_by from cases_form_answer where case_id = $1 \
         order by form_name",
    )
    .bind(id.as_str())
    .fetch_all(conn)
    .await?)
}

fn answers_of(text: &str) -> Result<Map<String, Value>, CaseError> {
    serde_json::from_str(text)
        .map_err(|error| CaseError::Stored { what: "answers of a form", reason: error.to_string() })
}

impl Cases {
    /// Checks what is filled in while an order is written.
    pub(crate) async fn fill(
        &self,
        ctx: &Ctx,
        by: Option<&Principal>,
        filling: &Filling,
    ) -> Result<Filled, CaseError> {
        let offered = |one: &OrderType| one.draft.active && (by.is_some() || one.draft.for_citizens);
        let Some(order_type) = self.shelf().order_type(&filling.order_type_id).filter(offered) else {
            let mut check = Check::default();
            check.refuse("order_type_id", "unknown", "没有这个业务类型。", "There is no such order type.");
            return Err(check.done().err().unwrap_or(CaseError::NotFound));
        };
        let Some(version) = order_type.draft.form_name.as_deref().and_then(|name| self.active_form(name))
        else {
            return Ok(Filled { order_type, sheet: None });
        };
        if let Some(seen) = filling.form_id.as_deref().filter(|seen| *seen != version.id) {
            return Err(self.changed(seen, &version).await);
        }
        let today = self.today(ctx.now)?;
        let nobody = Vec::new();
        let reader = writing(ctx, by, &today, by.map_or(&nobody, |by| &by.roles));
        let before = Map::new();
        // What the page did not send is what the form begins with.
        let mut answers = beginning(&version.form, &reader);
        answers.extend(filling.answers.clone());
        let step = forms::Step { answers: &answers, before: &before, whole: true };
        let checked = self.check_form(ctx, by, &version, &reader, &step).await?;
        Ok(Filled { order_type, sheet: Some((version, checked)) })
    }

    /// Shows the form of an order type to whoever is about to write an order; none where it has none.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] for an order type that is not offered.
    pub(crate) fn fresh_form(
        &self,
        ctx: &Ctx,
        by: Option<&Principal>,
        order_type_id: &str,
    ) -> Result<Option<FreshForm>, CaseError> {
        let offered = |one: &OrderType| by.map_or(one.draft.active && one.draft.for_citizens, |_| true);
        let order_type = self.shelf().order_type(order_type_id).filter(offered).ok_or(CaseError::NotFound)?;
        let Some(version) = order_type.draft.form_name.as_deref().and_then(|name| self.active_form(name))
        else {
            return Ok(None);
        };
        let today = self.today(ctx.now)?;
        let nobody = Vec::new();
        let reader = writing(ctx, by, &today, by.map_or(&nobody, |by| &by.roles));
        let form = &version.form;
        Ok(Some(FreshForm {
            form_id: version.id.clone(),
            form: form.shown_to(&reader),
            answers: form.readable(&reader, &beginning(form, &reader)),
            editable: form.editable(&reader, &Effects::default()),
            required: form.required(&reader),
        }))
    }

    /// Returns the order type of an order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn order_type_of(&self, id: &CaseId) -> Result<Option<OrderType>, CaseError> {
        let found: Option<(Option<String>,)> =
            sqlx::query_as("select order_type_id from cases_case where id = $1")
                .bind(id.as_str())
                .fetch_optional(self.kit().db.reader())
                .await?;
        Ok(found.and_then(|(id,)| id).and_then(|id| self.shelf().order_type(&id)))
    }

    /// Says that a form has another version by now, and what is different.
    async fn changed(&self, seen: &str, now: &FormVersion) -> CaseError {
        let differences = match self.form(seen).await {
            Ok(old) if old.name == now.name => forms::compare::compare(&old.form, &now.form),
            _ => Vec::new(),
        };
        CaseError::FormChanged { form_id: now.id.clone(), differences }
    }

    /// Checks answers against a form with its script, and what they refer to.
    async fn check_form(
        &self,
        ctx: &Ctx,
        by: Option<&Principal>,
        version: &FormVersion,
        reader: &Reader<'_>,
        step: &forms::Step<'_>,
    ) -> Result<Map<String, Value>, CaseError> {
        let effects = match self.run_script(&version.form, reader, version.form.draft(reader, step)).await? {
            Ok(effects) => effects,
            Err(error) => {
                self.note_script_fault(ctx, &version.id, &error).await;
                Effects::default()
            }
        };
        let answers = version.form.check(reader, step, &effects).map_err(CaseError::Form)?;
        let known = version.form.references(step.before);
        let mut refusals = Vec::new();
        for reference in version.form.references(&answers).into_iter().filter(|one| !known.contains(one)) {
            if self.name_of(ctx.lang, by, &reference).await?.is_none() {
                refusals.push(Refusal {
                    field: reference.path,
                    code: "unknown_reference",
                    zh: "所选内容不存在或已停用。".to_owned(),
                    en: "What was chosen does not exist any more.".to_owned(),
                });
            }
        }
        if refusals.is_empty() { Ok(answers) } else { Err(CaseError::Form(refusals)) }
    }

    /// Runs a form's script away from the threads that serve requests, a few at a time.
    pub(crate) async fn run_script(
        &self,
        form: &Form,
        reader: &Reader<'_>,
        answers: Map<String, Value>,
    ) -> Result<Result<Effects, ScriptError>, CaseError> {
        if form.schema().script.trim().is_empty() {
            return Ok(Ok(Effects::default()));
        }
        let _turn = self.script_turn().await?;
        let clock = self.kit().clock.clone();
        let (form, node, roles, today) =
            (form.clone(), reader.node.to_owned(), reader.roles.to_vec(), reader.today.to_owned());
        tokio::task::spawn_blocking(move || {
            let until = clock.elapsed_ms() + SCRIPT_MS;
            let reader = Reader { node: &node, roles: &roles, today: &today, ..Reader::default() };
            form.run(&reader, &answers, Arc::new(move || clock.elapsed_ms() > until))
        })
        .await
        .map_err(|error| CaseError::Port(error.into()))
    }

    /// Returns the city's day of an instant.
    pub(crate) fn today(&self, now: Timestamp) -> Result<String, CaseError> {
        Ok(self.kept().calendar.date_at(now.0)?.to_string())
    }

    /// Returns the forms of an order as far as `by` has to do with them, and where `by` stands.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read the order.
    pub async fn sheets(
        &self,
        by: &Principal,
        id: &CaseId,
    ) -> Result<(Case, Standpoint, Vec<Sheet>), CaseError> {
        self.freshen().await?;
        let mut conn = self.kit().db.reader().acquire().await?;
        let case = super::work::read(&mut conn, by, id).await?;
        let stand = Standpoint::of(&case, by, &self.rule_book().operations);
        let (flow_id, ..) = super::flow::instance(&mut conn, id).await?;
        let flow = self.flow(&flow_id, &mut conn).await?;
        let stored = rows(&mut conn, id).await?;
        drop(conn);
        let sheets = self.assemble_sheets(&flow, stand.step, stored).await?;
        Ok((case, stand, sheets))
    }

    /// Puts stored answers and the form of the step together.
    async fn assemble_sheets(
        &self,
        flow: &Flow,
        step: Option<Step>,
        stored: Vec<Row>,
    ) -> Result<Vec<Sheet>, CaseError> {
        let key = step.and_then(|step| flow.form_key(step));
        let mut sheets = Vec::with_capacity(stored.len() + 1);
        for (name, form_id, answers, updated_at, updated_by) in stored {
            sheets.push(Sheet {
                form: self.form(&form_id).await?,
                answers: answers_of(&answers)?,
                updated_at: Some(updated_at),
                updated_by,
                own: key == Some(name.as_str()),
            });
        }
        if let Some(form) = key.and_then(|key| self.active_form(key))
            && sheets.iter().all(|sheet| sheet.form.name != form.name)
        {
            let answers = Map::new();
            sheets.push(Sheet { form, answers, updated_at: None, updated_by: String::new(), own: true });
        }
        Ok(sheets)
    }

    /// Fills in a form of an order at the step that lies in `by`'s hands. Returns the order's new version.
    ///
    /// # Errors
    /// [`CaseError::NotFound`], [`CaseError::Stale`]; [`CaseError::FormClosed`] when nothing is to be filled in
    /// here; [`CaseError::Form`] field by field; [`CaseError::FormChanged`].
    pub async fn fill_step(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        filling: &StepFilling<'_>,
    ) -> Result<i64, CaseError> {
        let (case, stand, sheets) = self.sheets(by, id).await?;
        if case.version != version {
            return Err(CaseError::Stale { current: case.version });
        }
        let Some(sheet) = sheets.into_iter().find(|sheet| sheet.form.name == filling.form) else {
            return Err(CaseError::NotFound);
        };
        let Some(step) = stand.step else { return Err(CaseError::FormClosed) };
        if sheet.form.id != filling.form_id {
            return Err(self.changed(filling.form_id, &sheet.form).await);
        }
        let today = self.today(ctx.now)?;
        let reader = stand.reader(by, &today, ctx.now.0, sheet.own);
        let form = shown_form(&sheet.form.form, &case, by);
        let secret: Vec<&String> = filling
            .answers
            .keys()
            .filter(|key| form.field(key).is_none() && sheet.form.form.field(key).is_some())
            .collect();
        if !secret.is_empty() {
            return Err(CaseError::Form(secret.into_iter().map(|key| closed(key)).collect()));
        }
        let step_filling =
            forms::Step { answers: filling.answers, before: &sheet.answers, whole: filling.whole };
        let answers = self.check_form(ctx, Some(by), &sheet.form, &reader, &step_filling).await?;
        let changed: Vec<String> = sheet
            .form
            .form
            .fields()
            .filter(|field| answers.get(&field.key) != sheet.answers.get(&field.key))
            .map(|field| field.key.clone())
            .collect();
        if changed.is_empty() && sheet.updated_at.is_some() {
            return Ok(case.version);
        }
        let mut tx = self.kit().db.begin().await?;
        if !case::claim(tx.conn(), id, version).await? {
            return Err(CaseError::Stale { current: case::version(tx.conn(), id).await? });
        }
        save(&mut tx, ctx, id, &sheet.form, &answers).await?;
        let others = rows(tx.conn(), id).await?;
        let mut text = sheet.form.form.search_text(&answers);
        for (_, form_id, answers, ..) in others.iter().filter(|row| row.0 != sheet.form.name) {
            // All forms of the order were read a moment ago.
            let Some(other) = self.shelf().by_id(form_id) else { continue };
            text = format!("{text}\n{}", other.form.search_text(&answers_of(answers)?));
        }
        sqlx::query("update cases_case set form_text = $2, updated_at = $3 where id = $1")
            .bind(id.as_str())
            .bind(text.chars().take(16_000).collect::<String>())
            .bind(ctx.now.0)
            .execute(tx.conn())
            .await?;
        search::correct(&mut tx, id, case.created_at.0, &case.title, &case.content).await?;
        tell(&mut tx, ctx, &case, step, &sheet.form, &changed, &answers);
        tx.commit().await?;
        Ok(version + 1)
    }

    /// Asks the forms whether a step can be done by `action`, before the transaction: scripts run here.
    pub(crate) async fn gate(
        &self,
        by: &Principal,
        id: &CaseId,
        version: i64,
        action: Action,
    ) -> Result<Gate, CaseError> {
        let Some(step) = form::step_of(action) else { return Ok(Gate::default()) };
        let mut conn = self.kit().db.reader().acquire().await?;
        let seen: Option<(String, i64)> =
            sqlx::query_as("select flow_id, version from cases_case where id = $1")
                .bind(id.as_str())
                .fetch_optional(&mut *conn)
                .await?;
        // Whoever comes too late is told so by the transaction.
        let Some((flow_id, _)) = seen.filter(|(_, now)| *now == version) else { return Ok(Gate::default()) };
        let stored = rows(&mut conn, id).await?;
        let flow = self.flow(&flow_id, &mut conn).await?;
        let sheets = self.assemble_sheets(&flow, Some(step), stored).await?;
        if sheets.is_empty() {
            return Ok(Gate::default());
        }
        let Some(case) = case::load(&mut conn, id).await? else { return Ok(Gate::default()) };
        drop(conn);
        let today = self.today(self.kit().now())?;
        let stand = Standpoint { node: step.code(), step: Some(step) };
        let mut gate = Gate::default();
        for sheet in sheets {
            let reader = stand.reader(by, &today, 0, sheet.own);
            let version = &sheet.form;
            // Nobody is asked for what is kept from them.
            let form = shown_form(&version.form, &case, by);
            let answers: Map<String, Value> = sheet
                .answers
                .iter()
                .filter(|(key, _)| form.field(key).is_some())
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let nothing = Map::new();
            let whole = forms::Step { answers: &nothing, before: &answers, whole: true };
            let effects =
                self.run_script(&version.form, &reader, sheet.answers.clone()).await?.unwrap_or_default();
            // What the script would set now is not written here, so only what is missing counts.
            let effects = Effects { values: BTreeMap::new(), ..effects };
            if let Err(refusals) = form.check(&reader, &whole, &effects) {
                gate.refusals.extend(refusals.into_iter().map(|refusal| Refusal {
                    field: format!("{}.{}", version.name, refusal.field),
                    ..refusal
                }));
            }
            gate.variables.extend(form::variables(&version.form, &sheet.answers));
        }
        Ok(gate)
    }
}

/// Makes the reader of whoever writes an order.
fn writing<'a>(ctx: &Ctx, by: Option<&'a Principal>, today: &'a str, roles: &'a [String]) -> Reader<'a> {
    Reader {
        node: if by.is_some() { access::CREATE } else { access::CITIZEN },
        roles,
        today,
        person_id: by.map_or("", |by| by.person_id.as_str()),
        person_name: by.map_or("", |by| by.name.as_str()),
        now: ctx.now.0,
        ..Reader::default()
    }
}

/// Returns what a form begins with for somebody, as far as it can be filled in.
fn beginning(form: &Form, reader: &Reader<'_>) -> Map<String, Value> {
    let mut answers = form.defaults();
    let editable = form.editable(reader, &Effects::default());
    answers.retain(|key, _| editable.contains(key));
    for (key, value) in &mut answers {
        if *value == "today" && form.field(key).is_some_and(|field| field.kind == FieldType::Date) {
            *value = json!(reader.today);
        }
    }
    answers
}

fn closed(key: &str) -> Refusal {
    Refusal {
        field: key.to_owned(),
        code: "not_editable",
        zh: "当前环节不能填写此项。".to_owned(),
        en: "This cannot be filled in here.".to_owned(),
    }
}

/// Returns the form without what would tell a reader who the citizen of a confidential order is.
#[must_use]
pub fn shown_form(form: &Form, case: &Case, by: &Principal) -> Form {
    if case.shows_citizen_to(by) && !by.is_masked("phone") {
        return form.clone();
    }
    form.without(|field| field.kind == FieldType::Phone)
}

/// Adds what is written together with a fresh order.
pub(crate) fn insert(writes: &mut Writes, ctx: &Ctx, case: &Case, filled: &Filled) {
    let mut text = None;
    if let Some((version, answers)) = &filled.sheet {
        writes.insert(
            "cases_form_answer (case_id, form_name, form_id, answers, updated_at, updated_by)",
            [
                case.id.as_str().into(),
                (&version.name).into(),
                (&version.id).into(),
                json!(answers).to_string().into(),
                ctx.now.0.into(),
                (&case.created_by_name).into(),
            ],
        );
        text = Some(version.form.search_text(answers)).filter(|text| !text.is_empty());
    }
    let mut sql = Statement::new("update cases_case set order_type_id = ");
    sql.bind(filled.order_type.id.as_str()).push(", form_text = ").bind(text);
    sql.push(" where id = ").bind(case.id.as_str());
    writes.defer(sql);
}

async fn save(
    tx: &mut kernel::Tx,
    ctx: &Ctx,
    id: &CaseId,
    version: &FormVersion,
    answers: &Map<String, Value>,
) -> Result<(), CaseError> {
    sqlx::query(
        "insert into cases_form_answer (case_id, form_name, form_id, answers, updated_at, updated_by) \
         values ($1, $2, $3, $4, $5, $6) on conflict (case_id, form_name) do update set \
         form_id = excluded.form_id, answers = excluded.answers, updated_at = excluded.updated_at, \
         updated_by = excluded.updated_by",
    )
    .bind(id.as_str())
    .bind(&version.name)
    .bind(&version.id)
    .bind(json!(answers).to_string())
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Tells the time line, others and the audit log that a form was filled in: which fields, not what they say.
/// Opinions are part of the order's history and stand there with their words.
fn tell(
    writes: &mut Writes,
    ctx: &Ctx,
    case: &Case,
    step: Step,
    version: &FormVersion,
    changed: &[String],
    answers: &Map<String, Value>,
) {
    let form = &version.form;
    let mut names = Vec::new();
    for field in form.fields().filter(|field| changed.contains(&field.key)) {
        names.push(field.label.zh.clone());
        let opinion = answers.get(&field.key).and_then(Value::as_array).and_then(|all| all.last());
        if let Some(opinion) = opinion.filter(|_| field.kind == FieldType::Approval) {
            let decision = opinion["decision"].as_str().unwrap_or_default();
            let kind = match decision {
                "agree" => EntryKind::OpinionAgreed,
                "disagree" => EntryKind::OpinionDisagreed,
                _ => EntryKind::OpinionAbstained,
            };
            let said = Change::new(kind, "case.form_opinion")
                .saying(opinion["opinion"].as_str().unwrap_or_default())
                .with(json!({ "field": field.key, "label": field.label, "decision": decision }));
            timeline::insert(writes, ctx, &case.id, &said);
        }
    }
    let data = json!({ "form": version.name, "form_id": version.id, "step": step.code(), "fields": changed });
    let filled = Change::new(EntryKind::FormFilled, "case.form").saying(&names.join("、")).with(data.clone());
    timeline::insert(writes, ctx, &case.id, &filled);
    writes.emit(
        ctx,
        &CaseFormFilled {
            case_id: case.id.clone(),
            form_name: version.name.clone(),
            form_id: version.id.clone(),
            step: step.code().to_owned(),
            fields: changed.to_vec(),
        },
    );
    writes.audit(ctx, Audit::new("case.form", "case", case.id.as_str()).detail(data));
}
