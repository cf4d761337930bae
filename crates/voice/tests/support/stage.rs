//! The call centre: a database, the slice, HTTP and SIP on ephemeral ports.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::middleware::{from_fn, from_fn_with_state};
use contract::bot::{SpokenAnswer, SpokenRobot, SpokenTurn};
use contract::cases::{CitizenCase, CitizenDesk, CitizenDraft, CitizenInfo, Submitted};
use contract::identity::{Directory, PersonBrief, PersonId, Receiver, SeatBrief, SeatId, UnitBrief, UnitId};
use kernel::http::{Authenticator, Idem, dress, events_router, guard_origin};
use kernel::{BoxError, Config, Ctx, Db, Kit, Lang, Principal, Problem, Scope, SystemClock};
use serde_json::Value;
use voice::{Ports, TrunkConfig, Voice, VoiceConfig};

use super::ground::Ground;

static NEXT_PORT: AtomicU16 = AtomicU16::new(41_000);

pub struct Stage {
    pub voice: Voice,
    pub kit: Kit,
    pub http: SocketAddr,
    pub sip: SocketAddr,
    client: reqwest::Client,
    people: People,
    _ground: Ground,
}

/// Whoever sends seat number N as bearer token is the person at seat N. `leader` sees all.
#[derive(Clone, Default)]
struct People {
    /// Who lost which right since.
    taken: Arc<Mutex<HashSet<(String, String)>>>,
}

#[async_trait]
impl Authenticator for People {
    async fn authenticate(&self, token: &str) -> Result<Option<Principal>, BoxError> {
        let all = |names: &[&str]| {
            names.iter().map(|name| ((*name).to_owned(), Scope::All)).collect::<HashMap<_, _>>()
        };
        let (grants, masks) = match token {
            "leader" => (
                all(&[
                    "call.read",
                    "call.listen",
                    "call.export",
                    "call.handle_missed",
                    "call.monitor",
                    "callflow.write",
                    "floor.manage",
                    "queue.write",
                    "number.write",
                    "campaign.read",
                    "campaign.write",
                    "case.read",
                    "telephone.write",
                ]),
                HashSet::new(),
            ),
            "masked" => (all(&["call.read", "call.handle_missed"]), HashSet::from(["phone".to_owned()])),
            // A leader of another place than the seats'.
            "elsewhere" => (
                HashMap::from([
                    ("call.kick".to_owned(), Scope::Unit),
                    ("call.monitor".to_owned(), Scope::Unit),
                    ("floor.manage".to_owned(), Scope::Unit),
                    ("campaign.read".to_owned(), Scope::Unit),
                ]),
                HashSet::from(["phone".to_owned()]),
            ),
            "nobody" => (HashMap::new(), HashSet::new()),
            "9001" => (
                all(&[
                    "call.answer",
                    "call.listen_in",
                    "call.whisper",
                    "call.barge",
                    "call.take_over",
                    "call.release",
                    "call.kick",
                    "call.download",
                    "call.listen",
                    "phone_book.write",
                ]),
                HashSet::new(),
            ),
            _ => (all(&["call.answer", "call.dial", "call.handle_missed"]), HashSet::new()),
        };
        Ok(Some(Principal {
            person_id: format!("p{token}"),
            account: token.to_owned(),
            name: format!("话务员{token}"),
            job_no: None,
            unit_id: if token == "elsewhere" { "v" } else { "u" }.to_owned(),
            unit_path: "/u/".to_owned(),
            roles: Vec::new(),
            grants: Arc::new(grants),
            masks: Arc::new(masks),
            session_id: token.to_owned(),
        }))
    }
}

#[async_trait]
impl Directory for People {
    async fn unit(&self, _: &UnitId) -> Result<Option<UnitBrief>, BoxError> {
        Ok(None)
    }
    async fn unit_by_code(&self, _: &str) -> Result<Option<UnitBrief>, BoxError> {
        Ok(None)
    }
    async fn units_under(&self, _: &UnitId) -> Result<Vec<UnitBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn person(&self, id: &PersonId) -> Result<Option<PersonBrief>, BoxError> {
        Ok(Some(brief(&id.0)).filter(|_| id.0.starts_with('p')))
    }
    async fn receiver(&self, id: &PersonId) -> Result<Option<Receiver>, BoxError> {
        let token = id.0.trim_start_matches('p');
        let Some(mut principal) = self.authenticate(token).await? else { return Ok(None) };
        let mut grants = (*principal.grants).clone();
        let taken = self.taken.lock().unwrap();
        grants.retain(|right, _| !taken.contains(&(token.to_owned(), right.clone())));
        principal.grants = Arc::new(grants);
        Ok(Some(Receiver { principal, email: None }))
    }
    async fn people_with(&self, _: &UnitId, capability: &str) -> Result<Vec<PersonBrief>, BoxError> {
        Ok(match capability {
            "call.handle_missed" => vec![brief("p1001"), brief("p1002")],
            "call.dial" => vec![brief("p1001")],
            _ => Vec::new(),
        })
    }
    async fn seat_of(&self, person: &PersonId) -> Result<Option<SeatBrief>, BoxError> {
        let no = person.0.trim_start_matches('p').to_owned();
        Ok(Some(SeatBrief {
            id: SeatId(format!("s{no}")),
            no,
            person_id: Some(person.clone()),
            unit_id: UnitId("u".to_owned()),
            skills: vec!["general".to_owned()],
        }))
    }
    async fn seat(&self, id: &SeatId) -> Result<Option<SeatBrief>, BoxError> {
        self.seat_of(&PersonId(format!("p{}", id.as_str().trim_start_matches('s')))).await
    }
}

fn brief(id: &str) -> PersonBrief {
    PersonBrief {
        id: PersonId(id.to_owned()),
        name: format!("话务员{}", id.trim_start_matches('p')),
        unit_id: UnitId("u".to_owned()),
        job_no: None,
    }
}

/// One order, number YZ20261121000001 with code 123456.
struct OneOrder;

#[async_trait]
impl CitizenDesk for OneOrder {
    async fn info(&self, _: Lang) -> Result<CitizenInfo, BoxError> {
        Ok(CitizenInfo { types: Vec::new(), categories: Vec::new() })
    }
    async fn submit(&self, _: &Ctx, _: CitizenDraft, _: &Idem) -> Result<Submitted, Problem> {
        Err(Problem::not_found())
    }
    async fn look_up(&self, number: &str, code: &str, _: Lang) -> Result<Option<CitizenCase>, BoxError> {
        Ok((number == "20261121000001" && code == "123456").then(|| CitizenCase {
            number: number.to_owned(),
            title: "路灯不亮".to_owned(),
            type_name: "投诉".to_owned(),
            created_at: 1_795_000_000_000,
            status: "handling".to_owned(),
            status_name: "办理中".to_owned(),
            unit_name: Some("市城管局".to_owned()),
            due_at: None,
            steps: Vec::new(),
            result: None,
            can_rate: false,
            rating: None,
            notices: Vec::new(),
            acts: Vec::new(),
        }))
    }
    async fn rate(&self, _: &Ctx, _: &str, _: &str, _: i64, _: &str) -> Result<Option<CitizenCase>, Problem> {
        Ok(None)
    }
    async fn act(&self, _: &Ctx, _: &str, _: &str, _: &str, _: &str) -> Result<Option<CitizenCase>, Problem> {
        Ok(None)
    }
}

/// Understands nothing but three words.
struct Parrot;

#[async_trait]
impl SpokenRobot for Parrot {
    async fn answer_caller(&self, _: &str, _: &str, _: bool, words: &str) -> Result<SpokenAnswer, BoxError> {
        let turn = match words {
            "转人工" => SpokenTurn::Person,
            "再见" => SpokenTurn::Over,
            _ => SpokenTurn::GoOn,
        };
        Ok(SpokenAnswer { text: format!("您说的是{words}。"), turn })
    }
    async fn caller_gone(&self, _: &str) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Stage {
    pub async fn new(ground: &Ground) -> Self {
        Self::with(ground, |_| {}).await
    }

    /// Starts on ground that may have been used before.
    pub async fn with(ground: &Ground, change: impl FnOnce(&mut VoiceConfig)) -> Self {
        let db = Db::open(ground.database()).await.unwrap();
        kernel::slice::migrate_kernel(&db).await.unwrap();
        kernel::db::migrate(&db, "voice", voice::MIGRATIONS).await.unwrap();
        let kit = Kit::new(
            db,
            Arc::new(SystemClock),
            Config { data_dir: ground.dir().to_owned(), ..Config::default() },
        );
        let people = People::default();
        kit.gate.set(Arc::new(people.clone()));
        let port = NEXT_PORT.fetch_add(100, Ordering::Relaxed);
        let mut config = VoiceConfig {
            sip_bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            media_bind: Ipv4Addr::LOCALHOST.into(),
            rtp_port_min: port,
            rtp_port_max: port + 99,
            trunks: vec![TrunkConfig {
                name: "carrier".to_owned(),
                peers: vec!["127.0.0.0/8".to_owned()],
                ..TrunkConfig::default()
            }],
            greeting: false,
            ..VoiceConfig::default()
        };
        change(&mut config);
        let ports = Ports {
            directory: Some(Arc::new(people.clone())),
            citizens: Some(Arc::new(OneOrder)),
            ..Ports::default()
        };
        let _ = ports.robot.set(Arc::new(Parrot) as Arc<dyn SpokenRobot>);
        let voice = Voice::start(kit.clone(), config, ports).await.unwrap();
        voice.open().await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = listener.local_addr().unwrap();
        let (api, _) = voice.slice().router.merge(events_router()).split_for_parts();
        let app = axum::Router::new()
            .nest("/api/v1", api)
            .merge(voice.sip_router())
            .layer(from_fn({
                let kit = kit.clone();
                move |request, next| guard_origin(kit.clone(), request, next)
            }))
            .layer(from_fn_with_state((), {
                let kit = kit.clone();
                move |request, next| dress(kit.clone(), request, next)
            }));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let sip = voice.sip_address();
        Self { voice, kit, http, sip, people, _ground: ground.clone(), client: reqwest::Client::new() }
    }

    /// Takes a right away from the person at a seat, who stays there.
    pub fn take_right(&self, seat: &str, right: &str) {
        self.people.taken.lock().unwrap().insert((seat.to_owned(), right.to_owned()));
    }

    pub async fn get(&self, token: &str, path: &str) -> (u16, Value) {
        self.ask(reqwest::Method::GET, token, path, "").await
    }

    pub async fn post(&self, token: &str, path: &str, body: &str) -> (u16, Value) {
        self.ask(reqwest::Method::POST, token, path, body).await
    }

    pub async fn put(&self, token: &str, path: &str, body: &str) -> (u16, Value) {
        self.ask(reqwest::Method::PUT, token, path, body).await
    }

    pub async fn delete(&self, token: &str, path: &str) -> (u16, Value) {
        self.ask(reqwest::Method::DELETE, token, path, "").await
    }

    async fn ask(&self, method: reqwest::Method, token: &str, path: &str, body: &str) -> (u16, Value) {
        let answer = self
            .client
            .request(method, format!("http://{}/api/v1{path}", self.http))
            .bearer_auth(token)
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        let code = answer.status().as_u16();
        (code, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    /// Sends a file.
    pub async fn upload(&self, token: &str, path: &str, bytes: Vec<u8>) -> (u16, Value) {
        let url = format!("http://{}/api/v1{path}", self.http);
        let request = self.client.post(url).bearer_auth(token).header("content-type", "audio/wav");
        let answer = request.body(bytes).send().await.unwrap();
        let code = answer.status().as_u16();
        (code, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    /// Fetches a file.
    pub async fn download(&self, token: &str, path: &str) -> (u16, Vec<u8>) {
        let url = format!("http://{}/api/v1{path}", self.http);
        let answer = self.client.get(url).bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    /// Fetches sound.
    pub async fn audio(&self, token: &str, recording: &str, range: Option<&str>) -> (u16, Vec<u8>) {
        let url = format!("http://{}/api/v1/voice/recordings/{recording}/audio", self.http);
        let mut request = self.client.get(url).bearer_auth(token);
        if let Some(range) = range {
            request = request.header("range", range);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    #[expect(clippy::disallowed_methods, reason = "the test gives up after a while")]
    /// Waits until the list of calls looks as wanted.
    pub async fn until(&self, token: &str, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            let (code, value) = self.get(token, path).await;
            if code == 200 && wanted(&value) {
                return value;
            }
            assert!(Instant::now() < deadline, "{path} stayed {code} {value}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Returns the actions in the audit log.
    pub async fn audit(&self) -> Vec<String> {
        sqlx::query_scalar("select action from kernel_audit order by seq, id")
            .fetch_all(self.kit.db.reader())
            .await
            .unwrap()
    }

    pub async fn state_until(&self, seat: &str, wanted: &str) {
        self.until(seat, "/voice/seat", |mine| mine["seat"]["state"] == wanted).await;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.voice.stack().stop();
    }
}
