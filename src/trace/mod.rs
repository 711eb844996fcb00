//! The journey of one connection.

/// The trace of a workload.
#[derive(Debug)]
pub struct Trace<'w> {
    /// The world.
    pub world: &'w crate::world::World,
}
