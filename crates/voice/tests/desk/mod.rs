//! The desk on simulated time.

use acd::Input;
use kernel::Timestamp;
use testkit::{START, on_sqlite};
use voice::desk::{Desk, Joining, Sitting};
use voice::sip_port::Place;
use voice::writer::Writer;

fn sitting(no: &str) -> Sitting {
    Sitting {
        id: kernel::id::new_id(),
        seat_id: format!("seat-{no}"),
        seat_no: no.to_owned(),
        person_id: format!("person-{no}"),
        person_name: format!("话务员{no}"),
        masked: false,
    }
}

fn state(desk: &Desk, seat: &str) -> String {
    desk.seat_view(seat).map_or_else(|| "gone".to_owned(), |view| view.state)
}

#[tokio::test]
async fn a_clock_that_is_set_neither_ends_a_lease_nor_prolongs_it() {
    on_sqlite(|site| async move {
        site.migrate("voice", voice::MIGRATIONS).await;
        let writer = Writer::start(site.kit.clone());
        let desk = Desk::start(site.kit.clone(), writer, acd::FloorConfig::default());
        desk.sit_down(sitting("1001"));
        desk.phone("1001", Place::Page, true);
        desk.set_rest("1001", None);
        desk.enqueue(Joining { call_id: "c1".to_owned(), ..Joining::default() });
        assert_eq!(state(&desk, "1001"), "reserved");
        // A day forward: the telephone has not been rung yet, and has all its time.
        site.clock.set(START.plus_secs(86_400));
        desk.apply(Input::Tick);
        assert_eq!(state(&desk, "1001"), "reserved");
        assert_eq!(desk.seat_view("1001").map(|view| view.since), Some(START.plus_secs(86_400).0));
        // A year back: three leases that nothing came of end all the same.
        site.clock.set(Timestamp(START.0 - 31_536_000_000));
        for _ in 0..3 {
            site.clock.advance_millis(5_000);
            desk.apply(Input::Tick);
        }
        assert_eq!(state(&desk, "1001"), "not_ready");
    })
    .await;
}
