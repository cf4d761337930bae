//! The torture tests of RFC 4475 and the IPv6 messages of RFC 5118, each with the treatment that its RFC asks for.

use std::path::PathBuf;

use proptest::prelude::*;
use sip::screen::{Policy, Screened, screen};

const POLICY: Policy<'_> = Policy { extensions: &["100rel", "timer"], tag: "yihao" };

/// What is asked: let pass, answer with a code, or drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Pass,
    Code(u16),
    Drop,
}
use Asked::{Code, Drop, Pass};

const RFC_4475: [(&str, Asked); 49] = [
    ("wsinv", Pass),
    ("intmeth", Pass),
    ("esc01", Pass),
    ("escnull", Pass),
    ("esc02", Pass),
    ("lwsdisp", Pass),
    ("longreq", Pass),
    ("dblreq", Pass),
    ("semiuri", Pass),
    ("transports", Pass),
    ("mpart01", Pass),
    ("unreason", Pass),
    ("noreason", Pass),
    ("badinv01", Code(400)),
    ("clerr", Code(400)),
    ("ncl", Code(400)),
    ("scalar02", Code(400)),
    ("scalarlg", Drop),
    ("quotbal", Code(400)),
    ("ltgtruri", Code(400)),
    ("lwsruri", Code(400)),
    ("lwsstart", Code(400)),
    ("trws", Code(400)),
    ("escruri", Code(400)),
    // A Date that names another zone may be ignored (3.1.2.12).
    ("baddate", Pass),
    ("regbadct", Code(400)),
    ("badaspec", Code(400)),
    ("baddn", Code(400)),
    ("badvers", Code(505)),
    ("mismatch01", Code(400)),
    // An unknown method whose CSeq names another one: 501 or 400 (3.1.2.18).
    ("mismatch02", Code(400)),
    ("bigcode", Drop),
    ("badbranch", Code(400)),
    ("insuf", Code(400)),
    ("unkscm", Code(416)),
    ("novelsc", Code(416)),
    // The scheme of To is for the registrar to judge.
    ("unksm2", Pass),
    ("bext01", Code(420)),
    ("invut", Code(415)),
    // An unknown scheme of credentials is answered with a challenge (3.3.7).
    ("regaut01", Pass),
    ("multi01", Code(400)),
    ("mcl01", Code(400)),
    // A response that is not ours is dropped where transactions are known (3.3.10).
    ("bcast", Pass),
    // Who is the target answers (3.3.11).
    ("zeromf", Pass),
    ("cparam01", Pass),
    ("cparam02", Pass),
    ("regescrt", Pass),
    ("sdp01", Code(406)),
    ("inv2543", Pass),
];

const RFC_5118: [(&str, Asked); 12] = [
    ("ipv6-good", Pass),
    ("ipv6-bad", Code(400)),
    ("port-ambiguous", Pass),
    ("port-unambiguous", Pass),
    ("via-received-param-no-delim", Pass),
    ("via-received-param-with-delim", Pass),
    ("ipv6-in-sdp", Pass),
    ("mult-ip-in-header", Pass),
    ("mult-ip-in-sdp", Pass),
    ("ipv4-mapped-ipv6", Pass),
    ("ipv6-bug-abnf-3-colons", Pass),
    ("ipv6-correct-abnf-2-colons", Pass),
];

fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("YIHAO_DATA")
        .map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
            PathBuf::from,
        )
        .join("sip_torture");
    if !root.is_dir() {
        eprintln!("skipped: the torture messages are not there; YIHAO_DATA may name their folder");
        return None;
    }
    Some(root)
}

fn check(name: &str, message: &[u8], asked: Asked) {
    let told = screen(message, POLICY);
    let is = match &told {
        Screened::Pass(_) => Pass,
        Screened::Refuse { code, .. } => Code(*code),
        Screened::Drop(_) => Drop,
    };
    assert_eq!(
        is,
        asked,
        "{name}: {}",
        match &told {
            Screened::Pass(text) => String::from_utf8_lossy(text).into_owned(),
            Screened::Refuse { reason, .. } | Screened::Drop(reason) => (*reason).to_owned(),
        }
    );
    if let Screened::Pass(text) = told {
        assert_eq!(
            screen(&text, POLICY),
            Screened::Pass(text.clone()),
            "{name}: what is in order stays as it is"
        );
    }
}

#[test]
fn every_message_of_rfc_4475_is_treated_as_it_asks() {
    let Some(root) = folder() else { return };
    for (name, asked) in RFC_4475 {
        check(name, &std::fs::read(root.join(format!("{name}.dat"))).expect(name), asked);
    }
}

#[test]
fn every_message_of_rfc_5118_is_treated_as_it_asks() {
    let Some(root) = folder() else { return };
    for (name, asked) in RFC_5118 {
        // The archive ends lines with a line feed alone, and not all of its lengths count what it holds.
        let text =
            std::fs::read_to_string(root.join("rfc5118").join(name)).expect(name).replace('\n', "\r\n");
        let head = text.split("\r\n\r\n").next().unwrap_or("");
        let body = text.len() - (head.len() + 4).min(text.len());
        let lines: Vec<String> = text
            .lines()
            .map(|line| match line.strip_prefix("Content-Length:") {
                Some(_) => format!("Content-Length: {body}\r\n"),
                None => format!("{line}\r\n"),
            })
            .collect();
        check(name, lines.concat().as_bytes(), asked);
    }
}

#[test]
fn a_tortuous_invite_is_written_anew() {
    let Some(root) = folder() else { return };
    let Screened::Pass(text) = screen(&std::fs::read(root.join("wsinv.dat")).expect("there"), POLICY) else {
        panic!("it is valid");
    };
    let text = String::from_utf8(text).expect("text");
    for line in [
        "To: sip:vivekg@chair-dnrc.example.com;tag=1918181833n",
        "CSeq: 0009 INVITE",
        "Via: SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
        "Via: SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8, SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239",
        "Contact: \"Quoted string \\\"\\\"\" <sip:jdrosen@example.com>;newparam=newvalue;secondparam;q=0.33",
    ] {
        assert!(
            text.to_ascii_lowercase().contains(&format!("\r\n{line}\r\n").to_ascii_lowercase()),
            "{line}\n{text}"
        );
    }
}

#[test]
fn a_refusal_names_what_was_asked_and_finds_its_way_back() {
    let request = "INVITE sip:1@b SIP/2.0\r\nv: SIP/2.0/UDP c;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:1@b>\r\n\
                   i: x\r\nCSeq: 1 INVITE\r\nRequire: foo, 100rel,bar\r\n\r\n";
    let Screened::Refuse { code: 420, response, .. } = screen(request.as_bytes(), POLICY) else { panic!() };
    assert_eq!(
        String::from_utf8(response).expect("text"),
        "SIP/2.0 420 Bad Extension\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
         To: <sip:1@b>;tag=yihao\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nUnsupported: foo, bar\r\nContent-Length: 0\r\n\r\n"
    );
    let ack = request.replace("INVITE", "ACK").replace("<sip:1@b>\r\n", "<sip:1@b>;;\r\n");
    assert!(matches!(screen(ack.as_bytes(), POLICY), Screened::Drop(_)), "an ACK is never answered");
}

proptest! {
    #[test]
    fn anything_is_judged(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = screen(&bytes, POLICY);
    }

    #[test]
    fn what_passes_once_passes_again(head in "[ -~\r\n]{0,300}", body in "[ -~]{0,40}") {
        let message = format!(
            "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:1@b>\r\n\
             Call-ID: x\r\nCSeq: 1 OPTIONS\r\nX: {head}\r\n\r\n{body}"
        );
        if let Screened::Pass(text) = screen(message.as_bytes(), POLICY) {
            prop_assert_eq!(screen(&text, POLICY), Screened::Pass(text));
        }
    }
}
