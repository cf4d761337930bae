//! Orders as the reader may see them.

use contract::contacts::mask_phone;
use contract::voice::RecordingBrief;
use kernel::{Ctx, Lang, Principal, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Cases;
use crate::case::action::Action;
use crate::case::{Case, Color, Kind, Place, Source, Status, Urgency};
use crate::error::CaseError;
use crate::http::reply::{ReplyView, ToldView, reply_view, told_view};
use crate::http::side_view::{ApplicationView, ErrandView};
use crate::http::task_view::{TaskView, task_view};

/// A thing by id and name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Named {
    /// The id.
    pub(crate) id: String,
    /// The name.
    pub(crate) name: String,
}

/// A category by id, name and place in the tree.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CategoryBrief {
    id: String,
    name: String,
    /// Names from the root, joined by `/`.
    path: String,
}

/// Where the matter is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct PlaceBody {
    /// The district's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    district: Option<String>,
    /// The address in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Longitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lng: Option<f64>,
    /// Latitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lat: Option<f64>,
}

impl From<PlaceBody> for Place {
    fn from(body: PlaceBody) -> Self {
        let text =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self { district: text(body.district), address: text(body.address), lng: body.lng, lat: body.lat }
    }
}

impl From<Place> for PlaceBody {
    fn from(place: Place) -> Self {
        Self { district: place.district, address: place.address, lng: place.lng, lat: place.lat }
    }
}

/// The citizen, as far as the reader may know.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ContactView {
    /// The citizen's file; absent where the order is confidential for the reader.
    id: Option<String>,
    /// The name, or 保密.
    name: String,
    /// `male`, `female`, or absent.
    gender: Option<String>,
    /// The number, for readers who see it whole.
    phone: Option<String>,
    /// The number with its middle hidden.
    phone_masked: Option<String>,
    /// Whether the order keeps the citizen's identity from the reader.
    hidden: bool,
}

/// A recording that belongs to the order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RecordingView {
    id: String,
    call_id: String,
    started_at: i64,
    duration_ms: i64,
    /// Whether it is whole.
    finished: bool,
}

/// An order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CaseView {
    id: String,
    number: String,
    /// On creation, and for readers with `case.query_code` within its scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query_code: Option<String>,
    /// The number that it had in the system that it was taken over from.
    old_number: Option<String>,
    r#type: Kind,
    type_name: String,
    category: Option<CategoryBrief>,
    title: String,
    content: String,
    contact: ContactView,
    /// How the citizen wants to be told, once that was agreed.
    reply: Option<ReplyView>,
    /// What came of telling the citizen in writing, oldest first.
    told: Vec<ToldView>,
    confidential: bool,
    place: PlaceBody,
    call_id: Option<String>,
    source: Source,
    source_name: String,
    urgency: Urgency,
    urgency_name: String,
    status: Status,
    status_name: String,
    /// The stage of the closed loop in words.
    stage: String,
    preliminary_opinion: Option<String>,
    /// The answer or the unit's result.
    answer: Option<String>,
    unit: Option<Named>,
    co_units: Vec<Named>,
    assignee: Option<Named>,
    created_by: Option<Named>,
    created_by_name: String,
    created_at: i64,
    updated_at: i64,
    dispatched_at: Option<i64>,
    accepted_at: Option<i64>,
    handled_at: Option<i64>,
    settled_at: Option<i64>,
    archived_at: Option<i64>,
    /// Whether the unit kept the limit.
    in_time: Option<bool>,
    due_at: Option<i64>,
    color: Option<Color>,
    /// The citizen's stars, 1 to 5.
    rating: Option<i64>,
    reopened: i64,
    version: i64,
    recordings: Vec<RecordingView>,
    tasks: Vec<TaskView>,
    /// What was asked for beside the course, oldest first.
    applications: Vec<ApplicationView>,
    /// What others owe beside the course, oldest first.
    errands: Vec<ErrandView>,
    /// The unit that got the order first (首接单位).
    first_unit: Option<Named>,
    /// The order that answers for this one (并单); its name is its number.
    main: Option<Named>,
    /// Orders that this one answers for; their names are their numbers.
    parts: Vec<Named>,
    /// How the unit got it: `dispatch`, `forward`, `entrust`, `own`.
    mode: Option<String>,
    /// The number of the letter that entrusted it (交办函).
    letter_no: Option<String>,
    /// What the letter says.
    letter: Option<String>,
    /// Whether it does not count for its unit's evaluation.
    struck_out: bool,
    /// How often a unit gave it back.
    returns: i64,
    /// Whether a leader has said whose it is.
    ruled: bool,
    /// Why it was ended early: a word of the dictionary.
    ground: Option<String>,
    /// The same in words.
    ended_because: Option<String>,
    /// What the reader may do now, as nouns of addresses.
    allowed: Vec<String>,
}

/// A line of a list of orders.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CaseItem {
    id: String,
    number: String,
    r#type: Kind,
    type_name: String,
    category_name: Option<String>,
    title: String,
    contact_name: String,
    confidential: bool,
    district: Option<String>,
    address: Option<String>,
    source: Source,
    source_name: String,
    urgency: Urgency,
    status: Status,
    status_name: String,
    unit: Option<Named>,
    created_by_name: String,
    created_at: i64,
    updated_at: i64,
    due_at: Option<i64>,
    color: Option<Color>,
    rating: Option<i64>,
    version: i64,
}

/// What stands for the name of a citizen who is kept secret.
pub(crate) fn secret(lang: Lang) -> &'static str {
    lang.pick("（保密）", "(confidential)")
}

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.0)
}

fn contact_view(case: &Case, by: &Principal, lang: Lang) -> ContactView {
    if !case.shows_citizen_to(by) {
        return ContactView {
            id: None,
            name: secret(lang).to_owned(),
            gender: None,
            phone: None,
            phone_masked: None,
            hidden: true,
        };
    }
    ContactView {
        id: case.citizen.contact_id.clone(),
        name: case.citizen.name.clone(),
        gender: case.citizen.gender.clone(),
        phone: case.citizen.phone.clone().filter(|_| !by.is_masked("phone")),
        phone_masked: case.citizen.phone.as_deref().map(mask_phone),
        hidden: false,
    }
}

/// What other slices know of an order.
#[derive(Default)]
struct Neighbours {
    unit: Option<Named>,
    assignee: Option<Named>,
    co_units: Vec<Named>,
    recordings: Vec<RecordingBrief>,
    tasks: Vec<TaskView>,
    applications: Vec<ApplicationView>,
    errands: Vec<ErrandView>,
    first_unit: Option<Named>,
    main: Option<Named>,
    parts: Vec<Named>,
    told: Vec<ToldView>,
}

impl Cases {
    pub(crate) async fn named_unit(&self, id: Option<&str>) -> Result<Option<Named>, CaseError> {
        let Some(id) = id else { return Ok(None) };
        let name = self.unit_name(id).await?.unwrap_or_default();
        Ok(Some(Named { id: id.to_owned(), name }))
    }

    pub(crate) async fn named_person(&self, id: Option<&str>) -> Result<Option<Named>, CaseError> {
        let Some(id) = id else { return Ok(None) };
        let name = self.person_name(id).await?.unwrap_or_default();
        Ok(Some(Named { id: id.to_owned(), name }))
    }

    fn category_brief(&self, id: Option<&str>) -> Option<CategoryBrief> {
        let categories = self.categories();
        let category = categories.get(id?)?;
        Some(CategoryBrief {
            id: category.id.clone(),
            name: category.name.clone(),
            path: category.path_name.clone(),
        })
    }

    /// Shows an order to `by`.
    pub(crate) async fn view(&self, ctx: &Ctx, by: &Principal, case: Case) -> Result<CaseView, CaseError> {
        let recordings =
            if case.shows_citizen_to(by) { self.recordings_of(&case).await? } else { Vec::new() };
        let mut tasks = Vec::with_capacity(case.tasks.len());
        for task in &case.tasks {
            let unit = self.named_unit(task.unit.as_ref().map(|unit| unit.id.as_str())).await?;
            let assignee = self.named_person(task.person_id.as_deref()).await?;
            tasks.push(task_view(ctx, &case, task, unit, assignee));
        }
        let mut co_units = Vec::with_capacity(case.co_units.len());
        for id in &case.co_units {
            co_units.extend(self.named_unit(Some(id)).await?);
        }
        let mut applications = Vec::with_capacity(case.applications.len());
        for one in &case.applications {
            applications.push(self.application_view(ctx, one).await?);
        }
        let mut errands = Vec::with_capacity(case.errands.len());
        for one in &case.errands {
            errands.push(self.errand_view(ctx, by, one).await?);
        }
        let first_unit = case.standing.first_unit.as_ref().map(|unit| unit.id.as_str());
        let neighbours = Neighbours {
            applications,
            errands,
            first_unit: self.named_unit(first_unit).await?,
            main: match &case.standing.main_id {
                Some(id) => self.brief_of(id).await?.map(|(id, number, _)| Named { id, name: number }),
                None => None,
            },
            parts: self
                .parts_of(&case.id)
                .await?
                .into_iter()
                .map(|(id, number, _)| Named { id, name: number })
                .collect(),
            unit: self.named_unit(case.unit.as_ref().map(|unit| unit.id.as_str())).await?,
            assignee: self.named_person(case.person_id.as_deref()).await?,
            co_units,
            recordings,
            tasks,
            told: if case.citizen.reply.is_some() {
                self.told_of(&case.id).await?.into_iter().map(|told| told_view(told, ctx.lang)).collect()
            } else {
                Vec::new()
            },
        };
        Ok(self.assemble(ctx, by, case, neighbours))
    }

    /// Shows an order that was just written, with its query code. It is in nobody's hands yet, so nobody else
    /// has to be asked; this is also what a repetition of the request is answered with.
    pub(crate) fn fresh_view(&self, ctx: &Ctx, by: &Principal, case: &Case) -> CaseView {
        let tasks = case.tasks.iter().map(|task| task_view(ctx, case, task, None, None)).collect();
        let mut view = self.assemble(ctx, by, case.clone(), Neighbours { tasks, ..Neighbours::default() });
        view.query_code = Some(case.query_code.clone());
        view
    }

    fn assemble(&self, ctx: &Ctx, by: &Principal, case: Case, neighbours: Neighbours) -> CaseView {
        let lang = ctx.lang;
        CaseView {
            category: self.category_brief(case.category_id.as_deref()),
            unit: neighbours.unit,
            assignee: neighbours.assignee,
            allowed: Action::allowed(&case, by, &self.rule_book().operations)
                .into_iter()
                .map(ToOwned::to_owned)
                .collect(),
            applications: neighbours.applications,
            errands: neighbours.errands,
            first_unit: neighbours.first_unit,
            main: neighbours.main,
            parts: neighbours.parts,
            mode: case.standing.mode.clone(),
            letter_no: case.standing.letter_no.clone(),
            letter: case.standing.letter.clone(),
            struck_out: case.standing.struck_out,
            returns: case.standing.returns,
            ruled: case.standing.ruled,
            ground: case.standing.ground.clone(),
            ended_because: case.standing.ended_because.clone(),
            contact: contact_view(&case, by, lang),
            reply: reply_view(&case, by, lang),
            told: neighbours.told,
            color: case.color(ctx.now),
            query_code: case.opens_to(by).then(|| case.query_code.clone()),
            tasks: neighbours.tasks,
            co_units: neighbours.co_units,
            recordings: neighbours.recordings.into_iter().map(Into::into).collect(),
            type_name: case.kind.name(lang).to_owned(),
            source_name: case.source.name(lang).to_owned(),
            urgency_name: case.urgency.name(lang).to_owned(),
            status_name: case.status.name(lang).to_owned(),
            stage: case.status.stage(lang).to_owned(),
            id: case.id.0,
            number: case.number,
            old_number: case.old_number,
            r#type: case.kind,
            title: case.title,
            content: case.content,
            confidential: case.confidential,
            place: case.place.into(),
            call_id: case.call_id,
            source: case.source,
            urgency: case.urgency,
            status: case.status,
            preliminary_opinion: case.preliminary_opinion,
            answer: case.answer,
            created_by: case.created_by.map(|id| Named { id, name: case.created_by_name.clone() }),
            created_by_name: case.created_by_name,
            created_at: case.created_at.0,
            updated_at: case.updated_at.0,
            dispatched_at: millis(case.dispatched_at),
            accepted_at: millis(case.accepted_at),
            handled_at: millis(case.handled_at),
            settled_at: millis(case.settled_at),
            archived_at: millis(case.archived_at),
            in_time: case.in_time,
            due_at: millis(case.due_at),
            rating: case.stars,
            reopened: case.reopened,
            version: case.version,
        }
    }

    /// Shows a line of a list.
    pub(crate) async fn item(&self, ctx: &Ctx, by: &Principal, case: Case) -> Result<CaseItem, CaseError> {
        let lang = ctx.lang;
        Ok(CaseItem {
            category_name: self.category_brief(case.category_id.as_deref()).map(|category| category.path),
            unit: self.named_unit(case.unit.as_ref().map(|unit| unit.id.as_str())).await?,
            color: case.color(ctx.now),
            contact_name: if case.shows_citizen_to(by) { case.citizen.name } else { secret(lang).to_owned() },
            type_name: case.kind.name(lang).to_owned(),
            source_name: case.source.name(lang).to_owned(),
            status_name: case.status.name(lang).to_owned(),
            id: case.id.0,
            number: case.number,
            r#type: case.kind,
            title: case.title,
            confidential: case.confidential,
            district: case.place.district,
            address: case.place.address,
            source: case.source,
            urgency: case.urgency,
            status: case.status,
            created_by_name: case.created_by_name,
            created_at: case.created_at.0,
            updated_at: case.updated_at.0,
            due_at: millis(case.due_at),
            rating: case.stars,
            version: case.version,
        })
    }
}

impl From<RecordingBrief> for RecordingView {
    fn from(brief: RecordingBrief) -> Self {
        Self {
            id: brief.id.0,
            call_id: brief.call_id.0,
            started_at: brief.started_at,
            duration_ms: brief.duration_ms,
            finished: brief.finished,
        }
    }
}
