//! The knowledge base: classes, words, and entries that went their way through review.

use std::sync::Arc;

use contract::identity::UnitBrief;
use contract::knowledge::{Audience, EntryId};
use kernel::{BoxError, Ctx, Principal, Scope, Timestamp};
use knowledge::entry::{Answer, Content, Kind};
use knowledge::store::class::{ClassRow, StageRow};
use knowledge::store::list::{Filter, Sort};
use serde::Deserialize;

use super::data::DemoCity;
use super::staff::Staff;
use crate::City;

const DAY_SECS: i64 = 86_400;
/// Who reviews what units write.
const REVIEWER: &str = "review01";

#[derive(Deserialize)]
struct Written {
    entries: Vec<WrittenEntry>,
    words: Vec<String>,
    synonyms: Vec<String>,
    stages: Vec<WrittenStages>,
}

#[derive(Deserialize)]
struct WrittenStages {
    region: String,
    stages: i64,
}

#[derive(Deserialize)]
struct WrittenAnswer {
    text: String,
    internal: bool,
}

#[derive(Deserialize)]
struct WrittenEntry {
    title: String,
    business: String,
    kind: String,
    unit: String,
    by: String,
    questions: Vec<String>,
    keywords: Vec<String>,
    answers: Vec<WrittenAnswer>,
    region: String,
    days_ago: i64,
    /// `published`, `expired`, `withdrawn`, `in_review`, `returned`, `draft`.
    state: String,
    description: String,
    valid_days: Option<i64>,
    review_days: Option<i64>,
    /// What the reviewer said, or why it was withdrawn.
    note: String,
}

/// Creates the knowledge base. Returns how many entries it has.
pub(super) async fn create(
    city: &City,
    written: &DemoCity,
    staff: &Staff,
    now: Timestamp,
) -> Result<usize, BoxError> {
    let base: Written = serde_json::from_str(include_str!("../../demo/knowledge.json"))?;
    let ctx = Ctx::system("demo", now);
    create_classes(city, &ctx, written).await?;
    for rule in base.stages {
        city.knowledge
            .put_stages(&ctx, &StageRow { region: rule.region, stages: rule.stages, version: 0 })
            .await?;
    }
    for (kind, texts) in [("word", &base.words), ("synonym", &base.synonyms)] {
        for text in texts {
            city.knowledge.add_word(&ctx, kind, text).await?;
        }
    }
    let count = base.entries.len();
    for entry in base.entries {
        let title = entry.title.clone();
        let told = tell(city, staff, now, entry).await;
        told.map_err(|error| format!("knowledge entry {title}: {error}"))?;
    }
    use_entries(city, staff, now).await?;
    Ok(count)
}

/// Lets agents read in it for a week, keep some entries, and find two of them wrong.
async fn use_entries(city: &City, staff: &Staff, now: Timestamp) -> Result<(), BoxError> {
    let filter = Filter { sort: Sort::Number, ..Filter::default() };
    let entries = city.knowledge.list(None, &filter, None, 200).await?.items;
    for (agent, place) in ["agent01", "agent02", "agent03", "agent04"].into_iter().zip(1_usize..) {
        let person = deputy(staff.person(agent)?, None);
        let mut at = now.plus_secs(-6 * DAY_SECS);
        for (row, entry) in entries.iter().enumerate() {
            let times = (row * 7 + place * 5) % 11 % 4;
            for _ in 0..times {
                at = at.plus_secs(1_500 + 60 * i64::try_from(row % 30)?);
                let ctx = Ctx::person(&person.person_id, &person.name, at.min(now));
                let id = EntryId(entry.id.clone());
                city.knowledge.count_use(&ctx, Some(&person.person_id), &id, None, "read").await?;
            }
            if times == 3 && row % 3 == place % 3 {
                city.knowledge.set_favourite(&person.person_id, &EntryId(entry.id.clone()), true, at).await?;
            }
        }
    }
    let agent = deputy(staff.person("agent02")?, None);
    for (place, text) in [(6, "窗口说现在要预约，条目里没有写。"), (33, "市民反映收费标准已调整，请核实。")]
    {
        let Some(entry) = entries.get(place) else { continue };
        let ctx = Ctx::person(&agent.person_id, &agent.name, now.plus_secs(-7_200));
        city.knowledge.report(&ctx, Some(&agent), &EntryId(entry.id.clone()), None, text).await?;
    }
    Ok(())
}

async fn create_classes(city: &City, ctx: &Ctx, written: &DemoCity) -> Result<(), BoxError> {
    let class = |kind: &str, code: &str, name: &str, parent: Option<&str>, sort| ClassRow {
        kind: kind.to_owned(),
        code: code.to_owned(),
        parent_code: parent.map(ToOwned::to_owned),
        name: name.to_owned(),
        sort,
        active: 1,
        version: 0,
    };
    for (code, name) in [("000000", "国家部委"), ("990000", "云江省"), ("990100", "云州市")] {
        city.knowledge.put_class(ctx, &class("region", code, name, None, 0)).await?;
    }
    for district in &written.districts {
        city.knowledge
            .put_class(ctx, &class("region", &district.region_code, &district.name, None, 1))
            .await?;
    }
    for (category, sort) in written.categories.iter().filter(|one| one.code.len() <= 4).zip(0_i64..) {
        let parent = category.parent.as_deref();
        city.knowledge
            .put_class(ctx, &class("business", &category.code, &category.name, parent, sort))
            .await?;
    }
    Ok(())
}

/// Lets an entry go its way.
async fn tell(city: &City, staff: &Staff, now: Timestamp, entry: WrittenEntry) -> Result<(), BoxError> {
    let unit = staff.unit(&entry.unit)?;
    let author = deputy(staff.person(&entry.by)?, Some(unit));
    let reviewer = deputy(staff.person(REVIEWER)?, None);
    let written_at = now.plus_secs(-entry.days_ago * DAY_SECS);
    let at = |by: &Principal, hours: i64| {
        let instant = written_at.plus_secs(hours * 3_600).min(now);
        Ctx::person(&by.person_id, &by.name, instant)
    };
    let from_now = |days: Option<i64>| days.map(|days| now.plus_secs(days * DAY_SECS).0);
    let answers = entry.answers.iter().map(|answer| Answer {
        html: knowledge::text::paragraphs(&answer.text),
        audience: if answer.internal { Audience::Internal } else { Audience::Public },
        ..Answer::default()
    });
    let content = Content {
        title: entry.title,
        description: entry.description,
        region: entry.region,
        business: entry.business,
        kind: Kind::parse(&entry.kind),
        keywords: entry.keywords,
        questions: entry.questions,
        answers: answers.collect(),
        valid_to: from_now(entry.valid_days),
        review_at: from_now(entry.review_days),
        ..Content::default()
    };
    let base = &city.knowledge;
    let id: EntryId = base.create_entry(&at(&author, 0), &author, None, content).await?;
    if entry.state == "draft" {
        return Ok(());
    }
    base.submit(&at(&author, 2), &author, &id, 1).await?;
    let opinion = if entry.state == "returned" { entry.note.as_str() } else { "" };
    match entry.state.as_str() {
        "in_review" => return Ok(()),
        "returned" => {
            base.decide(&at(&reviewer, 20), &reviewer, &id, 2, false, opinion).await?;
            return Ok(());
        }
        _ => base.decide(&at(&reviewer, 20), &reviewer, &id, 2, true, opinion).await?,
    };
    if entry.state == "withdrawn" {
        base.withdraw(&at(&reviewer, 400), &reviewer, &id, 3, &entry.note).await?;
    }
    if entry.state == "expired" {
        base.expire(&Ctx::system("demo", now)).await?;
    }
    Ok(())
}

/// Makes a person who may do everything with knowledge, in the name of a real one and for a unit.
fn deputy(person: &Principal, unit: Option<&UnitBrief>) -> Principal {
    let mut deputy = person.clone();
    let all = knowledge::CAPABILITIES.iter().map(|capability| (capability.name.to_owned(), Scope::All));
    deputy.grants = Arc::new(all.collect());
    if let Some(unit) = unit {
        deputy.unit_id.clone_from(&unit.id.0);
        deputy.unit_path.clone_from(&unit.path);
    }
    deputy
}
