//! Forms of orders: schema, validation and bounded scripts.
