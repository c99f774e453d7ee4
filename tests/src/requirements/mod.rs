//! What RFCs require of a TCP, and where the code and the tests quote it.
//!
//! * [`rfc`]: the texts, cut into sections; [`normative`]: the requirements in them.
//! * [`register`]: the requirements as they are kept in `tests/requirements/rfcNNNN.tsv`, so that
//!   nothing here needs the texts, and [`exceptions`]: those that are not met, with the reasons.
//! * [`tree`]: the files of the repository; [`quote`]: what they quote; [`citation`]: which of it
//!   stands beside code, and which beside a test.
//! * [`account`]: every requirement and what became of it; [`report`]: the same for people.

pub mod account;
pub mod citation;
pub mod exceptions;
pub mod normative;
pub mod quote;
pub mod register;
pub mod report;
pub mod rfc;
pub mod tree;

/// The RFCs that are accounted for, in the order of the report.
pub const DOCUMENTS: [&str; 7] = ["9293", "5961", "6298", "5681", "7323", "2018", "1122"];
