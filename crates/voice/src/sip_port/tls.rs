//! Certificates of SIP over TLS: our own, read again when its file changes, and those that trunks are trusted by.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::ring};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::stack::{StackError, StackPort};
use crate::config::VoiceConfig;

/// How often the files are looked at, in seconds.
const LOOK_SECS: u64 = 30;

/// What TLS needs; empty when it is not configured.
#[derive(Default)]
pub(super) struct Tls {
    acceptor: RwLock<Option<TlsAcceptor>>,
    connector: Option<TlsConnector>,
    files: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Reads the files that the configuration names.
    pub(super) fn read(config: &VoiceConfig) -> Result<Self, StackError> {
        let files = match (&config.tls_certificate, &config.tls_key) {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            _ => return Err(StackError::Tls("tls_certificate and tls_key belong together".to_owned())),
        };
        let acceptor = files.as_ref().map(|(certificate, key)| acceptor(certificate, key)).transpose()?;
        let connector = config.tls_trusted.as_deref().map(connector).transpose()?;
        Ok(Self { acceptor: RwLock::new(acceptor), connector, files })
    }

    pub(super) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.acceptor.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(super) fn connector(&self) -> Option<TlsConnector> {
        self.connector.clone()
    }

    /// Reads our certificate again; one that can't be read leaves the one before in use.
    fn reload(&self) {
        let Some((certificate, key)) = &self.files else { return };
        match acceptor(certificate, key) {
            Ok(acceptor) => {
                *self.acceptor.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(acceptor);
                tracing::info!("the certificate of SIP over TLS was read again");
            }
            Err(error) => tracing::error!(%error, "the new certificate of SIP over TLS is not used"),
        }
    }

    fn changed_at(&self) -> Option<[Option<SystemTime>; 2]> {
        let (certificate, key) = self.files.as_ref()?;
        let at = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
        Some([at(certificate), at(key)])
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> StackError {
    StackError::Tls(format!("{}: {error}", path.display()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, StackError> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(path, &error))?;
    if found.is_empty() { Err(failed(path, &"no certificate in it")) } else { Ok(found) }
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, StackError> {
    let chain = certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| failed(certificate, &error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn connector(trusted: &Path) -> Result<TlsConnector, StackError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(trusted)? {
        roots.add(certificate).map_err(|error| failed(trusted, &error))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(trusted, &error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Looks at the files until the port is stopped. A change counts once it has stood for one look, so that files which
/// are being written are not read in the middle.
pub(super) async fn follow(port: StackPort) {
    let mut used = port.0.tls.changed_at();
    let mut seen = used;
    loop {
        tokio::select! {
            () = port.0.stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(LOOK_SECS)) => {}
        }
        let now = port.0.tls.changed_at();
        if now != used && now == seen {
            port.0.tls.reload();
            used = now;
        }
        seen = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str) -> VoiceConfig {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        VoiceConfig {
            tls_certificate: Some(folder.join("cert.pem")),
            tls_key: Some(folder.join("key.pem")),
            tls_trusted: Some(folder.join("cert.pem")),
            ..VoiceConfig::default()
        }
    }

    #[test]
    fn a_broken_new_certificate_leaves_the_old_one_in_use() {
        let folder = std::env::temp_dir().join(format!("yihao-tls-{}", kernel::id::new_id()));
        std::fs::create_dir_all(&folder).unwrap();
        let config = write(&folder, "one.example");
        let tls = Tls::read(&config).unwrap();
        let first = tls.acceptor().unwrap();
        std::fs::write(folder.join("cert.pem"), "not a certificate").unwrap();
        tls.reload();
        assert!(Arc::ptr_eq(first.config(), tls.acceptor().unwrap().config()));
        write(&folder, "two.example");
        tls.reload();
        assert!(!Arc::ptr_eq(first.config(), tls.acceptor().unwrap().config()));
        let half = VoiceConfig { tls_key: None, ..config };
        assert!(Tls::read(&half).is_err(), "a certificate without its key is a mistake that is told");
        let _ = std::fs::remove_dir_all(&folder);
    }
}
