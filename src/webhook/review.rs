//! `admission.k8s.io/v1`: what the API server asks, and what it is answered.
//!
//! The request is read without a copy of the objects in it, and untyped: fields that this program does not know survive. The
//! answer is written here too, since kube's type writes a patch as a list of numbers, three times as long as base64; that
//! the two say the same is tested.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::DeserializeSeed as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::world::json::{Keep, Text};
use crate::world::node::Node;

/// The only version of the API that is spoken.
pub const API_VERSION: &str = "admission.k8s.io/v1";

/// Why a body is no question that can be answered.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// It is not JSON, or not of the right shape.
    #[error("not an AdmissionReview: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is of another API or version, which is not spoken here.
    #[error("{0}: only AdmissionReview of {API_VERSION} is answered")]
    Version(String),
}

#[derive(Deserialize)]
struct Envelope<'r> {
    #[serde(rename = "apiVersion", borrow)]
    api_version: Text<'r>,
    #[serde(borrow)]
    kind: Text<'r>,
    #[serde(borrow)]
    request: Request<'r>,
}

/// One question.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'r> {
    /// What the answer repeats.
    #[serde(borrow)]
    pub uid: Text<'r>,
    /// The kind of the object, as it is sent: `matchPolicy: Equivalent` converts it.
    #[serde(borrow)]
    pub kind: Kind<'r>,
    /// `status`, `scale` and their like.
    #[serde(borrow, default)]
    pub sub_resource: Option<Text<'r>>,
    /// What is done.
    pub operation: Operation,
    /// The object's name; empty where it is generated.
    #[serde(borrow, default)]
    pub name: Option<Text<'r>>,
    /// The object's namespace, which the object itself may leave out.
    #[serde(borrow, default)]
    pub namespace: Option<Text<'r>>,
    /// Who asks.
    #[serde(borrow, default)]
    pub user_info: User<'r>,
    /// The object as it will be.
    #[serde(borrow, default)]
    pub object: Option<&'r RawValue>,
    /// The object as it was.
    #[serde(borrow, default)]
    pub old_object: Option<&'r RawValue>,
    /// Whether nothing of it will be kept.
    #[serde(default)]
    pub dry_run: Option<bool>,
}

/// A kind in a group and version.
#[derive(Debug, Deserialize)]
pub struct Kind<'r> {
    /// `apps`; empty for the core.
    #[serde(borrow)]
    pub group: Text<'r>,
    /// `Deployment`.
    #[serde(borrow)]
    pub kind: Text<'r>,
}

/// Who asks.
#[derive(Debug, Default, Deserialize)]
pub struct User<'r> {
    /// `system:serviceaccount:shop:runner`.
    #[serde(borrow, default)]
    pub username: Option<Text<'r>>,
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
    /// It is called, as `exec` is.
    Connect,
}

impl Operation {
    /// The word for it, in labels and logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Connect => "connect",
        }
    }
}

impl<'r> Request<'r> {
    /// Reads a question.
    ///
    /// # Errors
    /// The body is no such question.
    pub fn read(body: &'r [u8]) -> Result<Self, ReviewError> {
        let envelope: Envelope<'_> = serde_json::from_slice(body)?;
        if (envelope.api_version.0.as_ref(), envelope.kind.0.as_ref()) != (API_VERSION, "AdmissionReview") {
            return Err(ReviewError::Version(format!("{} of {}", envelope.kind.0, envelope.api_version.0)));
        }
        Ok(envelope.request)
    }

    /// Whether nothing of it will be kept.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run == Some(true)
    }

    /// Whether it is about a part of the object, which is nobody's concern here.
    pub fn is_about_a_part(&self) -> bool {
        self.sub_resource.as_ref().is_some_and(|part| !part.0.is_empty())
    }

    /// The namespace, where there is one.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_ref().map(|namespace| namespace.0.as_ref()).filter(|namespace| !namespace.is_empty())
    }

    /// The object's name, where it is not generated.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.0.as_ref()).filter(|name| !name.is_empty())
    }

    /// Who asks; empty where nobody is named.
    pub fn user(&self) -> &str {
        self.user_info.username.as_ref().map_or("", |name| name.0.as_ref())
    }

    /// The object as it will be.
    ///
    /// # Errors
    /// It is nested too deeply, or has more values than any object.
    pub fn after(&self) -> Result<Option<Node<'r>>, serde_json::Error> {
        self.object.map(read).transpose().map(not_null)
    }

    /// What is wanted of the object as it will be.
    ///
    /// # Errors
    /// It is nested too deeply, or has more values than any object.
    pub fn after_only(&self, keep: Keep) -> Result<Option<Node<'r>>, serde_json::Error> {
        self.object.map(|raw| read_only(raw, keep)).transpose().map(not_null)
    }

    /// What is wanted of the object as it was.
    ///
    /// # Errors
    /// It is nested too deeply, or has more values than any object.
    pub fn before_only(&self, keep: Keep) -> Result<Option<Node<'r>>, serde_json::Error> {
        self.old_object.map(|raw| read_only(raw, keep)).transpose().map(not_null)
    }

    /// The object as it was.
    ///
    /// # Errors
    /// It is nested too deeply, or has more values than any object.
    pub fn before(&self) -> Result<Option<Node<'r>>, serde_json::Error> {
        self.old_object.map(read).transpose().map(not_null)
    }
}

fn read(raw: &RawValue) -> Result<Node<'_>, serde_json::Error> {
    serde_json::from_str(raw.get())
}

fn read_only(raw: &RawValue, keep: Keep) -> Result<Node<'_>, serde_json::Error> {
    keep.deserialize(&mut serde_json::Deserializer::from_str(raw.get()))
}

/// The API server says `null` where there is no object.
fn not_null(node: Option<Node<'_>>) -> Option<Node<'_>> {
    node.filter(|node| node.value != crate::world::node::Value::Null)
}

/// What the API server is answered.
#[derive(Debug, Default)]
pub struct Answer {
    /// What to say to whoever applies the object; nothing lets it pass.
    pub denial: Option<String>,
    /// What to change in the object.
    pub patch: Option<json_patch::Patch>,
    /// Lines that `kubectl` prints.
    pub warnings: Vec<String>,
    /// What the audit log keeps; the API server puts the webhook's name before the key.
    pub audit: Vec<(&'static str, String)>,
    /// The rules that found something, for the metrics.
    pub findings: Vec<Counted>,
}

/// A finding, as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Its rule.
    pub rule: &'static crate::rules::Rule,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The request was denied for it.
    Denied,
    /// It was said as a warning.
    Warned,
    /// The object has it already, or somebody has silenced it.
    Passed,
}

impl Outcome {
    /// The word for it, in labels.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Warned => "warned",
            Self::Passed => "passed",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    message: &'a str,
}

impl Answer {
    /// The body that is sent.
    ///
    /// # Errors
    /// There are none that one could name: it is made of strings, numbers and maps.
    pub fn to_json(&self, uid: &str) -> Result<Vec<u8>, serde_json::Error> {
        let patch = self.patch.as_ref().map(serde_json::to_vec).transpose()?;
        serde_json::to_vec(&Sent {
            api_version: API_VERSION,
            kind: "AdmissionReview",
            response: Response {
                uid,
                allowed: self.denial.is_none(),
                status: self.denial.as_deref().map(|message| Status { code: 403, message }),
                patch_type: patch.is_some().then_some("JSONPatch"),
                patch: patch.map(|patch| BASE64.encode(patch)),
                audit_annotations: self.audit.iter().map(|(key, value)| (*key, value.as_str())).collect(),
                warnings: &self.warnings,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::DynamicObject;
    use kube::core::admission::AdmissionReview;
    use serde_json::json;

    #[test]
    fn a_question_is_read_without_its_objects() {
        let body = json!({"apiVersion": API_VERSION, "kind": "AdmissionReview", "request": {
            "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE", "namespace": "shop",
            "resource": {"group": "", "version": "v1", "resource": "pods"}, "userInfo": {"username": "anna"},
            "object": {"kind": "Pod", "of": "tomorrow"}, "oldObject": null, "dryRun": false, "unknown": {"a": 1}}});
        let body = body.to_string();
        let request = Request::read(body.as_bytes()).unwrap();
        assert_eq!((request.namespace(), request.user(), request.is_dry_run()), (Some("shop"), "anna", false));
        assert_eq!(request.after().unwrap().unwrap().text("of").as_deref(), Some("tomorrow"));
        assert_eq!(request.before().unwrap(), None);
    }

    #[test]
    fn other_questions_are_refused() {
        for (body, why) in
            [("", "EOF"), ("[]", "not an"), (r#"{"apiVersion": "admission.k8s.io/v1"}"#, "missing field")]
        {
            assert!(Request::read(body.as_bytes()).unwrap_err().to_string().contains(why), "{body}");
        }
        let old = json!({"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {
            "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE"}});
        let said = Request::read(old.to_string().as_bytes()).unwrap_err().to_string();
        assert_eq!(
            said,
            "AdmissionReview of admission.k8s.io/v1beta1: only AdmissionReview of admission.k8s.io/v1 is answered"
        );
    }

    /// What kube's own types make of the answer is what the API server makes of it, but for the patch, which is base64 in JSON.
    #[test]
    fn answers_are_those_of_the_api() {
        let patch = json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]);
        let answer = Answer {
            patch: Some(serde_json::from_value(patch.clone()).unwrap()),
            warnings: vec!["BG601: a cookie".to_owned()],
            audit: vec![("injected", "RELEASE_NODE".to_owned())],
            ..Answer::default()
        };
        let mut sent: serde_json::Value = serde_json::from_slice(&answer.to_json("1").unwrap()).unwrap();
        let bytes = BASE64.decode(sent["response"]["patch"].take().as_str().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), patch);
        assert_eq!(sent["response"]["patchType"], "JSONPatch");
        let denied = Answer { denial: Some("BG301".to_owned()), ..Answer::default() };
        let denied: serde_json::Value = serde_json::from_slice(&denied.to_json("2").unwrap()).unwrap();
        sent["response"]["status"] = json!({});
        for (sent, uid, allowed, message) in [(sent, "1", true, ""), (denied, "2", false, "BG301")] {
            let read: AdmissionReview<DynamicObject> = serde_json::from_value(sent).unwrap();
            let response = read.response.unwrap();
            assert_eq!((response.uid.as_str(), response.allowed), (uid, allowed));
            assert_eq!(response.result.message, message);
        }
    }
}
