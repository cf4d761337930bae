//! People, their roles and their scopes.

use contract::identity::{Directory as _, PersonId};
use identity::IdentityError;
use kernel::http::Idem;
use serde_json::json;
use testkit::on_both;

use crate::site::{PASSWORD, city, person};

#[tokio::test(flavor = "multi_thread")]
async fn administrators_keep_apart() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut security = city.client("sec1").await;
        let roles = |version: i64, roles: &[&str]| json!({"version": version, "roles": roles});
        for both in
            [["system_admin", "security_admin"], ["audit_admin", "agent"], ["system_admin", "supervision"]]
        {
            security.put("/people/agent1/roles", roles(1, &both)).await.refused(409, "role.exclusive");
        }
        security.put("/people/sec1/roles", roles(1, &["agent"])).await.refused(409, "role.own");
        let problem = security.put("/people/aud1/roles", roles(1, &[])).await;
        problem.refused(409, "role.last_administrator");
        security.put("/people/sec2/roles", roles(1, &["agent"])).await.done();
        security.put("/people/agent1/roles", roles(9, &["agent"])).await.refused(409, "stale_version");
        security.put("/people/agent1/roles", roles(1, &["no_such"])).await.refused(422, "invalid");
        let two = security.put("/people/agent1/roles", roles(1, &["agent", "dispatcher"])).await.ok();
        assert_eq!(two["roles"].as_array().unwrap().len(), 2);
        let ctx = city.site.ctx();
        let twice = identity::NewPerson {
            roles: vec!["system_admin".to_owned(), "audit_admin".to_owned()],
            ..person("both", "agent", "bureau")
        };
        let refused = city.identity.create_person(&ctx, twice, &Idem::none()).await;
        assert!(matches!(refused, Err(IdentityError::RolesExclude(_))));
        let mut system = city.client("sys1").await;
        let off = json!({"version": 1, "active": false});
        system.patch("/people/aud1", off).await.refused(409, "role.last_administrator");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rights_hold_at_once_in_open_sessions() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut agent = city.client("agent1").await;
        agent.get("/audit").await.refused(403, "permission.denied");
        let mut security = city.client("sec1").await;
        let roles = json!({"version": 1, "roles": ["supervision"]});
        security.put("/people/agent1/roles", roles).await.done();
        agent.get("/audit").await.done();
        let me = agent.get("/session").await.ok();
        assert_eq!(me["masks"], json!(["phone"]));

        let supervision = security.get("/roles").await.ok()["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|role| role["id"] == "supervision")
            .unwrap()
            .clone();
        let grants = |grants: serde_json::Value| json!({"version": supervision["version"], "grants": grants});
        let path = "/roles/supervision/grants";
        security.put(path, grants(json!({"no.such": "all"}))).await.refused(422, "invalid");
        let both = json!({"audit.read": "all", "role.write": "all"});
        security.put(path, grants(both)).await.refused(409, "role.powers_exclusive");
        security.put(path, grants(json!({"case.read": "all"}))).await.done();
        security.put(path, grants(json!({"case.read": "all"}))).await.refused(409, "stale_version");
        agent.get("/audit").await.refused(403, "permission.denied");
        let admin = json!({"version": 1, "grants": {"case.close": "all"}});
        security.put("/roles/system_admin/grants", admin).await.refused(409, "role.powers_exclusive");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_seen_within_the_scope() {
    on_both(|site| async move {
        let city = city(site).await;
        let accounts = async |account: &str, path: &str| {
            let mut client = city.client(account).await;
            let people = city.all(&mut client, path, 2).await;
            people.iter().map(|person| person["account"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(accounts("sys1", "/people").await.len(), 10);
        assert_eq!(accounts("clerk1", "/people").await, ["chief1", "clerk1"], "only the own unit");
        assert_eq!(accounts("chief1", "/people").await, ["chief1", "clerk1", "office1"], "and below");
        assert_eq!(accounts("clerk1", "/people?unit_id=office").await, [""; 0]);
        assert_eq!(accounts("sys1", "/people?under=bureau&role=unit_clerk").await, ["clerk1", "office1"]);
        assert_eq!(accounts("sys1", "/people?q=OFFICE").await, ["office1"]);
        assert_eq!(accounts("sys1", "/people?q=%25").await, [""; 0], "a sign is no wildcard");
        let mut clerk = city.client("clerk1").await;
        clerk.get("/people/office1").await.refused(404, "not_found");
        clerk.get("/people/chief1").await.done();
        let text = city.client("sys1").await.get("/people").await.text();
        assert!(!text.contains("argon2"), "no hash leaves");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_made_without_rights_and_with_a_password_to_change() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut system = city.client("sys1").await;
        let draft = |account: &str, password: &str, roles: &[&str]| {
            json!({"account": account, "name": "赵六", "unit_id": "bureau", "job_no": "8801",
                   "password": password, "roles": roles})
        };
        let with_roles = draft("zhao6", PASSWORD, &["agent"]);
        system.post("/people", with_roles).await.refused(403, "permission.denied");
        system.post("/people", draft("zhao6", "12345678", &[])).await.refused(422, "invalid");
        let made = system.post("/people", draft("Zhao6", PASSWORD, &[])).await;
        assert_eq!(made.status.as_u16(), 201);
        assert_eq!(made.json()["must_change_password"], true);
        let taken = system.post("/people", draft("zhao6", PASSWORD, &[])).await.refused(422, "invalid");
        assert!(["account", "job_no"].contains(&taken["errors"][0]["field"].as_str().unwrap()));
        let mut second = draft("zhao7", PASSWORD, &[]);
        let problem = system.post("/people", second.clone()).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "job_no");
        second["job_no"] = json!("8802");
        system.post("/people", second).await.done();
        let sheet = system.get("/people.xlsx").await;
        assert!(sheet.status.is_success() && sheet.body.starts_with(b"PK"), "{}", sheet.status);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_reached_at_the_address_with_the_rights_of_the_moment() {
    on_both(|site| async move {
        let city = city(site).await;
        let id = PersonId::from("chief1");
        let reached = async || city.identity.receiver(&id).await.unwrap();
        assert_eq!(reached().await.unwrap().email, None);
        let mut system = city.client("sys1").await;
        let change = |version: i64, email: &str| json!({"version": version, "email": email});
        system.patch("/people/chief1", change(1, "chief at bureau")).await.refused(422, "invalid");
        let shown = system.patch("/people/chief1", change(1, " chief@bureau.example ")).await.ok();
        assert_eq!(shown["email"], "chief@bureau.example");
        let known = reached().await.unwrap();
        assert_eq!(
            (known.email.as_deref(), known.principal.unit_id.as_str()),
            (Some("chief@bureau.example"), "bureau")
        );
        assert!(known.principal.has("report.read") && known.principal.session_id.is_empty());
        assert_eq!(system.get("/people?q=chief@bureau").await.ok()["items"].as_array().unwrap().len(), 1);
        let alike = city.identity.people_like("CHIEF", 5).await.unwrap();
        assert_eq!(alike.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["chief1"]);
        // Other rights hold at once, an empty address takes it away, and whoever is closed gets nothing.
        let mut security = city.client("sec1").await;
        security.put("/people/chief1/roles", json!({"version": 2, "roles": ["unit_clerk"]})).await.done();
        assert!(!reached().await.unwrap().principal.has("report.read"));
        system.patch("/people/chief1", change(3, "")).await.done();
        assert_eq!(reached().await.unwrap().email, None);
        system.patch("/people/chief1", json!({"version": 4, "active": false})).await.done();
        assert!(reached().await.is_none());
        assert!(city.identity.people_like("chief1", 5).await.unwrap().is_empty());
    })
    .await;
}
