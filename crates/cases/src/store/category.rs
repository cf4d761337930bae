//! Rows of `cases_category`: the tree of matters (事项分类), kept in memory.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{Audit, Ctx};
use sqlx::FromRow;

use crate::Cases;
use crate::case::Kind;
use crate::error::{CaseError, Check};

/// A category.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_category` under their own names")]
pub struct Category {
    pub id: String,
    pub parent_id: Option<String>,
    pub code: String,
    pub name: String,
    /// The type that orders of this category mostly have.
    #[sqlx(rename = "type")]
    pub kind: Option<String>,
    /// The unit that mostly deals with it.
    pub unit_code: Option<String>,
    pub level: i64,
    /// Ids from the root, `/a/b/`.
    pub path: String,
    /// Names from the root, `城市管理/市容环境`.
    pub path_name: String,
    pub ordinal: i64,
    pub active: i64,
    pub version: i64,
}

/// The whole tree.
#[derive(Clone, Debug, Default)]
pub struct Categories {
    /// In the order of the tree's levels, then as the city ordered them.
    pub all: Vec<Category>,
    by_id: HashMap<String, usize>,
}

impl Categories {
    /// Finds a category.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Category> {
        self.by_id.get(id).map(|at| &self.all[*at])
    }

    /// Finds a category by its code.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<&Category> {
        self.all.iter().find(|category| category.code == code)
    }

    /// Returns the codes of a category and of those above it, its own first.
    #[must_use]
    pub fn codes_upwards(&self, id: &str) -> Vec<String> {
        let Some(category) = self.get(id) else { return Vec::new() };
        let ids = category.path.split('/').filter(|part| !part.is_empty()).rev();
        ids.filter_map(|id| self.get(id)).map(|one| one.code.clone()).collect()
    }

    /// Returns the ids of a category and all below.
    #[must_use]
    pub fn under(&self, id: &str) -> Vec<String> {
        let Some(top) = self.get(id) else { return vec![id.to_owned()] };
        self.all.iter().filter(|one| one.path.starts_with(&top.path)).map(|one| one.id.clone()).collect()
    }
}

/// A category as it is made or changed.
#[derive(Clone, Debug, Default)]
pub struct CategoryDraft {
    /// The category above, by code.
    pub parent_code: Option<String>,
    /// Its code; unique.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The type that orders of it mostly have.
    pub kind: Option<Kind>,
    /// The unit that mostly deals with it, by code.
    pub unit_code: Option<String>,
    /// Its place among its sisters.
    pub ordinal: i64,
}

/// What of a category changes; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct CategoryChange {
    /// Its name.
    pub name: Option<String>,
    /// The unit that mostly deals with it, by code; empty for none.
    pub unit_code: Option<String>,
    /// Whether it can be chosen.
    pub active: Option<bool>,
    /// Its place among its sisters.
    pub ordinal: Option<i64>,
}

impl Cases {
    /// Reads the tree into memory.
    pub(crate) async fn reload_categories(&self) -> Result<(), CaseError> {
        let all: Vec<Category> = sqlx::query_as(
            "select id, parent_id, code, name, type, unit_code, level, path, path_name, ordinal, active, version \
             from cases_category order by level, ordinal, code",
        )
        .fetch_all(self.kit().db.reader())
        .await?;
        let by_id = all.iter().enumerate().map(|(at, category)| (category.id.clone(), at)).collect();
        self.set_categories(Arc::new(Categories { all, by_id }));
        Ok(())
    }

    /// Adds categories, parents before children; a code that is known already is left as it is. For the
    /// seeder and for `POST /categories`. Returns the ids in the order of the drafts.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] for an unknown parent, an empty name, or a level below the fourth.
    pub async fn add_categories(
        &self,
        ctx: &Ctx,
        drafts: &[CategoryDraft],
    ) -> Result<Vec<String>, CaseError> {
        let mut known: HashMap<String, (String, i64, String, String)> = self
            .categories()
            .all
            .iter()
            .map(|one| {
                (one.code.clone(), (one.id.clone(), one.level, one.path.clone(), one.path_name.clone()))
            })
            .collect();
        let mut ids = Vec::with_capacity(drafts.len());
        let mut tx = self.kit().db.begin().await?;
        for draft in drafts {
            if let Some((id, ..)) = known.get(&draft.code) {
                ids.push(id.clone());
                continue;
            }
            let mut check = Check::default();
            check.text("name", &draft.name, 50);
            check.text("code", &draft.code, 50);
            let parent = draft.parent_code.as_ref().map(|code| known.get(code));
            if matches!(parent, Some(None)) {
                check.refuse(
                    "parent_code",
                    "unknown",
                    "上级分类不存在。",
                    "There is no such category above.",
                );
            }
            let parent = parent.flatten();
            if parent.is_some_and(|(_, level, ..)| *level >= 4) {
                check.refuse(
                    "parent_code",
                    "too_deep",
                    "分类最多四级。",
                    "Categories have at most four levels.",
                );
            }
            check.done()?;
            let id = kernel::id::new_id();
            let (level, path, path_name) = match parent {
                None => (1, format!("/{id}/"), draft.name.clone()),
                Some((_, level, path, names)) => {
                    (level + 1, format!("{path}{id}/"), format!("{names}/{}", draft.name))
                }
            };
            sqlx::query(
                "insert into cases_category (id, parent_id, code, name, type, unit_code, level, path, path_name, \
                 ordinal, active, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, 1)",
            )
            .bind(&id)
            .bind(parent.map(|parent| &parent.0))
            .bind(&draft.code)
            .bind(&draft.name)
            .bind(draft.kind.map(Kind::code))
            .bind(draft.unit_code.as_ref())
            .bind(level)
            .bind(&path)
            .bind(&path_name)
            .bind(draft.ordinal)
            .execute(tx.conn())
            .await?;
            tx.audit(ctx, Audit::new("category.create", "category", &id));
            known.insert(draft.code.clone(), (id.clone(), level, path, path_name));
            ids.push(id);
        }
        tx.commit().await?;
        self.reload_categories().await?;
        Ok(ids)
    }

    /// Changes a category.
    ///
    /// # Errors
    /// [`CaseError::NotFound`], [`CaseError::Stale`], or [`CaseError::Invalid`].
    pub async fn change_category(
        &self,
        ctx: &Ctx,
        id: &str,
        version: i64,
        change: CategoryChange,
    ) -> Result<(), CaseError> {
        let current = self.categories().get(id).cloned().ok_or(CaseError::NotFound)?;
        let mut check = Check::default();
        if let Some(name) = &change.name {
            check.text("name", name, 50);
        }
        check.done()?;
        let name = change.name.unwrap_or_else(|| current.name.clone());
        let parent = current.path_name.strip_suffix(&current.name).unwrap_or_default();
        let path_name = format!("{parent}{name}");
        let mut tx = self.kit().db.begin().await?;
        let done = sqlx::query(
            "update cases_category set name = $3, unit_code = $4, active = $5, ordinal = $6, path_name = $7, \
             version = version + 1 where id = $1 and version = $2",
        )
        .bind(id)
        .bind(version)
        .bind(&name)
        .bind(change.unit_code.or(current.unit_code).filter(|code| !code.is_empty()))
        .bind(change.active.map_or(current.active, i64::from))
        .bind(change.ordinal.unwrap_or(current.ordinal))
        .bind(&path_name)
        .execute(tx.conn())
        .await?;
        if done.rows_affected() == 0 {
            return Err(CaseError::Stale { current: current.version });
        }
        if name != current.name {
            // What lies below carries the names of all above.
            sqlx::query("update cases_category set path_name = $1 || substr(path_name, length($2) + 1) where path like $3 and id <> $4")
                .bind(&path_name)
                .bind(&current.path_name)
                .bind(format!("{}%", current.path))
                .bind(id)
                .execute(tx.conn())
                .await?;
        }
        tx.audit(ctx, Audit::new("category.change", "category", id));
        tx.commit().await?;
        self.reload_categories().await
    }
}
