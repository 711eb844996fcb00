//! Rules in CEL, as the API server itself can judge them: of one object, without a name solver.
//!
//! An expression may miss a fault. It never finds one that the rule does not.
//! They are written over the variables of `policy::export`, which say what is known of the node in the object.

/// What a rule is in CEL.
#[derive(Debug)]
pub enum Cel {
    /// These faults, and what is missed of the rule, after "misses".
    Exported(&'static [Condition], &'static str),
    /// Nothing, and why.
    Not(&'static str),
}

/// A fault that one object shows: a validation of the policy.
#[derive(Debug)]
pub struct Condition {
    /// Whether the object has it for certain.
    pub holds: &'static str,
    /// Whether the rule refutes it; what it merely suspects is a warning, whatever the profile says.
    pub certain: bool,
    /// What is said, in one line: what is, what is seen at run time, how to mend it. CEL between braces is worked out.
    pub says: &'static str,
}
