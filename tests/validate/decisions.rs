//! Every case that there is, against the sentences of the design.

use beamgate::policy::admission::Enforce;
use beamgate::policy::decide::{Case, Decision, Doing, RestsOn, Subject, decide};
use beamgate::rules::finding::{Severity, Verdict};

const BOTH: [bool; 2] = [false, true];
const ENFORCE: [Option<Enforce>; 5] =
    [None, Some(Enforce::Off), Some(Enforce::Warn), Some(Enforce::Deny), Some(Enforce::Strict)];
const SEVERITIES: [Option<Severity>; 4] = [None, Some(Severity::Info), Some(Severity::Warning), Some(Severity::Error)];
const RESTS: [RestsOn; 4] = [RestsOn::Itself, RestsOn::OthersAsTheyAre, RestsOn::OthersAsTheyWere, RestsOn::Absence];
const DOINGS: [Doing; 3] = [Doing::Create, Doing::Update, Doing::Remove];
const SUBJECTS: [Subject; 5] = [Subject::Template, Subject::Pod, Subject::Runner, Subject::Controlled, Subject::Other];

fn cases() -> impl Iterator<Item = Case> {
    let flags = BOTH.into_iter().flat_map(|ignored| {
        BOTH.into_iter().flat_map(move |new| BOTH.into_iter().map(move |dry_run| (ignored, new, dry_run)))
    });
    let about = move |(ignored, new, dry_run)| {
        ENFORCE.into_iter().flat_map(move |enforce| {
            SEVERITIES.into_iter().flat_map(move |severity| {
                [Verdict::Refuted, Verdict::Open].into_iter().map(move |verdict| Case {
                    enforce,
                    ignored,
                    severity,
                    verdict,
                    new,
                    rests_on: RestsOn::Itself,
                    dry_run,
                    doing: Doing::Create,
                    subject: Subject::Template,
                })
            })
        })
    };
    flags.flat_map(about).flat_map(|case| {
        RESTS.into_iter().flat_map(move |rests_on| {
            DOINGS.into_iter().flat_map(move |doing| {
                SUBJECTS.into_iter().map(move |subject| Case { rests_on, doing, subject, ..case })
            })
        })
    })
}

/// "Deny iff Refuted AND new AND severity error AND (single-object, OR live-confirmed and not a dry run, OR `enforce: strict`)",
/// said once more, in the words of the design and in another order.
fn is_denied(case: Case) -> bool {
    let strict = case.enforce == Some(Enforce::Strict);
    let asked_for = case.enforce == Some(Enforce::Deny) || strict;
    let single_object = case.rests_on == RestsOn::Itself;
    let confirmed = case.rests_on == RestsOn::OthersAsTheyAre && !case.dry_run;
    let ours = case.subject == Subject::Template || case.subject == Subject::Pod;
    let fault = case.verdict == Verdict::Refuted && case.new && case.severity == Some(Severity::Error);
    !case.ignored && asked_for && ours && case.doing != Doing::Remove && fault && (single_object || confirmed || strict)
}

#[test]
fn every_case_is_decided_as_it_was_designed() {
    let mut denied = 0;
    for case in cases() {
        let decision = decide(case);
        assert_eq!(decision == Decision::Deny, is_denied(case), "{case:?}");
        let silent = case.enforce == Some(Enforce::Off)
            || case.ignored
            || case.severity < Some(Severity::Warning)
            || (case.severity == Some(Severity::Warning) && !case.new);
        assert_eq!(decision == Decision::Pass, silent, "{case:?}");
        denied += u32::from(decision == Decision::Deny);
    }
    assert_eq!((cases().count(), denied), (19200, 44));
}

/// A change of one thing towards caution never makes a denial of a warning.
#[test]
fn caution_never_denies() {
    for case in cases().filter(|case| decide(*case) != Decision::Deny) {
        let more_careful = [
            Case { ignored: true, ..case },
            Case { ignored: true, ..case },
            Case { new: false, ..case },
            Case { enforce: None, ..case },
            Case { enforce: Some(Enforce::Warn), ..case },
            Case { verdict: Verdict::Open, ..case },
            Case { doing: Doing::Remove, ..case },
            Case { subject: Subject::Controlled, ..case },
            Case { dry_run: true, ..case },
        ];
        for careful in more_careful {
            assert_ne!(decide(careful), Decision::Deny, "{careful:?}");
        }
    }
}
