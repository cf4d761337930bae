//! Sign-in, lockout, sessions, second factor, passwords.

use identity::totp;
use kernel::Timestamp;
use serde_json::json;
use testkit::on_both;

use crate::site::{PASSWORD, city};

const MINUTE_MILLIS: i64 = 60_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_session_says_who_and_what() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut client = city.server.anonymous();
        client.get("/session").await.refused(401, "session.required");
        let answer = client.post("/session", json!({"account": " Agent1 ", "password": PASSWORD})).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let me = answer.ok();
        assert_eq!(me["account"], "agent1");
        assert_eq!(me["unit_level"], 1);
        assert_eq!(me["roles"], json!([{"id": "agent", "name": "话务员"}]));
        assert_eq!(me["capabilities"]["call.answer"], "all");
        assert_eq!(me["masks"], json!([]), "agents see whole numbers");
        assert_eq!(me["must_change_password"], false);
        assert_eq!(client.get("/session").await.ok(), me);
        client.delete("/session").await.done();
        client.get("/session").await.refused(401, "session.required");
        assert_eq!(city.site.events("identity.session_revoked").await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_session_and_a_forged_cookie_are_worth_nothing() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut client = city.client("agent1").await;
        let token = client.cookie("yihao_session").unwrap().to_owned();
        client.delete("/session").await.done();
        let mut thief = city.server.anonymous();
        for forged in [token.as_str(), "", "x", "'; drop table identity_session; --", &"a".repeat(5000)] {
            thief.set_cookie("yihao_session", forged);
            thief.get("/session").await.refused(401, "session.required");
        }
        let stored: i64 = sqlx::query_scalar("select count(*) from identity_session where token_digest = $1")
            .bind(&token)
            .fetch_one(city.site.kit.db.reader())
            .await
            .unwrap();
        assert_eq!(stored, 0, "the token itself is nowhere");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_failures_lock_known_and_unknown_accounts_alike() {
    on_both(|site| async move {
        let city = city(site).await;
        for account in ["agent1", "nobody"] {
            let mut client = city.server.anonymous();
            let mut wrong = async |password: &str| {
                client.post("/session", json!({"account": account, "password": password})).await
            };
            for _ in 0..4 {
                wrong("wrong").await.refused(401, "session.refused");
            }
            wrong("wrong").await.refused(429, "session.locked");
            let locked = wrong(PASSWORD).await;
            assert_eq!(locked.headers["retry-after"], "900");
            locked.refused(429, "session.locked");
        }
        city.site.clock.advance_millis(15 * MINUTE_MILLIS);
        city.client("agent1").await.get("/session").await.done();
        let actions = city.site.audited("agent1").await;
        assert_eq!(actions.iter().filter(|action| *action == "session.refuse").count(), 4);
        assert_eq!(actions.iter().filter(|action| *action == "session.lock").count(), 1);
        let told: i64 = sqlx::query_scalar("select count(*) from kernel_audit where detail like '%nobody%'")
            .fetch_one(city.site.kit.db.reader())
            .await
            .unwrap();
        assert_eq!(told, 0, "what was typed as account may be a password");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_guesses_gets_no_more_tries_than_a_row_of_them() {
    on_both(|site| async move {
        let city = city(site).await;
        let guesses = (0..12).map(|n| {
            let mut client = city.server.anonymous();
            tokio::spawn(async move {
                let body = json!({"account": "agent1", "password": format!("guess-{n}")});
                client.post("/session", body).await.status.as_u16()
            })
        });
        let mut refused = 0;
        for guess in guesses.collect::<Vec<_>>() {
            refused += i32::from(guess.await.unwrap() == 401);
        }
        assert_eq!(refused, 4, "the fifth locks");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_security_administrator_unlocks() {
    on_both(|site| async move {
        let city = city(site).await;
        for _ in 0..5 {
            let _ =
                city.server.anonymous().post("/session", json!({"account": "agent1", "password": "x"})).await;
        }
        let mut security = city.client("sec1").await;
        assert!(security.get("/people/agent1").await.ok()["locked_until"].is_i64());
        city.client("sys1").await.delete("/people/agent1/lockout").await.refused(403, "permission.denied");
        security.delete("/people/agent1/lockout").await.done();
        city.client("agent1").await.get("/session").await.done();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_sprays_accounts_is_stopped() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut client = city.server.anonymous();
        let mut system = city.client("sys1").await;
        system
            .put("/parameters/identity.address_failures_max", json!({"value": 3, "version": 0}))
            .await
            .done();
        for n in 0..3 {
            let body = json!({"account": format!("someone{n}"), "password": "Winter-2026"});
            client.post("/session", body).await.refused(401, "session.refused");
        }
        let right = json!({"account": "agent1", "password": PASSWORD});
        client.post("/session", right).await.refused(429, "session.locked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_by_idleness_and_by_age() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut idle = city.client("agent1").await;
        let mut busy = city.client("leader1").await;
        for _ in 0..4 {
            city.site.clock.advance_millis(10 * MINUTE_MILLIS);
            busy.get("/session").await.done();
        }
        idle.get("/session").await.refused(401, "session.required");
        for _ in 0..33 {
            city.site.clock.advance_millis(20 * MINUTE_MILLIS);
            busy.get("/session").await.done();
        }
        city.site.clock.advance_millis(20 * MINUTE_MILLIS);
        busy.get("/session").await.refused(401, "session.required");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_revoked_at_once() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut agent = city.client("agent1").await;
        let mut other = city.client("agent1").await;
        agent.get("/session").await.done();
        let own = city.all(&mut agent, "/sessions", 1).await;
        assert_eq!(own.len(), 2);
        assert_eq!(own.iter().filter(|session| session["current"] == true).count(), 1);
        let mut clerk = city.client("clerk1").await;
        let foreign = own[0]["id"].as_str().unwrap().to_owned();
        clerk.delete(&format!("/sessions/{foreign}")).await.refused(404, "not_found");
        assert_eq!(city.all(&mut clerk, "/sessions?person_id=agent1", 50).await.len(), 1, "only one's own");
        let mut security = city.client("sec1").await;
        for session in city.all(&mut security, "/sessions?person_id=agent1", 50).await {
            security.delete(&format!("/sessions/{}", session["id"].as_str().unwrap())).await.done();
        }
        agent.get("/session").await.refused(401, "session.required");
        other.get("/session").await.refused(401, "session.required");
        let session = &city.site.events("identity.session_revoked").await[0];
        assert_eq!(session["person_id"], "agent1");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_cannot_sign_anybody_in_or_out() {
    on_both(|site| async move {
        let city = city(site).await;
        let agent = city.client("agent1").await;
        let mut foreign = agent.clone().with_header("origin", "https://elsewhere.example");
        foreign.delete("/session").await.refused(403, "origin.foreign");
        let body = json!({"account": "agent1", "password": PASSWORD});
        foreign.post("/session", body).await.refused(403, "origin.foreign");
        agent.clone().get("/session").await.done();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_and_counts_once() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut agent = city.client("agent1").await;
        let offer = agent.post("/session/totp", json!({})).await.ok();
        let secret = offer["secret"].as_str().unwrap().to_owned();
        assert!(offer["otpauth_uri"].as_str().unwrap().contains(&secret));
        let code = |at: Timestamp| totp::code_at(&secret, totp::step_at(at)).unwrap();
        agent.put("/session/totp", json!({"code": "000000"})).await.refused(401, "session.totp_wrong");
        let first = code(city.site.kit.now());
        agent.put("/session/totp", json!({"code": first})).await.done();
        agent.post("/session/totp", json!({})).await.refused(409, "session.totp_state");
        assert_eq!(agent.get("/session").await.ok()["totp_enabled"], true);
        let mut fresh = city.server.anonymous();
        let mut sign_in = async |code: Option<&str>| {
            let body = json!({"account": "agent1", "password": PASSWORD, "totp_code": code});
            fresh.post("/session", body).await
        };
        sign_in(None).await.refused(401, "session.totp_required");
        sign_in(Some(&first)).await.refused(401, "session.totp_wrong");
        city.site.clock.advance_millis(MINUTE_MILLIS);
        let second = code(city.site.kit.now());
        sign_in(Some(&second)).await.done();
        sign_in(Some(&second)).await.refused(401, "session.totp_wrong");
        // The authenticator is lost: a security administrator takes the factor away.
        city.client("sec1").await.delete("/people/agent1/totp").await.done();
        agent.get("/session").await.refused(401, "session.required");
        sign_in(None).await.done();
        let leaks: i64 = sqlx::query_scalar("select count(*) from kernel_audit where detail like $1")
            .bind(format!("%{secret}%"))
            .fetch_one(city.site.kit.db.reader())
            .await
            .unwrap();
        assert_eq!(leaks, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_changed_with_the_old_one_and_reset_to_be_changed() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut agent = city.client("agent1").await;
        let mut elsewhere = city.client("agent1").await;
        let change = |old: &str, new: &str| json!({"old": old, "new": new});
        agent.put("/session/password", change("wrong", "Brand-New-2026")).await.refused(422, "invalid");
        agent.put("/session/password", change(PASSWORD, "short")).await.refused(422, "invalid");
        agent.put("/session/password", change(PASSWORD, PASSWORD)).await.refused(422, "invalid");
        agent.put("/session/password", change(PASSWORD, "Brand-New-2026")).await.done();
        agent.get("/session").await.done();
        elsewhere.get("/session").await.refused(401, "session.required");

        let mut security = city.client("sec1").await;
        security.put("/people/agent1/password", json!({"password": "Given-By-Sec-1"})).await.done();
        agent.get("/session").await.refused(401, "session.required");
        let mut agent = city.server.anonymous();
        let me =
            agent.post("/session", json!({"account": "agent1", "password": "Given-By-Sec-1"})).await.ok();
        assert_eq!(
            (me["must_change_password"].clone(), me["capabilities"].clone()),
            (json!(true), json!({}))
        );
        agent.get("/units").await.refused(403, "permission.denied");
        agent.put("/session/password", change("Given-By-Sec-1", "My-Own-2026-x")).await.done();
        agent.get("/units").await.done();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_left_cannot_come_back() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut agent = city.client("agent1").await;
        let mut system = city.client("sys1").await;
        system.patch("/people/agent1", json!({"version": 1, "active": false})).await.done();
        agent.get("/session").await.refused(401, "session.required");
        let body = json!({"account": "agent1", "password": PASSWORD});
        city.server.anonymous().post("/session", body).await.refused(401, "session.refused");
    })
    .await;
}
