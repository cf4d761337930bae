//! Unwanted callers are turned away before anything rings.

use crate::call::record::{CallRow, EventRow, Record};
use crate::core::Core;
use crate::routing::{Standing, plain};
use crate::sip_port::{IncomingCall, Origin};

/// The status of a call that is declined (RFC 3261, 21.6.2).
const DECLINED: u16 = 603;

/// Turns a call from a blacklisted number away and writes that down; gives any other call back.
pub(crate) fn turn_away(core: &Core, call: IncomingCall) -> Option<IncomingCall> {
    let now = core.kit.now().0;
    let number = plain(&call.caller);
    match core.desk.routing().standing(&call.caller, now) {
        Standing::Ordinary => return Some(call),
        Standing::Vip => {
            core.writer.write(Record::Hit { list: "vip", number });
            return Some(call);
        }
        Standing::Blocked => {}
    }
    core.port.reject(call.leg, DECLINED);
    let id = kernel::id::new_id();
    core.writer.write(Record::Hit { list: "blacklist", number });
    core.writer.write(Record::Ended(Box::new(CallRow {
        id: id.clone(),
        direction: "in".to_owned(),
        origin: match &call.origin {
            Origin::Trunk(name) => format!("trunk:{name}"),
            Origin::Portal(_) => "portal".to_owned(),
            Origin::Telephone { seat, .. } => format!("seat:{seat}"),
        },
        caller: call.caller,
        called: call.called,
        started_at: now,
        answered_at: None,
        ended_at: Some(now),
        seat_no: None,
        agent_id: None,
        agent_name: None,
        contact_id: None,
        result: Some("rejected".to_owned()),
        hung_up_by: Some("system".to_owned()),
        waited_ms: 0,
        talked_ms: 0,
        recording_id: None,
    })));
    core.writer.write(Record::Event(EventRow {
        call_id: id,
        no: 1,
        at: now,
        kind: "blacklisted",
        detail: String::new(),
    }));
    None
}
