//! What each command does.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use kernel::audit::{Verdict, verify};
use kernel::{BoxError, Config, Db, SystemClock};

use crate::City;
use crate::cli::{AuditCommand, Command, DataArgs, Format, ServeArgs};
use crate::stop::{Stop, signalled};

/// Carries out a command.
///
/// # Errors
/// Whatever stopped it, in words for the operator.
pub async fn run(command: Command) -> Result<ExitCode, BoxError> {
    match command {
        Command::Serve(args) => serve(args).await,
        Command::Demo(args) => {
            let city = City::assemble(quiet(configure(&args)?), Arc::new(SystemClock)).await?;
            city.load().await?;
            let made = crate::demo::create(&city).await?;
            say(if made {
                "The demonstration city is ready."
            } else {
                "The data folder is in use; nothing was changed."
            });
            Ok(ExitCode::SUCCESS)
        }
        Command::Simulate(args) => crate::simulate::run(args).await,
        Command::Openapi => openapi().await,
        Command::Flow { command } => crate::flow_command::run(command).await,
        Command::Assist { command } => crate::assist_command::run(command).await,
        Command::Knowledge { command } => crate::knowledge_command::run(command).await,
        Command::Map { command } => crate::map_command::run(command),
        Command::Audit { command: AuditCommand::Verify { data, format } } => audit(&data, format).await,
    }
}

#[expect(clippy::print_stdout, reason = "the command's answer to whoever typed it")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Reads the settings file and puts the command line's wishes over it.
pub(crate) fn configure(args: &DataArgs) -> Result<Config, BoxError> {
    let folder = args.data.clone().unwrap_or_else(|| Config::default().data_dir);
    let beside = folder.join("yihao.toml");
    let mut config = match &args.config {
        Some(path) => Config::read(path)?,
        None if beside.exists() => Config { data_dir: folder, ..Config::read(&beside)? },
        None => Config { data_dir: folder, ..Config::default() },
    };
    if let Some(folder) = &args.data {
        config.data_dir.clone_from(folder);
    }
    if let Some(url) = &args.database {
        config.database_url.clone_from(url);
    }
    Ok(config)
}

/// Takes SIP and media to free ports of this machine alone, for commands that take no calls.
pub(crate) fn quiet(mut config: Config) -> Config {
    let voice = voice_section(&mut config);
    voice.insert("sip_bind".to_owned(), "127.0.0.1:0".into());
    voice.insert("media_bind".to_owned(), "127.0.0.1".into());
    config
}

/// Returns the settings of telephones, to put the command line's wishes in. What is no table there is
/// replaced.
fn voice_section(config: &mut Config) -> &mut toml::Table {
    let section = config.sections.entry("voice").or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if !section.is_table() {
        *section = toml::Value::Table(toml::Table::new());
    }
    section.as_table_mut().expect("made a table just now")
}

async fn serve(args: ServeArgs) -> Result<ExitCode, BoxError> {
    let mut config = configure(&args.data)?;
    config.demo |= args.demo;
    let mut address: SocketAddr =
        config.bind.parse().map_err(|_| format!("bind: {} is no address", config.bind))?;
    if let Some(port) = args.port {
        address.set_port(port);
    }
    if let Some(host) = &args.host {
        address.set_ip(host.parse().map_err(|_| format!("--host: {host} is no address"))?);
    }
    config.bind = address.to_string();
    if let Some(port) = args.sip_port {
        let voice = voice_section(&mut config);
        let bind = voice.get("sip_bind").and_then(toml::Value::as_str).and_then(|bind| bind.parse().ok());
        let mut bind: SocketAddr = bind.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 5060)));
        bind.set_port(port);
        voice.insert("sip_bind".to_owned(), bind.to_string().into());
    }
    let demo = config.demo;
    if demo {
        // Telephones and simulated citizens on this machine may call as if they came over a trunk.
        let voice = voice_section(&mut config);
        if !voice.contains_key("trunks") {
            let trunk = toml::toml! {
                name = "demo"
                peers = ["127.0.0.1"]
            };
            voice.insert("trunks".to_owned(), toml::Value::Array(vec![trunk.into()]));
        }
    }
    let city = City::assemble(config, Arc::new(SystemClock)).await?;
    city.load().await?;
    if demo {
        crate::demo::create(&city).await?;
    } else {
        for account in city.identity.create_first_accounts().await? {
            say(&format!(
                "First account: {}  password: {}  ({})",
                account.account, account.password, account.role_id
            ));
        }
    }
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let stop = Stop::default();
    city.work(&stop).await?;
    crate::banner::show(&city, listener.local_addr()?, demo)?;
    let told = stop.clone();
    tokio::spawn(async move {
        signalled().await;
        tracing::info!("stopping; once more stops at once");
        told.tell();
        signalled().await;
        std::process::exit(130);
    });
    crate::listen::serve(listener, city.router.clone(), &stop).await;
    let _ = tokio::time::timeout(std::time::Duration::from_secs(15), city.voice.stop()).await;
    Ok(ExitCode::SUCCESS)
}

/// Prints the document of an empty city.
async fn openapi() -> Result<ExitCode, BoxError> {
    let folder = std::env::temp_dir().join(format!("yihao-openapi-{}", kernel::id::new_id()));
    let config = quiet(Config { data_dir: folder.clone(), ..Config::default() });
    let document = City::assemble(config, Arc::new(SystemClock)).await.map(|city| city.document);
    let _ = std::fs::remove_dir_all(&folder);
    say(&serde_json::to_string_pretty(&document?)?);
    Ok(ExitCode::SUCCESS)
}

async fn audit(args: &DataArgs, format: Format) -> Result<ExitCode, BoxError> {
    let config = configure(args)?;
    if config.database_url.is_empty() && !Path::exists(&config.data_dir.join("yihao.db")) {
        return Err(format!("there is no database in {}", config.data_dir.display()).into());
    }
    let verdict = verify(&Db::open(&config.database()).await?).await?;
    let (text, json, code) = match verdict {
        Verdict::Intact { rows, head } => (
            format!("The chain is intact: {rows} rows, head {head}."),
            serde_json::json!({ "intact": true, "rows": rows, "head": head }),
            ExitCode::SUCCESS,
        ),
        Verdict::Broken { seq, reason } => (
            format!("The chain is broken at row {seq}: {reason}."),
            serde_json::json!({ "intact": false, "seq": seq, "reason": reason }),
            ExitCode::FAILURE,
        ),
    };
    say(&match format {
        Format::Text => text,
        Format::Json => json.to_string(),
    });
    Ok(code)
}
