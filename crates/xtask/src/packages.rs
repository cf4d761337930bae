//! Debian packages: which are needed, why, and their installation where that is allowed.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Outcome, process};

/// Something that must be on the machine.
pub struct Need {
    /// The package that brings it.
    pub package: &'static str,
    /// How its presence is seen.
    pub probe: Probe,
    /// What it is for, to be told to the person.
    pub why: &'static str,
}

/// The sign by which a package counts as present.
pub enum Probe {
    /// A program on the search path.
    Program(&'static str),
    /// One of these files or folders.
    AnyPath(&'static [&'static str]),
    /// A program in a versioned folder of PostgreSQL, or on the search path.
    PostgresServer,
}

/// PostgreSQL's server programs.
pub const POSTGRES: Need = Need {
    package: "postgresql",
    probe: Probe::PostgresServer,
    why: "store tests and figures run on a real PostgreSQL, started privately",
};
/// The browser of the stories.
pub const CHROMIUM: Need = Need {
    package: "chromium",
    probe: Probe::Program("chromium"),
    why: "the browser stories run in it, with a fake microphone",
};
/// Chinese glyphs for screenshots.
pub const CJK_FONT: Need = Need {
    package: "fonts-noto-cjk",
    probe: Probe::AnyPath(&[
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/truetype/wqy",
    ]),
    why: "the screens are Chinese; without a font, screenshots show boxes",
};
/// SIPp.
pub const SIPP: Need =
    Need { package: "sip-tester", probe: Probe::Program("sipp"), why: "real SIP calls from a trunk" };
/// baresip.
pub const BARESIP: Need = Need {
    package: "baresip-core",
    probe: Probe::Program("baresip"),
    why: "a real telephone that calls the hotline",
};

/// The embedded voice.
pub const ESPEAK: Need = Need {
    package: "espeak-ng",
    probe: Probe::Program("espeak-ng"),
    why: "it speaks the texts of call flows; without it they stay silent",
};

impl Need {
    fn is_met(&self) -> bool {
        match self.probe {
            Probe::Program(name) => process::has_program(name),
            Probe::AnyPath(paths) => paths.iter().any(|path| Path::new(path).exists()),
            Probe::PostgresServer => crate::postgres::programs().is_some(),
        }
    }
}

/// Installs what is missing, or says which packages are and how to get them.
pub fn ensure(needs: &[&Need]) -> Outcome {
    let missing: Vec<&&Need> = needs.iter().filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        println!("missing: {} ({})", need.package, need.why);
    }
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let by_hand = format!(
        "install by hand, then run this again:\n  sudo apt-get install --no-install-recommends {}",
        names.join(" ")
    );
    if !process::has_program("apt-get") {
        return Err(format!(
            "this is no Debian, so nothing was installed; packages by Debian's names: {}",
            names.join(" ")
        ));
    }
    let Some(prefix) = root_prefix() else {
        return Err(format!("may not install here (no root, no sudo without a password); {by_hand}"));
    };
    println!("installing: {}", names.join(" "));
    // The list of packages may be absent or old on a fresh machine; an old one can still do.
    let _ = process::run(&mut apt(&prefix, &["update", "-qq"]));
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(&names);
    process::run(&mut apt(&prefix, &arguments)).map_err(|error| format!("{error}; {by_hand}"))?;
    match missing.iter().find(|need| !need.is_met()) {
        None => Ok(()),
        Some(need) => Err(format!("{} was installed but what it should bring is not there", need.package)),
    }
}

/// The words before `apt-get` that make it run as root, or nothing where that is impossible.
fn root_prefix() -> Option<Vec<&'static str>> {
    if is_root() {
        return Some(Vec::new());
    }
    let sudo_works = Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    sudo_works.then(|| vec!["sudo", "-n"])
}

/// Whether this process is the superuser.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Command {
    let mut words = prefix.to_vec();
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    words.extend(arguments);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command
}
