//! Figures: facts from events, reports, cockpit, warnings.
