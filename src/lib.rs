//! beamgate keeps Erlang and Elixir clusters on Kubernetes from silently not forming.
//!
//! The rooms of the house, from the bottom up. Each uses only those above it in this list.
//!
//! - [`place`]: where something was written, said symbolically;
//! - [`world`]: Kubernetes objects, read leniently and indexed;
//! - [`symptom`]: what is seen at run time;
//! - [`name`]: name templates, environments as the kubelet evaluates them, launchers;
//! - [`discovery`]: what the strategies ask and dial;
//! - [`reach`]: whether NetworkPolicies let a connection pass;
//! - [`trace`]: the journey of one connection;
//! - [`fix`]: changes to a pod and to objects, symbolically, and what makes those of pods in the model and in JSON;
//! - [`inject`]: what the admission webhook puts into a pod;
//! - [`membership`]: who becomes a member of which cluster;
//! - [`rules`]: what may break on the way;
//! - [`advise`]: which strategy a workload could use, and what the app says for it;
//!
//! The shell around them:
//!
//! - [`manifest`]: files, directories and streams to objects, and changes of objects to edits of files;
//! - [`elixir`]: what an app's own code says of clustering, read and not run;
//! - [`policy`]: what the users decide: severities, silence, completeness;
//! - [`probe`]: what a live node answers: epmd and the distribution handshake;
//! - [`explain`]: lines of a log to the rules behind them;
//! - [`report`]: findings to people and to machines;
//! - `webhook`: what the API server asks before it takes an object (a Cargo feature, on by default);
//! - `cluster`: the client of a cluster's API (a Cargo feature, on by default);
//! - [`cli`]: one file for each subcommand.

pub mod advise;
pub mod cli;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod discovery;
pub mod elixir;
pub mod explain;
pub mod fix;
pub mod inject;
pub mod manifest;
pub mod membership;
pub mod name;
pub mod place;
pub mod policy;
pub mod probe;
pub mod reach;
pub mod report;
pub mod rules;
pub mod symptom;
pub mod trace;
#[cfg(feature = "webhook")]
pub mod webhook;
pub mod world;
