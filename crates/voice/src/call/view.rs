//! A call as screens are told of it.

use kernel::Audience;
use serde::Serialize;
use utoipa::ToSchema;

use super::actor::Actor;
use super::record::CallRow;
use super::state::{CallState, Command, Party, Role, Supervision, Target};
use crate::callflow::run::Finding;
use crate::pop::Pop;

/// Somebody in a call besides the citizen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartyView {
    /// Number within the call.
    pub no: u32,
    /// `seat` or `outside`.
    pub kind: String,
    /// Seat or outside number; the latter masked where the reader's role says so.
    pub number: String,
    /// The person at the seat.
    pub name: Option<String>,
    /// `agent`, `consulted`, `successor`, `member`, `listener`, `whisperer`.
    pub role: String,
    /// Whether they have answered.
    pub up: bool,
}

/// A way through a call flow that an agent sent the citizen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CallDetour)]
pub struct DetourView {
    /// The flow.
    pub flow: String,
    /// Whether the citizen comes back.
    pub back: bool,
    /// `running`, `over`, `fetched` by the agent before the end.
    pub state: String,
    /// The seat that sent the citizen.
    pub asked_by: String,
    /// What came of the flow's questions, once the citizen is back.
    pub findings: Vec<Finding>,
}

/// A call as screens are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallView {
    /// Id of the call.
    pub call_id: String,
    /// `in`, `out`, `internal`.
    pub direction: String,
    /// `flow`, `queued`, `ringing`, `dialling`, `talking`, `held`, `consulting`, `transferring`, `parked`,
    /// `agent_lost`, `detour`, `farewell`, `line_open`, `ended`.
    pub state: String,
    /// The citizen's number, or the colleague's seat; masked where the reader's role says so.
    pub caller: String,
    /// The number, masked.
    pub caller_masked: String,
    /// The seat that rings or talks.
    pub seat_no: Option<String>,
    /// When the call came, epoch milliseconds.
    pub started_at: i64,
    /// When an agent answered.
    pub answered_at: Option<i64>,
    /// Whether the citizen is on hold.
    pub held: bool,
    /// The citizen's file.
    pub contact_id: Option<String>,
    /// Everybody else in the call.
    pub parties: Vec<PartyView>,
    /// The last way through a flow that an agent sent the citizen.
    pub detour: Option<DetourView>,
    /// The attempt of the outbound task for which the call was made.
    pub campaign_attempt: Option<String>,
    /// What whoever answers for the call may do now: `hold`, `consult`, `transfer`, `transfer_to_queue`,
    /// `take_back`, `complete_transfer`, `cancel_transfer`, `conference`, `invite`, `park`, `detour`, `say`.
    pub allowed: Vec<String>,
    /// The server's time, epoch milliseconds, for clocks on screens.
    pub now: i64,
}

impl CallView {
    pub(super) fn new(row: &CallRow) -> Self {
        Self {
            call_id: row.id.clone(),
            direction: row.direction.clone(),
            state: if row.direction == "in" { "flow" } else { "dialling" }.to_owned(),
            caller: row.caller.clone(),
            caller_masked: contract::contacts::mask_phone(&row.caller),
            seat_no: None,
            started_at: row.started_at,
            answered_at: None,
            held: false,
            contact_id: None,
            parties: Vec::new(),
            detour: None,
            campaign_attempt: None,
            allowed: Vec::new(),
            now: row.started_at,
        }
    }

    /// Hides numbers from whoever must not see them.
    #[must_use]
    pub fn masked(mut self) -> Self {
        self.caller.clone_from(&self.caller_masked);
        for party in self.parties.iter_mut().filter(|party| party.kind == "outside") {
            party.number = contract::contacts::mask_phone(&party.number);
        }
        self
    }

    /// Tells whether a seat takes part.
    #[must_use]
    pub fn has_seat(&self, seat: &str) -> bool {
        self.seat_no.as_deref() == Some(seat)
            || (self.direction == "internal" && self.caller == seat)
            || self.parties.iter().any(|party| party.kind == "seat" && party.number == seat)
    }
}

fn allowed(state: &CallState) -> Vec<String> {
    // Whom it would be does not matter here; nobody has an empty number.
    let nobody = || Target::Outside(String::new());
    let commands = [
        ("hold", Command::Hold(!state.held())),
        ("consult", Command::Consult(nobody())),
        ("transfer", Command::Transfer(nobody())),
        ("transfer_to_queue", Command::TransferToQueue),
        ("take_back", Command::TakeBack),
        ("complete_transfer", Command::CompleteTransfer),
        ("cancel_transfer", Command::CancelTransfer),
        ("conference", Command::Conference),
        ("invite", Command::Invite(nobody())),
        ("park", Command::Park),
        ("detour", Command::Detour { flow: String::new(), node: None, back: true }),
        ("say", Command::Say(super::state::Phrase::PleaseWait)),
        ("supervise", Command::Supervise { seat: String::new(), mode: Supervision::Listen }),
    ];
    commands
        .into_iter()
        .filter(|(_, command)| state.check(command).is_ok())
        .map(|(name, _)| name.to_owned())
        .collect()
}

impl Actor {
    fn party_view(&self, party: &Party) -> PartyView {
        let sitting = party.target.seat().and_then(|seat| self.core.desk.sitting_at(seat));
        PartyView {
            no: party.no,
            kind: party.target.kind().to_owned(),
            number: party.target.label().to_owned(),
            name: sitting.map(|sitting| sitting.person_name),
            role: party.role.name().to_owned(),
            up: party.up,
        }
    }

    /// Tells the screens concerned when something has changed.
    pub(super) fn tell(&mut self) {
        let now = self.core.kit.now().0;
        let before = self.handle.view();
        let mut view = before.clone();
        self.state.name().clone_into(&mut view.state);
        view.seat_no = self.state.seat().map(str::to_owned);
        view.answered_at = self.row.answered_at;
        view.held = self.state.held();
        view.contact_id = self.row.contact_id.clone().or_else(|| self.prefetch.contact_id());
        view.parties = self.state.parties().iter().map(|party| self.party_view(party)).collect();
        view.detour.clone_from(&self.detour);
        view.campaign_attempt = self.reason.strip_prefix("campaign:").map(str::to_owned);
        view.allowed = allowed(&self.state);
        if view == before {
            return;
        }
        view.now = now;
        *self.handle.view.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = view.clone();
        // Seats that lose the call must hear of it too.
        let mut seats: Vec<String> = Vec::new();
        for view in [&view, &before] {
            seats.extend(view.seat_no.clone());
            seats.extend(view.parties.iter().filter(|p| p.kind == "seat").map(|p| p.number.clone()));
        }
        seats.extend(self.state.kind().far_seat().map(str::to_owned));
        seats.sort();
        seats.dedup();
        let people: Vec<_> = seats.iter().filter_map(|seat| self.core.desk.sitting_at(seat)).collect();
        let told = |masked: bool| {
            people
                .iter()
                .filter(|sitting| sitting.masked == masked)
                .map(|sitting| Audience::Person(sitting.person_id.clone()))
                .collect::<Vec<_>>()
        };
        let hub = &self.core.kit.hub;
        let plainly = told(false);
        if !plainly.is_empty() {
            hub.push(&plainly, "voice.call_state", &view);
        }
        let mut veiled = told(true);
        // Supervisors see who talks with whom; numbers are in the list of calls for those who may see them.
        veiled.push(Audience::Capability("call.monitor".to_owned()));
        hub.push(&veiled, "voice.call_state", &view.masked());
    }

    /// Returns the number that a seat's telephone shows.
    pub(super) fn caller_for(&self, seat: &str) -> String {
        if self.state.kind().is_internal() {
            return self.row.seat_no.clone().unwrap_or_else(|| self.row.caller.clone());
        }
        let masked = self.core.desk.sitting_at(seat).is_none_or(|sitting| sitting.masked);
        if masked { contract::contacts::mask_phone(&self.row.caller) } else { self.row.caller.clone() }
    }

    /// Shows the call on a seat's screen.
    pub(super) async fn pop(&mut self, seat: &str, role: Role) {
        let Some(sitting) = self.core.desk.sitting_at(seat) else { return };
        let known = self.prefetch.within(std::time::Duration::from_millis(150)).await;
        let mut pop = Pop::new(&self.row, &sitting, known, self.is_lost(seat));
        pop.now = self.core.kit.now().0;
        (pop.queue, pop.identity) = self.called_as();
        role.name().clone_into(&mut pop.role);
        pop.auto_answer = self.answers_itself(seat, role);
        let asks = self.row.agent_name.clone().zip(self.row.seat_no.clone());
        pop.asked_by = asks.filter(|(_, no)| no != seat).map(|(name, no)| format!("{name} {no}"));
        self.core.kit.hub.push(&[Audience::Person(sitting.person_id)], "voice.offer", &pop);
    }

    /// Returns the queue that the call waited in, and the merged hotline as which it is answered.
    fn called_as(&self) -> (Option<String>, Option<String>) {
        let Some(flow) = self.flow.as_ref().filter(|_| self.row.direction == "in") else {
            return (None, None);
        };
        let routing = self.core.desk.routing();
        let id = flow.queue().0.or_else(|| routing.queue_of_number(&self.row.called));
        let id = id.unwrap_or_else(|| crate::queue::MAIN.to_owned());
        let queue = routing.queues().into_iter().find(|queue| queue.id == id);
        let own =
            queue.as_ref().map(|queue| queue.set.identity.clone()).filter(|identity| !identity.is_empty());
        let hotline = Some(flow.caller.hotline.clone())
            .filter(|hotline| !hotline.is_empty() && *hotline != self.core.config.hotline);
        (queue.map(|queue| queue.set.name), own.or(hotline))
    }

    fn is_lost(&self, seat: &str) -> bool {
        matches!(self.state.phase(), super::state::Phase::AgentLost { seat: lost, .. } if lost == seat)
    }

    /// Whoever asked for the call by a click, or had it before, does not have to answer it as well.
    pub(super) fn answers_itself(&self, seat: &str, role: Role) -> bool {
        use super::state::Phase;
        let supervises = matches!(role, Role::Listener | Role::Whisperer)
            || self.state.party_at(seat).is_some_and(|party| party.supervisor);
        supervises
            || self.is_lost(seat)
            || matches!(self.state.phase(), Phase::Dialling | Phase::Parked { .. })
    }
}
