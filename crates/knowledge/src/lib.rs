//! The knowledge base: entries, answers, review, versions, search.
