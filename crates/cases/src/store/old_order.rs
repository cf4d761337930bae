//! Writes orders of an older system: each with its own number, citizen's file, time line, event and audit row.

use std::collections::HashSet;

use contract::cases::CaseId;
use contract::identity::UnitId;
use futures::future::join_all;
use kernel::db::Statement;
use kernel::{Audit, Ctx, DbError, Principal, Writes};
use serde_json::{Map, json};

use super::number::Numbers;
use super::run::Progress;
use super::{case, work};
use crate::Cases;
use crate::case::draft::{self, Draft, Identity};
use crate::case::old_order::{self, Known, OldOrder};
use crate::case::{Citizen, Place, Source, UnitRef, Urgency};
use crate::course::Course;
use crate::error::CaseError;

/// So many orders are on their way to the database at once; they share a commit.
const BATCH: usize = 50;
/// So often an order is written anew when another process opened the same citizen's file meanwhile.
const TRIES: usize = 3;
/// So many numbers are asked for in one statement.
const AT_ONCE: usize = 400;

/// What became of a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct TakenIn {
    /// Orders that were written.
    pub written: usize,
    /// Orders that somebody else had taken in meanwhile.
    pub known: usize,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

impl Cases {
    /// Returns what the words of a file may mean in this city.
    ///
    /// # Errors
    /// When a neighbour fails.
    pub async fn known_words(&self, by: &Principal) -> Result<Known, CaseError> {
        self.freshen().await?;
        let root = by.unit_path.split('/').find(|part| !part.is_empty()).unwrap_or(&by.unit_id);
        let units =
            self.ports().directory.units_under(&UnitId(root.to_owned())).await.map_err(CaseError::Port)?;
        let categories = self.categories();
        let words: Vec<[&str; 4]> =
            categories.all.iter().map(|one| [&*one.id, &*one.code, &*one.name, &*one.path_name]).collect();
        Ok(Known::new(&units, &words, self.rule_book().calendar))
    }

    /// Returns which numbers of the older system were taken in before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_old_numbers(&self, numbers: &[String]) -> Result<HashSet<String>, CaseError> {
        let mut known = HashSet::new();
        for some in numbers.chunks(AT_ONCE) {
            let mut sql = Statement::new("select old_number from cases_case where old_number in (");
            sql.bind_all(some.iter().cloned()).push(")");
            let rows: Vec<(String,)> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
            known.extend(rows.into_iter().map(|(number,)| number));
        }
        Ok(known)
    }

    /// Takes orders in, some at a time, and tells how far it is. An order that is there already stays as it is, so
    /// that a file that was cut off can simply be sent again.
    ///
    /// # Errors
    /// When the database fails; what was written until then stays.
    pub async fn take_in_old(
        &self,
        ctx: &Ctx,
        by: &Principal,
        mut orders: Vec<OldOrder>,
        progress: &Progress,
    ) -> Result<TakenIn, CaseError> {
        // Numbers are handed out day by day.
        orders.sort_by_key(|order| order.created_at);
        let mut numbers = Numbers::default();
        let mut taken = TakenIn::default();
        let (mut done, total) = (0, orders.len());
        for some in orders.chunks(BATCH) {
            progress.tell(done, total).await?;
            if progress.is_stopped().await? {
                taken.stopped = true;
                break;
            }
            let mut numbered = Vec::with_capacity(some.len());
            for order in some {
                numbered.push((self.number_in(&mut numbers, order.created_at).await?, order));
            }
            let written =
                numbered.into_iter().map(|(number, order)| self.take_one_in(ctx, by, order, number));
            for is_new in join_all(written).await {
                if is_new? {
                    taken.written += 1;
                } else {
                    taken.known += 1;
                }
            }
            done += some.len();
        }
        let mut writes = Writes::new();
        writes.audit(
            ctx,
            Audit::new("case.import_file", "run", progress.id()).detail(json!({
                "orders": total, "written": taken.written, "known": taken.known, "stopped": taken.stopped,
            })),
        );
        self.kit().db.write(writes).await?;
        Ok(taken)
    }

    /// Writes one order; tells whether it was new.
    async fn take_one_in(
        &self,
        ctx: &Ctx,
        by: &Principal,
        order: &OldOrder,
        number: String,
    ) -> Result<bool, CaseError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let writes = self.old_order_writes(ctx, by, order, number.clone()).await?;
            match self.kit().db.write(writes).await {
                Ok(()) => return Ok(true),
                Err(DbError::Raced) if tries < TRIES => {}
                Err(error) if error.is_unique_violation() => {
                    let known = self.known_old_numbers(std::slice::from_ref(&order.old_number)).await?;
                    return if known.is_empty() { Err(error.into()) } else { Ok(false) };
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn old_order_writes(
        &self,
        ctx: &Ctx,
        by: &Principal,
        order: &OldOrder,
        number: String,
    ) -> Result<Writes, CaseError> {
        let flow = self.flow_of(None, order.kind, Some(&order.category_id), Source::Import)?;
        let (mut course, _) = Course::start(flow, Map::new(), order.created_at)?;
        // It ended elsewhere; it can be taken up again like any other.
        course.cancel("imported", order.settled_at)?;
        let identity = Identity {
            id: CaseId::generate(),
            number,
            query_code: kernel::crypto::random_digits(6),
            unit: Some(UnitRef { id: by.unit_id.clone(), path: by.unit_path.clone() }),
        };
        let (mut fresh, _) = draft::write(draft_of(order), identity, &by.actor(), order.created_at);
        let change = old_order::archive(&mut fresh, order);
        let mut writes = Writes::new();
        if let Some(phone) = order.phone.as_deref() {
            // Whoever has a file at this number under this name keeps it as it is.
            let contacts = &self.ports().contacts;
            let known = contacts.by_phone(phone).await.map_err(CaseError::Port)?;
            let id = match known.filter(|file| file.name == order.name) {
                Some(file) => file.id,
                None => contacts.find_or_open(&mut writes, ctx, &order.name, Some(phone), None).await?,
            };
            fresh.citizen.contact_id = Some(id.0);
        }
        case::insert_closed(&mut writes, &fresh, course.flow_id(), &course.state());
        work::record(&mut writes, ctx, &fresh, &change);
        Ok(writes)
    }
}

fn draft_of(order: &OldOrder) -> Draft {
    Draft {
        kind: order.kind,
        category_id: Some(order.category_id.clone()),
        title: order.title.clone(),
        content: order.content.clone(),
        citizen: Citizen {
            contact_id: None,
            name: order.name.clone(),
            phone: order.phone.clone(),
            gender: None,
            reply: None,
        },
        confidential: false,
        place: Place {
            district: order.district.clone(),
            address: order.address.clone(),
            lng: None,
            lat: None,
        },
        call_id: None,
        preliminary_opinion: None,
        answer: Some(order.result.clone()),
        urgency: Urgency::Normal,
        source: Source::Import,
    }
}
