//! The robot and the help for agents.
