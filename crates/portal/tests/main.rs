//! The portal with a desk of its own behind it; `cases` tests the desk.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Method;
use contract::cases::{
    CitizenCase, CitizenDesk, CitizenDraft, CitizenInfo, CitizenRating, CitizenStep, FileToServe, HelperDesk,
    HelperView, Submitted, UploadDesk, UploadRight, UploadTicket, UploadView, UploadedFile,
};
use contract::identity::{
    RegistrationDesk, RegistrationDraft, RegistrationReceipt, RegistrationUnit, RegistrationView, UnitId,
};
use contract::voice::{CallProgress, CallTokens, CitizenCall};
use kernel::http::Idem;
use kernel::{BoxError, Ctx, Lang, Problem};
use portal::{DemoAccount, Portal, Shown};
use serde_json::{Value, json};
use testkit::{Answer, Client, Site, TestServer, on_sqlite};

/// Knows one order: number `YZ1`, code `123456`.
struct Desk;

fn order(stars: Option<i64>) -> CitizenCase {
    CitizenCase {
        number: "YZ1".to_owned(),
        title: "路灯不亮".to_owned(),
        type_name: "报修".to_owned(),
        created_at: 1,
        status: "approved".to_owned(),
        status_name: "审核完毕".to_owned(),
        unit_name: None,
        due_at: None,
        steps: vec![CitizenStep { name: "已登记".to_owned(), at: Some(1), state: "done".to_owned() }],
        result: Some("已修复".to_owned()),
        notices: Vec::new(),
        acts: Vec::new(),
        can_rate: stars.is_none(),
        rating: stars.map(|stars| CitizenRating { stars }),
    }
}

#[async_trait]
impl CitizenDesk for Desk {
    async fn info(&self, _: Lang) -> Result<CitizenInfo, BoxError> {
        Ok(CitizenInfo { types: Vec::new(), categories: Vec::new() })
    }
    async fn submit(&self, _: &Ctx, draft: CitizenDraft, _: &Idem) -> Result<Submitted, Problem> {
        assert_eq!((draft.name.as_str(), draft.district.as_deref()), ("周女士", Some("云水区")));
        Ok(Submitted { number: "YZ1".to_owned(), query_code: "123456".to_owned() })
    }
    async fn look_up(&self, number: &str, code: &str, _: Lang) -> Result<Option<CitizenCase>, BoxError> {
        Ok((number == "YZ1" && code == "123456").then(|| order(None)))
    }
    async fn rate(
        &self,
        _: &Ctx,
        number: &str,
        code: &str,
        stars: i64,
        _: &str,
    ) -> Result<Option<CitizenCase>, Problem> {
        Ok((number == "YZ1" && code == "123456").then(|| order(Some(stars))))
    }
    async fn act(
        &self,
        _: &Ctx,
        number: &str,
        code: &str,
        _: &str,
        _: &str,
    ) -> Result<Option<CitizenCase>, Problem> {
        Ok((number == "YZ1" && code == "123456").then(|| order(None)))
    }
}

#[async_trait]
impl HelperDesk for Desk {
    async fn open(&self, _: &Ctx, _: &str) -> Result<HelperView, Problem> {
        Err(Problem::not_found())
    }
    async fn answer(&self, _: &Ctx, _: &str, _: &str) -> Result<HelperView, Problem> {
        Err(Problem::not_found())
    }
}

/// Takes any file under the ticket `t`, and keeps none.
#[async_trait]
impl UploadDesk for Desk {
    async fn open_ticket(&self, _: &Ctx) -> Result<UploadTicket, Problem> {
        Ok(UploadTicket {
            token: "t".to_owned(),
            expires_at: 1,
            files_max: 9,
            file_bytes_max: 1,
            total_bytes_max: 1,
        })
    }
    async fn put(&self, _: &Ctx, _: UploadRight<'_>, file: UploadedFile) -> Result<UploadView, Problem> {
        Ok(UploadView {
            id: "f".to_owned(),
            name: file.name,
            kind: "image".to_owned(),
            media_type: "image/jpeg".to_owned(),
            size_bytes: i64::try_from(file.bytes.len()).unwrap(),
            has_thumb: file.thumb.is_some(),
            uploaded_at: 1,
            waiting: true,
        })
    }
    async fn take_back(&self, _: &Ctx, _: UploadRight<'_>, _: &str) -> Result<(), Problem> {
        Ok(())
    }
    async fn list(&self, _: &Ctx, right: UploadRight<'_>) -> Result<Vec<UploadView>, Problem> {
        match right {
            UploadRight::Ticket("t") => Ok(Vec::new()),
            _ => Err(Problem::not_found()),
        }
    }
    async fn find(&self, _: &Ctx, _: UploadRight<'_>, _: &str, _: bool) -> Result<FileToServe, Problem> {
        Err(Problem::not_found())
    }
}

struct Tokens;

#[async_trait]
impl CallTokens for Tokens {
    async fn issue_citizen(&self, _: &Ctx, phone: Option<&str>) -> Result<CitizenCall, BoxError> {
        Ok(CitizenCall {
            ws_path: "/sip".to_owned(),
            uri: format!("sip:web-{}@yihao.test", phone.unwrap_or("none")),
            password: "secret".to_owned(),
            target: "sip:12345@yihao.test".to_owned(),
            expires_at: 1,
        })
    }
    async fn progress(&self, token: &str) -> Option<CallProgress> {
        (token == "web-1").then_some(CallProgress { answered: false, before: Some(2), wait_secs: Some(90) })
    }
}

/// Knows one application: number `ZC1`, code `87654321`.
struct Registrations;

#[async_trait]
impl RegistrationDesk for Registrations {
    fn is_open(&self) -> bool {
        true
    }
    async fn units(&self, q: &str) -> Result<Vec<RegistrationUnit>, BoxError> {
        let unit = RegistrationUnit { id: UnitId::from("roads"), name: format!("{q}局"), above: None };
        Ok(vec![unit])
    }
    async fn register(
        &self,
        _: &Ctx,
        draft: RegistrationDraft,
        _: &Idem,
    ) -> Result<RegistrationReceipt, Problem> {
        assert_eq!((draft.name.as_str(), draft.unit_id.as_str()), ("赵六", "roads"));
        Ok(RegistrationReceipt { number: "ZC1".to_owned(), query_code: "87654321".to_owned() })
    }
    async fn look_up(&self, number: &str, code: &str, _: Lang) -> Result<Option<RegistrationView>, BoxError> {
        Ok((number == "ZC1" && code == "87654321").then(|| RegistrationView {
            number: "ZC1".to_owned(),
            state: "pending".to_owned(),
            state_name: "待审批".to_owned(),
            unit_name: "市政局".to_owned(),
            created_at: 1,
            decided_at: None,
            account: None,
            answer: None,
        }))
    }
}

fn citizen(site: &Site) -> (Client, Portal) {
    let desk = Arc::new(Desk);
    let portal = Portal::new(
        site.kit.clone(),
        desk.clone(),
        desk.clone(),
        desk,
        Arc::new(Tokens),
        Arc::new(Registrations),
    )
    .unwrap();
    (TestServer::new(site, vec![portal.slice().router]).anonymous(), portal)
}

/// Sends what takes a proof of work, as a page does.
async fn proven(citizen: &Client, path: &str, body: Value) -> Answer {
    let asked = citizen.clone().post(path, body.clone()).await;
    if asked.status != 428 {
        return asked;
    }
    let task = asked.refused(428, "proof.required");
    let bits = u32::try_from(task["bits"].as_u64().unwrap()).unwrap();
    let proof = portal::proof::solve(task["stamp"].as_str().unwrap(), bits);
    citizen.clone().with_header(portal::proof::HEADER, &proof).post(path, body).await
}

fn draft() -> Value {
    json!({
        "type": "repair",
        "title": "路灯不亮",
        "content": "三盏路灯不亮",
        "contact": { "name": "周女士", "phone": "13900001234" },
        "place": { "district": "云水区" },
    })
}

#[tokio::test]
async fn a_citizen_writes_looks_up_and_rates() {
    on_sqlite(|site| async move {
        let (mut citizen, _) = citizen(&site);
        let sent = proven(&citizen, "/portal/cases", draft()).await;
        assert_eq!(sent.status, 201);
        assert_eq!(sent.json(), json!({ "number": "YZ1", "query_code": "123456" }));
        let found = citizen.get("/portal/cases/YZ1?code=123456").await.ok();
        assert_eq!((&found["result"], &found["can_rate"]), (&json!("已修复"), &json!(true)));
        let rated =
            citizen.post("/portal/cases/YZ1/rating", json!({ "code": "123456", "stars": 4 })).await.ok();
        assert_eq!(rated["rating"]["stars"], 4);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_code_and_an_unknown_number_look_the_same() {
    on_sqlite(|site| async move {
        let (mut citizen, _) = citizen(&site);
        let mut faces = Vec::new();
        for path in ["/portal/cases/YZ1?code=654321", "/portal/cases/YZ9?code=123456", "/portal/cases/YZ1"] {
            let mut problem = citizen.get(path).await.refused(404, "portal.no_such_case");
            problem["trace_id"] = json!(null);
            faces.push(problem);
        }
        assert!(faces.iter().all(|face| *face == faces[0]));
        let long = format!("/portal/cases/YZ1?code={}", "1".repeat(500));
        citizen.get(&long).await.refused(404, "portal.no_such_case");
        let body = json!({ "code": "000000", "stars": 5 });
        citizen.post("/portal/cases/YZ1/rating", body).await.refused(404, "portal.no_such_case");
    })
    .await;
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    on_sqlite(|site| async move {
        let (mut citizen, _) = citizen(&site);
        for _ in 0..10 {
            proven(&citizen, "/portal/cases", draft()).await.done();
        }
        let refused = proven(&citizen, "/portal/cases", draft()).await;
        assert_eq!(refused.headers["retry-after"], "6");
        refused.refused(429, "rate.limited");
        site.clock.advance_millis(6_000);
        proven(&citizen, "/portal/cases", draft()).await.done();
        // Guessing one order's code ends before the address's own limit; from then on even the right one waits.
        for _ in 0..20 {
            citizen.get("/portal/cases/YZ1?code=000000").await.refused(404, "portal.no_such_case");
        }
        citizen.get("/portal/cases/YZ1?code=123456").await.refused(429, "rate.limited");
        // Blanks around the number, which the search does not mind, give no further guesses.
        citizen.get("/portal/cases/%20YZ1%E3%80%80?code=123456").await.refused(429, "rate.limited");
        citizen.get("/portal/cases/YZ2?code=123456").await.refused(404, "portal.no_such_case");
        site.clock.advance_millis(15_000);
        citizen.get("/portal/cases/YZ1?code=123456").await.done();
    })
    .await;
}

#[tokio::test]
async fn files_take_a_ticket_and_a_ticket_takes_work() {
    on_sqlite(|site| async move {
        let (citizen, _) = citizen(&site);
        let refused = citizen.clone().post("/portal/uploads", json!({})).await.refused(428, "proof.required");
        let proof = portal::proof::solve(refused["stamp"].as_str().unwrap(), 15);
        let mut worker = citizen.clone().with_header(portal::proof::HEADER, &proof);
        assert_eq!(worker.post("/portal/uploads", json!({})).await.ok()["token"], "t");
        worker.post("/portal/uploads", json!({})).await.refused(428, "proof.required");
        let form = b"--e\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\nxyz\r\n--e--\r\n";
        let send = |token: &str| {
            let (mut citizen, path) = (citizen.clone(), format!("/portal/uploads/{token}/files"));
            async move {
                let kind = Some("multipart/form-data; boundary=e");
                citizen.send_raw(Method::POST, &path, kind, form.to_vec()).await
            }
        };
        assert_eq!(send("t").await.ok()["size_bytes"], 3);
        send("guessed").await.refused(404, "not_found");
        send(&"x".repeat(500)).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_call_needs_no_more_than_a_click() {
    on_sqlite(|site| async move {
        let (mut citizen, _) = citizen(&site);
        let ticket = citizen.post("/portal/calls", json!({ "phone": "13900001234" })).await.ok();
        assert_eq!((&ticket["ws_path"], &ticket["token"]), (&json!("/sip"), &json!("web-13900001234")));
        citizen.post("/portal/calls", json!({ "phone": "<sip:evil>" })).await.refused(422, "invalid");
        let place = citizen.get("/portal/calls/web-1").await.ok();
        assert_eq!(place, json!({ "answered": false, "before": 2, "wait_secs": 90 }));
        citizen.get("/portal/calls/guessed").await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn bad_input_is_a_clear_refusal() {
    on_sqlite(|site| async move {
        let (mut citizen, _) = citizen(&site);
        citizen.post("/portal/cases", json!({ "title": 7 })).await.refused(400, "body.malformed");
        let huge = vec![b' '; 3 * 1024 * 1024];
        citizen
            .send_raw(Method::POST, "/portal/cases", Some("application/json"), huge)
            .await
            .refused(413, "body.too_large");
        let mut foreign = citizen.clone().with_header("origin", "https://elsewhere.example");
        foreign.post("/portal/calls", json!({})).await.refused(403, "origin.foreign");
    })
    .await;
}

#[tokio::test]
async fn accounts_are_shown_in_the_demonstration_city_only() {
    on_sqlite(|site| async move {
        let (mut citizen, portal) = citizen(&site);
        portal.show(Shown {
            districts: Vec::new(),
            password: Some("demo".to_owned()),
            accounts: vec![DemoAccount {
                account: "agent".to_owned(),
                name: "话务员".to_owned(),
                role_name: "话务员".to_owned(),
                hint: String::new(),
                role_name_en: "Agent".to_owned(),
                hint_en: String::new(),
            }],
        });
        let info = citizen.get("/portal/info").await.ok();
        assert_eq!((&info["hotline"], &info["demo"]), (&json!("12345"), &json!(false)));
        assert!(info.get("accounts").is_none() && info.get("password").is_none());
    })
    .await;
}

#[tokio::test]
async fn a_clerk_applies_with_a_proof_and_guesses_of_its_code_end() {
    on_sqlite(|site| async move {
        let (mut citizen, _) = citizen(&site);
        assert_eq!(citizen.get("/portal/info").await.ok()["registration"], true);
        assert_eq!(citizen.get("/portal/registration-units?q=市政").await.ok()[0]["name"], "市政局");
        let form = json!({ "name": "赵六", "phone": "13900008888", "unit_id": "roads", "post": "承办人",
            "password": "My-Own-Secret-7" });
        citizen.post("/portal/registrations", form.clone()).await.refused(428, "proof.required");
        let sent = proven(&citizen, "/portal/registrations", form.clone()).await;
        assert_eq!((sent.status.as_u16(), sent.json()["number"].clone()), (201, json!("ZC1")));
        for _ in 0..9 {
            proven(&citizen, "/portal/registrations", form.clone()).await.done();
        }
        proven(&citizen, "/portal/registrations", form).await.refused(429, "rate.limited");
        let found = citizen.get("/portal/registrations/ZC1?code=87654321").await.ok();
        assert_eq!(found["state"], "pending");
        for _ in 0..19 {
            let wrong = citizen.get("/portal/registrations/ZC1?code=00000000").await;
            wrong.refused(404, "portal.no_such_registration");
        }
        citizen.get("/portal/registrations/zc1?code=87654321").await.refused(429, "rate.limited");
        let unknown = citizen.get("/portal/registrations/ZC2?code=87654321").await;
        unknown.refused(404, "portal.no_such_registration");
    })
    .await;
}
