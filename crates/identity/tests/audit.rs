//! The chain of the audit log.

use contract::identity::UnitId;
use identity::NewUnit;
use kernel::http::Idem;
use serde_json::json;
use testkit::on_both;

use crate::site::city;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writes_make_one_chain_and_an_edit_by_hand_breaks_it() {
    on_both(|site| async move {
        let city = city(site).await;
        let tasks: Vec<_> = (0..24)
            .map(|n| {
                let identity = city.identity.clone();
                let ctx = city.site.ctx();
                tokio::spawn(async move {
                    let unit = NewUnit {
                        parent_id: Some(UnitId::from("bureau")),
                        code: format!("c{n}"),
                        name: format!("第{n}科"),
                        ..NewUnit::default()
                    };
                    identity.create_unit(&ctx, unit, &Idem::none()).await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            kernel::event::sequence_once(&city.site.kit).await.unwrap();
            task.await.unwrap();
        }
        let mut auditor = city.client("aud1").await;
        city.site.deliver(&[]).await;
        let rows = city.all(&mut auditor, "/audit", 7).await;
        let found = auditor.get("/audit/verification").await.ok();
        assert_eq!(found["intact"], true, "{found}");
        assert_eq!(found["rows"], json!(rows.len()));
        let created = city.all(&mut auditor, "/audit?action=unit.create", 7).await;
        assert_eq!(created.len(), 4 + 24);
        assert!(created.iter().all(|row| row["seq"].is_i64() && row["hash"].is_string()));
        assert_eq!(city.all(&mut auditor, "/audit?action=unit", 50).await.len(), 4 + 24);
        assert_eq!(city.all(&mut auditor, "/audit?subject=office", 50).await.len(), 1);
        assert_eq!(city.all(&mut auditor, "/audit?actor=aud1", 50).await.len(), 1, "the sign-in");
        let now = city.site.kit.now().0;
        assert_eq!(city.all(&mut auditor, &format!("/audit?from={}", now + 1), 50).await.len(), 0);
        let mut unique: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), rows.len(), "no row twice on the pages");
        let sheet = auditor.get("/audit.xlsx?action=unit.create").await;
        assert!(sheet.status.is_success() && sheet.body.starts_with(b"PK"));

        city.site.execute("update kernel_audit set actor_name = '别人' where seq = 5").await;
        let found = auditor.get("/audit/verification").await.ok();
        assert_eq!((found["intact"].clone(), found["broken_seq"].clone()), (json!(false), json!(5)));
        city.client("sys1").await.get("/audit").await.refused(403, "permission.denied");
        let mut watch = city.client("watch1").await;
        watch.get("/audit").await.done();
        watch.get("/audit/verification").await.refused(403, "permission.denied");
    })
    .await;
}
