//! The SQL of the slice on both databases.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use testkit::{Site, on_both};
use voice::call::record::{CallRow, EventRow, Record, RecordingEnd, RecordingRow, SittingRow};
use voice::store::{calls, figures, missed, record, recordings};

fn call(id: &str, caller: &str, at: i64) -> CallRow {
    CallRow {
        id: id.to_owned(),
        direction: "in".to_owned(),
        origin: "trunk:carrier".to_owned(),
        caller: caller.to_owned(),
        called: "12345".to_owned(),
        started_at: at,
        answered_at: None,
        ended_at: None,
        seat_no: None,
        agent_id: None,
        agent_name: None,
        contact_id: None,
        result: None,
        hung_up_by: None,
        waited_ms: 0,
        talked_ms: 0,
        recording_id: None,
    }
}

async fn write(site: &Site, records: &[Record]) {
    let mut tx = site.kit.db.begin().await.unwrap();
    for one in records {
        record::write(&mut tx, site.kit.now(), one).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn ended(mut row: CallRow, result: &str, at: i64) -> Record {
    row.ended_at = Some(at);
    row.result = Some(result.to_owned());
    row.hung_up_by = Some("citizen".to_owned());
    Record::Ended(Box::new(row))
}

#[tokio::test]
async fn a_call_is_written_once_however_often_it_is_reported() {
    on_both(|site| async move {
        site.migrate("voice", voice::MIGRATIONS).await;
        let db = &site.kit.db;
        let mut row = call("c1", "13800000001", 1_000);
        let event = Record::Event(EventRow {
            call_id: "c1".into(),
            no: 1,
            at: 1_000,
            kind: "started",
            detail: String::new(),
        });
        write(&site, &[Record::Call(Box::new(row.clone())), event.clone(), event]).await;
        row.answered_at = Some(3_000);
        row.agent_id = Some("p1".into());
        row.agent_name = Some("张三".into());
        row.waited_ms = 2_000;
        write(&site, &[Record::Answered(Box::new(row.clone()))]).await;
        row.talked_ms = 4_000;
        write(&site, &[ended(row, "answered", 7_000)]).await;
        let stored = calls::find(db, "c1").await.unwrap().unwrap();
        assert_eq!((stored.result.as_deref(), stored.talked_ms), (Some("answered"), 4_000));
        assert_eq!(calls::events(db, "c1").await.unwrap().len(), 1);
        let mine = figures::of_agent(db, "p1", 0, i64::MAX).await.unwrap();
        assert_eq!((mine.answered, mine.talked_ms, mine.longest_ms), (1, 4_000, 4_000));
        assert_eq!(figures::of_agent(db, "nobody", 0, i64::MAX).await.unwrap().answered, 0);
        assert_eq!(figures::of_agent(db, "p1", 0, 0).await.unwrap().answered, 0, "before the period");
        assert_eq!(site.events("voice.call_ended").await.len(), 1);
        assert!(site.events("voice.call_missed").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn lists_are_narrowed_and_paged() {
    on_both(|site| async move {
        site.migrate("voice", voice::MIGRATIONS).await;
        let db = &site.kit.db;
        for n in 0..25i64 {
            // Several calls share an instant, so that paging needs the id as well.
            let row = call(&format!("c{n:02}"), &format!("138{n:08}"), 1_000 + n / 3);
            write(&site, &[ended(row, if n % 5 == 0 { "missed" } else { "answered" }, 9_000)]).await;
        }
        let mut filter = calls::CallFilter { limit: 10, ..calls::CallFilter::default() };
        let mut seen = Vec::new();
        loop {
            let page = calls::list(db, &filter).await.unwrap();
            seen.extend(page.items.into_iter().map(|call| call.id));
            filter.cursor = page.next_cursor;
            if filter.cursor.is_none() {
                break;
            }
        }
        let mut wanted: Vec<String> = (0..25).map(|n| format!("c{n:02}")).collect();
        wanted.reverse();
        assert_eq!(seen, wanted);
        let narrowed = calls::CallFilter {
            q: Some("00000005".into()),
            result: Some("missed".into()),
            direction: Some("in".into()),
            from: Some(0),
            to: Some(2_000),
            limit: 10,
            ..calls::CallFilter::default()
        };
        assert_eq!(calls::list(db, &narrowed).await.unwrap().items.len(), 1);
        let numbers = ["13800000003".to_owned(), "13800000004".to_owned()];
        assert_eq!(calls::of_numbers(db, &numbers, 10).await.unwrap().len(), 2);
        assert!(calls::of_numbers(db, &[], 10).await.unwrap().is_empty());
        let page = missed::list(db, true, None, 3).await.unwrap();
        assert_eq!(page.items.len(), 3);
        let rest = missed::list(db, true, page.next_cursor.as_deref(), 3).await.unwrap();
        assert_eq!(rest.items.len(), 2);
        let ctx = site.ctx_of("p1");
        for first in [true, false] {
            let mut tx = site.kit.db.begin().await.unwrap();
            assert_eq!(missed::handle(&mut tx, &ctx, "c00", "已回电").await.unwrap(), first);
            tx.commit().await.unwrap();
        }
        assert_eq!(missed::list(db, true, None, 10).await.unwrap().items.len(), 4);
        assert_eq!(site.events("voice.call_missed").await.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn a_recording_is_announced_once_and_a_crash_is_closed() {
    on_both(|site| async move {
        site.migrate("voice", voice::MIGRATIONS).await;
        let db = &site.kit.db;
        let mut row = call("c1", "13800000001", 1_000);
        row.answered_at = Some(2_000);
        write(
            &site,
            &[
                Record::Call(Box::new(row)),
                Record::Call(Box::new(call("c2", "13800000002", 1_500))),
                Record::RecordingOpened(RecordingRow {
                    id: "r1".into(),
                    call_id: "c1".into(),
                    path: String::new(),
                    started_at: 1_000,
                }),
                Record::SatDown(SittingRow {
                    id: "s1".into(),
                    seat_no: "1001".into(),
                    seat_id: "x".into(),
                    person_id: "p1".into(),
                    person_name: "张三".into(),
                    signed_in_at: 500,
                }),
                Record::SeatState { sitting: "s1".into(), no: 1, at: 500, state: "not_ready", call_id: None },
            ],
        )
        .await;
        assert_eq!(recordings::open(db).await.unwrap().len(), 1);
        let end = RecordingEnd {
            id: "r1".into(),
            call_id: "c1".into(),
            path: Some("2026/03/02/r1.alaw2".into()),
            duration_ms: 5_000,
            bytes: 80_058,
            repaired: true,
        };
        write(&site, &[Record::RecordingEnded(end.clone()), Record::RecordingEnded(end)]).await;
        let stored = recordings::of_call(db, "c1").await.unwrap();
        assert_eq!((stored[0].state.as_str(), stored[0].duration_ms), ("finished", 5_000));
        let told = site.events("voice.recording_finished").await;
        assert_eq!((told.len(), told[0]["repaired"].as_bool()), (1, Some(true)));
        let mut tx = site.kit.db.begin().await.unwrap();
        assert_eq!(recordings::close_interrupted(&mut tx, 9_000).await.unwrap(), 2);
        tx.commit().await.unwrap();
        let first = calls::find(db, "c1").await.unwrap().unwrap();
        assert_eq!((first.result.as_deref(), first.talked_ms), (Some("answered"), 7_000));
        let second = calls::find(db, "c2").await.unwrap().unwrap();
        assert_eq!((second.result.as_deref(), second.talked_ms), (Some("failed"), 0));
        assert_eq!(figures::sittings(db, "p1", 0, 10_000).await.unwrap(), (Some(500), 8_500));
    })
    .await;
}

#[tokio::test]
async fn the_books_of_the_call_centre_are_kept_on_both() {
    use voice::store::{downloads, phone_book, phrases, summaries};
    on_both(|site| async move {
        site.migrate("voice", voice::MIGRATIONS).await;
        let db = &site.kit.db;
        let entry = |name: &str, number: &str| phone_book::Entry {
            id: format!("e-{number}"),
            name: name.to_owned(),
            number: number.to_owned(),
            kind: "unit".to_owned(),
            note: String::new(),
            updated_at: 1,
        };
        let phrase = phrases::Phrase {
            id: "p".to_owned(),
            topic: "开场".to_owned(),
            title: "问候".to_owned(),
            body: "您好".to_owned(),
            updated_at: 1,
        };
        let summary = |result: &str| summaries::Summary {
            call_id: "c".to_owned(),
            result: result.to_owned(),
            fields: r#"{"topic":"x"}"#.to_owned(),
            note: String::new(),
            agent_id: "p1".to_owned(),
            agent_name: "林".to_owned(),
            written_at: 2,
        };
        let download = downloads::Download {
            id: "d".to_owned(),
            recording_id: "r".to_owned(),
            call_id: "c".to_owned(),
            person_id: "p1".to_owned(),
            person_name: "林".to_owned(),
            reason: "复核".to_owned(),
            at: 3,
        };
        let mut tx = db.begin().await.unwrap();
        for (name, number) in [("同名", "1"), ("同名", "2"), ("供水", "96390")] {
            assert!(phone_book::save(&mut tx, &entry(name, number), true).await.unwrap());
        }
        assert!(!phone_book::save(&mut tx, &entry("谁", "3"), false).await.unwrap(), "nothing to change");
        assert!(phrases::save(&mut tx, &phrase, true).await.unwrap());
        summaries::save(&mut tx, &summary("answered")).await.unwrap();
        summaries::save(&mut tx, &summary("other")).await.unwrap();
        downloads::file(&mut tx, &download).await.unwrap();
        tx.commit().await.unwrap();

        // A missed call that was called back counts as seen to.
        write(&site, &[ended(call("m", "13800000001", 5), "missed", 9)]).await;
        let back = Record::CalledBack {
            missed_id: "m".to_owned(),
            call_id: "c".to_owned(),
            agent_id: "p1".to_owned(),
            agent_name: "林".to_owned(),
        };
        write(&site, &[back]).await;
        let handled = missed::list(db, false, None, 10).await.unwrap();
        assert_eq!(handled.items[0].handled_name.as_deref(), Some("林"));

        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = phone_book::list(db, None, Some("unit"), cursor.as_deref(), 1).await.unwrap();
            seen.extend(page.items.into_iter().map(|entry| entry.number));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        seen.sort();
        assert_eq!(seen, ["1", "2", "96390"], "each once");
        let found = phone_book::list(db, Some("963"), None, None, 10).await.unwrap();
        assert_eq!(found.items[0].name, "供水");
        assert_eq!(phrases::list(db, Some("您好"), None, 10).await.unwrap().items, [phrase]);
        assert_eq!(summaries::find(db, "c").await.unwrap(), Some(summary("other")));
        assert_eq!(downloads::of_recording(db, "r").await.unwrap(), [download]);
        let mut tx = db.begin().await.unwrap();
        assert!(phone_book::remove(&mut tx, "e-1").await.unwrap());
        assert!(!phone_book::remove(&mut tx, "e-1").await.unwrap());
        assert!(phrases::remove(&mut tx, "p").await.unwrap());
        tx.commit().await.unwrap();
    })
    .await;
}
