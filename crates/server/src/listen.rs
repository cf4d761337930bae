//! Taking connections: with limits, so that idle sockets cannot use up what desks and telephones need.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use kernel::http::source_of;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::stop::Stop;

/// Connections in all.
const CONNECTIONS_MAX: usize = 20_000;
/// Connections of one address; a whole office may stand behind one.
const CONNECTIONS_OF_ONE_MAX: usize = 2_000;
/// So long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// So long requests may go on after the word to stop.
const FAREWELL: Duration = Duration::from_secs(3);

/// Counts the connections of each address.
#[derive(Default)]
struct Census(Mutex<HashMap<String, usize>>);

/// One counted connection.
struct Counted {
    census: Arc<Census>,
    source: String,
}

impl Census {
    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let source = source_of(&address.to_string());
        let mut counts = self.0.lock().expect("no holder of this lock can panic");
        if counts.values().sum::<usize>() >= CONNECTIONS_MAX {
            return None;
        }
        let count = counts.entry(source.clone()).or_default();
        if *count >= CONNECTIONS_OF_ONE_MAX && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Counted { census: self.clone(), source })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.census.0.lock().expect("no holder of this lock can panic");
        if let Some(count) = counts.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.source);
            }
        }
    }
}

/// Serves until the word to stop; then lets running requests end for a moment.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: &Stop) {
    let census = Arc::new(Census::default());
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.told() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(counted) = census.admit(peer.ip()) else { continue };
                tokio::spawn(connection(stream, peer, router.clone(), graceful.watcher(), counted));
            }
            Err(error) => {
                // Mostly: no descriptor left. Others will be given back in a moment.
                tracing::error!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
    _counted: Counted,
) {
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(30));
    let served = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(%peer, error = %kernel::problem::chain(&*error), "a connection ended badly");
    }
}
