//! Letters over SMTP, to a server that takes them, refuses them, or goes away.

use std::sync::{Arc, Mutex};

use contract::identity::{Directory, PersonBrief, PersonId, Receiver, SeatBrief, UnitBrief, UnitId};
use contract::messages::{
    CitizenChannel, CitizenText, Mail, MailFault, MailFile, Mailer, NoticeChannel, OutgoingNotice,
};
use kernel::BoxError;
use messages::mail::{CitizenMail, MailChannel, MailConfig, Security, Smtp};
use testkit::PersonBuilder;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// What the server says to a receiver, and after the text of a letter; nothing there: it hangs up.
#[derive(Clone, Copy)]
struct Manner {
    to: &'static str,
    data: Option<&'static str>,
}

const KIND: Manner = Manner { to: "250 ok", data: Some("250 taken") };

/// A server on a port of its own, and what it has taken.
async fn server(manner: Manner) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let kept = taken.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                let _ = write.write_all(b"220 stand-in\r\n").await;
                while let Ok(Some(line)) = lines.next_line().await {
                    let word = line.split(' ').next().unwrap_or_default().to_uppercase();
                    let answer = match word.as_str() {
                        "RCPT" => manner.to,
                        "DATA" => "354 go on",
                        "QUIT" => "221 bye",
                        _ => "250 ok",
                    };
                    let _ = write.write_all(format!("{answer}\r\n").as_bytes()).await;
                    if word == "QUIT" {
                        return;
                    }
                    if word == "DATA" {
                        let mut letter = String::new();
                        while let Ok(Some(line)) = lines.next_line().await {
                            if line == "." {
                                break;
                            }
                            letter.push_str(&line);
                            letter.push('\n');
                        }
                        kept.lock().unwrap().push(letter);
                        let Some(answer) = manner.data else { return };
                        let _ = write.write_all(format!("{answer}\r\n").as_bytes()).await;
                    }
                }
            });
        }
    });
    (port, taken)
}

fn smtp(port: u16) -> Smtp {
    Smtp::open(&MailConfig {
        server: "127.0.0.1".to_owned(),
        port,
        security: Security::None,
        from: "12345热线 <report@example.gov.cn>".to_owned(),
        timeout_secs: 3,
        ..MailConfig::default()
    })
    .unwrap()
}

fn mail() -> Mail {
    Mail {
        id: "run-1".to_owned(),
        to: "zhang@example.gov.cn".to_owned(),
        subject: "周报".to_owned(),
        text: "您好".to_owned(),
        files: vec![MailFile {
            name: "周报.xlsx".to_owned(),
            media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned(),
            bytes: b"PK\xff\x00workbook".to_vec(),
        }],
    }
}

#[tokio::test]
async fn a_letter_arrives_with_its_file() {
    let (port, taken) = server(KIND).await;
    smtp(port).send(&mail()).await.unwrap();
    let letters = taken.lock().unwrap().clone();
    assert_eq!(letters.len(), 1);
    for part in
        ["To: zhang@example.gov.cn", "report@example.gov.cn", "run-1@example.gov.cn", "UEv/AHdvcmtib29r"]
    {
        assert!(letters[0].contains(part), "{part}: {}", letters[0]);
    }
}

#[tokio::test]
async fn what_a_server_says_decides_whether_a_letter_is_sent_again() {
    type Told = fn(&MailFault) -> bool;
    let cases: [(Manner, Told); 4] = [
        (Manner { to: "550 no such box", ..KIND }, |fault| matches!(fault, MailFault::Refused(_))),
        (Manner { to: "451 come back", ..KIND }, |fault| matches!(fault, MailFault::Later(_))),
        (Manner { data: Some("452 full"), ..KIND }, |fault| matches!(fault, MailFault::Later(_))),
        (Manner { data: None, ..KIND }, |fault| matches!(fault, MailFault::Unclear(_))),
    ];
    for (manner, is_so) in cases {
        let (port, _) = server(manner).await;
        let fault = smtp(port).send(&mail()).await.unwrap_err();
        assert!(is_so(&fault), "{fault:?}");
    }
    // Nobody listens.
    let fault = smtp(1).send(&mail()).await.unwrap_err();
    assert!(matches!(fault, MailFault::Later(_)), "{fault:?}");
    assert!(!Smtp::open(&MailConfig::default()).unwrap().is_configured());
}

/// One person with an address, one without.
struct Two;

#[async_trait::async_trait]
impl Directory for Two {
    async fn unit(&self, _: &UnitId) -> Result<Option<UnitBrief>, BoxError> {
        Ok(None)
    }
    async fn unit_by_code(&self, _: &str) -> Result<Option<UnitBrief>, BoxError> {
        Ok(None)
    }
    async fn units_under(&self, _: &UnitId) -> Result<Vec<UnitBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn person(&self, _: &PersonId) -> Result<Option<PersonBrief>, BoxError> {
        Ok(None)
    }
    async fn receiver(&self, id: &PersonId) -> Result<Option<Receiver>, BoxError> {
        let email = (id.as_str() == "zhang").then(|| "zhang@example.gov.cn".to_owned());
        Ok(Some(Receiver { principal: PersonBuilder::new(id.as_str()).build(), email }))
    }
    async fn people_with(&self, _: &UnitId, _: &str) -> Result<Vec<PersonBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn seat_of(&self, _: &PersonId) -> Result<Option<SeatBrief>, BoxError> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_notice_goes_to_whoever_has_an_address() {
    let (port, taken) = server(KIND).await;
    let channel = MailChannel::new(Arc::new(smtp(port)), Arc::new(Two));
    assert!(channel.is_configured());
    let notice = |person: &str| OutgoingNotice {
        id: "notice-1".to_owned(),
        person_id: person.into(),
        text: "YZ1 路灯 的办理时限已超期。".to_owned(),
    };
    channel.deliver(&notice("zhang")).await.unwrap();
    assert!(channel.deliver(&notice("li")).await.is_err());
    assert_eq!(taken.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_citizen_gets_the_result_as_a_letter() {
    let (port, taken) = server(KIND).await;
    let channel = CitizenMail::new(Arc::new(smtp(port)));
    assert!(channel.is_configured() && channel.code() == "email");
    let text = CitizenText {
        id: "text-1".to_owned(),
        to: "chen@example.com".to_owned(),
        subject: "12345 YZ1".to_owned(),
        text: "done".to_owned(),
    };
    channel.deliver(&text).await.unwrap();
    let letter = taken.lock().unwrap().join("\n");
    assert!(letter.contains("To: chen@example.com") && letter.contains("Subject: 12345 YZ1"), "{letter}");
    assert!(channel.deliver(&CitizenText { to: "nobody".to_owned(), ..text }).await.is_err());
}
