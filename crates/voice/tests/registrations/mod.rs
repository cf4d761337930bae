//! Trunks that register with their carrier.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use ::media::codec::Codec;

use crate::calls::{answered, sdp};
use crate::media_plane::phone::Phone;
use crate::support::agent::Agent;
use crate::support::carrier::{Carrier, Manners, NAME, PASSWORD};
use crate::support::ground::Ground;
use crate::support::stage::Stage;
use crate::support::trunk::TrunkCall;

async fn stage(carrier: &Carrier, password: &str) -> Stage {
    Stage::with(&Ground::sqlite(), |config| {
        let trunk = &mut config.trunks[0];
        trunk.registrar = Some(format!("sip:{}", carrier.address));
        trunk.outbound = Some(carrier.address.to_string());
        trunk.options_secs = Some(0);
        trunk.username = Some(NAME.to_owned());
        trunk.password = Some(password.to_owned());
        trunk.numbers = vec!["12345".to_owned()];
    })
    .await
}

async fn refused(stage: &Stage) -> i64 {
    let list = stage.until("leader", "/voice/trunks", |list| list["items"][0]["refusal"].is_i64()).await;
    assert_eq!(list["items"][0]["registered"], false);
    list["items"][0]["refusal"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_proves_its_password_renews_in_time_and_survives_a_stale_nonce() {
    let carrier = Carrier::new(Manners { granted_secs: 2, stale_once: true, ..Manners::default() }).await;
    let stage = stage(&carrier, PASSWORD).await;
    let granted = carrier.granted(3).await;
    let asked = carrier.asked();
    assert_eq!(asked.iter().take(3).map(|one| one.code).collect::<Vec<_>>(), [401, 401, 200]);
    assert_ne!(asked[1].nonce, asked[2].nonce, "the fresh nonce is answered");
    assert_eq!(asked[0].expires, Some(600));
    assert!(granted[0].contact.contains(&format!("{NAME}@{}", stage.sip)), "{}", granted[0].contact);
    assert!(asked.iter().all(|one| one.call_id == asked[0].call_id), "one registration, one Call-ID");
    assert!(asked.windows(2).all(|pair| pair[0].cseq < pair[1].cseq), "{asked:?}");
    let list = stage.until("leader", "/voice/trunks", |list| list["items"][0]["registered"] == true).await;
    assert_eq!(list["items"][0]["name"], "carrier");
    assert!(list["items"][0]["refusal"].is_null());
    assert_eq!(stage.get("1001", "/voice/trunks").await.0, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_comes_in_over_a_registered_trunk_with_the_number_that_was_dialled() {
    let carrier = Carrier::new(Manners::default()).await;
    let stage = stage(&carrier, PASSWORD).await;
    let contact = carrier.granted(1).await[0].contact.clone();
    let at = contact.split('@').nth(1).unwrap().split(['>', ';']).next().unwrap().parse().unwrap();
    let mut agent = Agent::ready(&stage, "1001").await;
    let phone = Phone::new(Codec::Pcma, Some(101));
    let mut trunk = TrunkCall::for_name(at, "13800001234", NAME, "12345").await;
    assert_eq!(trunk.invite(&sdp(&phone)).await.0, 200);
    let (_, _browser) = answered(&mut agent).await;
    stage.state_until("1001", "on_call").await;
    assert_eq!(trunk.within("BYE", "", "").await, 200);
    let list = stage
        .until("leader", "/voice/calls?result=answered", |list| {
            list["items"].as_array().is_some_and(|calls| !calls.is_empty())
        })
        .await;
    let call = &list["items"][0];
    assert_eq!((call["called"].as_str(), call["origin"].as_str()), (Some("12345"), Some("trunk:carrier")));
    // A number that the trunk does not bring is not served under the registered name either.
    let mut other = TrunkCall::for_name(at, "13800001234", NAME, "12399").await;
    assert_eq!(other.invite(&sdp(&phone)).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refused_registration_is_told_to_whoever_watches_the_floor() {
    let carrier = Carrier::new(Manners::default()).await;
    let wrong = stage(&carrier, "guessed").await;
    assert_eq!(refused(&wrong).await, 403);
    assert_eq!(carrier.asked().len(), 2, "a wrong password is not tried again and again");
    let carrier = Carrier::new(Manners { closed: true, ..Manners::default() }).await;
    let closed = stage(&carrier, PASSWORD).await;
    assert_eq!(refused(&closed).await, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_carrier_that_insists_on_a_longer_life_gets_it() {
    let carrier =
        Carrier::new(Manners { shortest_secs: 1_800, granted_secs: 1_800, ..Manners::default() }).await;
    let _stage = stage(&carrier, PASSWORD).await;
    assert_eq!(carrier.granted(1).await[0].expires, Some(1_800));
    assert!(carrier.asked().iter().any(|one| one.code == 423));
}
