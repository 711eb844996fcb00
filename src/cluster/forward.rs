//! A pod's ports, through the cluster's API: what `kubectl port-forward` does, without a port on this machine.

use std::future::pending;
use std::time::Instant;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::Portforwarder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Cluster, said};
use crate::probe::Fault;
use crate::probe::wire::{Conversation, Hearing, Wire};

/// A way to the ports of a pod.
#[derive(Debug)]
pub struct Forward<'c> {
    cluster: &'c Cluster,
    pod: String,
}

impl<'c> Forward<'c> {
    pub(super) fn to(cluster: &'c Cluster, pod: String) -> Self {
        Self { cluster, pod }
    }
}

impl Wire for Forward<'_> {
    fn converse<C: Conversation>(&mut self, port: u16, conversation: &C, until: Instant) -> Result<C::Answer, Fault> {
        let pods: Api<Pod> = self.cluster.api();
        self.cluster.connection.runtime.block_on(async {
            let talk = async {
                let mut forwarder =
                    pods.portforward(&self.pod, &[port]).await.map_err(|error| Fault::NotForwarded(said(error)))?;
                let answer = talk(&mut forwarder, port, conversation).await;
                forwarder.abort();
                answer
            };
            tokio::time::timeout_at(until.into(), talk).await.unwrap_or(Err(Fault::TimedOut))
        })
    }
}

async fn talk<C: Conversation>(forwarder: &mut Portforwarder, port: u16, conversation: &C) -> Result<C::Answer, Fault> {
    let (Some(mut stream), Some(trouble)) = (forwarder.take_stream(port), forwarder.take_error(port)) else {
        return Err(Fault::Closed);
    };
    let listen = async {
        let mut hearing = Hearing::of(conversation);
        let mut buffer = [0; 4096];
        stream.write_all(&conversation.request()).await.map_err(|error| Fault::of(&error))?;
        loop {
            let count = stream.read(&mut buffer).await.map_err(|error| Fault::of(&error))?;
            if let Some(answer) = hearing.hear(&buffer[..count])? {
                return Ok(answer);
            }
        }
    };
    // The kubelet tells on a channel of its own that it could not connect; the stream may stay open for all that.
    let trouble = async {
        match trouble.await {
            Some(why) => connecting(&why),
            None => pending().await,
        }
    };
    tokio::select! {
        biased;
        fault = trouble => Err(fault),
        heard = listen => heard,
    }
}

/// `… failed to connect to localhost:4369 inside namespace "…": dial tcp4 127.0.0.1:4369: connect: connection refused`
fn connecting(why: &str) -> Fault {
    if why.contains("connection refused") { Fault::Refused } else { Fault::NotForwarded(why.trim().to_owned()) }
}
