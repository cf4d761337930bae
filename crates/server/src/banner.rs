//! What the operator reads when the city is up.

use std::net::SocketAddr;

use kernel::BoxError;

use crate::City;

/// Prints addresses and, in the demonstration city, accounts and what to try.
#[expect(clippy::print_stdout, reason = "the answer of `serve` to whoever typed it")]
pub(crate) fn show(city: &City, http: SocketAddr, demo: bool) -> Result<(), BoxError> {
    let host = if http.ip().is_unspecified() { "127.0.0.1".to_owned() } else { http.ip().to_string() };
    let base = format!("http://{host}:{}", http.port());
    println!();
    println!("  Yihao is up.");
    println!("  Staff     {base}/desk");
    println!("  Citizens  {base}/");
    println!("  API       {base}/api/v1/openapi.json");
    println!(
        "  SIP       udp port {}, and {}/sip",
        city.voice.sip_address().port(),
        base.replacen("http", "ws", 1)
    );
    if demo {
        let (password, accounts) = crate::demo::accounts()?;
        println!();
        println!("  Demonstration accounts; the password of all is {password}");
        for account in &accounts {
            println!("    {:<14} {:<16} {}", account.account, account.role, account.hint_en);
        }
        println!();
        let agent = accounts.first().map_or("an agent", |account| account.account.as_str());
        println!(
            "  Try: sign in as {agent} in one window, take the seat and get ready; open {base}/ in another"
        );
        let program = std::env::current_exe().unwrap_or_else(|_| "yihao".into());
        println!("  and press the call button. Or let simulated citizens call, in another terminal:");
        println!("  {} simulate --speed 10", program.display());
    }
    println!();
    Ok(())
}
