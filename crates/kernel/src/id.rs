//! Ids: UUIDv7 text, one type for each noun.

/// Returns a fresh UUIDv7 as lower-case text; ids made later sort later.
#[must_use]
pub fn new_id() -> String {
    uuid::Uuid::now_v7().hyphenated().to_string()
}

/// Declares an id type over UUIDv7 text.
///
/// ```
/// kernel::id!(
///     /// Names a case.
///     CaseId
/// );
/// let id = CaseId::generate();
/// assert_eq!(id.as_str().len(), 36);
/// ```
#[macro_export]
macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            ::serde::Serialize, ::serde::Deserialize, ::utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = String)]
        pub struct $name(pub String);

        impl $name {
            /// Makes a fresh id.
            #[must_use]
            pub fn generate() -> Self {
                Self($crate::id::new_id())
            }

            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}
