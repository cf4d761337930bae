//! Configuration: one TOML file, each slice with a section of its own.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML of the expected shape.
    #[error("{path}: {reason}")]
    Parse {
        /// The file or section.
        path: String,
        /// What the parser says.
        reason: String,
    },
}

/// The settings of the whole process.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The folder of all data.
    pub data_dir: PathBuf,
    /// The address of HTTP.
    pub bind: String,
    /// `sqlite:PATH` or `postgres://…`; empty for the embedded database in the data folder.
    pub database_url: String,
    /// Connections for reading.
    pub database_pool: u32,
    /// Origins besides the own host from which browsers may change things.
    pub allowed_origins: Vec<String>,
    /// Whether the session cookie is only sent over HTTPS.
    pub secure_cookies: bool,
    /// The number of trusted proxies before this server, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: usize,
    /// The zone of the city.
    pub zone: String,
    /// The digest of the audit chain: `sha256` or `sm3`.
    pub audit_digest: String,
    /// Whether this is the demonstration city, whose accounts are shown at sign-in.
    pub demo: bool,
    /// Sections of the slices.
    #[serde(flatten)]
    pub sections: toml::Table,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            bind: "0.0.0.0:12345".to_owned(),
            database_url: String::new(),
            database_pool: 8,
            allowed_origins: Vec::new(),
            secure_cookies: false,
            trusted_proxies: 0,
            zone: "Asia/Shanghai".to_owned(),
            audit_digest: "sha256".to_owned(),
            demo: false,
            sections: toml::Table::new(),
        }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or has another shape.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.display().to_string(),
            reason: error.to_string(),
        })
    }

    /// Reads a slice's section, or its defaults when the file has none.
    ///
    /// # Errors
    /// When the section has another shape.
    pub fn section<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, ConfigError> {
        match self.sections.get(name) {
            None => Ok(T::default()),
            Some(value) => value.clone().try_into().map_err(|error: toml::de::Error| ConfigError::Parse {
                path: format!("[{name}]"),
                reason: error.to_string(),
            }),
        }
    }

    /// Returns the database to open.
    #[must_use]
    pub fn database(&self) -> crate::db::DbConfig {
        if self.database_url.is_empty() {
            crate::db::DbConfig {
                pool_size: self.database_pool,
                ..crate::db::DbConfig::sqlite(&self.data_dir.join("yihao.db"))
            }
        } else {
            crate::db::DbConfig { url: self.database_url.clone(), pool_size: self.database_pool }
        }
    }
}
