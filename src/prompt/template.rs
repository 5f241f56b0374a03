//! Templates: Handlebars, strict about missing variables.
