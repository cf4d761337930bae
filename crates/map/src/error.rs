//! What can go wrong with maps, and what a client is told of it.

use axum::http::StatusCode;
use geo::geojson::GeoJsonError;
use kernel::{DbError, Problem, ToProblem};

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// There is no such thing.
    #[error("no such thing")]
    NotFound,
    /// A field is wrong.
    #[error("{field} is wrong: {zh}")]
    Field {
        /// Which.
        field: String,
        /// Said in Chinese.
        zh: String,
        /// Said in English.
        en: String,
    },
    /// A file of areas cannot be taken.
    #[error("the file of areas cannot be taken")]
    File(#[from] GeoJsonError),
    /// Somebody changed it first.
    #[error("it changed meanwhile; it has version {current}")]
    Stale {
        /// The present version.
        current: i64,
    },
    /// A machine's key is unknown, or does not hold for this.
    #[error("the key is unknown or is not for this")]
    Key,
    /// The base map cannot be read.
    #[error("the base map cannot be read: {0}")]
    Base(String),
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] DbError),
}

impl MapError {
    /// A wrong field.
    pub(crate) fn field(field: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Field { field: field.into(), zh: zh.into(), en: en.into() }
    }
}

impl From<sqlx::Error> for MapError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ToProblem for MapError {
    fn problem(&self) -> Problem {
        match self {
            Self::NotFound => Problem::not_found(),
            Self::Field { field, zh, en } => Problem::invalid().field(field, "invalid", zh, en),
            Self::File(error) => {
                let (zh, en) = match error {
                    GeoJsonError::Malformed(what) => (
                        format!("文件不是有效的 GeoJSON（{what}）。"),
                        format!("The file is no valid GeoJSON ({what})."),
                    ),
                    GeoJsonError::TooMuch => {
                        ("区域或顶点过多。".to_owned(), "There are too many areas or corners.".to_owned())
                    }
                    GeoJsonError::NoPlace(number) => (
                        format!("第 {number} 个区域的坐标超出经纬度范围，请检查坐标系。"),
                        format!("Area {number} lies outside the world; check the coordinate system."),
                    ),
                    GeoJsonError::Empty => {
                        ("文件中没有面状区域。".to_owned(), "The file holds no areas.".to_owned())
                    }
                };
                Problem::invalid().field("file", "invalid", &zh, &en)
            }
            Self::Stale { current } => Problem::stale_version(*current),
            Self::Key => Problem::new(StatusCode::UNAUTHORIZED, "feed.key")
                .detail_zh("推送密钥无效，或不允许推送此类数据。")
                .detail_en("The key is unknown, or not for this kind of data."),
            Self::Base(_) => Problem::from_internal(self),
            Self::Db(error) => error.problem(),
        }
    }
}
