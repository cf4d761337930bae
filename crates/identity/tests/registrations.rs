//! Applications for an account: from writing to the first sign-in.
#![expect(clippy::unwrap_used, reason = "runs in tests only, where a panic is the report")]

use contract::identity::{RegistrationDesk as _, RegistrationDraft, RegistrationReceipt, UnitId};
use kernel::Lang;
use kernel::http::Idem;
use serde_json::{Value, json};
use testkit::on_both;

use crate::site::{City, city, person};

const OWN_PASSWORD: &str = "My-Own-Secret-7";

fn draft(unit: &str) -> RegistrationDraft {
    RegistrationDraft {
        name: "赵六".to_owned(),
        phone: "139 0000 8888".to_owned(),
        job_no: None,
        unit_id: UnitId::from(unit),
        post: "承办人".to_owned(),
        reason: "接替已调离的同事".to_owned(),
        password: OWN_PASSWORD.to_owned(),
    }
}

async fn with_administrator(site: testkit::Site) -> City {
    let city = city(site).await;
    let ctx = city.site.ctx();
    for (account, unit) in [("boss1", "bureau"), ("boss2", "works")] {
        let new = person(account, "unit_admin", unit);
        city.identity.create_person(&ctx, new, &Idem::none()).await.unwrap();
    }
    city
}

impl City {
    async fn apply(&self, unit: &str) -> RegistrationReceipt {
        self.identity.register(&self.site.ctx(), draft(unit), &Idem::none()).await.unwrap()
    }

    async fn state(&self, receipt: &RegistrationReceipt) -> Value {
        let found =
            self.identity.look_up(&receipt.number, &receipt.query_code, Lang::Zh).await.unwrap().unwrap();
        serde_json::to_value(found).unwrap()
    }

    async fn sign_in(&self, account: &str) -> testkit::Answer {
        let body = json!({"account": account, "password": OWN_PASSWORD});
        self.server.anonymous().post("/session", body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applicant_is_approved_by_one_and_given_rights_by_another() {
    on_both(|site| async move {
        let city = with_administrator(site).await;
        let receipt = city.apply("office").await;
        assert_eq!(city.state(&receipt).await["state"], "pending");

        let mut boss = city.client("boss1").await;
        let waiting = boss.get("/registrations?state=pending").await.ok();
        let row = waiting["items"][0].clone();
        assert_eq!((&row["unit_name"], &row["account"]), (&json!("office局"), &json!("office01")));
        assert_eq!(row["phone"], "13900008888");
        let id = row["id"].as_str().unwrap();
        let approval = format!("/registrations/{id}/approval");

        let mut stranger = city.client("boss2").await;
        assert_eq!(stranger.get("/registrations").await.ok()["items"], json!([]), "another bureau's");
        stranger.post(&approval, json!({"version": 1})).await.refused(404, "not_found");
        let mut security = city.client("sec1").await;
        assert_eq!(security.get("/registrations").await.ok()["items"], json!([]), "nothing to grant yet");
        security.post(&approval, json!({"version": 1})).await.refused(403, "permission.denied");

        let taken = json!({"version": 1, "account": "clerk1"});
        let problem = boss.post(&approval, taken).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "account");
        boss.post(&approval, json!({"version": 7})).await.refused(409, "stale_version");
        let approved = boss.post(&approval, json!({"version": 1})).await.ok();
        assert_eq!((&approved["state"], &approved["account"]), (&json!("approved"), &json!("office01")));
        boss.post(&approval, json!({"version": 2})).await.refused(409, "registration.decided");

        // The account is there and can do nothing: rights are not the unit's to give.
        assert_eq!(city.state(&receipt).await["account"], "office01");
        let me = city.sign_in("office01").await.ok();
        assert_eq!(me["capabilities"].as_object().map_or(0, serde_json::Map::len), 0, "{me}");
        let rights = format!("/registrations/{id}/roles");
        boss.put(&rights, json!({})).await.refused(403, "permission.denied");
        city.client("sys1").await.put(&rights, json!({})).await.refused(403, "permission.denied");

        assert_eq!(security.get("/registrations?state=approved").await.ok()["items"][0]["id"], id);
        let masked = security.get("/registrations").await.ok()["items"][0]["phone"].clone();
        assert_eq!(masked, "139******88");
        security.put(&rights, json!({"roles": []})).await.refused(422, "invalid");
        let ready = security.put(&rights, json!({})).await.ok();
        assert_eq!((&ready["state"], &ready["roles"][0]["id"]), (&json!("ready"), &json!("unit_clerk")));
        security.put(&rights, json!({})).await.refused(409, "registration.decided");
        assert_eq!(city.state(&receipt).await["state"], "ready");
        assert_eq!(boss.get("/registrations?state=ready&q=赵").await.ok()["items"][0]["id"], id);
        let mut clerk = city.server.anonymous();
        clerk.post("/session", json!({"account": "office01", "password": OWN_PASSWORD})).await.done();
        clerk.get("/people").await.done();

        city.apply("office").await;
        let next = boss.get("/registrations?state=pending").await.ok()["items"][0]["account"].clone();
        assert_eq!(next, "office02", "the next free one");
        let sheet = boss.get("/registrations.xlsx").await;
        assert!(sheet.status.is_success() && sheet.body.starts_with(b"PK"), "{}", sheet.status);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_with_its_reason_and_leaves_no_account() {
    on_both(|site| async move {
        let city = with_administrator(site).await;
        let receipt = city.apply("bureau").await;
        let mut system = city.client("sys1").await;
        let row = system.get("/registrations").await.ok()["items"][0].clone();
        let path = format!("/registrations/{}/refusal", row["id"].as_str().unwrap());
        system.post(&path, json!({"version": 1, "reason": " "})).await.refused(422, "invalid");
        system.post(&path, json!({"version": 1, "reason": "本单位没有此人"})).await.done();
        let told = city.state(&receipt).await;
        assert_eq!((&told["state"], &told["answer"]), (&json!("refused"), &json!("本单位没有此人")));
        assert_eq!(told["account"], Value::Null);
        city.sign_in("bureau01").await.refused(401, "session.refused");
        let wrong = city.identity.look_up(&receipt.number, "00000000", Lang::Zh).await.unwrap();
        assert!(wrong.is_none(), "the code is needed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_refused_and_what_nobody_decides_expires() {
    on_both(|site| async move {
        let city = with_administrator(site).await;
        let ctx = city.site.ctx();
        for unit in [identity::ROOT_UNIT_ID, "nowhere"] {
            let refused = city.identity.register(&ctx, draft(unit), &Idem::none()).await.unwrap_err();
            assert!(refused.has_fields(), "{unit}");
        }
        let weak = RegistrationDraft { password: "12345678".to_owned(), ..draft("bureau") };
        assert!(city.identity.register(&ctx, weak, &Idem::none()).await.unwrap_err().has_fields());
        let units = city.identity.units("OFF").await.unwrap();
        assert_eq!((units.len(), units[0].above.as_deref()), (1, Some("bureau局")));
        assert!(city.identity.units("热线").await.unwrap().is_empty(), "the centre makes its own accounts");

        let receipt = city.apply("bureau").await;
        city.site.clock.advance_millis(31 * 86_400_000);
        city.identity.sweep().await.unwrap();
        assert_eq!(city.state(&receipt).await["state"], "expired");

        let mut system = city.client("sys1").await;
        let closed = json!({"version": 0, "value": false});
        system.put("/parameters/identity.registration_open", closed).await.done();
        assert!(!city.identity.is_open());
        assert!(city.identity.register(&ctx, draft("bureau"), &Idem::none()).await.is_err());
        assert!(city.identity.units("").await.unwrap().is_empty());
    })
    .await;
}
